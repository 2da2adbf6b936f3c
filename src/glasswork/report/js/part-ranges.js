/** Part 2 for tables, "Has it seen anything like this?": which columns lie outside the values of the training. */

import { el, put, replace } from "./dom.js";
import { written } from "./rows.js";

/**
 * @param {import("./answer.js").Context} context
 * @param {import("./columns.js").Columns} columns
 * @param {Element} body
 */
export function showRanges({ store, answer, classes }, columns, body) {
  const message = el("p", { class: "message" });
  const list = el("ul", {});
  const more = "An unusual combination of usual values is not noticed here.";
  put(body, message, list, el("p", { class: "small" }, more));
  store.watchWhenSeen(body, (state) => {
    const row = columns.filled(state.bytes);
    const outside = row.map((_, i) => i).filter((i) => columns.isOutside(row[i], i));
    const { unlike, best } = answer(state);
    const count = `${outside.length} of ${row.length} columns`;
    message.className = outside.length ? "message warn" : "message";
    message.textContent = unlike
      ? `I have never seen anything like this: ${count} lie outside the training range, most of them far. My guess is ${classes[best]}, and predict refuses such a row.`
      : outside.length
        ? `${count} ${outside.length === 1 ? "lies" : "lie"} outside the training range: there the network has to guess how things go on.`
        : `Every column lies within the training range. My guess is ${classes[best]}.`;
    const lines = outside.map((i) =>
      el("li", {}, el("b", {}, columns.names[i]), ` is ${written(row[i])}; in training it was ${written(columns.facts.low[i])} to ${written(columns.facts.high[i])}.`),
    );
    replace(list, ...lines);
  });
}
