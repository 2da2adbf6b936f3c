/**
 * The smallest smudge that turns the answer: a few grey levels here and there.
 *
 * along the gradient until another class leads → shrunk by halving → needless pixels given back → whole levels
 *
 * DeepFool (Moosavi-Dezfooli et al. 2016) with pixels that stay between 0 and 255. It finds a small one, not the smallest.
 */

import { argmax } from "./network.js";

/**
 * @typedef {import("./network.js").Network} Network
 * @typedef {{bytes: Uint8Array, norm: number, digit: number}} Smudge The norm is in full ink: √Σ (Δ / 255)².
 */

/** Classes that are tried, steps towards each, halvings, and by how much the other class must lead in the sums. */
const RIVALS = 3;
const STEPS = 40;
const HALVINGS = 12;
const CLEAR = 2e-3;

/**
 * @param {Network} network @param {ArrayLike<number>} bytes
 * @returns {Smudge | null} Null if none was found.
 */
export function smallestSmudge(network, bytes) {
  const sums = network.trace(network.prepare(bytes)).sums[network.last];
  const answer = argmax(sums);
  const rivals = Array.from(sums.keys())
    .filter((k) => k !== answer)
    .sort((k, l) => sums[l] - sums[k])
    .slice(0, RIVALS);
  /** @type {Smudge | null} */
  let best = null;
  for (const rival of rivals) {
    const found = towards(network, bytes, answer, rival);
    if (found && (!best || found.norm < best.norm)) best = found;
  }
  return best;
}

/**
 * @param {Network} network @param {ArrayLike<number>} bytes @param {number} answer @param {number} rival
 * @returns {Smudge | null}
 */
function towards(network, bytes, answer, rival) {
  const far = cross(network, bytes, answer, rival);
  if (!far) return null;
  const start = Float64Array.from(bytes);
  let low = 0;
  let high = 1;
  const between = (/** @type {number} */ share) => start.map((byte, i) => byte + share * (far[i] - byte));
  for (let n = 0; n < HALVINGS; n++) {
    const middle = (low + high) / 2;
    if (turned(network, rounded(between(middle)), answer)) high = middle;
    else low = middle;
  }
  const found = giveBack(network, bytes, rounded(between(high)), answer);
  const norm = Math.sqrt(found.reduce((sum, byte, i) => sum + ((byte - bytes[i]) / 255) ** 2, 0));
  return { bytes: found, norm, digit: argmax(network.trace(network.prepare(found)).sums[network.last]) };
}

/**
 * Walk along the gradient until the rival leads clearly.
 * @param {Network} network @param {ArrayLike<number>} bytes @param {number} answer @param {number} rival
 */
function cross(network, bytes, answer, rival) {
  const current = Float64Array.from(bytes);
  const direction = new Float64Array(network.classes);
  direction[rival] = 1;
  direction[answer] = -1;
  for (let step = 0; step < STEPS; step++) {
    const trace = network.trace(network.prepare(current));
    const sums = trace.sums[network.last];
    if (sums[rival] - sums[answer] > CLEAR && turned(network, rounded(current), answer)) return current;
    const gradient = network.gradient(trace, direction);
    const free = gradient.map((value, i) => ((value > 0 && current[i] < 255) || (value < 0 && current[i] > 0) ? value : 0));
    const square = free.reduce((sum, value) => sum + value * value, 0);
    if (square < 1e-20) return null;
    const length = ((sums[answer] - sums[rival] + 3 * CLEAR) / square) * 1.05 * 127.5;
    for (let i = 0; i < current.length; i++) current[i] = Math.min(Math.max(current[i] + length * free[i], 0), 255);
  }
  return null;
}

/**
 * Give pixels back, those with the smallest changes first, as long as the answer stays turned.
 * @param {Network} network @param {ArrayLike<number>} bytes @param {Uint8Array} smudged @param {number} answer
 */
function giveBack(network, bytes, smudged, answer) {
  const change = (/** @type {number} */ i) => Math.abs(smudged[i] - bytes[i]);
  const changed = Array.from(smudged.keys())
    .filter((i) => change(i) > 0)
    .sort((i, k) => change(i) - change(k));
  let found = smudged;
  for (let group = changed.length >> 1; group >= 1; group >>= 1) {
    const trial = found.slice();
    for (const i of changed.slice(0, group)) trial[i] = bytes[i];
    if (turned(network, trial, answer)) {
      found = trial;
      break;
    }
  }
  return found;
}

/**
 * Whether another class than the answer leads clearly.
 * @param {Network} network @param {Uint8Array} bytes @param {number} answer
 */
function turned(network, bytes, answer) {
  const sums = network.trace(network.prepare(bytes)).sums[network.last];
  const best = argmax(sums);
  return best !== answer && sums[best] - sums[answer] > CLEAR;
}

/** @param {Float64Array} values */
function rounded(values) {
  return Uint8Array.from(values, (value) => Math.round(value));
}
