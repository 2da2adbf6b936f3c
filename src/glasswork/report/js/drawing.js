/**
 * A drawing as it comes about: strokes, undo, redo, clear, erase. It knows no screen.
 *
 * Every state is a list of strokes that is never changed, so undoing means showing the list before.
 */

/**
 * @typedef {import("./strokes.js").Point} Point
 * @typedef {import("./strokes.js").Stroke} Stroke
 */

/** Thousandths of the board, in which a link gives points: so it shows the same drawing. @param {Point[]} points */
const onGrid = (points) => points.map((point) => /** @type {Point} */ (point.map((at) => Math.round(1000 * at) / 1000)));

export class Drawing {
  constructor() {
    /** @type {Stroke[][]} */
    this.past = [];
    /** @type {Stroke[][]} */
    this.future = [];
    /** @type {Stroke[]} */
    this.strokes = [];
    /** @type {Stroke[] | null} What there was before the stroke under way. */
    this.before = null;
  }

  /** Begin a stroke, or an erasure. */
  begin() {
    this.before = this.strokes;
  }

  /**
   * Add points to the stroke under way.
   * @param {Point[]} points
   */
  extend(points) {
    const before = this.before ?? [];
    const current = this.strokes === before ? [] : this.strokes[this.strokes.length - 1];
    this.strokes = [...before, [...current, ...onGrid(points)]];
  }

  /**
   * Take away what lies within a radius of a point; strokes fall into pieces.
   * @param {Point} point @param {number} radius
   */
  erase([x, y], radius) {
    /** @type {Stroke[]} */
    const left = [];
    for (const stroke of this.strokes) {
      /** @type {Stroke} */
      let piece = [];
      for (const point of onGrid(refined(stroke, radius / 2))) {
        if (Math.hypot(point[0] - x, point[1] - y) > radius) piece.push(point);
        else if (piece.length) {
          left.push(piece);
          piece = [];
        }
      }
      if (piece.length) left.push(piece);
    }
    this.strokes = left;
  }

  /** End the stroke under way, which can be undone from now on. */
  end() {
    if (this.before && this.before !== this.strokes) {
      this.past.push(this.before);
      this.future = [];
    }
    this.before = null;
  }

  /** Forget the stroke under way: the system took the pointer away. */
  cancel() {
    this.strokes = this.before ?? this.strokes;
    this.before = null;
  }

  /**
   * Begin anew; this can be undone.
   * @param {Stroke[]} [strokes] What to show instead.
   */
  clear(strokes = []) {
    this.begin();
    this.strokes = strokes.map(onGrid);
    this.end();
  }

  undo() {
    this.step(this.past, this.future);
  }

  redo() {
    this.step(this.future, this.past);
  }

  /** @param {Stroke[][]} from @param {Stroke[][]} to */
  step(from, to) {
    const strokes = from.pop();
    if (strokes) {
      to.push(this.strokes);
      this.strokes = strokes;
    }
  }
}

/**
 * A stroke with points so close that an eraser cannot slip through.
 * @param {Stroke} stroke @param {number} step
 */
function refined(stroke, step) {
  /** @type {Stroke} */
  const points = stroke.slice(0, 1);
  for (let k = 1; k < stroke.length; k++) {
    const [x0, y0] = stroke[k - 1];
    const [x1, y1] = stroke[k];
    const parts = Math.max(1, Math.ceil(Math.hypot(x1 - x0, y1 - y0) / step));
    for (let part = 1; part <= parts; part++) {
      points.push([x0 + ((x1 - x0) * part) / parts, y0 + ((y1 - y0) * part) / parts]);
    }
  }
  return points;
}
