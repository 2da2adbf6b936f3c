/** Rows of a table, in place of thumbnails: touch one, and every part of the page is about it. */

import { imageAt } from "./answer.js";
import { el, tableOf } from "./dom.js";
import { plain, say } from "./words.js";

/**
 * @param {import("./answer.js").Context} context @param {string} label
 * @param {number[]} numbers Of test rows.
 * @param {(n: number) => string} [answerOf] What is said of a row beside its label.
 */
export function testRows({ data, tests, network, store, classes }, label, numbers, answerOf) {
  const { labels } = data.tested.pictures;
  const rows = numbers.map((n) => {
    const bytes = imageAt(tests, network.features, n).slice();
    const source = n < data.tested.checked ? say("test {one} {n}", { n: n + 1 }) : say("a test {one}");
    const truth = labels[n];
    const rival = answerOf && truth !== data.tested.answers[n] ? truth : null;
    const choose = () => store.choose(bytes, source, { truth, rival });
    const words = n < data.tested.checked ? say("Row {n}", { n: n + 1 }) : say("Choose");
    const button = el("button", { type: "button", "aria-label": `${words}, ${say("labelled {name}", { name: classes[truth] })}`, onclick: choose }, words);
    return { head: button, words: answerOf ? [classes[truth], answerOf(n)] : [classes[truth]], numbers: bytes };
  });
  return rowsTable(label, [say("Row"), say("Label"), ...(answerOf ? [say("Answer")] : [])], data.columns.names, rows);
}

/**
 * @param {string} label
 * @param {string[]} heads Of the first columns.
 * @param {string[]} names @param {{head: import("./dom.js").Child, words: string[], numbers: ArrayLike<number>}[]} rows
 */
export function rowsTable(label, heads, names, rows) {
  const body = rows.map(({ head, words, numbers }) =>
    el("tr", {}, el("th", { scope: "row" }, head), ...[...words, ...Array.from(numbers, (value) => (Number.isNaN(value) ? say("missing") : plain(value)))].map((text) => el("td", {}, text))),
  );
  return tableOf(label, [...heads, ...names], body);
}
