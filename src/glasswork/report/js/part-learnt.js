/** Part 5, How it learnt: curves, a table, and the first layer's weights as they formed. */

import { chart, legend, niceNumber, ticks } from "./chart.js";
import { largest } from "./colour.js";
import { el, put } from "./dom.js";
import { unpack } from "./unpack.js";

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
  put(body, curves(data), table(data), el("h3", {}, "The first layer, epoch by epoch"));
  if (data.snapshots.length < 2) put(body, el("p", { class: "note" }, "This run kept no snapshots of its weights."));
  else put(body, slider(context));
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
    series: [{ name: "validation", values: accuracies }],
  });
  return el(
    "div",
    { class: "pair" },
    el("div", {}, el("h3", {}, `Loss (${loss_name})`), legend(["training", "validation"]), loss),
    el("div", {}, el("h3", {}, "Accuracy"), legend(["validation"]), accuracy),
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

/** @param {import("./answer.js").Context} context */
function slider({ data, kind, inkless, network }) {
  const { snapshots } = data;
  const neurons = snapshots[0].weights.shape[1];
  const canvases = Array.from({ length: neurons }, () => el("canvas", { "aria-hidden": "true" }));
  const words = el("output", { for: "epoch-slider" });
  const more =
    network.blocks[0].width > neurons ? ` The first ${neurons} of ${network.blocks[0].width.toLocaleString("en")} neurons are shown.` : "";
  const input = el("input", {
    type: "range",
    id: "epoch-slider",
    min: 0,
    max: snapshots.length - 1,
    step: 1,
    value: snapshots.length - 1,
    oninput: () => show(),
  });
  /** @type {Promise<Float32Array[]>} */
  const weights = Promise.all(snapshots.map((/** @type {any} */ snapshot) => unpack(snapshot.weights)));
  async function show() {
    const all = await weights;
    const limit = Math.max(...all.map((values) => 0.6 * largestOf(values, neurons, inkless)));
    const { epoch, accuracy } = snapshots[input.value];
    canvases.forEach((canvas, j) => kind.paintWeights(canvas, columnOf(all[input.value], neurons, j), limit));
    words.textContent =
      epoch === 0
        ? "before the first step: random weights"
        : `after epoch ${epoch}` + (accuracy === null ? "" : `: validation accuracy ${accuracy.toFixed(2)}\u00a0%`);
    input.setAttribute("aria-valuetext", words.textContent);
  }
  show();
  return el(
    "div",
    { class: "growth" },
    el("label", { for: "epoch-slider" }, "Epoch"),
    input,
    words,
    el(
      "div",
      { class: "gallery", role: "img", "aria-label": "Weights of the first layer’s neurons at the chosen epoch" },
      ...canvases,
    ),
    el(
      "p",
      { class: "small" },
      `Each picture shows the weights of one neuron. Orange: ${kind.raises}. Blue: ${kind.lowers}.${more}`,
    ),
  );
}

/**
 * @param {Float32Array} values
 * @param {number} width
 * @param {number} j
 */
function columnOf(values, width, j) {
  return Float32Array.from({ length: values.length / width }, (_, i) => values[i * width + j]);
}

/**
 * @param {Float32Array} values
 * @param {number} width
 * @param {Set<number>} inkless
 */
function largestOf(values, width, inkless) {
  let most = 0;
  for (let j = 0; j < width; j++) most = Math.max(most, largest(columnOf(values, width, j), inkless));
  return most;
}
