/**
 * Why one class and not another: the lead as a sum of parts, exactly, and what each pixel speaks for.
 *
 * lead = sum of class a − sum of class b, in the output layer, before any output activation
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
 * @param {Network} network @param {Trace} trace @param {number} j
 * @returns {number[]}
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

/** Pieces of the way from the blank page to the image at first, and products of weights that may be spent on more. */
const PIECES = 24;
const BUDGET = 1.2e9;

/** How near the total must come to the difference that it should equal. */
const CLOSE = 2e-4;

/**
 * Integrated gradients of the lead of a over b, from the blank page, −1 everywhere, or a mean row, to the input.
 *
 * The way is cut where the gradient changes: on each piece the gradient in the middle, times the way, should equal
 * what the lead changes by; the piece where it is furthest off is halved, until all are close.
 * @param {Network} network @param {ArrayLike<number>} input @param {number} a @param {number} b
 * @param {ArrayLike<number>} [blank] Where the way begins.
 * @returns {{map: Float64Array, total: number, difference: number, pieces: number}}
 */
export function integratedGradients(network, input, a, b, blank = new Float32Array(network.features).fill(-1)) {
  const direction = new Float64Array(network.classes);
  direction[a] += 1;
  direction[b] -= 1;
  const way = Float64Array.from(input, (value, i) => value - blank[i]);
  const at = (/** @type {number} */ share) => network.trace(way.map((part, i) => share * part + blank[i]));
  const leadAt = (/** @type {number} */ share) => {
    const sums = at(share).sums[network.last];
    return sums[a] - sums[b];
  };
  const piece = (/** @type {[number, number]} */ start, /** @type {[number, number]} */ end) => {
    const gradient = network.gradient(at((start[0] + end[0]) / 2), direction);
    const parts = gradient.map((value, i) => value * way[i] * (end[0] - start[0]));
    return { start, end, parts, off: Math.abs(sumOf(parts) - (end[1] - start[1])) };
  };
  const ends = Array.from({ length: PIECES + 1 }, (_, k) => /** @type {[number, number]} */ ([k / PIECES, leadAt(k / PIECES)]));
  const pieces = ends.slice(1).map((end, k) => piece(ends[k], end));
  let off = pieces.reduce((sum, one) => sum + one.off, 0);
  const most = Math.max(2 * PIECES, Math.min(1500, BUDGET / (6 * network.weights)));
  while (off > CLOSE && pieces.length < most) {
    const worst = pieces.reduce((best, one, k) => (one.off > pieces[best].off ? k : best), 0);
    const { start, end } = pieces[worst];
    const share = (start[0] + end[0]) / 2;
    const middle = /** @type {[number, number]} */ ([share, leadAt(share)]);
    const halves = [piece(start, middle), piece(middle, end)];
    off += halves[0].off + halves[1].off - pieces[worst].off;
    pieces.splice(worst, 1, ...halves);
  }
  const map = way.map((_, i) => pieces.reduce((sum, { parts }) => sum + parts[i], 0));
  return { map, total: sumOf(map), difference: ends[PIECES][1] - ends[0][1], pieces: pieces.length };
}

/** @param {Float64Array} values */
function sumOf(values) {
  return values.reduce((sum, value) => sum + value, 0);
}

/**
 * The likeness of neighbouring weights, from −1 to 1: near 0 for speckle, near 1 for smooth patterns.
 * @param {ArrayLike<number>} values @param {number[]} shape
 * @param {Set<number>} except Pixels that do not count.
 */
export function smoothness(values, [height, width, planes = 1], except) {
  const kept = Array.from(values, (value, i) => ({ value, i })).filter(({ i }) => !except.has(i));
  const mean = kept.reduce((sum, { value }) => sum + value, 0) / kept.length;
  const variance = kept.reduce((sum, { value }) => sum + (value - mean) ** 2, 0) / kept.length;
  let sum = 0;
  let pairs = 0;
  for (const { value, i } of kept) {
    const beside = Math.floor(i / planes) % width < width - 1 ? i + planes : -1;
    const neighbours = [beside, i < planes * width * (height - 1) ? i + planes * width : -1];
    for (const n of neighbours) {
      if (n < 0 || except.has(n)) continue;
      sum += (value - mean) * (values[n] - mean);
      pairs += 1;
    }
  }
  return variance && pairs ? sum / pairs / variance : 0;
}
