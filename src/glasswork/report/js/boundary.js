/** The decision boundary of a network with two inputs: which class it answers at each place of the plane, and how surely. */

import { imageAt } from "./answer.js";
import { el } from "./dom.js";
import { argmax } from "./network.js";
import { plain, say } from "./words.js";

/** Places on each side, pixels of a place, training rows that are shown, and the room around them. */
const PLACES = 48;
const CELL = 8;
const ROWS = 400;
const MARGIN = 0.08;

/** Colours of the classes that colour-blind people tell apart (Okabe and Ito 2008); marks repeat the difference. */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#f0e442", "#999999"];
const MARKS = "●▲■◆✚★▼✖";

export class Boundary {
  /** @param {import("./answer.js").Context} context */
  constructor(context) {
    this.context = context;
    const { facts, names } = /** @type {import("./columns.js").Columns} */ (context.columns);
    const [x, y] = [0, 1].map((i) => {
      const room = MARGIN * (facts.high[i] - facts.low[i] || 1);
      return { low: facts.low[i] - room, high: facts.high[i] + room };
    });
    this.axes = { x, y };
    this.canvas = el("canvas", {
      class: "boundary",
      role: "img",
      "aria-label": say("What the network answers for each {x}, from left to right, and each {y}, from bottom to top; marks are training rows", { x: names[0], y: names[1] }),
    });
    const key = context.classes.map((name, k) => el("li", {}, el("span", { style: null, "aria-hidden": "true" }, `${markOf(k)} `), name));
    context.classes.forEach((_, k) => (key[k].firstChild.style.color = colourOf(k)));
    const range = (/** @type {number} */ i) => say("{column} {low} to {high}", { column: names[i], low: plain(facts.low[i]), high: plain(facts.high[i]) });
    this.element = el(
      "figure",
      {},
      this.canvas,
      el("figcaption", {}, say("Across: {x}. Upwards: {y}. Fainter where it is less sure.", { x: range(0), y: range(1) })),
      el("ul", { class: "legend" }, ...key),
    );
  }

  /** @param {import("./network.js").Network} network */
  show(network) {
    this.canvas.repaint = () => this.paint(network);
    this.canvas.repaint();
  }

  /** @param {import("./network.js").Network} network */
  paint(network) {
    const { canvas, axes, context } = this;
    const { data, examples, store } = context;
    if (canvas.width !== PLACES * CELL) canvas.width = canvas.height = PLACES * CELL;
    const drawing = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    drawing.clearRect(0, 0, canvas.width, canvas.height);
    const valueAt = (/** @type {{low: number, high: number}} */ { low, high }, /** @type {number} */ share) => low + share * (high - low);
    for (let row = 0; row < PLACES; row++)
      for (let column = 0; column < PLACES; column++) {
        const at = [valueAt(axes.x, (column + 0.5) / PLACES), valueAt(axes.y, 1 - (row + 0.5) / PLACES)];
        const shares = network.shares(network.scores(at));
        const best = argmax(shares);
        drawing.fillStyle = colourOf(best);
        drawing.globalAlpha = 0.12 + 0.48 * Math.max(0, (shares[best] - 1 / shares.length) / (1 - 1 / shares.length));
        drawing.fillRect(column * CELL, row * CELL, CELL, CELL);
      }
    drawing.globalAlpha = 1;
    drawing.textAlign = "center";
    drawing.textBaseline = "middle";
    data.examples.labels.slice(0, ROWS).forEach((/** @type {number} */ label, /** @type {number} */ n) => this.mark(drawing, imageAt(examples, 2, n), label, 9));
    this.mark(drawing, store.state.bytes, null, 22);
  }

  /**
   * Mark a row: by its class, or as the row of the page.
   * @param {CanvasRenderingContext2D} drawing @param {ArrayLike<number>} row @param {number | null} label @param {number} size
   */
  mark(drawing, row, label, size) {
    const style = getComputedStyle(this.canvas);
    const [x, y] = [this.axes.x, this.axes.y].map(({ low, high }, i) => (row[i] - low) / (high - low));
    drawing.font = `${size}px ${style.fontFamily}`;
    drawing.fillStyle = label === null ? style.color : colourOf(label);
    drawing.strokeStyle = style.backgroundColor;
    drawing.lineWidth = 2;
    const at = /** @type {[number, number]} */ ([x * this.canvas.width, (1 - y) * this.canvas.height]);
    const mark = label === null ? "⊕" : markOf(label);
    drawing.strokeText(mark, ...at);
    drawing.fillText(mark, ...at);
  }
}

/** @param {number} k */
const colourOf = (k) => COLOURS[k % COLOURS.length];

/** @param {number} k */
const markOf = (k) => MARKS[k % MARKS.length];
