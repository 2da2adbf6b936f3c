/** The board on the stage: a drawing, or the image that was chosen, and the tools to draw with. */

import { Board, PENS } from "./board.js";
import { button, choice, el, put } from "./dom.js";
import { grounded } from "./picture.js";
import { imageOf, seemSeveral } from "./strokes.js";
import { say } from "./words.js";

/** Images with fewer pixels a side are too coarse to be drawn; page.py has the same number. */
const DRAWABLE = 16;

/** @param {number[]} shape */
export const canBeDrawn = (shape) => shape.length === 2 && shape[0] === shape[1] && shape[0] >= DRAWABLE;

/**
 * @param {import("./answer.js").Context} context @param {Element} place
 * @returns {Board | null} Null where one cannot draw.
 */
export function showBoard(context, place) {
  const { store, shape, data, kind } = context;
  const source = el("p", { class: "source small" });
  store.watch((state) => (source.textContent = state.source));
  if (!canBeDrawn(shape)) {
    const why = shape.length === 3 ? say("This network sees colours, and a drawing would have none: choose a test image, or a picture of yours.") : say("Images of {size} pixels cannot be drawn sensibly here: choose a test image, or a picture of yours.", { size: `${shape[0]}×${shape[1]}` });
    const canvas = el("canvas", { class: "board shown", role: "img", "aria-label": say("The {one} that all parts of this page are about") });
    store.watch((state) => kind.paint(canvas, state.bytes));
    put(place, el("div", { class: "easel" }, source, canvas), el("p", { class: "small" }, why));
    return null;
  }
  /** @type {Uint8Array | null} */
  let own = null;
  const board = new Board(() => {
    const { chosen, drawing } = board;
    const { strokes } = drawing;
    if (chosen) return store.choose(chosen.bytes, chosen.source, { truth: chosen.truth, rival: chosen.rival, several: chosen.several });
    const drawn = imageOf(strokes, shape[0]);
    own = grounded(drawn ?? new Uint8Array(shape[0] * shape[1]), data.dark);
    store.choose(own, say("your drawing"), { strokes, several: data.thing === "digit" && drawn !== null && seemSeveral(strokes) });
  }, kind.paint);
  const invitation = el("p", { class: "invite small", "aria-hidden": "true" }, `✎ ${say("Draw here")}`);
  const eraser = button(say("Erase"), () => erase(!board.erasing));
  /** @param {boolean} wanted */
  function erase(wanted) {
    board.erasing = wanted;
    eraser.setAttribute("aria-pressed", String(wanted));
    board.canvas.classList.toggle("erasing", wanted);
  }
  store.watch((state) => {
    const isDrawn = Boolean(state.strokes?.length);
    invitation.hidden = isDrawn;
    eraser.disabled = !isDrawn;
    if (!isDrawn && !board.busy) erase(false); // there is nothing left to erase
    if (state.bytes !== own && state.bytes !== board.chosen?.bytes) board.show(state);
  });
  const act = (/** @type {string} */ words, /** @type {(drawing: any) => void} */ action, sign = "") =>
    el("button", { type: "button", title: sign ? words : null, "aria-label": words, onclick: () => board.change(action) }, sign || words);
  const pens = /** @type {[string, string][]} */ ([["thin", say("thin")], ["medium", say("medium")], ["thick", say("thick")]]);
  const usePen = (/** @type {string} */ pen) => {
    board.pen = PENS[/** @type {keyof typeof PENS} */ (pen)];
    board.paint();
  };
  put(
    place,
    el("div", { class: "easel" }, invitation, source, board.canvas),
    el(
      "div",
      { class: "buttons" },
      act(say("Undo"), (drawing) => drawing.undo(), "↶"),
      act(say("Redo"), (drawing) => drawing.redo(), "↷"),
      eraser,
      act(say("Clear"), (drawing) => drawing.clear()),
    ),
    choice(say("Pen"), pens, "medium", usePen),
  );
  return board;
}
