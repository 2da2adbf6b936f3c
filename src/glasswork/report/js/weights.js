/** The weights of one neuron. */

/** @param {import("./network.js").Block} block @param {number} j */
export function weightsOf({ weight, width, inputs }, j) {
  return Float32Array.from({ length: inputs }, (_, i) => weight[i * width + j]);
}
