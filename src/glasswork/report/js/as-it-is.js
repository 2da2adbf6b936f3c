/**
 * From a picture to an image of the network's size, in grey or in colour, and otherwise as it is: not cropped, centred
 * or inverted.
 *
 * The same as glasswork predict does for a network that was trained on a folder of pictures: Pillow's arithmetic.
 */

/** @typedef {import("./picture.js").Levels} Levels */

/**
 * A filter: its reach, in new pixels, and its weight at a distance.
 * @typedef {{ reach: number, weight: (x: number) => number }} Filter
 */

/** @type {Filter} */
const BOX = { reach: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) };
/** @type {Filter} */
const LINEAR = { reach: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) };

/**
 * @param {Levels} levels
 * @param {number[]} shape Height and width of the image that is wanted, and 3 in colour.
 * @returns {Uint8Array}
 */
export function asItIs({ width, height, channels }, [newHeight, newWidth, planes]) {
  const [red, green, blue] = channels;
  const resized = (/** @type {Float32Array} */ plane) => resizePlane(plane, width, height, newWidth, newHeight);
  if (planes) {
    const three = [red, green ?? red, blue ?? red].map(resized);
    return Uint8Array.from({ length: 3 * newWidth * newHeight }, (_, i) => three[i % 3][Math.floor(i / 3)]);
  }
  const grey = blue ? red.map((value, i) => (value * 19595 + green[i] * 38470 + blue[i] * 7471 + 0x8000) >> 16) : red;
  return resized(grey);
}

/**
 * @param {Float32Array} plane @param {number} width @param {number} height @param {number} newWidth @param {number} newHeight
 */
function resizePlane(plane, width, height, newWidth, newHeight) {
  if (width === newWidth && height === newHeight) return Uint8Array.from(plane);
  const filter = height >= 2 * newHeight && width >= 2 * newWidth ? BOX : LINEAR;
  const across = resample(plane, width, height, newWidth, filter);
  return Uint8Array.from(turned(resample(turned(across, newWidth, height), height, newWidth, newHeight, filter), newHeight, newWidth));
}

/**
 * Give each row another length; levels are rounded.
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
    const weights = Array.from({ length: to - from }, (_, i) => filter.weight((i + from - middle + 0.5) / wide));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (let y = 0; y < height; y++) {
      const sum = weights.reduce((all, weight, i) => all + weight * values[y * width + from + i], 0);
      result[y * newWidth + x] = Math.min(Math.max(Math.floor(sum / total + 0.5), 0), 255);
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
