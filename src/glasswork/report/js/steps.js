/** The sum of a neuron, with numbers that one can follow on paper: all of it, or step by step. */

import { button, el, headOf, replace } from "./dom.js";
import { FORMULAS } from "./elementwise.js";
import { applied } from "./network.js";
import { number, say, signed } from "./words.js";

/** Terms that are shown one by one; digits. */
const TERMS = 5;
const DIGITS = 3;

/**
 * @typedef {object} Received What a neuron received and passes on.
 * @property {ArrayLike<number>} input
 * @property {Float32Array} weights
 * @property {Float32Array} products
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
    replace(body, ...rowsOf(context, b, j, lines, received.gain));
    blankNote.hidden = b > 0 || !Array.from(received.input).some(context.kind.isGround);
    while (inputs.length < body.childElementCount) inputs.push(null);
    reveal();
  }
  return { element, show };
}

/**
 * Numbers are rounded first and then multiplied and added up, so that whoever does the sum again gets the same.
 * @param {import("./answer.js").Context} context @param {number} b @param {number} j @param {Line[]} lines @param {number} gain
 */
function rowsOf({ network }, b, j, lines, gain) {
  let running = 0;
  const figure = (/** @type {string} */ digits) => el("td", { class: "figure" }, digits);
  const row = (/** @type {string} */ name, /** @type {string} */ working, /** @type {string} */ adds, /** @type {number} */ value, total = false) =>
    el("tr", { class: total && "total" }, el("th", { scope: "row" }, name), el("td", {}, working), figure(adds), figure(number(value, DIGITS)));
  const rows = lines.map(({ name, working, value }) => row(name, working, signed(value, DIGITS), (running = rounded(running + value))));
  const { after } = network.blocks[b];
  const active = rounded(applied(after, new Float64Array(j + 1).fill(running))[j]);
  const kinds = after.map(({ kind }) => kind).filter((kind) => kind in FORMULAS);
  const end = row(say("activation"), kinds.length ? say("{kinds} of {sum}", { kinds: kinds.join(", "), sum: number(running, DIGITS) }) : say("none"), "", active, true);
  end.title = kinds.map((kind) => `${kind}: ${say(FORMULAS[kind])}`).join("; ");
  rows.push(end);
  if (gain !== 1) rows.push(row(gain ? say("turned") : say("switched off"), `${number(active, DIGITS)} × ${number(gain, gain ? 1 : 0)}`, "", gain * active, true));
  return rows;
}

/** @typedef {{name: string, working: string, value: number, input: number | null}} Line Its value is rounded. */

/**
 * @param {import("./answer.js").Context} context @param {number} b @param {number} j @param {Received} received
 * @returns {Line[]}
 */
function linesOf({ network, kind, columns }, b, j, { input, weights, products }) {
  const isBlank = (/** @type {number} */ i) => b === 0 && kind.isGround(input[i]);
  const indices = Array.from(products.keys());
  const telling = indices.filter((i) => !isBlank(i)).sort((i, k) => Math.abs(products[k]) - Math.abs(products[i]));
  const blank = indices.filter(isBlank);
  const rest = telling.slice(TERMS);
  const bias = network.blocks[b].bias[j];
  const total = (/** @type {number[]} */ list) => list.reduce((sum, i) => sum + products[i], 0);
  const line = (/** @type {string} */ name, /** @type {string} */ working, /** @type {number} */ value, /** @type {number | null} */ input = null) => ({ name, working, value: rounded(value), input });
  const many = [];
  if (rest.length) many.push(line(b ? say("{n} more neurons", { n: rest.length }) : columns ? say("{n} more columns", { n: rest.length }) : say("{n} more pixels", { n: rest.length }), say("all their products"), total(rest)));
  if (blank.length) many.push(line(say("{n} blank pixels", { n: blank.length }), say("−1 × their weights"), total(blank)));
  const lines = [...telling.slice(0, TERMS).map((i) => line(b ? say("neuron {n}", { n: i + 1 }) : kind.nameOf(i), ...productOf(input[i], weights[i]), i)), ...many, line(say("bias"), "", bias)];
  const off = rounded(total(indices) + bias - lines.reduce((sum, { value }) => sum + value, 0)); // by rounding
  if (many.length) many[0].value = rounded(many[0].value + off);
  else if (off) lines.push(line(say("rounding"), "", off));
  return lines;
}

/** @param {number} value */
const rounded = (value) => (Math.sign(value) * Math.round(Math.abs(value) * 10 ** DIGITS + 1e-6)) / 10 ** DIGITS;

/**
 * A product in words, and its value: of factors that are rounded as they are shown. Beside a large input, the weight has one digit more.
 * @param {number} input @param {number} weight
 * @returns {[string, number]}
 */
export function productOf(input, weight) {
  const digits = Math.abs(input) > 1.001 ? DIGITS + 1 : DIGITS;
  return [`${number(input, DIGITS)} × ${number(weight, digits)}`, rounded(Number(input.toFixed(DIGITS)) * Number(weight.toFixed(digits)))];
}
