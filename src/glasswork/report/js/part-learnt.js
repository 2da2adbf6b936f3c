/** Part 5, How it learnt: curves, and the same as a table. */

import { chart, legend, niceNumber, ticks } from "./chart.js";
import { el, put } from "./dom.js";

/**
 * @param {import("./answer.js").Context} context
 * @param {Element} body
 */
export function showLearnt(context, body) {
  const { data } = context;
  if (!data.history.length) {
    put(
      body,
      el("p", { class: "note" }, "The run was stopped before its first epoch was done, so there is no curve yet."),
    );
    return;
  }
  if (data.state !== "finished") {
    const words = `The run was not finished: ${data.history.length} of ${data.epochs} epochs are done, and the network in this page is as it was then.`;
    put(body, el("p", { class: "note" }, words));
  }
  put(body, curves(data), table(data));
}

/** @param {any} data */
function curves({ history, loss_name }) {
  const x = history.map((/** @type {any} */ row) => row.epoch);
  const column = (/** @type {string} */ name) => history.map((/** @type {any} */ row) => row[name]);
  const losses = [...column("train_loss"), ...column("valid_loss")];
  const accuracies = column("valid_accuracy");
  const low = Math.min(...accuracies);
  const last = history[history.length - 1];
  const loss = chart({
    title: `Loss by epoch: at the end ${last.train_loss.toFixed(4)} in training, ${last.valid_loss.toFixed(4)} in validation.`,
    xName: "epoch",
    xWhole: true,
    x,
    range: [0, Math.max(...losses)],
    format: (value) => niceNumber(Number(value.toPrecision(3))),
    series: [
      { name: "training", values: column("train_loss") },
      { name: "validation", values: column("valid_loss") },
    ],
  });
  const accuracy = chart({
    title: `Validation accuracy by epoch: at the end ${last.valid_accuracy.toFixed(2)} percent.`,
    xName: "epoch",
    xWhole: true,
    x,
    range: accuracyRange(low, Math.max(...accuracies)),
    format: (value) => `${Number(value.toFixed(2))} %`,
    series: [{ name: "validation", values: accuracies, tone: 1 }],
  });
  return el(
    "div",
    { class: "pair" },
    el("div", {}, el("h3", {}, `Loss (${loss_name})`), legend(["training", "validation"]), loss),
    el("div", {}, el("h3", {}, "Accuracy"), legend(["validation"], 1), accuracy),
  );
}

/**
 * Whole percents around the accuracies.
 * @param {number} low
 * @param {number} high
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
  const head = ["Epoch", "Training loss", "Validation loss", "Validation accuracy", "Seconds"];
  if (noticed) head.push("Notices");
  const rows = history.map((/** @type {any} */ row) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, row.epoch),
      el("td", {}, row.train_loss.toFixed(4)),
      el("td", {}, row.valid_loss.toFixed(4)),
      el("td", {}, `${row.valid_accuracy.toFixed(2)} %`),
      el("td", {}, row.seconds.toFixed(2)),
      noticed && el("td", { class: "words" }, row.findings.join(" ")),
    ),
  );
  return el(
    "details",
    { class: "how" },
    el("summary", {}, "The same as a table"),
    el(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "Metrics of each epoch" },
      el(
        "table",
        { class: "metrics" },
        el("thead", {}, el("tr", {}, ...head.map((word) => el("th", { scope: "col" }, word)))),
        el("tbody", {}, ...rows),
      ),
    ),
  );
}
