/**
 * The network, computed in the browser.
 *
 * image → [ linear → what follows it ] → [ linear → what follows it ] → ... → scores
 *
 * A block is a linear layer with the layers up to the next one. Sums are added up in double precision, so the scores
 * differ from NumPy's only by the rounding of NumPy's single precision.
 */

import { ELEMENTWISE } from "./elementwise.js";
import { preparePixels } from "./pixels.js";

/**
 * @typedef {object} Layer
 * @property {string} name
 * @property {string} kind
 * @property {any} settings
 * @property {Record<string, Float32Array>} arrays
 */

/**
 * @typedef {object} Block
 * @property {string} name The name of its linear layer.
 * @property {number} inputs
 * @property {number} width
 * @property {Float32Array} weight `(inputs, width)`, row by row.
 * @property {Float32Array} bias
 * @property {Layer[]} after
 */

/**
 * What happened to one image.
 * @typedef {object} Trace
 * @property {ArrayLike<number>} input
 * @property {Float64Array[]} sums Of each block: weighted sum plus bias.
 * @property {Float64Array[]} outputs Of each block: what the layers after it make of the sums.
 */

/** Neurons that are switched off (0) or turned up (2): by block and number. @typedef {Map<string, number>} Gains */

/** @type {Gains} */
const NO_GAINS = new Map();

export class Network {
  /**
   * @param {Layer[]} layers
   * @param {string} confidence How scores become shares: "softmax" or "normalise".
   * @param {(bytes: ArrayLike<number>) => Float32Array} [prepare] What the first layer takes of raw numbers.
   */
  constructor(layers, confidence, prepare = preparePixels) {
    this.prepare = prepare;
    this.confidence = confidence;
    /** @type {Block[]} */
    this.blocks = [];
    /** @type {Layer[]} */
    this.lead = []; // before the first linear layer
    for (const layer of layers) {
      if (layer.kind === "linear") this.blocks.push(blockOf(layer));
      else if (!(layer.kind in ELEMENTWISE)) throw new Error(`no layer of this page is called ${layer.kind}`);
      else (this.blocks.at(-1)?.after ?? this.lead).push(layer);
    }
    this.last = this.blocks.length - 1;
    this.classes = this.blocks[this.last].width;
    this.features = this.blocks[0].inputs;
    this.weights = this.blocks.reduce((sum, block) => sum + block.weight.length, 0);
  }

  /** A network of the same layers and arrays, which stays as it is when the layers of this one are replaced. */
  twin() {
    const twin = Object.assign(Object.create(Network.prototype), this);
    twin.blocks = this.blocks.map((block) => ({ ...block }));
    return /** @type {Network} */ (twin);
  }

  /**
   * Send an image through the network and keep everything on the way.
   * @param {ArrayLike<number>} input From `prepare`.
   * @param {Gains} [gains]
   * @returns {Trace}
   */
  trace(input, gains = NO_GAINS) {
    const sums = [];
    const outputs = [];
    let values = applied(this.lead, input);
    for (const [b, block] of this.blocks.entries()) {
      const sum = weightedSums(block, values);
      values = applied(block.after, sum);
      for (const [key, gain] of gains) {
        const [where, j] = key.split(":").map(Number);
        if (where === b) values[j] *= gain;
      }
      sums.push(sum);
      outputs.push(values);
    }
    return { input, sums, outputs };
  }

  /**
   * The network's scores for pixels, or for a raw row.
   * @param {ArrayLike<number>} bytes @param {Gains} [gains]
   */
  scores(bytes, gains) {
    return this.trace(this.prepare(bytes), gains).outputs[this.last];
  }

  /**
   * Scores as shares that sum to 1.
   * @param {ArrayLike<number>} scores
   * @returns {number[]}
   */
  shares(scores) {
    const values = Array.from(scores);
    const top = Math.max(...values);
    const parts =
      this.confidence === "softmax" ? values.map((v) => Math.exp(v - top)) : values.map((v) => Math.max(v, 1e-30));
    const total = parts.reduce((sum, part) => sum + part, 0);
    return parts.map((part) => part / total);
  }

  /**
   * The gradient of a weighted sum of the output layer's sums with respect to the input (the chain rule, backwards).
   * @param {Trace} trace
   * @param {ArrayLike<number>} direction The weight of each class.
   * @returns {Float64Array}
   */
  gradient(trace, direction) {
    return backThrough(this.lead, trace.input, this.backward(trace, direction, -1));
  }

  /**
   * How fast the sum of a class changes with each output of a hidden block.
   * @param {Trace} trace @param {number} block @param {number} target
   */
  slopes(trace, block, target) {
    const direction = new Float64Array(this.classes);
    direction[target] = 1;
    return this.backward(trace, direction, block);
  }

  /**
   * From the output layer's sums back to the outputs of a block; −1 is the input of the first.
   * @param {Trace} trace @param {ArrayLike<number>} direction @param {number} block
   */
  backward(trace, direction, block) {
    let grad = Float64Array.from(direction);
    for (let b = this.last; b > block; b--) {
      if (b < this.last) grad = backThrough(this.blocks[b].after, trace.sums[b], grad);
      grad = backToInputs(this.blocks[b], grad);
    }
    return grad;
  }
}

/**
 * @param {Layer} layer
 * @returns {Block}
 */
function blockOf(layer) {
  const width = layer.arrays.bias.length;
  const { weight, bias } = layer.arrays;
  return { name: layer.name, inputs: weight.length / width, width, weight, bias, after: [] };
}

/**
 * Four inputs at a time, which takes half the time of one by one.
 * @param {Block} block @param {ArrayLike<number>} values
 */
function weightedSums({ weight, bias, width, inputs }, values) {
  const sums = new Float64Array(bias);
  let i = 0;
  let at = 0;
  for (; i + 3 < inputs; i += 4, at += 3 * width) {
    const [a, b, c, d] = [values[i], values[i + 1], values[i + 2], values[i + 3]];
    for (let j = 0; j < width; j++, at++)
      sums[j] += a * weight[at] + b * weight[at + width] + c * weight[at + 2 * width] + d * weight[at + 3 * width];
  }
  for (; i < inputs; i++) for (let j = 0; j < width; j++, at++) sums[j] += values[i] * weight[at];
  return sums;
}

/** @param {Layer[]} layers @param {ArrayLike<number>} values */
export function applied(layers, values) {
  const result = new Float64Array(values);
  for (const layer of layers) {
    const { value } = ELEMENTWISE[layer.kind];
    for (let j = 0; j < result.length; j++) result[j] = value(result[j], layer, j);
  }
  return result;
}

/**
 * @param {Layer[]} layers
 * @param {ArrayLike<number>} values What came in.
 * @param {Float64Array} grad
 */
export function backThrough(layers, values, grad) {
  const current = new Float64Array(values);
  const result = new Float64Array(grad);
  for (const layer of layers) {
    const { value, slope } = ELEMENTWISE[layer.kind];
    for (let j = 0; j < current.length; j++) {
      result[j] *= slope(current[j], layer, j); // each number stays in its place, so the order does not matter
      current[j] = value(current[j], layer, j);
    }
  }
  return result;
}

/** @param {Block} block @param {Float64Array} grad */
export function backToInputs({ weight, width, inputs }, grad) {
  const result = new Float64Array(inputs);
  for (let i = 0, row = 0; i < inputs; i++, row += width) {
    let sum = 0;
    for (let j = 0; j < width; j++) sum += weight[row + j] * grad[j];
    result[i] = sum;
  }
  return result;
}

/**
 * The place of the largest number.
 * @param {ArrayLike<number>} values
 */
export function argmax(values) {
  let best = 0;
  for (let j = 1; j < values.length; j++) if (values[j] > values[best]) best = j;
  return best;
}
