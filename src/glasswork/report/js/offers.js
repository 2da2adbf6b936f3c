/** Other sources of images than the board: test images, and pictures that are chosen or dropped anywhere on the page. */

import { imageAt } from "./answer.js";
import { canBeDrawn } from "./board-panel.js";
import { el, put, replace } from "./dom.js";
import { PictureError, readPicture } from "./picture.js";
import { rove } from "./rove.js";
import { say } from "./words.js";

/** Test images on offer at a time. */
const OFFERED = 12;

/** @param {import("./answer.js").Context} context @param {Element} place */
export function showOffers(context, place) {
  const { data, store, tests, network, classes, kind, shape } = context;
  const strip = el("div", { class: "strip", role: "group", "aria-label": say("Test images") });
  const settle = rove(strip, ".thumb");
  let first = 0;
  function offer() {
    const buttons = Array.from({ length: Math.min(OFFERED, data.tested.checked) }, (_, k) => {
      const n = (first + k) % data.tested.checked;
      const bytes = imageAt(tests, network.features, n).slice();
      const truth = data.tested.pictures.labels[n];
      const canvas = el("canvas", {});
      kind.paint(canvas, bytes);
      const choose = () => store.choose(bytes, say("test {one} {n}", { n: n + 1 }), { truth });
      return el("button", { type: "button", class: "thumb", "aria-label": say("Test image {n}, labelled {name}", { n: n + 1, name: classes[truth] }), onclick: choose }, canvas);
    });
    replace(strip, ...buttons);
    settle();
  }
  offer();
  const more = el("button", { type: "button", onclick: () => ((first += OFFERED), offer()) }, say("Show others"));
  put(place, el("h3", {}, say("Or choose a test image")), strip, el("div", { class: "row" }, more, (canBeDrawn(shape) || data.pictures !== "digits") && pictureInput(context)));
}

/** @param {import("./answer.js").Context} context */
function pictureInput({ store, shape, data }) {
  const wanted = { shape, pictures: data.pictures, dark: data.dark };
  const message = el("p", { class: "small", role: "status" });
  const input = el("input", { type: "file", accept: "image/*", id: "picture", class: "unseen", onchange: choose });
  function choose() {
    const file = input.files[0];
    if (file) read(file);
    input.value = ""; // so that the same file can be chosen again
  }
  /** @param {Blob} file */
  async function read(file) {
    try {
      const { bytes, photo, several } = await readPicture(file, wanted);
      store.choose(bytes, say("your picture"), { several });
      message.textContent = photo
        ? say("This looks like a photograph. The command line reads those better: glasswork predict RUN PICTURE")
        : several
          ? say("Read, cropped and centred: the largest digit alone, as the picture seems to hold several.")
          : data.pictures === "digits"
            ? say("Read, cropped and centred.")
            : shape.length === 3
              ? say("Read in colour, at the size of the training images.")
              : say("Read in grey, at the size of the training images.");
    } catch (error) {
      if (!(error instanceof PictureError)) throw error;
      message.textContent = error.message;
    }
  }
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault(); // wherever it falls, or the browser would leave the page for the picture
    const file = event.dataTransfer?.files[0];
    if (file) read(file);
  });
  return el("div", { class: "drop" }, el("label", { for: "picture", class: "button" }, say("A picture of yours")), input, message);
}
