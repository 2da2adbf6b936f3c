/** Lines across the stage, from tile to tile: as thick as what they carry, which is written at the line one points at. */

import { colourOf, css } from "./colour.js";
import { replace, svg } from "./dom.js";
import { signed } from "./words.js";

/** Widths of lines that carry nothing, and most, in pixels at a text size of 16. */
const THIN = 0.8;
const THICK = 3.6;

/** @typedef {{path: string, value: number, share: number, words: string}} Line `share` of the thickest. */

export class Lines {
  /** @param {any} stage What they are drawn across; of no other size. */
  constructor(stage) {
    this.stage = stage;
    this.touch = svg("svg", { class: "lines touch", "aria-hidden": "true" }); // below the tiles, and wide enough to be hit
    this.seen = svg("svg", { class: "lines", "aria-hidden": "true" }); // above them
    this.label = svg("text", { class: "carried" });
    /** @type {Line[]} */
    this.drawn = [];
    /** @type {{clientX: number, clientY: number} | null} */
    this.pointed = null; // where the pointer is on a line
    stage.append(this.touch, this.seen);
    this.touch.addEventListener("pointermove", (/** @type {any} */ event) => this.tell(event));
    this.touch.addEventListener("pointerout", () => this.tell(null));
  }

  /** @param {Line[]} lines @param {{unit: number, width: number, height: number}} stage Its size, and that of its text. */
  draw(lines, { unit, width, height }) {
    this.drawn = lines;
    this.label.remove(); // it would be counted as a line
    for (const layer of [this.touch, this.seen]) {
      layer.setAttribute("viewBox", `0 0 ${width} ${height}`);
      while (layer.childElementCount > lines.length) layer.lastChild.remove();
      while (layer.childElementCount < lines.length) layer.append(svg("path"));
    }
    lines.forEach(({ path: d, value, share }, n) => {
      const seen = this.seen.children[n];
      for (const path of [this.touch.children[n], seen]) if (path.getAttribute("d") !== d) path.setAttribute("d", d);
      seen.setAttribute("class", value < 0 ? "edge negative" : "edge positive");
      seen.setAttribute("stroke", css(colourOf(Math.sign(value), 1)));
      seen.setAttribute("stroke-width", (unit * (THIN + (THICK - THIN) * share)).toFixed(1));
      seen.setAttribute("opacity", (0.62 + 0.3 * share).toFixed(2));
    });
    this.tell(this.pointed); // the pointer may rest on another line now
  }

  /** @param {{clientX: number, clientY: number} | null} pointed */
  tell(pointed) {
    this.label.remove();
    this.pointed = pointed;
    const n = pointed ? [...this.touch.children].indexOf(document.elementFromPoint(pointed.clientX, pointed.clientY)) : -1;
    [...this.seen.children].forEach((path, k) => path.classList.toggle("told", k === n));
    if (!pointed || n < 0) return;
    const box = this.stage.getBoundingClientRect();
    const x = pointed.clientX - box.left;
    this.label.setAttribute("x", x);
    this.label.setAttribute("y", pointed.clientY - box.top - 12);
    this.label.setAttribute("text-anchor", x > box.width - 220 ? "end" : x < 220 ? "start" : "middle");
    replace(this.label, `${this.drawn[n].words}: ${signed(this.drawn[n].value, 3)}`);
    this.seen.append(this.label);
  }
}
