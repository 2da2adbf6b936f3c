/** The way from the strokes to the image that the network sees: crop, box, centre of mass, 28×28 pixels. */

import { paintInk } from "./colour.js";
import { el } from "./dom.js";

/** @param {number[]} shape */
export function wayOf(shape) {
  const step = (/** @type {string} */ words) => {
    const canvas = el("canvas", { class: "step", role: "img", "aria-label": words });
    return { canvas, figure: el("figure", {}, canvas, el("figcaption", {}, words)) };
  };
  const steps = ["crop", "fit a 20×20 box", "find the centre of mass", `centre in ${shape[0]}×${shape[1]}`].map(step);
  const element = el(
    "details",
    { class: "how", hidden: true, ontoggle: () => paint() },
    el("summary", {}, `How it becomes ${shape[0]}×${shape[1]} pixels`),
    el("div", { class: "way" }, ...steps.map(({ figure }) => figure)),
  );
  let paint = () => {};
  return {
    element,
    /**
     * @param {import("./strokes.js").Stroke[]} strokes
     * @param {import("./strokes.js").Drawn | null} drawn Null where the image was not drawn here.
     */
    show(strokes, drawn) {
      element.hidden = !drawn;
      const [crop, box, mass, final] = steps.map(({ canvas }) => canvas);
      paint = () => {
        if (!drawn || !element.open) return;
        paintCrop(crop, strokes, drawn.crop);
        paintInk(box, drawn.boxed, shape);
        frame(box, shape[0]);
        paintInk(mass, drawn.boxed, shape);
        cross(mass, drawn.mass);
        paintInk(final, drawn.bytes, shape);
        crop.repaint = box.repaint = mass.repaint = paint;
      };
      paint();
    },
  };
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {import("./strokes.js").Stroke[]} strokes
 * @param {import("./strokes.js").Drawn["crop"]} crop
 */
function paintCrop(canvas, strokes, { left, top, right, bottom }) {
  const size = (canvas.width = canvas.height = 168);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.strokeStyle = getComputedStyle(canvas).color;
  context.lineWidth = 6;
  context.lineCap = context.lineJoin = "round";
  for (const stroke of strokes) {
    context.beginPath();
    context.moveTo(stroke[0][0] * size, stroke[0][1] * size);
    for (const [x, y] of stroke) context.lineTo(x * size, y * size);
    context.stroke();
  }
  context.strokeStyle = accent();
  context.lineWidth = 2;
  context.strokeRect(left * size - 4, top * size - 4, (right - left) * size + 8, (bottom - top) * size + 8);
}

/**
 * Frame the 20×20 box.
 * @param {HTMLCanvasElement} canvas
 * @param {number} side
 */
function frame(canvas, side) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const edge = Math.round((side * 4) / 28);
  context.strokeStyle = accent();
  context.lineWidth = 0.5;
  context.strokeRect(edge - 0.25, edge - 0.25, side - 2 * edge + 0.5, side - 2 * edge + 0.5);
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {import("./strokes.js").Point} at
 */
function cross(canvas, [x, y]) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = accent();
  context.fillRect(Math.round(x) - 3, Math.round(y), 7, 1);
  context.fillRect(Math.round(x), Math.round(y) - 3, 1, 7);
}

function accent() {
  return getComputedStyle(document.documentElement).getPropertyValue("--accent");
}
