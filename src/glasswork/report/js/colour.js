/**
 * Numbers as pictures: ink on paper, and weights on one symmetric linear scale.
 *
 * negative ── zero ── positive      blue, the background, orange: told apart by colour-blind people as well
 *
 * Where pixels are large, negative ones also bear a dash, so that the sign needs no colour.
 */

/** @typedef {[number, number, number]} Colour */

/** @type {Record<string, Colour>} */
let colours = {};

/**
 * Read the theme's colours from the style sheet; repaint everything when the theme changes, or when the page is printed.
 * @param {() => void} onchange Called then, for what is not on a canvas.
 */
export function followTheme(onchange) {
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
 * @param {number} value
 * @param {number} limit
 * @returns {Colour}
 */
export function colourOf(value, limit) {
  const share = limit > 0 ? Math.min(Math.abs(value) / limit, 1) : 0;
  return mix(colours.zero, value < 0 ? colours.negative : colours.positive, share);
}

/** @param {Colour} colour */
export function css(colour) {
  return `rgb(${colour.map(Math.round).join(" ")})`;
}

/**
 * @param {Colour} from
 * @param {Colour} to
 * @param {number} share
 * @returns {Colour}
 */
function mix(from, to, share) {
  return /** @type {Colour} */ (from.map((value, i) => value + (to[i] - value) * share));
}

/**
 * Paint an image: 0 is paper, 255 is ink.
 * @param {any} canvas
 * @param {ArrayLike<number>} bytes
 * @param {number[]} shape
 */
export function paintInk(canvas, bytes, [height, width]) {
  canvas.repaint = () => paintPixels(canvas, height, width, (i) => mix(colours.paper, colours.ink, bytes[i] / 255));
  canvas.repaint();
}

/**
 * Paint signed numbers.
 * @param {any} canvas
 * @param {ArrayLike<number>} values
 * @param {number[]} shape
 * @param {number} limit The magnitude at the ends of the scale.
 * @param {{ blank?: Set<number>, large?: boolean, mark?: number }} [options] `blank`: pixels to hatch. `large`: mark
 * negative pixels with a dash. `mark`: a pixel to frame.
 */
export function paintSigned(canvas, values, [height, width], limit, { blank, large = false, mark } = {}) {
  canvas.repaint = () => {
    if (large) paintCells(canvas, values, height, width, limit, blank, mark);
    else paintPixels(canvas, height, width, (i) => colourOf(blank?.has(i) ? 0 : values[i], limit));
  };
  canvas.repaint();
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {number} height
 * @param {number} width
 * @param {(i: number) => Colour} colour
 */
function paintPixels(canvas, height, width, colour) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    const [red, green, blue] = colour(i);
    image.data.set([red, green, blue, 255], 4 * i);
  }
  /** @type {any} */ (canvas.getContext("2d")).putImageData(image, 0, 0);
}

/** Device pixels of a large pixel. */
const CELL = 14;

/**
 * @param {HTMLCanvasElement} canvas
 * @param {ArrayLike<number>} values
 * @param {number} height
 * @param {number} width
 * @param {number} limit
 * @param {Set<number> | undefined} blank
 * @param {number | undefined} mark
 */
function paintCells(canvas, values, height, width, limit, blank, mark) {
  Object.assign(canvas, { width: width * CELL, height: height * CELL });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  for (let i = 0; i < width * height; i++) {
    const x = (i % width) * CELL;
    const y = Math.floor(i / width) * CELL;
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

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 */
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
 * @param {ArrayLike<number>} values
 * @param {Set<number>} [except]
 */
export function largest(values, except) {
  let most = 0;
  for (let i = 0; i < values.length; i++) if (!except?.has(i)) most = Math.max(most, Math.abs(values[i]));
  return most;
}
