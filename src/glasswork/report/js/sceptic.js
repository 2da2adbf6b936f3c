/**
 * The sceptic: a second small network that has learnt to tell training images from things drawn at random. The same
 * numbers as glasswork/models/doubt/lines.py and sceptic.py.
 *
 * 28×28, slant removed → 16 filters of 5×5, every second pixel → ReLU → sums of 2×2 → 6×6 cells × 16
 *                      → unit length → square root → Linear → ReLU → Linear → log-odds of a training image
 */

import { removeSlant } from "./edge-maps.js";

const SIDE = 28;

/** Width of a filter, pixels between two of its places, what it must exceed, and places and cells each way. */
const WIDE = 5;
const STEP = 2;
const FLOOR = 0.1;
const PLACES = 12;
const CELLS = PLACES / 2;

export class Sceptic {
  /**
   * @param {{filters: Float32Array, weights: Float32Array, bias: number[], output: number[]}} arrays
   * @param {number} side Of the images.
   */
  constructor({ filters, weights, bias, output }, side) {
    this.filters = filters;
    this.weights = weights;
    this.bias = bias;
    this.output = output;
    this.grid = gridWeights(side);
    this.side = side;
  }

  /**
   * The logarithm of the odds that an image is one such as the network was trained on.
   * @param {ArrayLike<number>} bytes
   */
  odds(bytes) {
    const numbers = this.describe(bytes);
    const hidden = Float64Array.from(this.bias);
    const count = hidden.length;
    for (let i = 0; i < numbers.length; i++) {
      if (numbers[i] === 0) continue;
      for (let j = 0; j < count; j++) hidden[j] += numbers[i] * this.weights[i * count + j];
    }
    return hidden.reduce((sum, value, j) => sum + Math.max(value, 0) * this.output[j], this.output[count]);
  }

  /**
   * What lines and edges there are in each cell of an image.
   * @param {ArrayLike<number>} bytes
   */
  describe(bytes) {
    const upright = new Float32Array(SIDE * SIDE);
    removeSlant(this.onGrid(bytes), SIDE, upright);
    const cells = new Float64Array((this.filters.length / WIDE ** 2) * CELLS ** 2);
    const window = new Float64Array(WIDE * WIDE);
    for (let row = 0; row < PLACES; row++) {
      for (let column = 0; column < PLACES; column++) {
        cut(upright, STEP * row - 1, STEP * column - 1, window);
        const cell = (row >> 1) * CELLS + (column >> 1);
        for (let f = 0; f * WIDE ** 2 < this.filters.length; f++) {
          let sum = -FLOOR;
          for (let i = 0, at = f * WIDE ** 2; i < window.length; i++) sum += window[i] * this.filters[at + i];
          if (sum > 0) cells[f * CELLS ** 2 + cell] += sum;
        }
      }
    }
    const length = Math.max(Math.sqrt(cells.reduce((sum, value) => sum + value * value, 0)), 1e-3);
    return cells.map((value) => Math.sqrt(value / length));
  }

  /**
   * Bring an image to 28×28 pixels.
   * @param {ArrayLike<number>} bytes
   * @returns {ArrayLike<number>}
   */
  onGrid(bytes) {
    if (this.side === SIDE) return bytes;
    const found = new Float64Array(SIDE * SIDE);
    for (let y = 0; y < SIDE; y++) {
      for (let x = 0; x < SIDE; x++) {
        for (const down of this.grid[y]) {
          for (const right of this.grid[x]) {
            found[y * SIDE + x] += down.weight * right.weight * bytes[down.pixel * this.side + right.pixel];
          }
        }
      }
    }
    return found;
  }
}

/**
 * Copy a window of an image, 0 to 1; beyond the border there is no ink.
 * @param {Float32Array} field @param {number} top @param {number} left @param {Float64Array} window
 */
function cut(field, top, left, window) {
  for (let i = 0; i < window.length; i++) {
    const y = top + Math.floor(i / WIDE);
    const x = left + (i % WIDE);
    window[i] = y >= 0 && y < SIDE && x >= 0 && x < SIDE ? field[y * SIDE + x] / 255 : 0;
  }
}

/**
 * How much each of `side` pixels counts for each of 28 on the same length: for each of them, pairs of pixel and weight.
 * @param {number} side
 */
function gridWeights(side) {
  const wide = Math.max(side / SIDE, 1);
  return Array.from({ length: SIDE }, (_, at) => {
    const centre = ((at + 0.5) * side) / SIDE - 0.5;
    const near = Array.from({ length: side }, (_, pixel) => pixel)
      .map((pixel) => ({ pixel, weight: 1 - Math.abs(pixel - centre) / wide }))
      .filter(({ weight }) => weight > 0);
    const total = near.reduce((sum, { weight }) => sum + weight, 0);
    return near.map(({ pixel, weight }) => ({ pixel, weight: weight / total }));
  });
}
