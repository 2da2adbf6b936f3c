/** Orders in which the neurons of a layer can stand. */

import { argmax } from "./network.js";

/** @typedef {(block: number, adds: ArrayLike<number>) => number[]} Sorting */

/**
 * @param {import("./network.js").Network} network
 * @returns {Record<string, Sorting>}
 */
export function sortings(network) {
  /** @type {Map<string, number[]>} */
  const known = new Map(); // all orders but the first depend on the weights only
  const remembered =
    (/** @type {string} */ name, /** @type {(block: number) => number[]} */ make) => (/** @type {number} */ block) => {
      const key = `${name} ${block}`;
      if (!known.has(key)) known.set(key, make(block));
      return /** @type {number[]} */ (known.get(key));
    };
  return {
    adds: (block, adds) => byValue(Array.from(adds, (value) => -value)),
    number: remembered("number", (block) => numbers(network.blocks[block].width)),
    norm: remembered("norm", (block) => byValue(norms(network.blocks[block]).map((norm) => -norm))),
    digit: remembered("digit", (block) => byValue(supported(network, block))),
    alike: remembered("alike", (block) => chain(columns(network.blocks[block]))),
  };
}

/** @param {number} count */
function numbers(count) {
  return Array.from({ length: count }, (_, j) => j);
}

/** @param {number[]} values */
function byValue(values) {
  return numbers(values.length).sort((j, k) => values[j] - values[k] || j - k);
}

/** @param {import("./network.js").Block} block */
function norms({ weight, width }) {
  const squares = new Array(width).fill(0);
  weight.forEach((value, n) => (squares[n % width] += value * value));
  return squares.map(Math.sqrt);
}

/**
 * Which class each neuron speaks for most: by its weights, as if there were no activations after it.
 * @param {import("./network.js").Network} network
 * @param {number} block
 */
function supported({ blocks, last, classes }, block) {
  let speaks = Float64Array.from(blocks[last].weight);
  for (let b = last - 1; b > block; b--) {
    const { weight, width, inputs } = blocks[b];
    const before = new Float64Array(inputs * classes);
    for (let i = 0; i < inputs; i++)
      for (let j = 0; j < width; j++) for (let k = 0; k < classes; k++) before[i * classes + k] += weight[i * width + j] * speaks[j * classes + k];
    speaks = before;
  }
  return numbers(speaks.length / classes).map((j) => argmax(speaks.subarray(j * classes, (j + 1) * classes)));
}

/**
 * The weights of each neuron, at length 1.
 * @param {import("./network.js").Block} block
 */
function columns(block) {
  const length = norms(block);
  return numbers(block.width).map((j) =>
    Float32Array.from({ length: block.inputs }, (_, i) => block.weight[i * block.width + j] / (length[j] || 1)),
  );
}

/**
 * A row in which each neuron stands beside the one most like it of those left.
 * @param {Float32Array[]} vectors
 */
function chain(vectors) {
  const left = new Set(numbers(vectors.length));
  const order = [];
  let current = 0;
  while (left.size) {
    left.delete(current);
    order.push(current);
    let [next, likest] = [-1, -Infinity];
    for (const j of left) {
      let product = 0;
      for (let i = 0; i < vectors[j].length; i++) product += vectors[j][i] * vectors[current][i];
      if (product > likest) [next, likest] = [j, product];
    }
    current = next;
  }
  return order;
}
