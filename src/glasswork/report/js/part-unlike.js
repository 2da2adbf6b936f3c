/** Part 2, "I have never seen anything like this": how strange the image is, beside the training images. */

import { imageAt } from "./answer.js";
import { paintImage } from "./colour.js";
import { el, number, percent, put, replace } from "./dom.js";

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
        `Nothing can be said about what this network has not seen: ${context.data.no_reference}.`,
      ),
    );
    return;
  }
  const message = el("p", { class: "message" });
  const scale = el("div", { class: "scale" });
  const limited = el("p", { class: "small" });
  const near = el("ul", { class: "near" });
  put(body, message, scale, limited, el("h3", {}, "The five nearest of its training images"), near);
  store.watchWhenSeen(body, (state) => {
    reference.prepare(Infinity);
    const { unlike, best, own, shares } = context.answer(state);
    const { nearest, strangeness, odds } = context.answer(state).judgement ?? reference.judge(state.bytes);
    const name = context.classes[best];
    message.className = unlike ? "message warn" : "message";
    message.textContent = unlike
      ? `I have never seen anything like this. My guess is ${name}, and you should not believe it.`
      : `This looks like the training images. My guess is ${name}.`;
    replace(scale, ...ruler(strangeness));
    const distance = nearest[0]?.distance ?? Infinity;
    const parts = [`Distance to the nearest: ${measure(distance)}, where ${number(reference.threshold, 2)} is far.`];
    if (reference.sceptic) parts.push(`The second network: ${sceptical(odds)}.`);
    if (own[best] - shares[best] > 5e-4)
      parts.push(`The network alone is ${percent(own[best])} sure; this page and predict say ${percent(shares[best])}.`);
    limited.textContent = parts.join(" ");
    replace(near, ...nearest.map(({ row, distance }) => neighbour(context, row, distance)));
    if (!nearest.length) replace(near, el("li", {}, "None: there is nothing on it."));
  });
}

/** @param {number} value */
function measure(value) {
  return Number.isFinite(value) ? number(value, 2) : "infinite";
}

/**
 * What the second network says, in words.
 * @param {number} odds Log-odds.
 */
function sceptical(odds) {
  const words = odds > 0 ? "a training image" : "something else";
  return `${words}, log-odds ${number(odds, 1)}`;
}

/**
 * A line from typical to strange, with the limit and the image on it.
 * @param {number} strangeness
 */
function ruler(strangeness) {
  const place = (/** @type {number} */ value) => `${50 * Math.min(Math.max(value, 0), 2)}%`;
  const here = el("span", { class: "here" });
  here.style.left = place(strangeness);
  const limit = el("span", { class: "limit" });
  limit.style.left = place(1);
  return [
    el("div", { class: "ruler", "aria-hidden": "true" }, limit, here),
    el("p", { class: "small" }, `Strangeness ${measure(strangeness)}; a typical image has 0, and the warning begins at 1.`),
  ];
}

/**
 * @param {import("./answer.js").Context} context
 * @param {number} row
 * @param {number} distance
 */
function neighbour({ reference, examples, network, classes, shape }, row, distance) {
  const name = classes[reference?.labels[row] ?? 0];
  const words = el("span", { class: "small" }, `${name} · ${number(distance, 2)}`);
  const bytes = imageAt(examples, network.features, row);
  if (!bytes.length) return el("li", {}, el("span", {}, "not in this page"), words); // as large images are
  const canvas = el("canvas", {
    class: "thumb",
    role: "img",
    "aria-label": `A training image of ${name}`,
  });
  paintImage(canvas, bytes, shape);
  return el("li", {}, canvas, words);
}
