/** Part 5, How it learnt: curves, and the same as a table. */

import { chart, legend, ticks } from "./chart.js";
import { el, put, tableOf } from "./dom.js";
import { grouped, number, plain, say } from "./words.js";

/** @param {import("./answer.js").Context} context @param {Element} body */
export function showLearnt(context, body) {
  const { data } = context;
  if (!data.history.length) {
    const why = data.state === "finished" ? say("It was not trained in this run, so there is no curve.") : say("The run was stopped before its first epoch was done, so there is no curve yet.");
    put(body, el("p", { class: "note" }, why));
    return;
  }
  if (data.state !== "finished") {
    const words = say("The run was not finished: {done} of {all} epochs are done, and the network in this page is as it was then.", { done: data.history.length, all: data.epochs });
    put(body, el("p", { class: "note" }, words));
  }
  put(body, curves(data), table(data));
}

/** @param {any} data */
function curves({ history, loss_name, validated }) {
  const x = history.map((/** @type {any} */ row) => row.epoch);
  const column = (/** @type {string} */ name) => history.map((/** @type {any} */ row) => row[name]);
  const losses = [...column("train_loss"), ...column("valid_loss")];
  const accuracies = column("valid_accuracy");
  const low = Math.min(...accuracies);
  const last = history[history.length - 1];
  const loss = chart({
    title: say("Loss by epoch: at the end {train} in training, {valid} in validation.", { train: number(last.train_loss, 4), valid: number(last.valid_loss, 4) }),
    xName: say("epoch"),
    xWhole: true,
    x,
    range: [0, Math.max(...losses)],
    format: (value) => plain(Number(value.toPrecision(3))),
    series: [
      { name: say("training"), values: column("train_loss") },
      { name: say("validation"), values: column("valid_loss") },
    ],
  });
  const accuracy = chart({
    title: say("Validation accuracy by epoch: at the end {n} percent.", { n: number(last.valid_accuracy, 2) }),
    xName: say("epoch"),
    xWhole: true,
    x,
    range: accuracyRange(low, Math.max(...accuracies)),
    format: (value) => `${plain(Number(value.toFixed(2)))} %`,
    series: [{ name: say("validation"), values: accuracies, tone: 1 }],
  });
  return el(
    "div",
    { class: "pair" },
    el("div", {}, el("h3", {}, say("Loss ({name})", { name: loss_name })), legend([say("training"), say("validation")]), loss),
    el("div", {}, el("h3", {}, say("Accuracy on {n} validation {many}", { n: grouped(validated) })), legend([say("validation")], 1), accuracy),
  );
}

/**
 * Whole percents around the accuracies.
 * @param {number} low @param {number} high
 * @returns {[number, number]}
 */
function accuracyRange(low, high) {
  const step = ticks(0, Math.max(high - low, 1), 4)[1] ?? 1;
  const top = Math.min(100, Math.ceil(high / step) * step);
  return [Math.max(0, Math.min(Math.floor(low / step) * step, top - 2 * step)), top];
}

/** @param {any} data */
function table({ history }) {
  const noticed = history.some((/** @type {any} */ row) => row.findings.length);
  const head = [say("Epoch"), say("Training loss"), say("Validation loss"), say("Validation accuracy"), say("Seconds")];
  if (noticed) head.push(say("Notices"));
  const rows = history.map((/** @type {any} */ row) => {
    const cells = [number(row.train_loss, 4), number(row.valid_loss, 4), `${number(row.valid_accuracy, 2)} %`, number(row.seconds, 2)];
    return el("tr", {}, el("th", { scope: "row" }, row.epoch), ...cells.map((cell) => el("td", {}, cell)), noticed && el("td", { class: "words" }, row.findings.join(" ")));
  });
  return el("details", { class: "how" }, el("summary", {}, say("The same as a table")), tableOf(say("Metrics of each epoch"), head, rows));
}
