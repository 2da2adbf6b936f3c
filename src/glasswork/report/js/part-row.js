/** Part 1 for tables, Give it a row: a number and a slider for each column, a row to paste, and test rows to choose. */

import { Bars } from "./bars.js";
import { el, put, replace } from "./dom.js";
import { testRows, written } from "./rows.js";
import { followAnswer } from "./verdict.js";

/** Test rows on offer at a time. */
const OFFERED = 6;

/**
 * @param {import("./answer.js").Context} context
 * @param {import("./columns.js").Columns} columns
 * @param {Element} body
 */
export function showRow(context, columns, body) {
  const { store } = context;
  const bars = new Bars(context.classes);
  const answer = el("div", { class: "answer" });
  const fields = columns.names.map((_, i) => field(context, columns, i));
  const first = store.state;
  const words = `${columns.names.length} columns: ${columns.names.map((name) => JSON.stringify(name)).join(", ")}`;
  put(
    body,
    answer,
    el("div", { class: "fields", role: "group", "aria-label": words }, ...fields.map(({ element }) => element)),
    el(
      "div",
      { class: "controls" },
      el("button", { type: "button", onclick: () => store.set({ ...first, gains: store.state.gains }) }, "The first row again"),
      el("button", { type: "button", onclick: () => setRow(store, columns.facts.typical, "the mean training row") }, "Every column at its mean"),
      pasted(context, columns),
    ),
    offers(context),
    el("p", { class: "small" }, "There is no drawing board and no place for pictures here, as this network takes numbers."),
  );
  followAnswer(context, answer, bars);
  store.watch(({ bytes }) => fields.forEach(({ show }, i) => show(bytes[i])));
}

/**
 * @param {import("./store.js").Store} store
 * @param {ArrayLike<number>} row
 * @param {string} source
 */
function setRow(store, row, source) {
  store.set({ bytes: Float64Array.from(row), source, truth: null, target: null, rival: null });
}

/**
 * A number and a slider.
 * @param {import("./answer.js").Context} context
 * @param {import("./columns.js").Columns} columns
 * @param {number} i
 */
function field({ store }, columns, i) {
  const id = `column-${i}`;
  const [low, high] = [columns.facts.low[i], columns.facts.high[i]];
  const fill = columns.facts.missing?.[i];
  const range = el("span", { class: "small", id: `${id}-range` });
  const input = el("input", {
    type: "number",
    id,
    step: "any",
    placeholder: fill === undefined ? null : "median",
    "aria-describedby": `${id}-range`,
    oninput: () => set(input.value),
  });
  const slider = el("input", {
    type: "range",
    min: low,
    max: high,
    step: "any",
    disabled: low === high,
    "aria-label": `${columns.names[i]}, slider`,
    oninput: () => set(String(Number(Number(slider.value).toPrecision(4)))),
  });
  function set(/** @type {string} */ text) {
    const value = text === "" ? NaN : Number(text);
    const usable = Number.isFinite(value) || (Number.isNaN(value) && fill !== undefined);
    input.setAttribute("aria-invalid", String(!usable));
    if (!usable) return (range.textContent = "A number is needed here; the answer is to the one before.");
    const row = Float64Array.from(store.state.bytes);
    row[i] = value;
    setRow(store, row, "your row");
  }
  function show(/** @type {number} */ value) {
    const outside = columns.isOutside(value, i);
    if (document.activeElement !== input) input.value = Number.isNaN(value) ? "" : String(value);
    slider.value = String(Number.isNaN(value) ? fill : value);
    input.setAttribute("aria-invalid", "false");
    range.textContent = `${outside ? "outside the training: " : ""}${written(low)} to ${written(high)}${fill === undefined ? "" : `, median ${written(fill)}`}`;
    range.classList.toggle("doubt", outside);
  }
  return { element: el("div", { class: "field" }, el("label", { for: id }, columns.names[i]), slider, input, range), show };
}

/**
 * A place to paste a row.
 * @param {import("./answer.js").Context} context
 * @param {import("./columns.js").Columns} columns
 */
function pasted({ store }, columns) {
  const message = el("span", { class: "small", role: "status" });
  const input = el("input", { type: "text", id: "paste", size: 26, placeholder: "1.2, 3.4, …", onchange: use });
  function use() {
    const row = numbersIn(input.value);
    const wanted = columns.names.length;
    if (row.length !== wanted) message.textContent = `${wanted} numbers are needed, in the order of the columns; here are ${row.length}.`;
    else if (row.some((value, i) => !Number.isFinite(value) && !(Number.isNaN(value) && columns.facts.missing)))
      message.textContent = `Column ${columns.names[row.findIndex((value) => !Number.isFinite(value))]} is not a number.`;
    else {
      message.textContent = "Read.";
      setRow(store, row, "your row");
    }
  }
  return el("span", { class: "row" }, el("label", { for: "paste" }, "Paste a row"), input, message);
}

/**
 * The numbers of a line: between commas, semicolons or tabs, else between spaces. Beside semicolons or tabs, a comma is
 * a decimal comma.
 * @param {string} line
 */
export function numbersIn(line) {
  const mark = [";", "\t", ","].find((one) => line.includes(one));
  const cells = line.trim().split(mark ?? /\s+/);
  return cells.map((cell) => {
    const text = mark === "," ? cell.trim() : cell.trim().replace(",", ".");
    return text === "" ? NaN : Number(text);
  });
}

/**
 * Test rows to choose from.
 * @param {import("./answer.js").Context} context
 */
function offers(context) {
  const count = context.data.tested.checked;
  const place = el("div", {});
  let first = 0;
  function offer() {
    const numbers = Array.from({ length: Math.min(OFFERED, count) }, (_, k) => (first + k) % count);
    replace(place, testRows(context, "Test rows", numbers));
  }
  offer();
  const more = el("button", { type: "button", onclick: () => ((first += OFFERED), offer()) }, "Show others");
  return el("div", { class: "offers" }, el("h3", {}, "Or choose a test row"), place, more);
}
