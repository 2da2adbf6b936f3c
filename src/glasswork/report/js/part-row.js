/** The board of a table: a number and a slider for each column, a row to paste, and test rows to choose. */

import { button, el, put, replace } from "./dom.js";
import { testRows } from "./rows.js";
import { plain, say } from "./words.js";

/** Test rows on offer at a time. */
const OFFERED = 6;

/**
 * @param {import("./answer.js").Context} context @param {import("./columns.js").Columns} columns @param {Element} place @param {Element} below
 */
export function showFields(context, columns, place, below) {
  const { store } = context;
  const fields = columns.names.map((_, i) => field(context, columns, i));
  const { bytes, source, truth } = store.state;
  const words = say("{n} columns: {names}", { n: columns.names.length, names: columns.names.map((name) => JSON.stringify(name)).join(", ") });
  const from = el("p", { class: "source small" });
  put(place, from, el("div", { class: "fields", role: "group", "aria-label": words }, ...fields.map(({ element }) => element)));
  const again = button(say("The first row again"), () => store.choose(bytes, source, { truth }));
  const mean = button(say("Every column at its mean"), () => store.choose(Float64Array.from(columns.facts.typical), say("the mean training row")));
  put(below, el("div", { class: "controls" }, again, mean, pasted(context, columns)));
  store.watch((state) => {
    from.textContent = state.source;
    fields.forEach(({ show }, i) => show(state.bytes[i]));
  });
}

/**
 * A number and a slider.
 * @param {import("./answer.js").Context} context @param {import("./columns.js").Columns} columns @param {number} i
 */
function field({ store }, columns, i) {
  const id = `column-${i}`;
  const [low, high] = [columns.facts.low[i], columns.facts.high[i]];
  const fill = columns.facts.missing?.[i];
  const range = el("span", { class: "small", id: `${id}-range` });
  const placeholder = fill === undefined ? null : say("median");
  const input = el("input", { type: "number", id, step: "any", placeholder, "aria-describedby": `${id}-range`, oninput: () => set(input.value) });
  const spoken = say("{column}, slider", { column: columns.names[i] });
  const slide = () => set(String(Number(Number(slider.value).toPrecision(4))));
  const slider = el("input", { type: "range", min: low, max: high, step: "any", disabled: low === high, "aria-label": spoken, oninput: slide });
  function set(/** @type {string} */ text) {
    const value = text === "" ? NaN : Number(text);
    const usable = Number.isFinite(value) || (Number.isNaN(value) && fill !== undefined);
    input.setAttribute("aria-invalid", String(!usable));
    if (!usable) range.className = "small doubt";
    if (!usable) return (range.textContent = say("A number is needed here; the answer is to the one before."));
    const row = Float64Array.from(store.state.bytes);
    row[i] = value;
    store.choose(row, say("your row"));
  }
  function show(/** @type {number} */ value) {
    const outside = columns.isOutside(value, i);
    if (document.activeElement !== input) input.value = Number.isNaN(value) ? "" : String(value);
    slider.value = String(Number.isNaN(value) ? fill : value);
    input.setAttribute("aria-invalid", "false");
    range.textContent = (outside ? `${say("outside the training")}: ` : "") + say("{low} to {high}", { low: plain(low), high: plain(high) }) + (fill === undefined ? "" : `, ${say("median")} ${plain(fill)}`);
    range.className = outside ? "small doubt" : "unseen";
    slider.title = range.textContent;
  }
  return { element: el("div", { class: "field" }, el("label", { for: id, title: columns.names[i] }, columns.names[i]), slider, input, range), show };
}

/**
 * A place to paste a row.
 * @param {import("./answer.js").Context} context @param {import("./columns.js").Columns} columns
 */
function pasted({ store }, columns) {
  const message = el("span", { class: "small", role: "status" });
  const input = el("input", { type: "text", id: "paste", size: 26, placeholder: "1.2, 3.4, …", onchange: use });
  function use() {
    const row = numbersIn(input.value);
    const wanted = columns.names.length;
    if (row.length !== wanted) message.textContent = say("{n} numbers are needed, in the order of the columns; here are {found}.", { n: wanted, found: row.length });
    else if (row.some((value, i) => !Number.isFinite(value) && !(Number.isNaN(value) && columns.facts.missing)))
      message.textContent = say("Column {column} is not a number.", { column: columns.names[row.findIndex((value) => !Number.isFinite(value))] });
    else {
      message.textContent = say("Read.");
      store.choose(Float64Array.from(row), say("your row"));
    }
  }
  return el("span", { class: "row" }, el("label", { for: "paste" }, say("Paste a row")), input, message);
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
 * @param {import("./answer.js").Context} context @param {Element} place
 */
export function showTestRows(context, place) {
  const count = context.data.tested.checked;
  const rows = el("div", {});
  let first = 0;
  function offer() {
    const numbers = Array.from({ length: Math.min(OFFERED, count) }, (_, k) => (first + k) % count);
    replace(rows, testRows(context, say("Test rows"), numbers));
  }
  offer();
  const more = el("button", { type: "button", onclick: () => ((first += OFFERED), offer()) }, say("Show others"));
  put(place, el("h3", {}, say("Or choose a test row")), rows, more);
}
