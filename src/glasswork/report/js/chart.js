/** Line charts: drawn at the width there is, with values under the cursor. */

import { el, replace, svg, textScale } from "./dom.js";
import { plain } from "./words.js";

/**
 * @typedef {object} Series
 * @property {string} name
 * @property {number[]} values One for each x; NaN where there is none.
 * @property {[number, number][]} [whiskers] Interval of each value.
 * @property {number} [tone] The number of its colour; by default its place among the series.
 */

/**
 * @typedef {object} ChartOptions
 * @property {string} title What a reader without eyes is told.
 * @property {string} xName
 * @property {number[]} x
 * @property {Series[]} series
 * @property {(value: number) => string} format
 * @property {[number, number]} range Of y.
 * @property {[number, number]} [xRange] By default from the first x to the last.
 * @property {(value: number) => string} [xFormat]
 * @property {boolean} [xFirst] Whether the readout says "2 pixels" and not "epoch 2".
 * @property {boolean} [xWhole] Whether x is marked at whole numbers only.
 * @property {boolean} [diagonal] A line of equality.
 * @property {number} [height]
 * @property {number[]} [yTicks]
 */

/** Space around the lines, and the height of a chart, at a text size of 16 pixels. */
const SPACE = { left: 46, right: 14, top: 14, bottom: 34 };
const HEIGHT = 230;

/**
 * Make a chart that follows the width of its place; `redraw` shows what has changed in its options.
 * @param {ChartOptions} options
 */
export function chart(options) {
  const readout = el("p", { class: "readout small" }, " ");
  const place = el("div", { class: "plot" });
  const figure = el("figure", { class: "chart" }, place, readout);
  let [width, scale] = [0, 1]; // measured here only, as measuring waits for the layout
  figure.redraw = () => width && draw(place, readout, options, width, scale);
  new ResizeObserver(([entry]) => {
    [width, scale] = [Math.round(entry.contentRect.width), textScale(place)];
    figure.redraw();
  }).observe(place);
  return figure;
}

/** @param {any} place @param {Element} readout @param {ChartOptions} options @param {number} width @param {number} scale */
function draw(place, readout, options, width, scale) {
  const height = Math.round(scale * (options.height ?? HEIGHT));
  const margin = Object.fromEntries(Object.entries(SPACE).map(([side, space]) => [side, scale * space]));
  const { x, series, range } = options;
  const [left, right] = options.xRange ?? [Math.min(...x), Math.max(...x)];
  const px = (/** @type {number} */ value) => margin.left + ((value - left) / (right - left || 1)) * (width - margin.left - margin.right);
  const py = (/** @type {number} */ value) =>
    height - margin.bottom - ((value - range[0]) / (range[1] - range[0] || 1)) * (height - margin.top - margin.bottom);
  const cursor = svg("g", { class: "cursor" });
  const drawing = svg(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": options.title },
    axes(options, { width, height, scale, margin }, px, py),
    options.diagonal && svg("line", { class: "diagonal", x1: px(left), y1: py(left), x2: px(right), y2: py(right) }),
    ...series.flatMap((one, s) => lineOf(one, one.tone ?? s, x, px, py, 3 * scale)),
    cursor,
  );
  const point = (/** @type {PointerEvent} */ event) => {
    const at = event.clientX - place.getBoundingClientRect().left;
    const i = x.reduce((best, value, k) => (Math.abs(px(value) - at) < Math.abs(px(x[best]) - at) ? k : best), 0);
    replace(
      cursor,
      svg("line", { x1: px(x[i]), x2: px(x[i]), y1: margin.top, y2: height - margin.bottom }),
      ...series.map((one) => hasValue(one, i) && svg("circle", { cx: px(x[i]), cy: py(one.values[i]), r: 4 * scale })),
    );
    const where = (options.xFormat ?? plain)(x[i]);
    readout.textContent =
      `${options.xFirst ? `${where} ${where === "1" ? options.xName.replace(/s\b/, "") : options.xName}` : `${options.xName} ${where}`}: ` +
      series.filter((one) => hasValue(one, i)).map((one) => `${one.name} ${options.format(one.values[i])}`).join(", ");
  };
  drawing.addEventListener("pointermove", point);
  drawing.addEventListener("pointerdown", point);
  replace(place, drawing);
}

/** @param {Series} one @param {number} i */
const hasValue = (one, i) => !Number.isNaN(one.values[i]);

/**
 * @param {Series} one @param {number} s @param {number[]} x @param {(v: number) => number} px @param {(v: number) => number} py
 * @param {number} r Of a dot.
 */
function lineOf(one, s, x, px, py, r) {
  const shown = x.map((_, i) => i).filter((i) => hasValue(one, i));
  const points = shown.map((i) => `${px(x[i]).toFixed(1)},${py(one.values[i]).toFixed(1)}`);
  const whiskers = (one.whiskers ?? []).map(([low, high], i) => svg("line", { class: "whisker", x1: px(x[i]), x2: px(x[i]), y1: py(low), y2: py(high) }));
  const dots = shown.length <= 12 ? shown.map((i) => svg("circle", { class: `dot s${s}`, cx: px(x[i]), cy: py(one.values[i]), r })) : [];
  return [...whiskers, svg("polyline", { class: `line s${s}`, points: points.join(" ") }), ...dots];
}

/**
 * @param {ChartOptions} options @param {{width: number, height: number, scale: number, margin: Record<string, number>}} frame
 * @param {(v: number) => number} px @param {(v: number) => number} py
 */
function axes(options, { width, height, scale, margin }, px, py) {
  const { x, xName, xRange, xFormat = plain, xWhole, range, format, yTicks } = options;
  const bottom = height - margin.bottom;
  const left = yTicks ?? ticks(range[0], range[1], 4);
  const [low, high] = xRange ?? [Math.min(...x), Math.max(...x)];
  const below = ticks(low, high, width < 400 * scale ? 4 : 8).filter((at) => !xWhole || Number.isInteger(at));
  return svg(
    "g",
    { class: "axes" },
    ...left.map((y) => svg("line", { x1: margin.left, x2: width - margin.right, y1: py(y), y2: py(y) })),
    ...left.map((y) => svg("text", { x: margin.left - 7 * scale, y: py(y) + 4 * scale, "text-anchor": "end" }, format(y))),
    ...below.map((at) => svg("text", { x: px(at), y: bottom + 16 * scale, "text-anchor": "middle" }, xFormat(at))),
    svg("text", { x: width - margin.right, y: height - 3 * scale, "text-anchor": "end" }, xName),
  );
}

/**
 * Round numbers between two numbers, about so many.
 * @param {number} low @param {number} high @param {number} count
 */
export function ticks(low, high, count) {
  const rough = (high - low || 1) / count;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * ([1, 2, 2.5, 5, 10].find((factor) => unit * factor >= rough) ?? 10);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(k * step + 0);
  return found;
}

/**
 * A key to the lines of a chart.
 * @param {string[]} names
 * @param {number} [first] The number of the first one's colour.
 */
export function legend(names, first = 0) {
  const sample = (/** @type {number} */ tone) => svg("svg", { width: 28, height: 10, "aria-hidden": "true" }, svg("line", { class: `line s${tone}`, x1: 1, x2: 27, y1: 5, y2: 5 }));
  return el("ul", { class: "legend" }, ...names.map((name, s) => el("li", {}, sample(first + s), name)));
}
