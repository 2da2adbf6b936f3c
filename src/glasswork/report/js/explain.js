/**
 * Why one class and not another: the lead as a sum of parts, exactly, and what each pixel speaks for.
 *
 *     lead = sum of class a − sum of class b, in the output layer, before any output activation
 */

/**
 * @typedef {import("./network.js").Network} Network
 * @typedef {import("./network.js").Trace} Trace
 */

/**
 * Split the lead of class a over class b into what each input of the output layer adds, and the biases.
 * @param {Network} network @param {Trace} trace @param {number} a @param {number} b
 * @returns {{parts: number[], bias: number, total: number}}
 */
export function marginParts(network, trace, a, b) {
  const { weight, bias, width } = network.blocks[network.last];
  const inputs = Array.from(network.last ? trace.outputs[network.last - 1] : trace.input);
  const parts = inputs.map((value, j) => value * (weight[j * width + a] - weight[j * width + b]));
  const sums = trace.sums[network.last];
  return { parts, bias: bias[a] - bias[b], total: sums[a] - sums[b] };
}

/**
 * What a neuron of the last hidden layer sends to each class.
 * @param {Network} network @param {Trace} trace @param {number} j @returns {number[]}
 */
export function sentBy(network, trace, j) {
  const { weight, width } = network.blocks[network.last];
  const value = network.last ? trace.outputs[network.last - 1][j] : trace.input[j];
  return Array.from({ length: width }, (_, k) => value * weight[j * width + k]);
}

/**
 * Round numbers so that the rounded ones add up to the rounded total: those that lose least are rounded the other way.
 * @param {number[]} values @param {number} digits
 * @returns {{values: number[], total: number}}
 */
export function roundToSum(values, digits) {
  const unit = 10 ** digits;
  const total = Math.round(values.reduce((sum, value) => sum + value, 0) * unit);
  const whole = values.map((value) => Math.round(value * unit));
  let off = total - whole.reduce((sum, value) => sum + value, 0);
  const step = Math.sign(off);
  const loss = (/** @type {number} */ k) => step * (whole[k] - values[k] * unit);
  const order = values.map((_, k) => k).sort((k, l) => loss(k) - loss(l));
  for (const k of order) {
    if (off === 0) break;
    whole[k] += step;
    off -= step;
  }
  return { values: whole.map((value) => value / unit), total: total / unit };
}

/**
 * How far each neuron of a hidden layer supports a class now: exact in the last hidden layer, by the slope before it.
 * @param {Network} network @param {Trace} trace @param {number} block @param {number} target
 * @returns {Float64Array}
 */
export function contributions(network, trace, block, target) {
  const slopes = network.slopes(trace, block, target);
  return trace.outputs[block].map((value, j) => value * slopes[j]);
}

/** Steps of the way from the blank page to the image: at first, and at most. */
const STEPS = 32;
const MOST_STEPS = 2048;

/** How near the total must come to the difference that it should equal. */
const CLOSE = 5e-4;

/**
 * Integrated gradients of the lead of a over b, from the blank page, −1 everywhere, to the image.
 * @param {Network} network @param {ArrayLike<number>} input @param {number} a @param {number} b
 * @returns {{map: Float64Array, total: number, difference: number, steps: number}}
 */
export function integratedGradients(network, input, a, b) {
  const direction = new Float64Array(network.classes);
  direction[a] += 1;
  direction[b] -= 1;
  const lead = (/** @type {Trace} */ { sums }) => sums[network.last][a] - sums[network.last][b];
  const blank = new Float32Array(input.length).fill(-1);
  const difference = lead(network.trace(input)) - lead(network.trace(blank));
  for (let steps = STEPS; ; steps *= 4) {
    const map = meanGradient(network, input, direction, steps);
    for (let i = 0; i < map.length; i++) map[i] *= input[i] + 1;
    const total = map.reduce((sum, value) => sum + value, 0);
    if (Math.abs(total - difference) < CLOSE || steps * 4 > MOST_STEPS) return { map, total, difference, steps };
  }
}

/**
 * The mean gradient at the middles of equal steps from blank to image.
 * @param {Network} network @param {ArrayLike<number>} input @param {Float64Array} direction @param {number} steps
 */
function meanGradient(network, input, direction, steps) {
  const mean = new Float64Array(input.length);
  const between = new Float64Array(input.length);
  for (let step = 0; step < steps; step++) {
    const share = (step + 0.5) / steps;
    for (let i = 0; i < between.length; i++) between[i] = share * (input[i] + 1) - 1;
    const gradient = network.gradient(network.trace(between), direction);
    for (let i = 0; i < mean.length; i++) mean[i] += gradient[i] / steps;
  }
  return mean;
}

/**
 * The likeness of neighbouring weights, from −1 to 1: near 0 for speckle, near 1 for smooth patterns.
 * @param {ArrayLike<number>} values @param {number[]} shape @param {Set<number>} except Pixels that do not count.
 */
export function smoothness(values, [height, width], except) {
  const kept = Array.from(values, (value, i) => ({ value, i })).filter(({ i }) => !except.has(i));
  const mean = kept.reduce((sum, { value }) => sum + value, 0) / kept.length;
  const variance = kept.reduce((sum, { value }) => sum + (value - mean) ** 2, 0) / kept.length;
  let sum = 0;
  let pairs = 0;
  for (const { value, i } of kept) {
    const neighbours = [i % width < width - 1 ? i + 1 : -1, i < width * (height - 1) ? i + width : -1];
    for (const n of neighbours) {
      if (n < 0 || except.has(n)) continue;
      sum += (value - mean) * (values[n] - mean);
      pairs += 1;
    }
  }
  return variance && pairs ? sum / pairs / variance : 0;
}
