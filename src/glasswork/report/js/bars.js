/** Bars: one share for each class, which move while one draws. */

import { el, percent } from "./dom.js";

export class Bars {
  /** @param {string[]} classes */
  constructor(classes) {
    this.rows = classes.map((name) => {
      const fill = el("span", { class: "fill" });
      const value = el("span", { class: "value" });
      const row = el(
        "li",
        {},
        el("span", { class: "name" }, name),
        el("span", { class: "track", "aria-hidden": "true" }, fill),
        value,
      );
      return { row, fill, value };
    });
    this.element = el("ul", { class: classes.length > 13 ? "bars many" : "bars" }, ...this.rows.map(({ row }) => row));
  }

  /**
   * @param {number[]} shares
   * @param {number} best
   * @param {boolean} doubtful Whether the answer is not to be believed.
   */
  show(shares, best, doubtful) {
    this.rows.forEach(({ row, fill, value }, k) => {
      fill.style.transform = `scaleX(${shares[k]})`;
      value.textContent = percent(shares[k]);
      row.className = k === best ? (doubtful ? "best doubtful" : "best") : "";
    });
  }
}
