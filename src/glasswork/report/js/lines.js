/** Lines across the stage, from tile to tile: as thick as what they carry, which is written at the line one points at. */

import { colourOf, css } from "./colour.js";
import { replace, svg } from "./dom.js";
import { signed } from "./words.js";

/**
 * @typedef {object} End Where a line begins or ends, in pixels of the stage.
 * @property {number} x
 * @property {number} y
 * @property {number} edge Where, along the network, it may begin to bend.
 */

/** @typedef {{from: End, to: End, value: number, share: number, words: string}} Line `share` of the thickest. */

export class Lines {
  /** @param {any} stage What they are drawn across; of no other size. */
  constructor(stage) {
    this.stage = stage;
    this.touch = svg("svg", { class: "lines touch", "aria-hidden": "true" }); // below the tiles, and wide enough to be hit
    this.seen = svg("svg", { class: "lines", "aria-hidden": "true" }); // above them
    this.label = svg("text", { class: "carried" });
    /** @type {Line[]} */
    this.drawn = [];
    stage.append(this.touch, this.seen);
    this.touch.addEventListener("pointermove", (/** @type {any} */ event) => this.tell(event));
    this.touch.addEventListener("pointerout", () => this.tell(null));
  }

  /**
   * @param {Line[]} lines
   * @param {{down: boolean, width: number, height: number}} stage Its size, and whether the network runs downwards and
   * not to the right.
   */
  draw(lines, { down, width, height }) {
    this.drawn = lines;
    this.label.remove();
    for (const layer of [this.touch, this.seen]) {
      layer.setAttribute("viewBox", `0 0 ${width} ${height}`);
      while (layer.childElementCount > lines.length) layer.lastChild.remove();
      while (layer.childElementCount < lines.length) layer.append(svg("path"));
    }
    lines.forEach(({ from, to, value, share }, n) => {
      const d = down ? downwards(from, to) : rightwards(from, to);
      const seen = this.seen.children[n];
      for (const path of [this.touch.children[n], seen]) if (path.getAttribute("d") !== d) path.setAttribute("d", d);
      seen.setAttribute("class", value < 0 ? "edge negative" : "edge positive");
      seen.setAttribute("stroke", css(colourOf(Math.sign(value), 1)));
      seen.setAttribute("stroke-width", (0.8 + 3.7 * share).toFixed(1));
      seen.setAttribute("opacity", (0.35 + 0.55 * share).toFixed(2));
    });
  }

  /** @param {any} event */
  tell(event) {
    const n = event ? [...this.touch.children].indexOf(event.target) : -1;
    this.label.remove();
    [...this.seen.children].forEach((path, k) => path.classList.toggle("told", k === n));
    if (n < 0) return;
    const box = this.stage.getBoundingClientRect();
    const x = event.clientX - box.left;
    this.label.setAttribute("x", x);
    this.label.setAttribute("y", event.clientY - box.top - 12);
    this.label.setAttribute("text-anchor", x > box.width - 220 ? "end" : x < 220 ? "start" : "middle");
    replace(this.label, `${this.drawn[n].words}: ${signed(this.drawn[n].value, 3)}`);
    this.seen.append(this.label);
  }
}

/**
 * Straight to the edge of its wall, over to the next, and straight to the tile.
 * @param {End} a @param {End} b
 */
function rightwards(a, b) {
  const middle = (a.edge + b.edge) / 2;
  return `M${a.x} ${a.y} H${a.edge} C${middle} ${a.y} ${middle} ${b.y} ${b.edge} ${b.y} H${b.x}`;
}

/** @param {End} a @param {End} b */
function downwards(a, b) {
  const middle = (a.edge + b.edge) / 2;
  return `M${a.x} ${a.y} V${a.edge} C${a.x} ${middle} ${b.x} ${middle} ${b.x} ${b.edge} V${b.y}`;
}
