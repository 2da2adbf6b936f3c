/** Orders in which the neurons of a layer can stand. */

import { argmax } from "./network.js";

/**
 * By the class that each neuron speaks for most, by its weights, as if there were no activations after it.
 * @param {import("./network.js").Network} network @param {number} block
 */
export function byClass({ blocks, last, classes }, block) {
  let speaks = Float64Array.from(blocks[last].weight);
  for (let b = last - 1; b > block; b--) {
    const { weight, width, inputs } = blocks[b];
    const before = new Float64Array(inputs * classes);
    for (let i = 0; i < inputs; i++)
      for (let j = 0; j < width; j++) for (let k = 0; k < classes; k++) before[i * classes + k] += weight[i * width + j] * speaks[j * classes + k];
    speaks = before;
  }
  return byValue(Array.from({ length: speaks.length / classes }, (_, j) => argmax(speaks.subarray(j * classes, (j + 1) * classes))));
}

/**
 * The least first.
 * @param {ArrayLike<number>} values
 */
export function byValue(values) {
  return Array.from(values, (_, j) => j).sort((j, k) => values[j] - values[k] || j - k);
}
