/**
 * Edges of the network, drawn by what they carry for this image: the strongest few as lines, the rest as one bundle.
 */

import { colourOf, css } from "./colour.js";
import { replace, signed, svg } from "./dom.js";

/** @typedef {{from: Element, value: number}} Edge */

/** Lines that are drawn. */
const STRONGEST = 8;

/**
 * Draw edges between tiles above and one element below, into an SVG that covers their common box.
 * @param {any} canvas The SVG.
 * @param {Edge[]} edges
 * @param {Element} to
 * @param {Element} wall What clips the tiles.
 */
export function drawEdges(canvas, edges, to, wall) {
  const box = canvas.parentElement.getBoundingClientRect();
  canvas.setAttribute("viewBox", `0 0 ${box.width} ${box.height}`);
  const order = [...edges].sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  const most = Math.abs(order[0]?.value ?? 0);
  const frame = wall.getBoundingClientRect();
  const seen = order.slice(0, STRONGEST).filter(({ from }) => within(from.getBoundingClientRect(), frame));
  const rest = edges.reduce((sum, { value }) => sum + value, 0) - seen.reduce((sum, { value }) => sum + value, 0);
  const target = to.getBoundingClientRect();
  const x1 = target.left + target.width / 2 - box.left;
  const y1 = target.top - box.top;
  const bottom = frame.bottom - box.top;
  const starts = seen.map(({ from }) => {
    const tile = from.getBoundingClientRect();
    return { x: tile.left + tile.width / 2 - box.left, y: tile.bottom - box.top, bend: bottom };
  });
  const lines = starts.map((start, k) => line(start, { x: x1, y: y1 }, seen[k].value, most));
  const atLeft = starts.filter(({ x }) => x < box.width / 2).length;
  const count = edges.length - seen.length;
  const bundle = count > 0 ? bundled(bottom, { x: x1, y: y1 }, rest, count, most, 2 * atLeft > seen.length ? box.width - 20 : 20) : [];
  replace(canvas, ...lines, ...bundle);
}

/**
 * @param {DOMRect} tile
 * @param {DOMRect} frame
 */
function within(tile, frame) {
  return tile.top >= frame.top - 2 && tile.bottom <= frame.bottom + 2;
}

/**
 * A line that goes straight down, behind the tiles below, and then over to its end.
 * @param {{x: number, y: number, bend: number}} from `bend`: from where on it may go sideways.
 * @param {{x: number, y: number}} to
 * @param {number} value
 * @param {number} most
 */
function line(from, to, value, most) {
  const middle = (from.bend + to.y) / 2;
  return svg("path", {
    d: `M${from.x} ${from.y} V${from.bend} C${from.x} ${middle} ${to.x} ${middle} ${to.x} ${to.y}`,
    class: value < 0 ? "edge negative" : "edge positive",
    stroke: css(colourOf(Math.sign(value), 1)),
    "stroke-width": (1 + (5 * Math.abs(value)) / (most || 1)).toFixed(1),
  });
}

/**
 * The rest: one line from the side of the wall where fewer lines begin, with what it carries.
 * @param {number} y
 * @param {{x: number, y: number}} to
 * @param {number} value
 * @param {number} count
 * @param {number} most
 * @param {number} x0
 */
function bundled(y, to, value, count, most, x0) {
  const right = x0 > 20;
  return [
    line({ x: right ? x0 - 50 : x0 + 50, y: y + 18, bend: y + 18 }, to, value, Math.max(most, Math.abs(value))),
    svg(
      "text",
      { x: x0, y: y + 14, "text-anchor": right ? "end" : "start", class: "bundle" },
      `${count} others ${signed(value, 2)}`,
    ),
  ];
}
