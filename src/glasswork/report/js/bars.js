/** Bars: one share for each class, which move while one draws; all begin at one line, whatever the names' lengths. */

import { el } from "./dom.js";
import { rove } from "./rove.js";
import { number, percent, say, signed } from "./words.js";

/** Letters of a class's name for which there is room beside its bar. */
const LETTERS = 10;

export class Bars {
  /** @param {string[]} classes @param {(k: number) => void} onchoose When a row, which is a button, is pressed. */
  constructor(classes, onchoose) {
    this.classes = classes;
    this.rows = classes.map((name, k) => {
      const [fill, value, sum] = ["fill", "value", "sum-value"].map((part) => el("span", { class: part }));
      const content = [sum, el("span", { class: "name", title: name.length > LETTERS && name }, name), el("span", { class: "track", "aria-hidden": "true" }, fill), value];
      const row = el("button", { type: "button", onclick: () => onchoose(k) }, ...content);
      return { row, fill, value, sum };
    });
    this.element = el("ul", { class: "bars" }, ...this.rows.map(({ row }) => el("li", {}, row)));
    this.element.style.setProperty("--name", `${Math.min(LETTERS, Math.max(...classes.map((name) => name.length)))}ch`);
    rove(this.element, ".output");
  }

  /**
   * @param {ArrayLike<number>} shares @param {number} best @param {boolean} doubtful Whether the answer is not to be believed.
   * @param {ArrayLike<number>} sums @param {number | null} touched The class that the lines were asked to lead to.
   */
  show(shares, best, doubtful, sums, touched) {
    this.rows.forEach(({ row, fill, value, sum }, k) => {
      fill.style.transform = `scaleX(${shares[k]})`;
      value.textContent = percent(shares[k]);
      row.className = `output${k === best ? (doubtful ? " best doubtful" : " best") : ""}${k === touched ? " touched" : ""}`;
      sum.textContent = signed(sums[k], Math.abs(sums[k]) < 99.95 ? 2 : 0);
      row.setAttribute("aria-pressed", String(k === (touched ?? best)));
      row.setAttribute("aria-label", say("{name}: {share}, sum {sum}", { name: this.classes[k], share: percent(shares[k]), sum: number(sums[k], 2) }));
    });
  }
}
