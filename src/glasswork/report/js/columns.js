/**
 * Inputs that are the columns of a table: the same scaling and the same refusal as glasswork/features.py.
 *
 * raw row → missing values become medians, if training did so → (x − centre) / spread, column by column → first layer
 */

import { colourOf, css } from "./colour.js";
import { say } from "./words.js";

/** How far beyond the middle of its training range a value is far outside, in half widths of the range. */
const FAR = 1.5;

/** Pixels of a picture of bars, and the share of a column's training range at which a bar of a row is full. */
const SIDE = 96;
const FULL = 0.6;

/**
 * @typedef {object} ColumnFacts See `Columns` in data.py.
 * @property {string[]} names
 * @property {number[]} low
 * @property {number[]} high
 * @property {number[]} centre
 * @property {number[]} spread
 * @property {number[] | null} missing
 * @property {number[]} typical
 * @property {string} scaling
 */

/** A kind of input, see pixels.js, and the judge of its rows. */
export class Columns {
  raises = say("larger values raise the neuron’s sum");
  lowers = say("larger values lower it");
  ready = true;

  /** @param {ColumnFacts} facts */
  constructor(facts) {
    this.facts = facts;
    this.names = facts.names;
  }

  nameOf = (/** @type {number} */ i) => this.names[i];
  placeOf = (/** @type {number} */ i) => /** @type {[number, number]} */ ([(i + 0.5) / this.names.length, (i + 0.5) / this.names.length]);
  isGround = () => false;
  isBlank = () => false;

  /**
   * A raw row with missing values filled in; NaN and null stand for them.
   * @param {ArrayLike<number | null>} row
   * @returns {number[]}
   */
  filled(row) {
    if (row.length !== this.names.length) throw new Error(`expected ${this.names.length} numbers, one for each column, got ${row.length}`);
    return Array.from(row, (value, i) => {
      const known = value === null || Number.isNaN(value) ? (this.facts.missing?.[i] ?? NaN) : value;
      if (!Number.isFinite(known)) throw new Error(`expected a finite number in column ${this.names[i]}, got ${value}`);
      return known;
    });
  }

  /**
   * What the first layer takes.
   * @param {ArrayLike<number>} row
   */
  prepare = (row) => Float32Array.from(this.filled(row), (value, i) => (value - this.facts.centre[i]) / this.facts.spread[i]);

  /**
   * Whether a value lies outside the training range.
   * @param {number} value @param {number} i
   */
  isOutside(value, i) {
    return value < this.facts.low[i] || value > this.facts.high[i];
  }

  /**
   * Judge a raw row: it is unlike the training rows if `predict` refuses it.
   * @param {ArrayLike<number>} row
   * @returns {import("./reference.js").Judgement}
   */
  judge(row) {
    const far = this.filled(row).filter((value, i) => {
      const reach = (this.facts.high[i] - this.facts.low[i]) / 2 || Math.max(Math.abs(this.facts.high[i]), 1);
      return Math.abs(value - (this.facts.low[i] + this.facts.high[i]) / 2) > FAR * reach;
    });
    const share = far.length / this.names.length;
    const unlike = this.names.length > 2 && share > 0.5;
    return { nearest: [], odds: 0, strangeness: 2 * share, unlike, doubt: Number(unlike) };
  }

  /**
   * Shares as they are: of rows, `predict` limits none.
   * @param {number[]} shares
   */
  temper(shares) {
    return shares;
  }

  /** @param {ArrayLike<number>} row */
  unlike(row) {
    return this.judge(row).unlike;
  }

  /**
   * Paint a row: for each column how far it is from the training mean, in shares of the training range.
   * @param {any} canvas @param {ArrayLike<number>} row
   */
  paint = (canvas, row) => {
    const away = this.filled(row).map((value, i) => (value - this.facts.typical[i]) / (this.facts.high[i] - this.facts.low[i] || Infinity));
    this.paintWeights(canvas, away, FULL);
  };

  /**
   * Paint numbers as bars, up or down from a line in the middle: one for each column.
   * @param {any} canvas @param {ArrayLike<number>} values @param {number} limit
   */
  paintWeights = (canvas, values, limit) => {
    canvas.repaint = () => {
      const wide = Math.max(1, Math.floor(SIDE / values.length));
      const width = wide * values.length;
      Object.assign(canvas, { width, height: Math.max(SIDE, width) });
      const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
      const middle = canvas.height / 2;
      Array.from(values, (value, i) => {
        const length = Math.max(-1, Math.min(1, value / (limit || 1))) * middle;
        context.fillStyle = css(colourOf(Math.sign(value) * limit, limit));
        context.fillRect(i * wide, Math.min(middle, middle - length), Math.max(1, wide - 1), Math.abs(length));
      });
      context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--muted");
      context.fillRect(0, middle - 0.5, width, 1);
    };
    canvas.repaint();
  };
}
