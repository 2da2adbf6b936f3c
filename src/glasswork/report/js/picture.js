/**
 * From a picture on disk to an image like those of the training, as glasswork predict reads clean pictures.
 *
 * file → pixels → at most 640 a side → ink on its ground → 28×28
 *
 * Clean means drawn or scanned on one even ground. Photographs have light, shadows and grain; the command reads those
 * better, and the page says so.
 */

import { asItIs } from "./as-it-is.js";
import { centre } from "./centre.js";
import { inkOf } from "./ink.js";
import { MEANS, resize } from "./resize.js";
import { say } from "./words.js";

/** A picture larger than this is shrunk, and one with more pixels is refused. */
const WORKING_SIZE = 640;
const MOST_PIXELS = 50e6;

/** Grey levels between the lightest and the darkest pixel on white paper, below which the paper is taken to be black. */
const LEAST_CONTRAST = 24;

/** What is wrong with a picture, in words for whoever dropped it. */
export class PictureError extends Error {}

/** @typedef {{width: number, height: number, channels: Float32Array[]}} Levels Each channel row by row, 0 to 255. */

/**
 * @typedef {object} Wanted
 * @property {number[]} shape Height and width of the network's images, and 3 in colour.
 * @property {string} pictures "digits": the digit on it is cut out and centred; else a picture is read as it is.
 * @property {boolean} dark Whether ink is dark on a light ground in the network's images.
 */

/**
 * Read a picture.
 * @param {Blob} file @param {Wanted} wanted
 * @returns {Promise<{bytes: Uint8Array, photo: boolean, several: boolean}>} `photo`: whether its ground is not even;
 * `several`: whether it seems to hold several digits.
 */
export async function readPicture(file, wanted) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new PictureError(say("This file cannot be read as a picture: use a PNG or a JPEG."));
  }
  const { width, height } = bitmap;
  if (width * height > MOST_PIXELS) throw new PictureError(say("This picture is too large: save it smaller."));
  const canvas = new OffscreenCanvas(width, height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  context.drawImage(bitmap, 0, 0);
  return imageOfPixels(context.getImageData(0, 0, width, height).data, width, height, wanted);
}

/**
 * Make an image like those of the training of the pixels of a picture.
 * @param {ArrayLike<number>} rgba @param {number} width @param {number} height @param {Wanted} wanted
 */
export function imageOfPixels(rgba, width, height, { shape, pictures, dark }) {
  const whole = levelsOf(rgba, width, height);
  if (pictures !== "digits") return { bytes: asItIs(whole, shape), photo: false, several: false };
  const levels = shrink(whole);
  const ink = inkOf(levels);
  if (!ink) throw new PictureError(say("Nothing stands out from the ground: use a thicker pen or better light."));
  return { bytes: grounded(centre(ink, shape[0]), dark), photo: !ink.even, several: ink.several };
}

/**
 * Ink on the ground of the network's images: bytes of ink, or their negative.
 * @param {Uint8Array} bytes 0 is the ground, 255 full ink.
 * @param {boolean} dark
 */
export function grounded(bytes, dark) {
  return dark ? bytes.map((value) => 255 - value) : bytes;
}

/**
 * @param {ArrayLike<number>} rgba @param {number} width @param {number} height
 * @returns {Levels}
 */
function levelsOf(rgba, width, height) {
  const onWhite = channelsOn(rgba, 255);
  const values = onWhite.flatMap((channel) => [lowest(channel), -lowest(channel.map((value) => -value))]);
  const contrast = Math.max(values[1] - values[0], values[3] - values[2], values[5] - values[4]);
  const channels = contrast >= LEAST_CONTRAST ? onWhite : channelsOn(rgba, 0);
  const [red, green, blue] = channels;
  const grey = red.every((value, i) => Math.max(value, green[i], blue[i]) - Math.min(value, green[i], blue[i]) <= 1);
  return { width, height, channels: grey ? [green] : channels };
}

/** @param {Float32Array} values */
function lowest(values) {
  return values.reduce((low, value) => Math.min(low, value), Infinity);
}

/**
 * Red, green and blue, transparent pixels laid on a ground.
 * @param {ArrayLike<number>} rgba @param {number} ground
 */
function channelsOn(rgba, ground) {
  const count = rgba.length / 4;
  return [0, 1, 2].map((c) =>
    Float32Array.from({ length: count }, (_, i) => {
      const cover = rgba[4 * i + 3] / 255;
      return Math.round(rgba[4 * i + c] * cover + ground * (1 - cover));
    }),
  );
}

/**
 * @param {Levels} levels
 * @returns {Levels}
 */
function shrink({ width, height, channels }) {
  const times = Math.max(width, height) / WORKING_SIZE;
  if (times <= 1) return { width, height, channels };
  const size = /** @type {[number, number]} */ ([Math.max(1, Math.round(width / times)), Math.max(1, Math.round(height / times))]);
  return {
    width: size[0],
    height: size[1],
    channels: channels.map((channel) => resize(channel, width, height, size[0], size[1], MEANS).map(Math.round)),
  };
}
