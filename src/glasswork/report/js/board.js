/**
 * The drawing board: mouse, pen, finger and keyboard. It also shows an image that was chosen, until one draws over it.
 *
 * Fingers draw and never scroll (`touch-action: none` in the style). With the keyboard, arrow keys move a cursor and
 * Space lowers and lifts the pen.
 */

import { el } from "./dom.js";
import { Drawing } from "./drawing.js";
import { say } from "./words.js";

/** Widths of the pens on the board, in board units. What the network sees does not depend on them. */
export const PENS = { thin: 0.025, medium: 0.06, thick: 0.11 };

/** What the eraser reaches, and how far a key moves the cursor, with Shift and without. */
const ERASER = 0.06;
const STEP = 0.02;
const LEAP = 0.1;

const HELP = say("Drawing board. Draw with mouse, pen or finger. With the keyboard: arrow keys move the cursor, Shift makes long steps, Space lowers or lifts the pen, Delete clears, Control Z undoes.");

export class Board {
  /**
   * @param {() => void} onchange Called after every movement.
   * @param {(canvas: HTMLCanvasElement, bytes: import("./store.js").Raw) => void} paintImage
   */
  constructor(onchange, paintImage) {
    this.drawing = new Drawing();
    this.onchange = onchange;
    this.paintImage = paintImage;
    /** @type {WeakMap<object, import("./store.js").State>} */
    this.images = new WeakMap(); // by the empty list of strokes that stands for each in the drawing's past
    this.pen = PENS.medium;
    this.erasing = false;
    /** @type {number | null} */
    this.pointer = null;
    this.box = new DOMRect();
    /** @type {{x: number, y: number, down: boolean} | null} */
    this.cursor = null;
    this.canvas = el("canvas", {
      class: "board",
      tabindex: "0",
      role: "application",
      "aria-label": HELP,
      id: "board",
      onpointerdown: (/** @type {PointerEvent} */ event) => this.press(event),
      onpointermove: (/** @type {PointerEvent} */ event) => this.move(event),
      onpointerup: (/** @type {PointerEvent} */ event) => this.lift(event),
      onpointercancel: (/** @type {PointerEvent} */ event) => this.cancel(event),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event),
      onblur: () => this.leave(),
    });
    this.canvas.repaint = () => this.paint();
    new ResizeObserver(() => this.paint()).observe(this.canvas);
  }

  /** The image in place of strokes. */
  get chosen() {
    return this.images.get(this.drawing.strokes);
  }

  /**
   * Show an image; what was there before comes back with Undo, and the image itself after one has drawn over it.
   * @param {import("./store.js").State} chosen
   */
  show(chosen) {
    if (this.chosen || this.drawing.strokes.length) this.drawing.clear();
    this.images.set(this.drawing.strokes, chosen);
    this.cursor = null;
    this.paint();
  }

  /** @param {import("./strokes.js").Stroke[]} strokes */
  draw(strokes) {
    this.change((drawing) => drawing.clear(strokes));
  }

  /** Begin another drawing; return what brings this one back, with all that can be undone. */
  lend() {
    const { drawing } = this;
    this.drawing = new Drawing();
    return () => this.change(() => (this.drawing = drawing));
  }

  /** Whether a pen or the eraser is down. */
  get busy() {
    return this.pointer !== null || Boolean(this.cursor?.down);
  }

  /**
   * @param {PointerEvent} event
   * @returns {import("./strokes.js").Point}
   */
  pointOf(event) {
    const { box } = this;
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  /** @param {PointerEvent} event */
  press(event) {
    if (this.pointer !== null || event.button !== 0) return; // a second finger, or another button
    this.leave();
    this.pointer = event.pointerId;
    this.box = this.canvas.getBoundingClientRect(); // measured once a stroke, as measuring waits for the layout
    this.canvas.setPointerCapture(event.pointerId);
    this.drawing.begin();
    this.follow([this.pointOf(event)]);
  }

  /** @param {PointerEvent} event */
  move(event) {
    if (event.pointerId !== this.pointer) return;
    const events = event.getCoalescedEvents?.() ?? [];
    this.follow((events.length ? events : [event]).map((each) => this.pointOf(each)));
  }

  /** @param {PointerEvent} event */
  lift(event) {
    if (event.pointerId !== this.pointer) return;
    this.pointer = null;
    this.drawing.end();
    if (!this.chosen) this.changed();
  }

  /** @param {PointerEvent} event */
  cancel(event) {
    if (event.pointerId !== this.pointer) return;
    this.pointer = null;
    this.drawing.cancel();
    this.changed();
  }

  /** @param {import("./strokes.js").Point[]} points */
  follow(points) {
    if (this.erasing) for (const point of points) this.drawing.erase(point, ERASER);
    else this.drawing.extend(points);
    this.changed();
  }

  /**
   * Do something to the drawing: undo, redo, clear.
   * @param {(drawing: Drawing) => void} action
   */
  change(action) {
    this.leave();
    action(this.drawing);
    this.changed();
  }

  changed() {
    this.paint();
    this.onchange();
  }

  // The keyboard ------------------------------------------------------------------------------------

  /** @param {KeyboardEvent} event */
  key(event) {
    const step = event.shiftKey ? LEAP : STEP;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    const move = moves[/** @type {keyof typeof moves} */ (event.key)];
    if (move) this.moveCursor(move[0], move[1]);
    else if (event.key === " ") this.togglePen();
    else if (event.key === "Delete" || event.key === "Backspace") this.change((drawing) => drawing.clear());
    else if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey)) {
      this.change((drawing) => (event.shiftKey ? drawing.redo() : drawing.undo()));
    } else return;
    event.preventDefault();
  }

  /** @param {number} dx @param {number} dy */
  moveCursor(dx, dy) {
    const cursor = (this.cursor ??= { x: 0.5, y: 0.5, down: false });
    const from = /** @type {import("./strokes.js").Point} */ ([cursor.x, cursor.y]);
    cursor.x = Math.min(Math.max(cursor.x + dx, 0), 1);
    cursor.y = Math.min(Math.max(cursor.y + dy, 0), 1);
    if (cursor.down) this.follow([from, [cursor.x, cursor.y]]); // a stroke begins with the first move, not as a dot
    else this.paint();
  }

  togglePen() {
    const cursor = (this.cursor ??= { x: 0.5, y: 0.5, down: false });
    cursor.down = !cursor.down;
    if (cursor.down) this.drawing.begin();
    else this.drawing.end();
    this.paint();
  }

  /** Lift the keyboard's pen. */
  leave() {
    if (this.cursor?.down) this.drawing.end();
    this.cursor = null;
    this.paint();
  }

  // Painting ----------------------------------------------------------------------------------------

  paint() {
    const size = Math.round(this.canvas.clientWidth * devicePixelRatio);
    if (!size) return;
    if (this.canvas.width !== size) Object.assign(this.canvas, { width: size, height: size });
    const context = this.canvas.getContext("2d");
    const style = getComputedStyle(this.canvas);
    context.clearRect(0, 0, size, size);
    if (this.chosen) {
      const picture = el("canvas");
      this.paintImage(picture, this.chosen.bytes);
      context.imageSmoothingEnabled = false;
      context.drawImage(picture, 0, 0, size, size);
    }
    context.strokeStyle = context.fillStyle = style.color;
    context.lineWidth = this.pen * size;
    context.lineCap = context.lineJoin = "round";
    for (const stroke of this.drawing.strokes) {
      context.beginPath();
      context.moveTo(stroke[0][0] * size - 0.1, stroke[0][1] * size); // a line of no length, a dot, would not be painted
      for (const [x, y] of stroke) context.lineTo(x * size, y * size);
      context.stroke();
    }
    if (this.cursor) this.paintCursor(context, size, this.cursor);
  }

  /**
   * @param {CanvasRenderingContext2D} context @param {number} size
   * @param {{x: number, y: number, down: boolean}} cursor
   */
  paintCursor(context, size, { x, y, down }) {
    context.lineWidth = 2 * devicePixelRatio;
    context.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--accent");
    context.beginPath();
    context.arc(x * size, y * size, 0.04 * size, 0, 2 * Math.PI);
    if (down) context.arc(x * size, y * size, 0.02 * size, 0, 2 * Math.PI);
    context.stroke();
  }
}
