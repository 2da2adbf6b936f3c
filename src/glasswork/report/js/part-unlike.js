/** Part 2, "I have never seen such a thing": how far the image is from the training images. */

import { imageAt } from "./answer.js";
import { paintInk } from "./colour.js";
import { el, number, put, replace } from "./dom.js";

/**
 * @param {import("./answer.js").Context} context
 * @param {Element} body
 */
export function showUnlike(context, body) {
  const { reference, store } = context;
  if (!reference) {
    put(
      body,
      el(
        "p",
        { class: "note" },
        "This network came without a reference set, as its images are not square: nothing can be said about what it has not seen.",
      ),
    );
    return;
  }
  const message = el("p", { class: "message" });
  const scale = el("div", { class: "scale" });
  const near = el("ul", { class: "near" });
  put(body, message, scale, el("h3", {}, "The five nearest of its training images"), near);
  store.watchWhenSeen(body, (state) => {
    reference.prepare(Infinity);
    const { nearest, unlike, best } = context.answer(state);
    const distance = nearest[0]?.distance ?? Infinity;
    const name = context.classes[best];
    message.className = unlike ? "message warn" : "message";
    message.textContent = unlike
      ? `I have never seen such a thing. My guess is ${name}, and you should not believe it.`
      : `I have seen such things. My guess is ${name}.`;
    replace(scale, ...ruler(distance, reference.threshold));
    replace(near, ...nearest.map(({ row, distance }) => neighbour(context, row, distance)));
    if (!nearest.length) replace(near, el("li", {}, "None: there is nothing on it."));
  });
}

/**
 * A line from near to far, with the threshold and the image on it.
 * @param {number} distance
 * @param {number} threshold
 */
function ruler(distance, threshold) {
  const most = 2 * threshold;
  const place = (/** @type {number} */ value) => `${(100 * Math.min(value, most)) / most}%`;
  const here = el("span", { class: "here" });
  here.style.left = place(distance);
  const limit = el("span", { class: "limit" });
  limit.style.left = place(threshold);
  const words = Number.isFinite(distance) ? number(distance, 2) : "without end";
  return [
    el("div", { class: "ruler", "aria-hidden": "true" }, limit, here),
    el("p", { class: "small" }, `Distance ${words}; the warning begins at ${number(threshold, 2)}.`),
  ];
}

/**
 * @param {import("./answer.js").Context} context
 * @param {number} row
 * @param {number} distance
 */
function neighbour({ examples, network, data, classes, shape }, row, distance) {
  const canvas = el("canvas", {
    class: "thumb",
    role: "img",
    "aria-label": `A training image of ${classes[data.examples.labels[row]]}`,
  });
  paintInk(canvas, imageAt(examples, network.features, row), shape);
  return el(
    "li",
    {},
    canvas,
    el("span", { class: "small" }, `${classes[data.examples.labels[row]]} · ${number(distance, 2)}`),
  );
}
