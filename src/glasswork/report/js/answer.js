/** What the network says to the image of the page: computed once for each state, used by every part. */

import { argmax } from "./network.js";

/**
 * @typedef {object} Answer
 * @property {import("./network.js").Trace} trace
 * @property {Float64Array} sums Of the output layer, before any output activation.
 * @property {Float64Array} scores
 * @property {number[]} own The network's shares.
 * @property {number[]} shares The same, limited where the network cannot be trusted.
 * @property {number} best The class with the highest score.
 * @property {number} second
 * @property {boolean} unlike Whether the image is unlike the training images.
 * @property {import("./reference.js").Judgement | null} judgement Null until the reference images are described.
 */

/**
 * Everything that the parts of the page share.
 * @typedef {object} Context
 * @property {any} data ReportData.
 * @property {import("./network.js").Network} network The one on the stage.
 * @property {import("./network.js").Network} own The one that the page is about.
 * @property {import("./network.js").Network | null} untrained
 * @property {import("./pixels.js").Kind} kind Of input.
 * @property {import("./columns.js").Columns | null} columns The same, if the inputs are the columns of a table.
 * @property {import("./reference.js").Reference | null} reference
 * @property {import("./store.js").Raw} examples
 * @property {import("./store.js").Raw} tests
 * @property {Float32Array} scores NumPy's.
 * @property {string[]} classes
 * @property {number[]} shape Height and width, and 3 in colour.
 * @property {Set<number>} inkless
 * @property {import("./store.js").Store} store
 * @property {(state: import("./store.js").State) => Answer} answer
 * @property {(state: import("./store.js").State) => number} target The class that neurons are coloured for and lines lead to.
 */

/** @typedef {import("./reference.js").Reference | import("./columns.js").Columns | null} Judge */

/**
 * Return a function that remembers its last answer.
 * @param {import("./network.js").Network} network @param {Judge} reference
 */
export function answerer(network, reference) {
  /** @type {Asked & {ready: boolean} | null} */
  let asked = null;
  /** @type {any} */
  let answer = null;
  return (/** @type {import("./store.js").State} */ { bytes, gains }) => {
    const ready = reference?.ready ?? false; // until then, nothing is called unlike
    const sameImage = asked?.bytes === bytes && asked.ready === ready;
    if (sameImage && asked?.gains === gains) return answer;
    const judgement = sameImage ? answer.judgement : ready ? (reference?.judge(bytes) ?? null) : null;
    asked = { bytes, gains, ready };
    answer = answerTo(network, reference, asked, judgement);
    return answer;
  };
}

/** @typedef {{bytes: import("./store.js").Raw, gains: import("./network.js").Gains}} Asked What an answer depends on. */

/**
 * What a network answers, whichever it is.
 * @param {import("./network.js").Network} network @param {Judge} reference @param {Asked} asked
 * @param {import("./reference.js").Judgement | null} judgement
 * @returns {Answer}
 */
function answerTo(network, reference, { bytes, gains }, judgement) {
  const trace = network.trace(network.prepare(bytes), gains);
  const scores = trace.outputs[network.last];
  const best = argmax(scores);
  const rest = Float64Array.from(scores);
  rest[best] = -Infinity;
  const own = network.shares(scores);
  return {
    trace,
    sums: trace.sums[network.last],
    scores,
    own,
    shares: reference && judgement ? reference.temper(own, judgement) : own,
    best,
    second: argmax(rest),
    unlike: judgement?.unlike ?? false,
    judgement,
  };
}

/**
 * The numbers of one of many images or rows.
 * @template {import("./store.js").Raw} T
 * @param {T} images @param {number} features @param {number} n
 * @returns {T}
 */
export function imageAt(images, features, n) {
  return /** @type {T} */ (images.subarray(n * features, (n + 1) * features));
}
