/** The sum of a neuron, with numbers that one can follow on paper: all of it, or step by step. */

import { button, el, headOf, replace } from "./dom.js";
import { FORMULAS } from "./elementwise.js";
import { roundToSum } from "./explain.js";
import { number, say, signed } from "./words.js";

/** Terms that are shown one by one; digits. */
const TERMS = 5;
const DIGITS = 3;

/**
 * @typedef {object} Received What a neuron received and passes on.
 * @property {ArrayLike<number>} input
 * @property {Float32Array} weights
 * @property {Float32Array} products
 * @property {number} active
 * @property {number} gain
 */

/**
 * @param {import("./answer.js").Context} context @param {number} b @param {number} j
 * @param {(input: number | null, row: any) => void} onstep Called with each step: the input it is about, and its row.
 */
export function stepsOf(context, b, j, onstep) {
  const body = el("tbody", {});
  /** @type {(number | null)[]} */
  let inputs = [];
  let at = Infinity; // rows that are shown
  const next = el("button", { type: "button", id: "next-step", onclick: () => go(at < inputs.length ? at + 1 : 1) });
  const every = button(say("All steps"), () => go(Infinity));
  function go(/** @type {number} */ to) {
    at = to;
    reveal();
    onstep(at < Infinity ? inputs[at - 1] : null, at < Infinity ? body.children[at - 1] : null);
  }
  function reveal() {
    [...body.children].forEach((row, n) => (row.hidden = n >= at));
    next.textContent = at < inputs.length ? say("Next step") : at < Infinity ? say("Again") : say("Step by step");
    every.hidden = at === Infinity;
  }
  const blankNote = el("p", { class: "small" }, say("A blank pixel counts too: pixels from 0 to 255 reach the network as −1 to 1, and blank is −1."));
  const heads = headOf([say("Step"), say("Input × weight"), say("Adds"), say("Sum so far")]);
  const element = el("div", { class: "steps" }, el("table", { class: "metrics" }, heads, body), el("div", { class: "row" }, next, every), blankNote);
  /** @param {Received} received */
  function show(received) {
    const lines = linesOf(context, b, j, received);
    inputs = lines.map(({ input }) => input);
    replace(body, ...rowsOf(context, b, lines, received));
    blankNote.hidden = b > 0 || !Array.from(received.input).some(context.kind.isGround);
    while (inputs.length < body.childElementCount) inputs.push(null);
    reveal();
  }
  return { element, show };
}

/** @param {import("./answer.js").Context} context @param {number} b @param {Line[]} lines @param {Received} received */
function rowsOf(context, b, lines, { active, gain }) {
  const { values, total } = roundToSum(lines.map(({ value }) => value), DIGITS);
  let running = 0;
  const row = (/** @type {string} */ name, /** @type {string} */ working, /** @type {string} */ adds, /** @type {number} */ value, total = false) =>
    el(
      "tr",
      { class: total && "total" },
      el("th", { scope: "row" }, name),
      el("td", {}, working),
      el("td", { class: "figure" }, adds),
      el("td", { class: "figure" }, number(value, DIGITS)),
    );
  const rows = lines.map(({ name, working }, n) => row(name, working, signed(values[n], DIGITS), (running += values[n])));
  const kinds = context.network.blocks[b].after.map(({ kind }) => kind).filter((kind) => kind in FORMULAS);
  const end = row(say("activation"), kinds.length ? say("{kinds} of {sum}", { kinds: kinds.join(", "), sum: number(total, DIGITS) }) : say("none"), "", active, true);
  end.title = kinds.map((kind) => `${kind}: ${say(FORMULAS[kind])}`).join("; ");
  rows.push(end);
  if (gain !== 1) rows.push(row(gain ? say("turned") : say("switched off"), `${number(active, DIGITS)} × ${number(gain, gain ? 1 : 0)}`, "", gain * active, true));
  return rows;
}

/** @typedef {{name: string, working: string, value: number, input: number | null}} Line */

/**
 * @param {import("./answer.js").Context} context @param {number} b @param {number} j @param {Received} received
 * @returns {Line[]}
 */
function linesOf({ network, kind, columns }, b, j, { input, weights, products }) {
  const isBlank = (/** @type {number} */ i) => b === 0 && kind.isGround(input[i]);
  const indices = Array.from(products.keys());
  const telling = indices.filter((i) => !isBlank(i)).sort((i, k) => Math.abs(products[k]) - Math.abs(products[i]));
  const blank = indices.filter(isBlank);
  const total = (/** @type {number[]} */ list) => list.reduce((sum, i) => sum + products[i], 0);
  /** @type {Line[]} */
  const lines = telling.slice(0, TERMS).map((i) => ({
    name: b ? say("neuron {n}", { n: i + 1 }) : kind.nameOf(i),
    working: `${number(input[i], 3)} × ${number(weights[i], 3)}`,
    value: products[i],
    input: i,
  }));
  const add = (/** @type {string} */ name, /** @type {string} */ working, /** @type {number} */ value) => lines.push({ name, working, value, input: null });
  const rest = telling.slice(TERMS);
  if (rest.length) add(b ? say("{n} more neurons", { n: rest.length }) : columns ? say("{n} more columns", { n: rest.length }) : say("{n} more pixels", { n: rest.length }), say("all their products"), total(rest));
  if (blank.length) add(say("{n} blank pixels", { n: blank.length }), say("−1 × their weights"), total(blank));
  add(say("bias"), "", network.blocks[b].bias[j]);
  return lines;
}
