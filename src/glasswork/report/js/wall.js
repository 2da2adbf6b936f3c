/** A wall of tiles, one for each neuron of a layer, or of a wide layer for the strongest: coloured by a signed number. */

import { colourOf, css, largest, readable } from "./colour.js";
import { el, replace } from "./dom.js";
import { rove } from "./rove.js";
import { say, signed } from "./words.js";

/**
 * @typedef {object} WallOptions
 * @property {number} most Tiles that there is room for.
 * @property {(neuron: number) => void} onopen
 * @property {(neuron: number | null) => void} onpeek A tile is pointed at, or no longer.
 * @property {((neuron: number) => Float32Array) | null} weights Of a neuron, as an image; null where they are none.
 * @property {import("./pixels.js").Kind["paintWeights"]} paint
 * @property {Set<number>} inkless
 */

export class Wall {
  /** @param {number} count @param {WallOptions} options */
  constructor(count, options) {
    this.options = options;
    this.count = count;
    /** @type {number[]} */
    this.shown = []; // the neuron of each tile
    /** @type {any[]} */
    this.tiles = [];
    this.element = el("div", { class: "wall", role: "group" });
    this.settle = rove(this.element, ".tile");
    this.pictures = this.blank = false;
    this.limit = 0;
    this.naming = 0;
    this.showAll(false);
  }

  /** Make a tile for every neuron, or for as many as there is room for. @param {boolean} all */
  showAll(all) {
    const { onopen, onpeek, most } = this.options;
    this.shown = Array.from({ length: all ? this.count : Math.min(this.count, most) }, (_, j) => j);
    this.tiles = this.shown.map((_, slot) =>
      el("button", {
        type: "button",
        class: "tile",
        onclick: () => onopen(this.shown[slot]),
        onpointerenter: () => onpeek(this.shown[slot]),
        onpointerleave: () => onpeek(null),
        onfocus: () => onpeek(this.shown[slot]),
        onblur: () => onpeek(null),
      }, this.pictures && el("canvas", { "aria-hidden": "true" })),
    );
    replace(this.element, ...this.tiles);
    this.element.classList.toggle("all", this.tiles.length > most);
    this.settle();
    this.forgetWeights();
  }

  /**
   * Give each tile its neuron.
   * @param {number[]} order Of all neurons.
   * @param {ArrayLike<number>} strength Where there are fewer tiles than neurons, those with the largest magnitude are shown.
   * @param {number | null} kept A neuron that has to be among them.
   */
  place(order, strength, kept) {
    const by = (/** @type {number} */ j) => (j === kept ? Infinity : Math.abs(strength[j]));
    const wanted = new Set([...order].sort((j, k) => by(k) - by(j)).slice(0, this.tiles.length));
    const next = order.filter((j) => wanted.has(j));
    if (next.every((j, slot) => j === this.shown[slot])) return;
    this.shown = next;
    if (this.pictures) this.paintPictures();
  }

  /**
   * Show a number on each tile.
   * @param {ArrayLike<number>} values Of all neurons.
   * @param {string} meaning @param {(j: number) => boolean} isChanged
   */
  show(values, meaning, isChanged) {
    clearTimeout(this.naming);
    this.naming = window.setTimeout(() => this.name(values, meaning, isChanged), 60); // not at every move
    const limit = this.blank ? Infinity : largest(values);
    this.tiles.forEach((tile, slot) => {
      const j = this.shown[slot];
      const value = values[j];
      const colour = colourOf(value, limit);
      tile.style.backgroundColor = this.pictures ? "" : css(colour);
      tile.style.color = css(readable(colour));
      tile.dataset.sign = Math.abs(value) <= limit / 12 ? "" : value < 0 ? "−" : "+";
      tile.dataset.strong = String(Math.abs(value) > 0.6 * limit);
      tile.classList.toggle("changed", isChanged(j));
    });
  }

  /**
   * Name the tiles, for people who do not see them.
   * @param {ArrayLike<number>} values @param {string} meaning @param {(j: number) => boolean} isChanged
   */
  name(values, meaning, isChanged) {
    this.tiles.forEach((tile, slot) => {
      const j = this.shown[slot];
      tile.setAttribute("aria-label", `${say("Neuron {n}", { n: j + 1 })}: ${meaning} ${signed(values[j], 2)}${isChanged(j) ? `, ${say("changed")}` : ""}`);
    });
  }

  /**
   * Show the weights in the tiles, or colours only; tiles stay blank where weights are no picture.
   * @param {boolean} wanted
   */
  showPictures(wanted) {
    this.blank = wanted && !this.options.weights;
    if (!this.options.weights || (wanted === this.pictures && wanted === Boolean(this.tiles[0].firstChild))) return;
    this.pictures = wanted;
    this.element.classList.toggle("pictures", wanted);
    for (const tile of this.tiles) replace(tile, wanted && el("canvas", { "aria-hidden": "true" }));
    if (wanted) this.paintPictures();
  }

  /** Paint the weights anew. */
  forgetWeights() {
    this.limit = 0;
    if (this.pictures) this.paintPictures();
  }

  paintPictures() {
    const { weights, paint, inkless } = this.options;
    if (!weights) return;
    this.limit ||= Array.from({ length: this.count }, (_, j) => 0.7 * largest(weights(j), inkless)).reduce((a, b) => Math.max(a, b));
    this.tiles.forEach((tile, slot) => paint(tile.firstChild, weights(this.shown[slot]), this.limit));
  }

  /** Mark the neuron that is open, if it is of this layer. @param {number | null} neuron */
  mark(neuron) {
    this.tiles.forEach((tile, slot) => tile.setAttribute("aria-pressed", String(this.shown[slot] === neuron)));
  }

  /** The tile of a neuron, if it has one. @param {number} neuron */
  tileOf(neuron) {
    return this.tiles[this.shown.indexOf(neuron)];
  }
}
