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
  const lines = seen.map(({ from, value }) => {
    const tile = from.getBoundingClientRect();
    return line(tile.left + tile.width / 2 - box.left, tile.bottom - box.top, x1, y1, value, most);
  });
  const count = edges.length - seen.length;
  const bundle = count > 0 ? bundled(box.width, bottom, x1, y1, rest, count, most) : [];
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
 * @param {number} x0
 * @param {number} y0
 * @param {number} x1
 * @param {number} y1
 * @param {number} value
 * @param {number} most
 */
function line(x0, y0, x1, y1, value, most) {
  const middle = (y0 + y1) / 2;
  return svg("path", {
    d: `M${x0} ${y0} C${x0} ${middle} ${x1} ${middle} ${x1} ${y1}`,
    class: value < 0 ? "edge negative" : "edge positive",
    stroke: css(colourOf(Math.sign(value), 1)),
    "stroke-width": (1 + (5 * Math.abs(value)) / (most || 1)).toFixed(1),
  });
}

/**
 * The rest: one line from the middle of the wall, with what it carries.
 * @param {number} width
 * @param {number} y0
 * @param {number} x1
 * @param {number} y1
 * @param {number} value
 * @param {number} count
 * @param {number} most
 */
function bundled(width, y0, x1, y1, value, count, most) {
  const right = x1 < width / 2; // on the other side than the lines go to
  const x0 = right ? width - 20 : 20;
  return [
    line(right ? x0 - 50 : x0 + 50, y0 + 18, x1, y1, value, Math.max(most, Math.abs(value))),
    svg(
      "text",
      { x: x0, y: y0 + 14, "text-anchor": right ? "end" : "start", class: "bundle" },
      `${count} others ${signed(value, 2)}`,
    ),
  ];
}
