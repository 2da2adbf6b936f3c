/** One neuron, opened: its weights, what it receives, what it sends, its sum step by step, and what excites it. */

import { imageAt } from "./answer.js";
import { barTable } from "./bar-table.js";
import { indexUnder, inkOrLight, largest, paintSigned, placeOf, planesNote } from "./colour.js";
import { el, number, replace, signed } from "./dom.js";
import { FORMULAS } from "./elementwise.js";
import { sentBy, smoothness } from "./explain.js";
import { applied } from "./network.js";
import { rowsTable } from "./rows.js";
import { weightsOf } from "./weights.js";
import { neuronByColumn } from "./why-columns.js";
import { stepThrough } from "./steps.js";

/** Neighbouring weights that are less alike than this are speckle. */
const SPECKLE = 0.2;

/**
 * @param {import("./answer.js").Context} context
 * @param {Element} panel
 * @param {{block: number, neuron: number}} which
 */
export function showNeuron(context, panel, { block: b, neuron: j }) {
  const { network, store, columns } = context;
  const block = network.blocks[b];
  const { trace } = context.answer(store.state);
  const input = b ? trace.outputs[b - 1] : trace.input;
  const weights = weightsOf(block, j);
  const products = weights.map((weight, i) => weight * input[i]);
  const sum = trace.sums[b][j];
  const gain = store.state.gains.get(`${b}:${j}`) ?? 1;
  const active = applied(block.after, trace.sums[b])[j];
  const close = el("button", { type: "button", class: "close", onclick: () => store.set({ open: null }) }, "Close");
  const keep = panel.querySelector("details")?.hasAttribute("open");
  const focused = document.activeElement?.id;
  replace(
    panel,
    el("div", { class: "row spread" }, el("h3", {}, `Neuron ${j + 1} of hidden layer ${b + 1}`), close),
    b ? incoming(products) : columns ? neuronByColumn(columns, weights, products) : pictures(context, weights, products),
    el(
      "div",
      { class: "pair" },
      el("div", {}, received(block, products, sum, active, gain), gainControl(context, `${b}:${j}`)),
      el("div", {}, sent(context, b, j, trace)),
    ),
    stepThrough(context, b, j, { input, weights, products, active, gain }, Boolean(keep)),
    exciting(context, block.name, j),
  );
  if (focused && focused !== "neuron") document.getElementById(focused)?.focus({ preventScroll: true });
}

/**
 * @param {import("./answer.js").Context} context
 * @param {Float32Array} weights
 * @param {Float32Array} products
 */
function pictures({ shape, inkless }, weights, products) {
  const picture = (/** @type {Float32Array} */ values, /** @type {string} */ words) => {
    const canvas = el("canvas", { class: "large", role: "img", "aria-label": words });
    const limit = largest(values, inkless);
    paintSigned(canvas, values, shape, limit, { blank: inkless, large: true });
    const readout = el("span", {}, ` `);
    canvas.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
      const i = indexUnder(shape, event.offsetX / canvas.clientWidth, event.offsetY / canvas.clientHeight);
      if (i >= 0) readout.textContent = `${placeOf(shape, i)}: ${signed(values[i], 3)}`;
    });
    return el(
      "figure",
      {},
      canvas,
      el("figcaption", { class: "small" }, words, `; the scale ends at ±${number(limit, 2)}`, el("br"), readout),
    );
  };
  const speckled = smoothness(weights, shape, inkless) < SPECKLE;
  return el(
    "div",
    { class: "maps" },
    picture(weights, `Its weights${planesNote(shape)}`),
    picture(products, `Weight × input, for this image${planesNote(shape)}`),
    el(
      "p",
      { class: "small" },
      speckled
        ? "Most of these weights look like speckle: this neuron stands for nothing that has a name. What the network knows is spread over many neurons."
        : `Orange weights raise this neuron’s sum where there is ${inkOrLight()}, blue weights lower it. The pattern may resemble part of a stroke; that does not make the neuron a detector of it.`,
      inkless.size
        ? ` Hatched: ${inkless.size} pixels that are blank in every training image, where the weights mean nothing.`
        : "",
    ),
  );
}

/**
 * The strongest inputs of a neuron that sees no pixels.
 * @param {Float32Array} products
 */
function incoming(products) {
  const order = Array.from(products.keys()).sort((i, k) => Math.abs(products[k]) - Math.abs(products[i]));
  const shown = order.slice(0, 8);
  const rest = order.slice(8).reduce((sum, i) => sum + products[i], 0);
  const rows = [
    ...shown.map((i) => ({ name: `neuron ${i + 1}`, value: products[i] })),
    ...(order.length > 8 ? [{ name: `${order.length - 8} others`, value: rest }] : []),
  ];
  return el("div", {}, el("h4", {}, "What the layer before sends it"), barTable(rows));
}

/**
 * @param {import("./network.js").Block} block
 * @param {Float32Array} products
 * @param {number} sum
 * @param {number} active What the activation makes of the sum.
 * @param {number} gain
 */
function received(block, products, sum, active, gain) {
  const bias = sum - products.reduce((total, value) => total + value, 0);
  const kinds = block.after.map((layer) => layer.kind).filter((kind) => kind in FORMULAS);
  return el(
    "div",
    {},
    el("h4", {}, "What it received"),
    el(
      "dl",
      { class: "facts" },
      el("div", {}, el("dt", {}, "weighted inputs"), el("dd", {}, signed(sum - bias, 3))),
      el("div", {}, el("dt", {}, "bias"), el("dd", {}, signed(bias, 3))),
      el("div", {}, el("dt", {}, "sum z"), el("dd", {}, signed(sum, 3))),
      el(
        "div",
        {},
        el("dt", {}, kinds.length ? `after ${kinds.join(", ")}` : "passed on"),
        el("dd", {}, number(active, 3)),
      ),
      gain !== 1 &&
        el("div", {}, el("dt", {}, gain ? `turned: × ${number(gain, 1)}` : "switched off"), el("dd", {}, number(gain * active, 3))),
    ),
    kinds.length ? el("p", { class: "small" }, kinds.map((kind) => `${kind}: ${FORMULAS[kind]}`).join("; ")) : null,
  );
}

/**
 * Switch it off, turn it up.
 * @param {import("./answer.js").Context} context
 * @param {string} key
 */
function gainControl({ store }, key) {
  const gain = store.state.gains.get(key) ?? 1;
  const set = (/** @type {number} */ value) => {
    const gains = new Map(store.state.gains);
    if (value === 1) gains.delete(key);
    else gains.set(key, value);
    store.set({ gains });
  };
  const words = el("output", { for: "gain" }, gain === 0 ? "off" : `× ${number(gain, 1)}`);
  const slider = el("input", {
    type: "range",
    id: "gain",
    min: 0,
    max: 3,
    step: 0.1,
    value: gain,
    oninput: () => set(Number(slider.value)),
  });
  return el(
    "div",
    { class: "gain" },
    el(
      "button",
      { type: "button", id: "switch", "aria-pressed": String(gain === 0), onclick: () => set(gain === 0 ? 1 : 0) },
      gain === 0 ? "Switch it on" : "Switch it off",
    ),
    el("span", { class: "dial" }, el("label", { for: "gain" }, "Turn it up or down"), slider, words),
  );
}

/**
 * What it sends to each class; before the last hidden layer, to the strongest neurons of the next.
 * @param {import("./answer.js").Context} context
 * @param {number} b
 * @param {number} j
 * @param {import("./network.js").Trace} trace
 */
function sent(context, b, j, trace) {
  const { network, classes } = context;
  if (b === network.last - 1) {
    const values = sentBy(network, trace, j);
    return el(
      "div",
      {},
      el("h4", {}, `What it sends to each ${context.data.thing}`),
      barTable(classes.map((name, k) => ({ name, value: values[k] }))),
    );
  }
  const next = network.blocks[b + 1];
  const values = Array.from({ length: next.width }, (_, k) => trace.outputs[b][j] * next.weight[j * next.width + k]);
  const order = values
    .map((_, k) => k)
    .sort((k, l) => Math.abs(values[l]) - Math.abs(values[k]))
    .slice(0, 10);
  return el(
    "div",
    {},
    el("h4", {}, "What it sends on, the ten strongest"),
    barTable(order.map((k) => ({ name: `neuron ${k + 1}`, value: values[k] }))),
  );
}

/**
 * @param {import("./answer.js").Context} context
 * @param {string} name
 * @param {number} j
 */
function exciting({ data, examples, network, classes, kind, columns }, name, j) {
  const rows = data.exciting[name]?.[j] ?? [];
  const labels = rows.map((/** @type {number} */ row) => classes[data.examples.labels[row]]);
  const rowOf = (/** @type {number} */ row, /** @type {number} */ n) => ({
    head: labels[n],
    words: [],
    numbers: imageAt(examples, network.features, row),
  });
  const same = labels.filter((/** @type {string} */ label) => label === labels[0]).length;
  return el(
    "div",
    {},
    el("h4", {}, `The training ${kind.many} that excite it most, of those in this page`),
    columns
      ? rowsTable("Training rows that excite it most", ["Label"], columns.names, rows.map(rowOf))
      : el(
          "div",
          { class: "strip" },
          ...rows.map((/** @type {number} */ row, /** @type {number} */ n) => {
            const canvas = el("canvas", { class: "thumb", role: "img", "aria-label": `A training image of ${labels[n]}` });
            kind.paint(canvas, imageAt(examples, network.features, row));
            return canvas;
          }),
        ),
    el(
      "p",
      { class: "small" },
      same === rows.length
        ? `All are ${labels[0]}.`
        : `They are ${labels.join(", ")}: it responds to more than one class.`,
    ),
  );
}
