/**
 * From the ink of one digit to an image like those of MNIST.
 *
 * crop of the ink → strokes as wide as MNIST's → fitted in 20×20 → centre of mass at row 14, column 14
 */

import { quantile } from "./ink.js";
import { LINEAR, MEANS, resize } from "./resize.js";
import { boundsOf, massOf } from "./strokes.js";

/** MNIST's field and box; its mean stroke width, and the widths that are left as they are, in pixels. */
const FIELD = 28;
const BOX = 20;
const MEAN_WIDTH = 1.95;
const THINNEST = 1.5;
const THICKEST = 4.5;

/** @typedef {{values: Float32Array, width: number, height: number}} Crop */

/**
 * @param {import("./ink.js").Ink} ink @param {number} side
 * @returns {Uint8Array}
 */
export function centre(ink, side) {
  const ready = side === FIELD ? asItIs(ink) : null;
  if (ready) return ready;
  const unit = side / FIELD;
  const even = withEvenPen({ values: ink.strength, width: ink.width, height: ink.height });
  return place(fit(even, Math.round(BOX * unit)), side);
}

/** A picture that is an image like those of MNIST already, or null. @param {import("./ink.js").Ink} ink */
function asItIs({ width, height, whole }) {
  if (whole.width !== FIELD || whole.height !== FIELD || Math.max(width, height) > BOX) return null;
  if (whole.strength.reduce((most, value) => Math.max(most, value), 0) < 250) return null;
  const [x, y] = massOf(whole.strength, FIELD);
  if (Math.max(Math.abs(x - FIELD / 2), Math.abs(y - FIELD / 2)) > 0.51) return null;
  return Uint8Array.from(whole.strength, (value) => Math.min(Math.round(value), 255));
}

/**
 * Widen thin strokes, and thin very wide ones, by moving their outline.
 * @param {Crop} crop
 * @returns {Crop}
 */
function withEvenPen({ values, width, height }) {
  const full = quantile(Array.from(values.filter((value) => value > 0)), 0.9);
  const inside = padded({ values, width, height }, 1, (value) => value > 0.5 * full);
  const depth = distances(inside.mask, inside.width, inside.height, 0);
  const squares = depth.reduce((sum, value) => sum + value * value, 0);
  const pen = (3 * squares) / (depth.reduce((sum, value) => sum + value, 0) || 1);
  const scale = Math.max(width, height) / BOX;
  if (pen === 0 || scale < 2 || (pen / scale >= THINNEST && pen / scale <= THICKEST)) return { values, width, height };
  const by = ((pen / scale < THINNEST ? MEAN_WIDTH : THICKEST) * scale - pen) / 2;
  const room = padded({ values, width, height }, Math.ceil(Math.max(by, 0)) + 1, (value) => value > 0.5 * full);
  const outer = distances(room.mask, room.width, room.height, 1);
  const inner = distances(room.mask, room.width, room.height, 0);
  const moved = inner.map((value, i) => Math.min(Math.max(value - outer[i] + by + 0.5, 0), 1) * 255);
  return trimmed({ values: Float32Array.from(moved), width: room.width, height: room.height });
}

/** @param {Crop} crop @param {number} margin @param {(value: number) => boolean} test */
function padded({ values, width, height }, margin, test) {
  const wide = width + 2 * margin;
  const mask = new Uint8Array(wide * (height + 2 * margin));
  values.forEach((value, i) => {
    if (test(value)) mask[(Math.floor(i / width) + margin) * wide + (i % width) + margin] = 1;
  });
  return { mask, width: wide, height: height + 2 * margin };
}

/**
 * @param {Crop} crop
 * @returns {Crop}
 */
function trimmed({ values, width, height }) {
  const inked = Array.from(values.keys()).filter((i) => values[i] > 0);
  const { left, top, right, bottom } = boundsOf(inked.map((i) => [i % width, Math.floor(i / width)]));
  const [wide, tall] = [right - left + 1, bottom - top + 1];
  const result = Float32Array.from({ length: wide * tall }, (_, i) => values[(Math.floor(i / wide) + top) * width + (i % wide) + left]);
  return { values: result, width: wide, height: tall };
}

/**
 * Distance of each pixel from the nearest whose mask has a value (Felzenszwalb and Huttenlocher 2012).
 * @param {Uint8Array} mask @param {number} width @param {number} height @param {number} value
 */
function distances(mask, width, height, value) {
  const squares = Float64Array.from(mask, (one) => (one === value ? 0 : 1e12));
  for (let x = 0; x < width; x++) lowerEnvelope(squares, x, width, height);
  for (let y = 0; y < height; y++) lowerEnvelope(squares, y * width, 1, width);
  return squares.map(Math.sqrt);
}

/**
 * Squared distances along one line, in place.
 * @param {Float64Array} f @param {number} start @param {number} step @param {number} count
 */
function lowerEnvelope(f, start, step, count) {
  const values = Array.from({ length: count }, (_, q) => f[start + q * step]);
  const at = [0];
  const bounds = [-Infinity];
  for (let q = 1; q < count; q++) {
    let from;
    do {
      const p = at[at.length - 1];
      from = (values[q] + q * q - values[p] - p * p) / (2 * (q - p));
    } while (from <= bounds[bounds.length - 1] && at.pop() !== undefined && (bounds.pop(), true));
    at.push(q);
    bounds.push(from);
  }
  for (let q = 0, k = 0; q < count; q++) {
    while (k + 1 < at.length && bounds[k + 1] < q) k++;
    f[start + q * step] = (q - at[k]) ** 2 + values[at[k]];
  }
}

/**
 * Scale a crop to fit the box, its proportions kept, and its strongest ink to 255.
 * @param {Crop} crop @param {number} box
 * @returns {Crop}
 */
function fit({ values, width, height }, box) {
  const longer = Math.max(width, height);
  const size = [Math.max(1, halfEven((box * width) / longer)), Math.max(1, halfEven((box * height) / longer))];
  const inked = Float64Array.from(values.filter((value) => value > 0)).sort();
  const full = inked[Math.ceil(0.998 * (inked.length - 1))];
  const scaled = resize(values.map((value) => Math.min(value, full)), width, height, size[0], size[1], longer >= box ? MEANS : LINEAR);
  const strongest = scaled.reduce((most, value) => Math.max(most, value), 0);
  const factor = strongest >= 254 && strongest <= 255 ? 1 : 255 / strongest;
  return { values: scaled.map((value) => value * factor), width: size[0], height: size[1] };
}

/** Put a digit into the field, moved by whole pixels. @param {Crop} digit @param {number} side */
function place({ values, width, height }, side) {
  const field = new Uint8Array(side * side);
  const [x, y] = massOf(values, width);
  const corner = (/** @type {number} */ mass, /** @type {number} */ size) => Math.min(Math.max(Math.floor(side / 2 - mass + 0.5), 0), side - size);
  const [left, top] = [corner(x, width), corner(y, height)];
  values.forEach((value, i) => (field[(Math.floor(i / width) + top) * side + (i % width) + left] = halfEven(value)));
  return field;
}

/** Round as NumPy does: halves to the even number. @param {number} value */
function halfEven(value) {
  const whole = Math.round(value);
  return Math.abs(value % 1) === 0.5 && whole % 2 ? whole - 1 : whole;
}
