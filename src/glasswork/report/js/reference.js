/**
 * Is an image like anything that the network was trained on? The same measure as glasswork/models/doubt/reference.py.
 *
 * 3 · distance to the nearest reference image / its threshold − log-odds of the sceptic = strangeness
 * strangeness, on a scale where a typical image has 0, > 1  ⇒  unlike anything it was trained on
 */

import { NUMBERS, describer } from "./edge-maps.js";

/** What one threshold of distance counts against the log-odds. */
const WEIGHT = 3;

/** The nearest images that are asked for their class; the share that must agree; the largest share in full doubt. */
export const ASKED = 5;
const FEW = 0.4;
const MOST_IN_DOUBT = 0.89;

/** @typedef {{row: number, distance: number}} Neighbour */

/** Maps at length 1 again after they were rounded for the page, or at length 0. @param {Float32Array} maps */
function atUnitLength(maps) {
  for (let at = 0; at < maps.length; at += NUMBERS) {
    const map = maps.subarray(at, at + NUMBERS);
    const length = Math.hypot(...map) || 1;
    map.forEach((value, i) => (map[i] = value / length));
  }
  return maps;
}

/**
 * @typedef {object} Judgement
 * @property {Neighbour[]} nearest The nearest first; none for an image of one even level, if there is no other.
 * @property {number} odds Log-odds of the sceptic; 0 without one.
 * @property {number} strangeness 0 for a typical image, more than 1 for one that is unlike all reference images.
 * @property {boolean} unlike
 * @property {number} doubt From 0 to 1.
 */

export class Reference {
  /**
   * @param {Uint8Array} images One after the other.
   * @param {Float32Array | null} maps What describes each of them, if the page has only some of the images.
   * @param {number[]} shape Height and width of an image.
   * @param {Float32Array} spread How loosely the reference images lie around each of them.
   * @param {{threshold: number, limits: number[], labels: number[]}} novelty
   * @param {import("./sceptic.js").Sceptic | null} sceptic
   */
  constructor(images, maps, shape, spread, { threshold, limits, labels }, sceptic) {
    this.count = spread.length;
    this.shape = shape;
    this.labels = labels;
    this.spread = spread;
    this.threshold = threshold;
    this.limits = limits;
    this.sceptic = sceptic;
    const describe = describer(Math.max(...this.shape));
    this.describe = (/** @type {ArrayLike<number>} */ bytes) => describe(stretched(bytes, this.shape));
    this.images = images;
    this.maps = maps ? atUnitLength(maps) : new Float32Array(this.count * NUMBERS);
    this.described = maps ? this.count : 0;
  }

  /** Describe reference images for some milliseconds; return whether all are done. @param {number} milliseconds */
  prepare(milliseconds) {
    const end = performance.now() + milliseconds;
    const features = this.shape[0] * this.shape[1];
    while (this.described < this.count && performance.now() < end) {
      const n = this.described++;
      this.maps.set(this.describe(this.images.subarray(n * features, (n + 1) * features)), n * NUMBERS);
    }
    return this.ready;
  }

  /** Whether all reference images are described, so that an answer takes a millisecond. */
  get ready() {
    return this.described === this.count;
  }

  /**
   * The reference images nearest to an image, the nearest first. To an image of one even level only others like it are
   * near.
   * @param {ArrayLike<number>} bytes @param {number} k
   * @returns {Neighbour[]}
   */
  nearest(bytes, k) {
    this.prepare(Infinity);
    const map = this.describe(bytes);
    if (!map.some((value) => value !== 0)) return this.evenOnes().slice(0, k);
    /** @type {Neighbour[]} */
    const best = [];
    for (let n = 0; n < this.count; n++) {
      let product = 0;
      for (let i = 0, at = n * NUMBERS; i < NUMBERS; i++) product += map[i] * this.maps[at + i];
      const distance = Math.sqrt(Math.max(2 - 2 * product, 0)) / this.spread[n];
      if (best.length < k || distance < best[best.length - 1].distance) {
        best.push({ row: n, distance });
        best.sort((a, b) => a.distance - b.distance);
        if (best.length > k) best.pop();
      }
    }
    return best;
  }

  /** The reference images of one even level, which have no edges. @returns {Neighbour[]} */
  evenOnes() {
    const rows = Array.from(this.labels.keys());
    const isEven = (/** @type {number} */ row) => this.maps.subarray(row * NUMBERS, (row + 1) * NUMBERS).every((value) => value === 0);
    return rows.filter(isEven).map((row) => ({ row, distance: 0 }));
  }

  /**
   * Judge an image.
   * @param {ArrayLike<number>} bytes
   * @returns {Judgement}
   */
  judge(bytes) {
    const nearest = this.nearest(bytes, ASKED);
    const far = (nearest[0]?.distance ?? Infinity) / this.threshold;
    const odds = this.sceptic?.odds(stretched(bytes, this.shape)) ?? 0;
    const combined = this.sceptic ? WEIGHT * far - odds : far;
    const [typical, calm, full, limit] = this.limits;
    const strangeness = (combined - typical) / Math.max(limit - typical, 1e-6);
    const doubt = Math.min(Math.max((Math.min(combined, full) - calm) / Math.max(full - calm, 1e-6), 0), 1);
    return { nearest, odds, strangeness, unlike: strangeness > 1, doubt };
  }

  /**
   * Limit the share of the favoured class where the network cannot be trusted, as `glasswork predict` does.
   * @param {number[]} shares @param {Judgement} judgement
   */
  temper(shares, { nearest, doubt }) {
    const top = Math.max(...shares);
    const answer = shares.indexOf(top);
    const agreeing = nearest.filter(({ row }) => this.labels[row] === answer).length;
    const limit = 1 - (1 - MOST_IN_DOUBT) * (agreeing <= FEW * nearest.length ? 1 : doubt);
    const even = 1 / shares.length;
    const keep = Math.min(1, (limit - even) / Math.max(top - even, 1e-9));
    return shares.map((share) => keep * share + (1 - keep) * even);
  }

  /** @param {ArrayLike<number>} bytes */
  unlike(bytes) {
    return this.judge(bytes).unlike;
  }
}

/**
 * An image as a square of its longer side, whose rows or columns are repeated: see glasswork/models/doubt/square.py.
 * @param {ArrayLike<number>} bytes @param {number[]} shape
 * @returns {ArrayLike<number>}
 */
export function stretched(bytes, [height, width]) {
  if (height === width) return bytes;
  const side = Math.max(height, width);
  const found = new Uint8Array(side * side);
  for (let i = 0; i < found.length; i++) {
    const y = Math.floor((Math.floor(i / side) * height) / side);
    found[i] = bytes[y * width + Math.floor(((i % side) * width) / side)];
  }
  return found;
}
