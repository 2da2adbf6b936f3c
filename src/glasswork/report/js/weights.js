/** The weights of one neuron. */

/** @param {import("./network.js").Block} block @param {number} j */
export function weightsOf({ weight, width, inputs }, j) {
  const found = new Float32Array(inputs);
  for (let i = 0; i < inputs; i++) found[i] = weight[i * width + j];
  return found;
}
