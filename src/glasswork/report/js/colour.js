/**
 * Numbers as pictures: images as they are, ink on paper, and weights on one symmetric linear scale.
 *
 * negative ── zero ── positive      blue, the background, orange: told apart by colour-blind people as well
 *
 * Where pixels are large, negative ones also bear a dash, so that the sign needs no colour. Of images in colour, the
 * signed numbers of the red, the green and the blue plane are side by side.
 */

import { say } from "./words.js";

/** @typedef {[number, number, number]} Colour */

/** @type {Record<string, Colour>} */
let colours = {};

/** Whether images are light ink on a dark ground, which is painted as ink on paper. */
let areInk = true;

/**
 * Read the theme's colours from the style sheet; repaint everything when the theme changes, or when the page is printed.
 * @param {boolean} ink Whether images are light ink on a dark ground.
 * @param {() => void} onchange Called then, for what is not on a canvas.
 */
export function followTheme(ink, onchange) {
  areInk = ink;
  readColours();
  for (const query of ["(prefers-color-scheme: dark)", "print"]) {
    matchMedia(query).addEventListener("change", () => {
      readColours();
      for (const canvas of document.querySelectorAll("canvas")) /** @type {any} */ (canvas).repaint?.();
      onchange();
    });
  }
}

function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["negative", "zero", "positive", "ink", "paper", "muted"]) {
    const hex = style.getPropertyValue(`--${name}`).trim();
    colours[name] = /** @type {Colour} */ ([1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));
  }
}

/**
 * The colour of a number on a scale from −limit to limit.
 * @param {number} value @param {number} limit
 * @returns {Colour}
 */
export function colourOf(value, limit) {
  const share = limit > 0 ? Math.min(Math.abs(value) / limit, 1) : 0;
  return mix(colours.zero, value < 0 ? colours.negative : colours.positive, share);
}

/** Dark and light signs, of which one can be read on every colour. */
const DARK = /** @type {Colour} */ ([23, 24, 26]);
const LIGHT = /** @type {Colour} */ ([255, 255, 255]);

/**
 * The colour of a sign that can be read on a ground: the one with more contrast (WCAG 2.2).
 * @param {Colour} ground
 */
export function readable(ground) {
  const [red, green, blue] = ground.map((level) => (level > 10.3 ? ((level / 255 + 0.055) / 1.055) ** 2.4 : level / 3294));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 ? DARK : LIGHT;
}

/** @param {Colour} colour */
export function css(colour) {
  return `rgb(${colour.map(Math.round).join(" ")})`;
}

/**
 * @param {Colour} from @param {Colour} to @param {number} share
 * @returns {Colour}
 */
function mix(from, to, share) {
  return /** @type {Colour} */ (from.map((value, i) => value + (to[i] - value) * share));
}

/**
 * Paint an image of the data: ink on paper, or what it looks like in grey or in colour.
 * @param {any} canvas @param {ArrayLike<number>} bytes @param {number[]} shape
 */
export function paintImage(canvas, bytes, shape) {
  const [height, width, planes = 1] = shape;
  if (areInk && planes === 1) return paintInk(canvas, bytes, shape);
  const at = (/** @type {number} */ i) => [0, 1, 2].map((c) => bytes[planes * i + (planes === 3 ? c : 0)]);
  canvas.repaint = () => paintPixels(canvas, height, width, (i) => /** @type {Colour} */ (at(i)));
  canvas.repaint();
}

/**
 * Paint strokes: 0 is paper, 255 is ink.
 * @param {any} canvas @param {ArrayLike<number>} bytes @param {number[]} shape
 */
export function paintInk(canvas, bytes, [height, width]) {
  canvas.repaint = () => {
    const levels = Array.from({ length: 256 }, (_, level) => mix(colours.paper, colours.ink, level / 255));
    paintPixels(canvas, height, width, (i) => levels[bytes[i]]);
  };
  canvas.repaint();
}

/**
 * Paint signed numbers.
 * @param {any} canvas @param {ArrayLike<number>} values @param {number[]} shape
 * @param {number} limit The magnitude at the ends of the scale.
 * @param {{ blank?: Set<number>, large?: boolean, mark?: number }} [options] `blank`: pixels to hatch. `large`: mark
 * negative pixels with a dash. `mark`: a pixel to frame.
 */
export function paintSigned(canvas, values, shape, limit, { blank, large = false, mark } = {}) {
  const { height, width, indexAt } = sideBySide(shape);
  canvas.classList.toggle("planes", shape.length === 3);
  canvas.repaint = () => {
    if (large) paintCells(canvas, values, shape, limit, blank, mark);
    else
      paintPixels(canvas, height, width, (cell) => {
        const i = indexAt(cell);
        return i < 0 ? colours.muted : colourOf(blank?.has(i) ? 0 : values[i], limit);
      });
  };
  canvas.repaint();
}

/**
 * The cells of a drawing of signed numbers: one plane, or three side by side with a column between them.
 * @param {number[]} shape
 */
function sideBySide([height, width, planes = 1]) {
  if (planes === 1) return { height, width, indexAt: (/** @type {number} */ cell) => cell };
  const wide = planes * (width + 1) - 1;
  const indexAt = (/** @type {number} */ cell) => {
    const x = cell % wide;
    const column = x % (width + 1);
    return column === width ? -1 : (Math.floor(cell / wide) * width + column) * planes + Math.floor(x / (width + 1));
  };
  return { height, width: wide, indexAt };
}

/**
 * The number at a place of such a drawing, given in shares of its width and height; −1 between planes.
 * @param {number[]} shape @param {number} x @param {number} y
 */
export function indexUnder(shape, x, y) {
  const { height, width, indexAt } = sideBySide(shape);
  const within = (/** @type {number} */ share, /** @type {number} */ count) => Math.min(Math.max(Math.floor(share * count), 0), count - 1);
  return indexAt(within(y, height) * width + within(x, width));
}

/**
 * Where a number of an image stands, in words.
 * @param {number[]} shape @param {number} i
 */
export function placeOf([, width, planes = 1], i) {
  const pixel = Math.floor(i / planes);
  const plane = planes === 3 ? `, ${[say("red"), say("green"), say("blue")][i % 3]}` : "";
  return say("row {row}, column {column}", { row: Math.floor(pixel / width) + 1, column: (pixel % width) + 1 }) + plane;
}

/**
 * What stands side by side in a drawing of signed numbers, to be added to a caption; empty for grey images.
 * @param {number[]} shape
 */
export function planesNote(shape) {
  return shape.length === 3 ? say("; side by side: red, green and blue") : "";
}

/** @param {HTMLCanvasElement} canvas @param {number} height @param {number} width @param {(i: number) => Colour} colour */
function paintPixels(canvas, height, width, colour) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const image = new ImageData(width, height);
  for (let i = 0, at = 0; i < width * height; i++) {
    const levels = colour(i);
    image.data[at++] = levels[0];
    image.data[at++] = levels[1];
    image.data[at++] = levels[2];
    image.data[at++] = 255;
  }
  /** @type {any} */ (canvas.getContext("2d")).putImageData(image, 0, 0);
}

/** Device pixels of a large pixel. */
const CELL = 14;

/**
 * @param {HTMLCanvasElement} canvas @param {ArrayLike<number>} values @param {number[]} shape @param {number} limit
 * @param {Set<number> | undefined} blank @param {number | undefined} mark
 */
function paintCells(canvas, values, shape, limit, blank, mark) {
  const { height, width, indexAt } = sideBySide(shape);
  Object.assign(canvas, { width: width * CELL, height: height * CELL });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  for (let cell = 0; cell < width * height; cell++) {
    const i = indexAt(cell);
    if (i < 0) continue;
    const x = (cell % width) * CELL;
    const y = Math.floor(cell / width) * CELL;
    const hatched = blank?.has(i);
    context.fillStyle = css(hatched ? colours.zero : colourOf(values[i], limit));
    context.fillRect(x, y, CELL, CELL);
    if (hatched) hatch(context, x, y);
    else if (values[i] < 0 && -values[i] > limit / 8) {
      context.fillStyle = css(mix(colourOf(values[i], limit), colours.ink, 0.55));
      context.fillRect(x + CELL / 4, y + CELL / 2 - 1, CELL / 2, 2);
    }
    if (i === mark) {
      context.strokeStyle = css(colours.ink);
      context.lineWidth = 3;
      context.strokeRect(x + 1, y + 1, CELL - 2, CELL - 2);
    }
  }
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y */
function hatch(context, x, y) {
  context.strokeStyle = css(mix(colours.zero, colours.muted, 0.45));
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(x, y + CELL);
  context.lineTo(x + CELL, y);
  context.stroke();
}

/**
 * The largest magnitude.
 * @param {ArrayLike<number>} values @param {Set<number>} [except]
 */
export function largest(values, except) {
  let most = 0;
  for (let i = 0; i < values.length; i++) if (!except?.has(i)) most = Math.max(most, Math.abs(values[i]));
  return most;
}
