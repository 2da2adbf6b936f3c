/**
 * From a picture to an image of the network's size, in grey or in colour, and otherwise as it is: not cropped, centred
 * or inverted.
 *
 * The same as glasswork predict does for a network that was trained on a folder of pictures: Pillow's arithmetic.
 */

import { LINEAR, MEANS, resize } from "./resize.js";

/** @typedef {import("./picture.js").Levels} Levels */

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
  const filter = height >= 2 * newHeight && width >= 2 * newWidth ? MEANS : LINEAR;
  return Uint8Array.from(resize(plane, width, height, newWidth, newHeight, filter, (value) => Math.min(Math.max(Math.floor(value + 0.5), 0), 255)));
}
