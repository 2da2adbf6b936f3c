/**
 * A wall of tiles, one for each neuron of a layer: coloured by a signed number, sorted, walked with arrow keys.
 *
 * Only one tile can be reached with Tab (the last one used); arrow keys go on from there.
 */

import { colourOf, css, largest } from "./colour.js";
import { el, replace, signed } from "./dom.js";

/**
 * @typedef {object} WallOptions
 * @property {string} label
 * @property {(neuron: number) => void} onopen
 * @property {((neuron: number) => Float32Array) | null} weights Of a neuron, as an image; null where they are none.
 * @property {import("./pixels.js").Kind["paintWeights"]} paint
 * @property {Set<number>} inkless
 */

export class Wall {
  /**
   * @param {number} count
   * @param {WallOptions} options
   */
  constructor(count, options) {
    this.options = options;
    this.order = Array.from({ length: count }, (_, j) => j);
    this.tiles = this.order.map((j) =>
      el("button", {
        type: "button",
        class: "tile",
        tabindex: "-1",
        onclick: () => options.onopen(j),
        onfocus: () => this.rove(j),
      }),
    );
    this.element = el(
      "div",
      {
        class: "wall",
        role: "group",
        "aria-label": options.label,
        onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event),
      },
      ...this.tiles,
    );
    this.current = 0;
    this.pictures = false;
    this.rove(0);
  }

  /**
   * Show a number on each tile.
   * @param {ArrayLike<number>} values
   * @param {string} meaning
   * @param {(j: number) => boolean} isChanged
   */
  show(values, meaning, isChanged) {
    const limit = largest(values);
    this.tiles.forEach((tile, j) => {
      const value = values[j];
      tile.style.backgroundColor = this.pictures ? "" : css(colourOf(value, limit));
      tile.dataset.sign = Math.abs(value) < limit / 12 ? "" : value < 0 ? "−" : "+";
      tile.dataset.strong = String(Math.abs(value) > 0.6 * limit);
      tile.classList.toggle("changed", isChanged(j));
      tile.setAttribute(
        "aria-label",
        `Neuron ${j + 1}: ${meaning} ${signed(value, 2)}${isChanged(j) ? ", changed" : ""}`,
      );
    });
  }

  /**
   * Show the weights in the tiles, or colours only.
   * @param {boolean} wanted
   */
  showPictures(wanted) {
    const { weights, paint, inkless } = this.options;
    if (wanted === this.pictures || !weights) return;
    this.pictures = wanted;
    const all = wanted ? this.order.map((_, j) => weights(j)) : [];
    const limit = all.reduce((most, values) => Math.max(most, 0.7 * largest(values, inkless)), 0);
    this.tiles.forEach((tile, j) => {
      replace(tile);
      if (!wanted) return;
      const canvas = el("canvas", { "aria-hidden": "true" });
      paint(canvas, all[j], limit);
      tile.append(canvas);
    });
    this.element.classList.toggle("pictures", wanted);
  }

  /**
   * Put the tiles into an order.
   * @param {number[]} order
   */
  sort(order) {
    if (order.every((j, place) => j === this.order[place])) return;
    const focused = this.element.contains(document.activeElement) ? document.activeElement : null;
    this.order = order;
    this.element.replaceChildren(...order.map((j) => this.tiles[j]));
    /** @type {any} */ (focused)?.focus({ preventScroll: true });
  }

  /**
   * Mark the neuron that is open, if it is of this layer.
   * @param {number | null} neuron
   */
  mark(neuron) {
    this.tiles.forEach((tile, j) => tile.setAttribute("aria-pressed", String(j === neuron)));
    if (neuron !== null) this.rove(neuron);
  }

  /** @param {number} j */
  rove(j) {
    this.tiles[this.current].tabIndex = -1;
    this.tiles[(this.current = j)].tabIndex = 0;
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const place = this.order.indexOf(this.current);
    const row = Math.max(1, this.columns());
    const to = {
      ArrowLeft: place - 1,
      ArrowRight: place + 1,
      ArrowUp: place - row,
      ArrowDown: place + row,
      Home: 0,
      End: this.order.length - 1,
    };
    const next = to[/** @type {keyof typeof to} */ (event.key)];
    if (next === undefined) return;
    event.preventDefault();
    if (next >= 0 && next < this.order.length) this.tiles[this.order[next]].focus();
  }

  columns() {
    const top = this.tiles[this.order[0]].offsetTop;
    const below = this.order.findIndex((j) => this.tiles[j].offsetTop > top);
    return below < 0 ? this.order.length : below;
  }
}
