/**
 * The state of the page: which image it is about, which neuron is open, what is switched off.
 *
 * Parts watch it. Those that take long are drawn a little later; those outside the window when they are seen, or when
 * nothing has changed for a while, so that nobody finds an old answer in them.
 */

/** @typedef {Uint8Array | Float64Array} Raw An image's pixels, or the numbers of a row. */

/**
 * @typedef {object} State
 * @property {Raw} bytes The image, or the row.
 * @property {string} source Where it is from, in words.
 * @property {number | null} truth Its class, if it is a test image.
 * @property {import("./strokes.js").Stroke[] | null} strokes Of a drawing.
 * @property {boolean} several Whether it seems to hold several digits.
 * @property {import("./network.js").Gains} gains
 * @property {string} staged Which network is on the stage, in words; empty for the page's own.
 * @property {unknown} whose What put it there; null for the page's own.
 * @property {boolean} reset Whether neurons had been switched off in the one before.
 * @property {number | null} target The class that neurons are coloured for; null: the answer.
 * @property {number | null} rival The class that the answer is compared with; null: the second.
 * @property {{block: number, neuron: number} | null} open The neuron that is open.
 */

/** @typedef {(state: State) => void} Watcher */
/** @typedef {{watcher: Watcher, patience: number, stale: boolean, seen: boolean, told: number}} Lazy */

/** Milliseconds of quiet after which the slower parts follow, and then those that are not seen. */
const QUIET = 90;
const LONG_QUIET = 800;

/** Milliseconds after which parts follow that show what goes on, though it is not quiet. */
export const SOON = 250;

export class Store {
  /** @param {State} state */
  constructor(state) {
    this.state = state;
    /** @type {Watcher[]} */
    this.eager = [];
    /** @type {Lazy[]} */
    this.lazy = [];
    this.timer = 0;
    addEventListener("beforeprint", () => this.refresh(true));
  }

  /**
   * Change some of the state and tell the watchers.
   * @param {Partial<State>} changes
   */
  set(changes) {
    this.state = { ...this.state, ...changes };
    for (const watcher of this.eager) watcher(this.state);
    const now = performance.now();
    for (const part of this.lazy) {
      part.stale = true;
      if (part.seen && now > part.told + part.patience) this.tell(part);
    }
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      this.refresh(false);
      this.timer = window.setTimeout(() => this.refresh(true), LONG_QUIET);
    }, QUIET);
  }

  /**
   * Make the page be about another image or row.
   * @param {Raw} bytes @param {string} source @param {Partial<State>} [more]
   */
  choose(bytes, source, more = {}) {
    this.set({ bytes, source, truth: null, strokes: null, several: false, target: null, rival: null, ...more });
  }

  /**
   * Turn a neuron of the stage up or down; 0 switches it off.
   * @param {string} key @param {number} value
   */
  gain(key, value) {
    const gains = new Map(this.state.gains);
    if (value === 1) gains.delete(key);
    else gains.set(key, value);
    this.set({ gains });
    this.refresh(false);
  }

  /**
   * Be told of every change, at once.
   * @param {Watcher} watcher
   */
  watch(watcher) {
    this.eager.push(watcher);
    watcher(this.state);
  }

  /**
   * Be told of changes when the page is quiet: soon if the element is about to be seen, else after a while.
   * @param {Element} element @param {Watcher} watcher
   * @param {number} [patience] Milliseconds for which it waits while there is no quiet.
   */
  watchWhenSeen(element, watcher, patience = Infinity) {
    const part = { watcher, patience, stale: true, seen: false, told: 0 };
    this.lazy.push(part);
    const observer = new IntersectionObserver(
      (entries) => {
        part.seen = entries[entries.length - 1].isIntersecting;
        this.refresh(false);
      },
      { rootMargin: "20% 0px" },
    );
    observer.observe(element);
  }

  /** @param {boolean} all Whether unseen parts are brought up to date as well. */
  refresh(all) {
    for (const part of this.lazy) if (part.stale && (part.seen || all)) this.tell(part);
  }

  /** @param {Lazy} part */
  tell(part) {
    part.stale = false;
    part.told = performance.now();
    part.watcher(this.state);
  }
}
