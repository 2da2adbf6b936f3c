/** Tables of names, signed numbers and bars: to the right in orange where a number is positive, else to the left. */

import { largest } from "./colour.js";
import { el } from "./dom.js";
import { signed } from "./words.js";

/** @param {{name: string, value: number}[]} rows */
export function barTable(rows) {
  const most = largest(rows.map(({ value }) => value));
  return el("table", { class: "parts" }, el("tbody", {}, ...rows.map(({ name, value }) => barRow(name, value, most))));
}

/**
 * @param {import("./dom.js").Child} name @param {number} value
 * @param {number} most The largest magnitude in the table.
 */
export function barRow(name, value, most) {
  const digits = most > 0 && most < 0.005 ? 6 : 3; // or bars would stand beside noughts
  return el("tr", {}, el("th", { scope: "row" }, name), bar(value, most), el("td", { class: "figure" }, signed(value, digits)));
}

/** @param {number} value @param {number} most */
export function bar(value, most) {
  const part = el("span", { class: value < 0 ? "part negative" : "part positive" });
  part.style.setProperty("--share", `${Math.min(50, (50 * Math.abs(value)) / (most || 1))}%`);
  return el("td", { class: "axis", "aria-hidden": "true" }, part);
}
