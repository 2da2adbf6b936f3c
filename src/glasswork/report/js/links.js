/** Which connections are drawn as lines, and what each carries: input × weight. */

/**
 * @typedef {object} Link
 * @property {number} from An input of the network, or a neuron of the layer before.
 * @property {number} to A neuron, or a class.
 * @property {number} value
 */

/** Lines into the answer, into each neuron on its way, and pixels for each; lines of a neuron that is looked at. */
const INTO_ANSWER = 8;
const INTO_NEURON = 3;
const PIXELS = 2;
const LOOKED_AT = 10;

/** Neurons of a layer from which the lines are followed further back. */
const FOLLOWED = 6;

/**
 * The strongest links, for each block those that arrive at it.
 * @param {import("./network.js").Network} network @param {import("./network.js").Trace} trace @param {object} asked
 * @param {number} asked.target The class that lines lead to.
 * @param {number | null} asked.touched The same, if somebody asked for it.
 * @param {number[][]} asked.shown The neurons of each hidden layer that have tiles.
 * @param {{block: number, neuron: number} | null} asked.focus The neuron that is looked at.
 * @param {(value: number) => boolean} asked.isGround Whether an input is that of an empty place.
 * @returns {Link[][]}
 */
export function linksOf(network, trace, { target, touched, shown, focus, isGround }) {
  const inked = Array.from(trace.input, (value, i) => (isGround(value) ? -1 : i)).filter((i) => i >= 0);
  const sources = (/** @type {number} */ b) => (b ? shown[b - 1] : inked);
  const into = (/** @type {number} */ b, /** @type {number} */ to, /** @type {number} */ count) =>
    strongest(sources(b).map((from) => linkOf(network, trace, b, from, to)), count);
  /** @type {Link[][]} */
  const links = network.blocks.map(() => []);
  if (focus) {
    const { block: b, neuron } = focus;
    links[b] = into(b, neuron, LOOKED_AT);
    const ends = b + 1 < network.last ? shown[b + 1] : touched === null ? Array.from({ length: network.classes }, (_, k) => k) : [touched];
    links[b + 1] = strongest(ends.map((to) => linkOf(network, trace, b + 1, neuron, to)), LOOKED_AT);
    return links;
  }
  let ends = [target];
  for (let b = network.last; b >= 0; b--) {
    const count = b === network.last ? INTO_ANSWER : b ? INTO_NEURON : PIXELS;
    links[b] = ends.flatMap((to) => into(b, to, count));
    ends = [...new Set(strongest(links[b], links[b].length).map(({ from }) => from))].slice(0, FOLLOWED);
  }
  return links;
}

/**
 * The largest magnitude that any connection of each block carries: one scale for the lines of all neurons.
 * @param {import("./network.js").Network} network @param {import("./network.js").Trace} trace @param {(value: number) => boolean} isGround
 */
export function mostCarried(network, trace, isGround) {
  return network.blocks.map(({ weight, width, inputs }, b) => {
    const sent = b ? trace.outputs[b - 1] : trace.input;
    let most = 1e-9;
    for (let i = 0; i < inputs; i++) {
      if (!b && isGround(sent[i])) continue;
      for (let j = i * width; j < (i + 1) * width; j++) most = Math.max(most, Math.abs(sent[i] * weight[j]));
    }
    return most;
  });
}

/**
 * @param {import("./network.js").Network} network @param {import("./network.js").Trace} trace
 * @param {number} b The block at which it arrives.
 * @param {number} from @param {number} to
 * @returns {Link}
 */
function linkOf(network, trace, b, from, to) {
  const { weight, width } = network.blocks[b];
  const sent = b ? trace.outputs[b - 1] : trace.input;
  return { from, to, value: sent[from] * weight[from * width + to] };
}

/** @param {Link[]} links @param {number} count */
function strongest(links, count) {
  /** @type {Link[]} */
  const best = []; // few of many, so that all need not be sorted at every move of the pen
  for (const link of links) {
    if (link.value === 0 || (best.length === count && Math.abs(link.value) <= Math.abs(best[count - 1].value))) continue;
    best.push(link);
    best.sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).splice(count);
  }
  return best;
}
