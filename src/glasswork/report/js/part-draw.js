/** Part 1, Draw: the board, the bars, the way from the strokes to the network's image, and other sources of images. */

import { imageAt } from "./answer.js";
import { Bars } from "./bars.js";
import { Board, PENS } from "./board.js";
import { paintImage, paintInk } from "./colour.js";
import { choice, el, put, replace } from "./dom.js";
import { PictureError, grounded, readPicture } from "./picture.js";
import { imageOf } from "./strokes.js";
import { followAnswer } from "./verdict.js";

/** Test images on offer at a time. */
const OFFERED = 12;

/**
 * @param {import("./answer.js").Context} context
 * @param {Element} body
 */
export function showDraw(context, body) {
  const { shape } = context;
  const canDraw = shape.length === 2 && shape[0] === shape[1] && shape[0] >= 16;
  const bars = new Bars(context.classes);
  const answer = el("div", { class: "answer" });
  const way = el("div", { class: "way" });
  put(
    body,
    el("div", { class: canDraw ? "bench" : "bench plain" }, canDraw && boardPanel(context, way), answer),
    way,
    offers(context, canDraw),
  );
  followAnswer(context, answer, bars);
  if (!canDraw) {
    put(
      way,
      el(
        "p",
        { class: "note" },
        shape.length === 3
          ? "This network sees colours, and a drawing would have none: choose an image or a picture below."
          : `Images of ${shape[0]}×${shape[1]} pixels cannot be drawn sensibly here: choose one below.`,
      ),
    );
  }
}

/**
 * @param {import("./answer.js").Context} context
 * @param {Element} way
 */
function boardPanel(context, way) {
  const { store, shape, data } = context;
  const board = new Board((strokes) => {
    const drawn = imageOf(strokes, shape[0]);
    const bytes = grounded(drawn?.bytes ?? new Uint8Array(shape[0] * shape[1]), data.dark);
    store.set({ bytes, source: "your drawing", truth: null, target: null, rival: null });
    showWay(way, strokes, drawn, shape);
  });
  board.canvas.forget = () => board.change((drawing) => drawing.clear());
  const eraser = el("button", { type: "button", "aria-pressed": "false", onclick: toggleEraser }, "Erase");
  function toggleEraser() {
    board.erasing = !board.erasing;
    eraser.setAttribute("aria-pressed", String(board.erasing));
    board.canvas.classList.toggle("erasing", board.erasing);
  }
  const act = (/** @type {string} */ words, /** @type {(drawing: any) => void} */ action) =>
    el("button", { type: "button", onclick: () => board.change(action) }, words);
  return el(
    "div",
    { class: "board-panel" },
    board.canvas,
    el(
      "div",
      { class: "buttons" },
      act("Undo", (drawing) => drawing.undo()),
      act("Redo", (drawing) => drawing.redo()),
      eraser,
      act("Clear", (drawing) => drawing.clear()),
    ),
    choice(
      "Pen",
      [
        ["thin", "thin"],
        ["medium", "medium"],
        ["thick", "thick"],
      ],
      "medium",
      (pen) => {
        board.pen = PENS[/** @type {keyof typeof PENS} */ (pen)];
        board.paint();
      },
    ),
  );
}

/**
 * The way from the strokes to the image.
 * @param {Element} way
 * @param {import("./strokes.js").Stroke[]} strokes
 * @param {import("./strokes.js").Drawn | null} drawn
 * @param {number[]} shape
 */
function showWay(way, strokes, drawn, shape) {
  if (!drawn) return replace(way);
  if (!way.childElementCount) {
    const step = (/** @type {string} */ name, /** @type {string} */ words) =>
      el(
        "figure",
        {},
        el("canvas", { class: `step ${name}`, role: "img", "aria-label": words }),
        el("figcaption", {}, words),
      );
    put(
      way,
      step("crop", "crop"),
      step("box", "fit a 20×20 box"),
      step("mass", "find the centre of mass"),
      step("final", `centre in ${shape[0]}×${shape[1]}`),
    );
  }
  const [crop, box, mass, final] = way.querySelectorAll("canvas");
  repaintable(crop, () => paintCrop(crop, strokes, drawn.crop));
  repaintable(box, () => {
    paintInk(box, drawn.boxed, shape);
    frame(box, shape[0]);
  });
  repaintable(mass, () => {
    paintInk(mass, drawn.boxed, shape);
    cross(mass, drawn.mass);
  });
  paintInk(final, drawn.bytes, shape);
}

/**
 * Paint, and paint again when the theme changes.
 * @param {any} canvas
 * @param {() => void} paint
 */
function repaintable(canvas, paint) {
  paint();
  canvas.repaint = () => repaintable(canvas, paint);
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {import("./strokes.js").Stroke[]} strokes
 * @param {import("./strokes.js").Drawn["crop"]} crop
 */
function paintCrop(canvas, strokes, crop) {
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
  context.strokeRect(
    crop.left * size - 4,
    crop.top * size - 4,
    (crop.right - crop.left) * size + 8,
    (crop.bottom - crop.top) * size + 8,
  );
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

/**
 * Test images to choose from, and a place to drop a picture.
 * @param {import("./answer.js").Context} context
 * @param {boolean} pictures
 */
function offers(context, pictures) {
  const { data, store, tests, network, shape, classes } = context;
  const strip = el("div", { class: "strip" });
  let first = 0;
  function offer() {
    const buttons = Array.from({ length: Math.min(OFFERED, data.tested.checked) }, (_, k) => {
      const n = (first + k) % data.tested.checked;
      const bytes = imageAt(tests, network.features, n).slice();
      const truth = data.tested.pictures.labels[n];
      const canvas = el("canvas", {});
      paintImage(canvas, bytes, shape);
      const choose = () => store.set({ bytes, source: `test image ${n + 1}`, truth, target: null, rival: null });
      return el(
        "button",
        {
          type: "button",
          class: "thumb",
          "aria-label": `Test image ${n + 1}, labelled ${classes[truth]}`,
          onclick: choose,
        },
        canvas,
      );
    });
    replace(strip, ...buttons);
  }
  offer();
  const more = el("button", { type: "button", onclick: () => ((first += OFFERED), offer()) }, "Show others");
  return el(
    "div",
    { class: "offers" },
    el("h3", {}, "Or choose a test image"),
    el("div", { class: "row" }, strip, more),
    (pictures || data.pictures !== "digits") && pictureDrop(context),
  );
}

/** @param {import("./answer.js").Context} context */
function pictureDrop({ store, shape, data }) {
  const wanted = { shape, pictures: data.pictures, dark: data.dark };
  const message = el("p", { class: "small", role: "status" });
  const input = el("input", { type: "file", accept: "image/*", id: "picture", onchange: choose });
  function choose() {
    const file = input.files[0];
    if (file) read(file);
    input.value = ""; // so that the same file can be chosen again
  }
  /** @param {Blob} file */
  async function read(file) {
    try {
      const picture = await readPicture(file, wanted);
      store.set({ bytes: picture.bytes, source: "your picture", truth: null, target: null, rival: null });
      message.textContent = picture.photo
        ? "This looks like a photograph. The command line reads those better: glasswork predict RUN PICTURE"
        : data.pictures === "digits"
          ? "Read, cropped and centred."
          : `Read in ${shape.length === 3 ? "colour" : "grey"}, at the size of the training images.`;
    } catch (error) {
      if (!(error instanceof PictureError)) throw error;
      message.textContent = error.message;
    }
  }
  const zone = el(
    "div",
    {
      class: "drop",
      ondragover: (/** @type {DragEvent} */ event) => event.preventDefault(),
      ondrop: (/** @type {DragEvent} */ event) => {
        event.preventDefault();
        const file = event.dataTransfer?.files[0];
        if (file) read(file);
      },
    },
    el("label", { for: "picture" }, "Or choose a drawn or scanned picture, or drop it here"),
    input,
    message,
  );
  return zone;
}
