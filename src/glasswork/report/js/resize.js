/** Planes of grey levels at another size, with Pillow's arithmetic: each new pixel is a weighted mean of those around its middle. */

/** A filter: its reach, in new pixels, and its weight at a distance. @typedef {{ reach: number, weight: (x: number) => number }} Filter */

/** Means of the pixels whose middles are covered. @type {Filter} */
export const MEANS = { reach: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) };

/** Between the two nearest middles. @type {Filter} */
export const LINEAR = { reach: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) };

/**
 * @param {Float32Array} values @param {number} width @param {number} height @param {number} newWidth @param {number} newHeight
 * @param {Filter} filter @param {(value: number) => number} [level] What becomes of each number, after each way.
 */
export function resize(values, width, height, newWidth, newHeight, filter, level = (value) => value) {
  const across = resample(values, width, height, newWidth, filter).map(level);
  return turned(resample(turned(across, newWidth, height), height, newWidth, newHeight, filter).map(level), newHeight, newWidth);
}

/**
 * Give each row another length.
 * @param {Float32Array} values @param {number} width @param {number} height @param {number} newWidth @param {Filter} filter
 */
function resample(values, width, height, newWidth, filter) {
  const scale = width / newWidth;
  const wide = Math.max(scale, 1);
  const result = new Float32Array(newWidth * height);
  for (let x = 0; x < newWidth; x++) {
    const middle = (x + 0.5) * scale;
    const from = Math.max(Math.trunc(middle - filter.reach * wide + 0.5), 0);
    const to = Math.min(Math.trunc(middle + filter.reach * wide + 0.5), width);
    const weights = Array.from({ length: to - from }, (_, i) => filter.weight((i + from - middle + 0.5) * (1 / wide))); // in Pillow's order
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (let y = 0; y < height; y++) {
      let sum = 0;
      for (let i = from; i < to; i++) sum += weights[i - from] * values[y * width + i];
      result[y * newWidth + x] = sum / total;
    }
  }
  return result;
}

/**
 * Rows as columns.
 * @param {Float32Array} values @param {number} width @param {number} height
 */
function turned(values, width, height) {
  return Float32Array.from(values, (_, i) => values[(i % height) * width + Math.floor(i / height)]);
}
