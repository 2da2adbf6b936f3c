/** The sum of a neuron, step by step, with numbers that one can follow on paper. */

import { el, number, signed } from "./dom.js";
import { FORMULAS } from "./elementwise.js";
import { roundToSum } from "./explain.js";

/** Terms that are shown one by one; digits. */
const TERMS = 6;
const DIGITS = 3;

/**
 * @param {import("./answer.js").Context} context
 * @param {number} b
 * @param {number} j
 * @param {{input: ArrayLike<number>, weights: Float32Array, products: Float32Array, active: number, gain: number}} numbers
 * @param {boolean} open
 */
export function stepThrough(context, b, j, { input, weights, products, active, gain }, open) {
  const lines = linesOf(context, b, j, { input, weights, products });
  const { values, total } = roundToSum(
    lines.map((line) => line.value),
    DIGITS,
  );
  let running = 0;
  const rows = lines.map((line, n) => {
    running += values[n];
    return el(
      "tr",
      {},
      el("th", { scope: "row" }, line.name),
      el("td", {}, line.working),
      el("td", { class: "figure" }, signed(values[n], DIGITS)),
      el("td", { class: "figure" }, number(running, DIGITS)),
    );
  });
  const after = context.network.blocks[b].after.filter((layer) => layer.kind in FORMULAS);
  const end = (/** @type {string} */ name, /** @type {string} */ working, /** @type {number} */ value) =>
    el(
      "tr",
      { class: "total" },
      el("th", { scope: "row" }, name),
      el("td", {}, working),
      el("td", { class: "figure" }, ""),
      el("td", { class: "figure" }, number(value, DIGITS)),
    );
  const kinds = after.map((layer) => layer.kind).join(", ");
  const all = [...rows, end("activation", kinds ? `${kinds} of ${number(total, DIGITS)}` : "none", active)];
  if (gain !== 1)
    all.push(end(gain ? "turned" : "switched off", `${number(active, DIGITS)} × ${number(gain, gain ? 1 : 0)}`, gain * active));
  let shown = open ? all.length : 1;
  const next = el("button", { type: "button", id: "next-step", onclick: () => reveal(shown + 1) }, "Next step");
  const every = el("button", { type: "button", onclick: () => reveal(all.length) }, "All steps");
  function reveal(/** @type {number} */ count) {
    shown = Math.min(count, all.length);
    all.forEach((row, n) => (row.hidden = n >= shown));
    next.disabled = every.disabled = shown === all.length;
  }
  reveal(shown);
  return el(
    "details",
    { class: "how steps", open },
    el("summary", {}, "Its sum, step by step"),
    el("div", { class: "row" }, next, every),
    el(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "Steps of the sum" },
      el(
        "table",
        { class: "metrics" },
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            ...["Step", "Input × weight", "Adds", "Sum so far"].map((word) => el("th", { scope: "col" }, word)),
          ),
        ),
        el("tbody", {}, ...all),
      ),
    ),
  );
}

/** @typedef {{name: string, working: string, value: number}} Line */

/**
 * @param {import("./answer.js").Context} context
 * @param {number} b
 * @param {number} j
 * @param {{input: ArrayLike<number>, weights: Float32Array, products: Float32Array}} numbers
 * @returns {Line[]}
 */
function linesOf({ network, kind }, b, j, { input, weights, products }) {
  const nameOf = (/** @type {number} */ i) =>
    b ? `neuron ${i + 1} of the layer before` : kind.nameOf(i);
  const isBlank = (/** @type {number} */ i) => b === 0 && kind.isGround(input[i]);
  const indices = Array.from(products.keys());
  const telling = indices.filter((i) => !isBlank(i)).sort((i, k) => Math.abs(products[k]) - Math.abs(products[i]));
  const blank = indices.filter(isBlank);
  const total = (/** @type {number[]} */ list) => list.reduce((sum, i) => sum + products[i], 0);
  /** @type {Line[]} */
  const lines = telling.slice(0, TERMS).map((i) => ({
    name: nameOf(i),
    working: `${number(input[i], 3)} × ${number(weights[i], 3)}`,
    value: products[i],
  }));
  const rest = telling.slice(TERMS);
  if (rest.length)
    lines.push({
      name: `${rest.length} more ${b ? "neurons" : kind.inputs}`,
      working: "each input × its weight",
      value: total(rest),
    });
  if (blank.length)
    lines.push({ name: `${blank.length} blank pixels`, working: "−1 × the sum of their weights", value: total(blank) });
  lines.push({ name: "bias", working: "", value: network.blocks[b].bias[j] });
  return lines;
}
