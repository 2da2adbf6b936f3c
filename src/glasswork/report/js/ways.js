/**
 * The ways of the lines: out of a tile into the gap beside its row, through the gap to the edge of its wall, over to the
 * next layer, and through a gap into a tile there. So no line crosses a tile that is not its own.
 *
 * Places are told along the network, to the right or, on a narrow screen, downwards, and across it.
 */

import { textScale } from "./dom.js";

/** How deep a line reaches into its tile, and how it bends, in pixels at a text size of 16; where on the tile's edge. */
const DEPTH = 3;
const BEND = 4;
const AT = { in: 0.3, out: 0.7 };

/**
 * @typedef {object} End Where a line begins or ends.
 * @property {number} along Where it is.
 * @property {number} across
 * @property {number} lane Where it runs, across.
 * @property {number} edge The edge of its layer, along.
 */

/**
 * Measure the stage; `ways` then tells for links, those of each block, where each begins and ends, or null where that is
 * out of sight.
 * @param {any} stage @param {any} image @param {import("./pixels.js").Kind} kind @param {import("./wall.js").Wall[]} walls
 * @param {any[]} answers The buttons at which lines end.
 */
export function measure(stage, image, kind, walls, answers) {
  const down = getComputedStyle(stage).display === "flex";
  const unit = textScale(stage);
  const origin = stage.getBoundingClientRect();
  const boxOf = (/** @type {any} */ element) => {
    const { left, top, right, bottom } = element.getBoundingClientRect();
    const [x, y] = [[left - origin.left, right - origin.left], [top - origin.top, bottom - origin.top]];
    const [[from, to], [near, far]] = down ? [y, x] : [x, y];
    return { from, to, near, far };
  };
  const first = boxOf(image);
  const frames = walls.map(({ element }) => boxOf(element));
  const tiles = walls.map((wall) => wall.tiles.map(boxOf));
  const gaps = walls.map(({ element }) => parseFloat(getComputedStyle(element)[down ? "columnGap" : "rowGap"]));
  const ends = answers.map(boxOf);
  const [foot, below] = [".answers", ".dock"].map((name) => boxOf(stage.querySelector(name)).from);
  const isBeside = down && frames.length > 0 && foot < frames[0].from; // the answers, of the board; no lines lead there

  /** @param {number} w @param {number} i The tile of a neuron, if it is in sight. */
  const tileOf = (w, i) => {
    const [box, frame] = [tiles[w][walls[w].shown.indexOf(i)], frames[w]];
    const isSeen = box && box.from > frame.from - 2 && box.to < frame.to + 2 && box.near > frame.near - 2 && box.far < frame.far + 2;
    return isSeen ? box : null;
  };

  /**
   * The lanes of a wall, by side, neuron and sign: lines of the same row lie side by side, those with the shortest way next
   * to it.
   * @param {number} w @param {import("./links.js").Link[]} arriving @param {import("./links.js").Link[]} leaving
   */
  function lanesOf(w, arriving, leaving) {
    /** @type {Map<number, {key: string, way: number}[]>} */
    const rows = new Map();
    const known = new Set();
    const add = (/** @type {"in" | "out"} */ side) => (/** @type {import("./links.js").Link} */ { from, to, value }) => {
      const i = side === "in" ? to : from;
      const [box, key] = [tileOf(w, i), side + i + (value < 0)];
      if (!box || known.has(key)) return;
      known.add(key);
      if (!rows.has(box.far)) rows.set(box.far, []);
      rows.get(box.far)?.push({ key, way: side === "in" ? box.from - frames[w].from : frames[w].to - box.to });
    };
    arriving.forEach(add("in"));
    leaving.forEach(add("out"));
    const lanes = /** @type {Map<string, number>} */ (new Map());
    for (const [far, row] of rows) row.sort((a, b) => a.way - b.way).forEach(({ key }, n) => lanes.set(key, far + (gaps[w] * (n + 0.5)) / row.length));
    return lanes;
  }

  /** @param {import("./links.js").Link[][]} links */
  function ways(links) {
    const lanes = walls.map((_, w) => lanesOf(w, links[w], links[w + 1]));
    /** @type {(layer: number, i: number, side: "in" | "out", isNegative: boolean) => End | null} */
    const endOf = (layer, i, side, isNegative) => {
      if (layer === walls.length) {
        if (isBeside) return null;
        const lane = (ends[i].near + ends[i].far) / 2;
        const along = down ? Math.min(foot, below) : ends[i].from;
        return { along, across: lane, lane, edge: along };
      }
      if (layer < 0) {
        const [x, y] = kind.placeOf(i);
        const [u, v] = down ? [y, x] : [x, y];
        const lane = first.near + v * (first.far - first.near);
        return { along: down ? first.to : first.from + u * (first.to - first.from), across: lane, lane, edge: first.to };
      }
      const box = tileOf(layer, i);
      if (!box) return null;
      const along = box.from + (AT[side] + (isNegative ? 0.1 : 0)) * (box.to - box.from);
      return { along, across: box.far - DEPTH * unit, lane: lanes[layer].get(side + i + isNegative) ?? box.far, edge: side === "in" ? frames[layer].from : frames[layer].to };
    };
    return endOf;
  }

  /** @param {End} a @param {End} b */
  function pathOf(a, b) {
    const at = (/** @type {number} */ along, /** @type {number} */ across) => (down ? [across, along] : [along, across]).map((value) => value.toFixed(1)).join(" ");
    const [out, into] = [a, b].map(({ along, across, lane, edge }) => {
      const bend = Math.min(BEND * unit, Math.abs(lane - across), Math.abs(edge - along)) * Math.sign(edge - along);
      return { tile: at(along, lane - Math.sign(lane - across) * Math.abs(bend)), corner: at(along, lane), lane: at(along + bend, lane) };
    });
    const middle = (a.edge + b.edge) / 2;
    return `M${at(a.along, a.across)} L${out.tile} Q${out.corner} ${out.lane} L${at(a.edge, a.lane)} C${at(middle, a.lane)} ${at(middle, b.lane)} ${at(b.edge, b.lane)} L${into.lane} Q${into.corner} ${into.tile} L${at(b.along, b.across)}`;
  }
  return { ways, pathOf, down, unit, width: origin.width, height: origin.height };
}
