/** The answer: in words, as bars, and aloud. */

import { el, percent, put, replace } from "./dom.js";

/**
 * Keep verdict and bars up to date.
 * @param {import("./answer.js").Context} context
 * @param {Element} place
 * @param {import("./bars.js").Bars} bars
 */
export function followAnswer(context, place, bars) {
  const verdict = el("p", { class: "verdict" });
  const spoken = el("p", { class: "unseen", role: "status" });
  put(place, verdict, bars.element, spoken);
  let timer = 0;
  context.store.watch((state) => {
    const found = context.answer(state);
    bars.show(found.shares, found.best, found.unlike);
    replace(verdict, ...verdictOf(context, state));
    clearTimeout(timer);
    timer = window.setTimeout(() => (spoken.textContent = verdict.textContent), 800); // not at every move
  });
  const { network, no_reference } = context.data;
  const shares = network.confidence === "normalise" ? "the scores, made to sum to 1" : "the softmax of the scores";
  const limited = no_reference ? "" : "; at most 89 % where the image is strange (next part)";
  document.getElementById("share-note")?.append(`The bars are ${shares}${limited}.`);
}

/**
 * The answer in words.
 * @param {import("./answer.js").Context} context
 * @param {import("./store.js").State} state
 */
export function verdictOf(context, state) {
  const { best, shares, unlike } = context.answer(state);
  const name = context.classes[best];
  if (context.kind.isBlank(state.bytes))
    return [el("strong", {}, "Blank"), el("span", { class: "doubt" }, ` page: even here the network answers ${name}`)];
  const off = state.gains.size ? el("span", { class: "doubt" }, " with neurons changed") : null;
  const truth =
    state.truth === null ? null : el("span", { class: "small" }, ` labelled ${context.classes[state.truth]}`);
  if (unlike) {
    return [
      el("strong", {}, `${name}?`),
      el("span", { class: "doubt" }, " I have never seen anything like this"),
      truth,
      off,
    ];
  }
  return [el("strong", {}, name), el("span", {}, ` ${percent(shares[best])}`), truth, off];
}
