/**
 * Ink: how much darker, or lighter, than its ground each pixel is, and which connected parts of it are the digit.
 */

/** @typedef {import("./picture.js").Levels} Levels */

/**
 * @typedef {object} Ink
 * @property {Float32Array} strength Grey levels by which pixels differ from the ground, cropped to the digit.
 * @property {number} width
 * @property {number} height
 * @property {{strength: Float32Array, width: number, height: number}} whole The same for the whole picture.
 * @property {boolean} even Whether the ground has one level.
 * @property {boolean} several Whether there is more of the size of the digit beside it.
 */

/** By what share of the range ink must differ from its ground; shares of full ink that are faint, or clear. */
const LEAST_DROP = 0.09;
const FAINT = 0.02;
const FAINT_AMONG_RIPPLES = 0.15;
const FAINT_IN_PHOTO = 0.3;
const CLEAR = 0.3;

/** Shares of the tallest part: smaller ones are specks; those further away than this do not belong to it. */
const SPECK = 0.12;
const NEAR = 0.2;

/**
 * Find the ink of a picture; null if nothing stands out.
 * @param {Levels} levels
 * @returns {Ink | null}
 */
export function inkOf({ width, height, channels }) {
  const border = borderOf(width, height);
  const grounds = channels.map((channel) =>
    quantile(
      border.map((i) => channel[i]),
      0.5,
    ),
  );
  const even = border.filter((i) => channels.every((channel, c) => Math.abs(channel[i] - grounds[c]) <= 0.5)).length >= 0.9 * border.length;
  const light = strongestSkew(channels, grounds) > 0;
  const differences = channels.map((channel, c) => channel.map((value) => Math.max(light ? value - grounds[c] : grounds[c] - value, 0)));
  const peaks = differences.map((difference) => difference.reduce((most, value) => Math.max(most, value), 0));
  const peak = Math.max(...peaks);
  if (peak < LEAST_DROP * 255) return null;
  const difference = differences[peaks.indexOf(peak)];
  const full = quantile(Array.from(difference.filter((value) => value > 0.1 * peak)), 0.9);
  const faint = even ? (hasRipples(difference, full) ? FAINT_AMONG_RIPPLES : FAINT) : FAINT_IN_PHOTO;
  const parts = partsOf(difference, width, height, faint * full, CLEAR * full);
  const kept = digitAmong(parts, width, height);
  if (!kept.length) return null;
  const tall = Math.max(...kept.map(extent));
  const several = even && parts.some((part) => !kept.includes(part) && extent(part) > tall / 2);
  return { ...cropped(difference, width, height, kept, even), several };
}

/**
 * The pixels along the edge, a twentieth of the shorter side deep.
 * @param {number} width @param {number} height
 */
function borderOf(width, height) {
  const deep = Math.max(1, Math.round(0.05 * Math.min(width, height)));
  const found = [];
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    if (x < deep || y < deep || x >= width - deep || y >= height - deep) found.push(i);
  }
  return found;
}

/**
 * Cubes: little ink outweighs much ground that is slightly off.
 * @param {Float32Array[]} channels @param {number[]} grounds
 */
function strongestSkew(channels, grounds) {
  const skews = channels.map((channel, c) => channel.reduce((sum, value) => sum + (value - grounds[c]) ** 3, 0));
  return skews.reduce((most, skew) => (Math.abs(skew) > Math.abs(most) ? skew : most));
}

/**
 * Whether there are more faint pixels than the edges of strokes account for, as JPEG leaves.
 * @param {Float32Array} difference @param {number} full
 */
function hasRipples(difference, full) {
  const count = (/** @type {(value: number) => boolean} */ test) => difference.reduce((sum, value) => sum + Number(test(value)), 0);
  return count((value) => value > 0 && value < 0.1 * full) > 0.5 * count((value) => value > 0.5 * full);
}

/**
 * The value below which a share of the numbers lies, between two of them if need be.
 * @param {number[]} values @param {number} share
 */
export function quantile(values, share) {
  const sorted = Float64Array.from(values).sort();
  const place = share * (sorted.length - 1);
  const low = Math.floor(place);
  return sorted[low] + (place - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low]);
}

/**
 * @typedef {object} Part
 * @property {number[]} pixels
 * @property {number} left
 * @property {number} top
 * @property {number} right
 * @property {number} bottom
 */

/**
 * Connected parts of what is not faint, if something in them is clear.
 * @param {Float32Array} strength @param {number} width @param {number} height @param {number} faint @param {number} clear
 * @returns {Part[]}
 */
function partsOf(strength, width, height, faint, clear) {
  const seen = new Uint8Array(strength.length);
  const parts = [];
  for (let start = 0; start < strength.length; start++) {
    if (seen[start] || strength[start] <= faint) continue;
    const pixels = [start];
    seen[start] = 1;
    for (let n = 0; n < pixels.length; n++) {
      const [x, y] = [pixels[n] % width, Math.floor(pixels[n] / width)];
      for (let i = Math.max(y - 1, 0); i <= Math.min(y + 1, height - 1); i++) {
        for (let k = Math.max(x - 1, 0); k <= Math.min(x + 1, width - 1); k++) {
          const other = i * width + k;
          if (!seen[other] && strength[other] > faint) {
            seen[other] = 1;
            pixels.push(other);
          }
        }
      }
    }
    if (pixels.some((i) => strength[i] > clear)) parts.push(withBox(pixels, width));
  }
  return parts;
}

/**
 * @param {number[]} pixels @param {number} width
 * @returns {Part}
 */
function withBox(pixels, width) {
  const box = { pixels, left: Infinity, top: Infinity, right: 0, bottom: 0 };
  for (const i of pixels) {
    const [x, y] = [i % width, Math.floor(i / width)];
    box.left = Math.min(box.left, x);
    box.top = Math.min(box.top, y);
    box.right = Math.max(box.right, x + 1);
    box.bottom = Math.max(box.bottom, y + 1);
  }
  return box;
}

/** @param {Part} part */
const extent = (part) => Math.max(part.right - part.left, part.bottom - part.top);

/**
 * Pixels between two boxes.
 * @param {Part} a @param {Part} b
 */
function gap(a, b) {
  return Math.max(Math.max(a.left, b.left) - Math.min(a.right, b.right), Math.max(a.top, b.top) - Math.min(a.bottom, b.bottom), 0);
}

/**
 * The largest part that does not touch the edge, if there is one, and the strokes near it.
 * @param {Part[]} parts @param {number} width @param {number} height
 * @returns {Part[]}
 */
function digitAmong(parts, width, height) {
  const inner = parts.filter((part) => part.left > 0 && part.top > 0 && part.right < width && part.bottom < height);
  const pool = inner.length ? inner : parts;
  if (!pool.length) return [];
  const tallest = pool.reduce((best, part) => (extent(part) > extent(best) ? part : best));
  return pool.filter((part) => part === tallest || (extent(part) >= SPECK * extent(tallest) && gap(part, tallest) <= NEAR * extent(tallest)));
}

/** @param {Float32Array} strength @param {number} width @param {number} height @param {Part[]} parts @param {boolean} even */
function cropped(strength, width, height, parts, even) {
  const left = Math.min(...parts.map((part) => part.left));
  const top = Math.min(...parts.map((part) => part.top));
  const size = [Math.max(...parts.map((part) => part.right)) - left, Math.max(...parts.map((part) => part.bottom)) - top];
  const crop = new Float32Array(size[0] * size[1]);
  for (const part of parts) {
    for (const i of part.pixels) crop[(Math.floor(i / width) - top) * size[0] + (i % width) - left] = strength[i];
  }
  return { strength: crop, width: size[0], height: size[1], whole: { strength, width, height }, even };
}
