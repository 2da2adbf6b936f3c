/** A network that learns, as it is now: the pictures of its weights, the answer of the stage, its boundaries. */

import { Boundary } from "./boundary.js";
import { largest } from "./colour.js";
import { choice, el } from "./dom.js";
import { SOON } from "./store.js";
import { weightsOf } from "./weights.js";
import { grouped, percent, say } from "./words.js";

/** Neurons that are shown, and the share of the largest magnitude at which colours end. */
const NEURONS = 64;
const FULL = 0.6;

export class LearnView {
  network = /** @type {any} */ (null);
  start = /** @type {any} */ (null);
  most = { weights: 0, change: 0 }; // the largest magnitude so far
  shows = /** @type {"weights" | "change"} */ ("change"); // random weights at the start hide what is learnt
  next = 0;

  /**
   * @param {import("./answer.js").Context} context @param {string} label Of the pictures.
   * @param {boolean} [whole] Whether the networks are; else they are first layers.
   */
  constructor(context, label, whole = true) {
    this.context = context;
    this.whole = whole;
    this.image = el("canvas", { class: "thumb", "aria-hidden": "true" });
    this.words = el("p", {});
    this.boundary = context.columns?.names.length === 2 ? new Boundary(context) : null;
    this.gallery = el("div", { class: "gallery", role: "img", "aria-label": label });
    const options = /** @type {[string, string][]} */ ([["change", say("change since the start")], ["weights", say("weights")]]);
    const shown = choice(say("Each picture"), options, this.shows, (value) => {
      this.shows = /** @type {"weights" | "change"} */ (value);
      this.show(this.network, this.start);
    });
    this.caption = el("p", { class: "small" });
    this.pictures = el("div", {}, shown, this.gallery, this.caption);
    this.answer = el("div", { class: "read-again row" }, this.image, this.words);
    context.store.watchWhenSeen(this.answer, () => this.showAnswer(), 0);
    if (this.boundary) context.store.watchWhenSeen(this.boundary.element, () => this.network && this.boundary?.show(this.network), SOON);
  }

  /** Begin new scales, for another network. */
  forget() {
    this.most = { weights: 0, change: 0 };
    this.next = 0;
  }

  /**
   * @param {any} network @param {any} start The same before its first step.
   * @param {number} [tiles] How many pictures are painted now, in turn; by default all.
   */
  show(network, start, tiles = NEURONS) {
    Object.assign(this, { network, start });
    const count = Math.min(network.blocks[0].width, start.blocks[0].width, NEURONS);
    while (this.gallery.childElementCount > count) this.gallery.lastChild.remove();
    while (this.gallery.childElementCount < count) this.gallery.append(el("canvas", {}));
    const { kind } = this.context;
    const width = (this.whole ? network : this.context.own).blocks[0].width;
    const some = count < width ? ` ${say("The first {count} of {width} neurons are shown.", { count, width: grouped(width) })}` : "";
    this.caption.textContent = say("Each picture is a neuron. Orange: {raises}. Blue: {lowers}.", { raises: kind.raises, lowers: kind.lowers }) + some;
    for (let n = 0; n < Math.min(tiles, count); n++) {
      const j = this.next++ % count;
      const values = this.values(network, start, j, this.shows);
      kind.paintWeights(this.gallery.children[j], values, FULL * this.most[this.shows]);
    }
    this.showAnswer();
    this.boundary?.show(network);
  }

  /**
   * The numbers of a picture; the scale grows with them.
   * @param {any} network @param {any} start @param {number} j @param {"weights" | "change"} shows
   */
  values(network, start, j, shows) {
    const values = weightsOf(network.blocks[0], j);
    if (shows === "change") weightsOf(start.blocks[0], j).forEach((value, i) => (values[i] -= value));
    this.most[shows] = Math.max(this.most[shows], largest(values, this.context.inkless));
    return values;
  }

  /**
   * Scale the pictures for all of these networks.
   * @param {any[]} networks
   */
  scaleFor(networks) {
    for (const network of networks)
      for (const shows of /** @type {const} */ (["weights", "change"]))
        for (let j = 0; j < Math.min(network.blocks[0].width, NEURONS); j++) this.values(network, networks[0], j, shows);
  }

  /** What the stage says to the image of the page. */
  showAnswer() {
    const { context } = this;
    if (!this.whole) return;
    const { bytes, source } = context.store.state;
    const { best, shares } = context.answer(context.store.state);
    context.kind.paint(this.image, bytes);
    this.words.textContent = say("It reads {source} as {name}, with {percent}", { source, name: context.classes[best], percent: percent(shares[best]) });
  }
}
