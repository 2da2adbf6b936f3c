/** Inputs that are pixels: what the parts of the page call them, and how they draw an image or a neuron's weights. */

import { paintImage, paintSigned, placeOf, planesNote } from "./colour.js";
import { say } from "./words.js";

/**
 * A kind of input, for the parts that are the same for all kinds.
 * @typedef {object} Kind
 * @property {string} raises What a positive weight does.
 * @property {string} lowers What a negative weight does.
 * @property {(i: number) => string} nameOf The name of an input.
 * @property {(i: number) => [number, number]} placeOf Where an input is in the picture of all, in shares of its sides.
 * @property {(value: number) => boolean} isGround Whether a prepared number is that of an empty place.
 * @property {(bytes: import("./store.js").Raw) => boolean} isBlank Whether there is nothing to ask about.
 * @property {(bytes: ArrayLike<number>) => Float32Array} prepare What the first layer takes.
 * @property {(canvas: any, bytes: import("./store.js").Raw) => void} paint
 * @property {(canvas: any, values: ArrayLike<number>, limit: number) => void} paintWeights
 */

/**
 * @param {number[]} shape @param {Set<number>} inkless
 * @returns {Kind}
 */
export function pixelsOf(shape, inkless) {
  return {
    raises: say("{ink} here raises the neuron’s sum"),
    lowers: say("{ink} here lowers it") + planesNote(shape),
    nameOf: (i) => placeOf(shape, i),
    placeOf(i) {
      const [height, width, planes = 1] = shape;
      const pixel = Math.floor(i / planes);
      return [((pixel % width) + 0.5) / width, (Math.floor(pixel / width) + 0.5) / height];
    },
    isGround: (value) => value === -1,
    isBlank: (bytes) => bytes.every((/** @type {number} */ byte) => byte === bytes[0]),
    prepare: preparePixels,
    paint: (canvas, bytes) => paintImage(canvas, bytes, shape),
    paintWeights: (canvas, values, limit) => paintSigned(canvas, values, shape, limit, { blank: inkless }),
  };
}

/**
 * Pixels, 0 to 255, as the network sees them: −1 to 1.
 * @param {ArrayLike<number>} bytes
 */
export function preparePixels(bytes) {
  const scale = Math.fround(1 / 127.5);
  const found = new Float32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) found[i] = Math.fround((bytes[i] - 127.5) * scale);
  return found;
}
