/** The answers, always in view: the answer in words, the doubt as a sentence, and a bar for each class. */

import { Bars } from "./bars.js";
import { doubtOf } from "./doubt.js";
import { el, put, replace } from "./dom.js";
import { percent, say } from "./words.js";

/**
 * @param {import("./answer.js").Context} context @param {Element} place
 * @param {() => void} onwhy When somebody asks how strange the image is.
 * @returns {any[]} For each class, the button at which the lines end.
 */
export function showAnswers(context, place, onwhy) {
  const { store, classes, data, network } = context;
  const verdict = el("p", { class: "verdict" });
  const doubt = el("span", {});
  const why = el("button", { type: "button", class: "link", id: "how-strange", onclick: onwhy }, say("How strange is it?"));
  const spoken = el("p", { class: "unseen", role: "status" });
  const bars = new Bars(classes, (target) => store.set({ target }));
  const list = bars.element;
  const head = el("p", { class: "heads small", "aria-hidden": "true" }, el("span", {}, say("sum")), el("span", {}, say("share")));
  put(place, verdict, head, list, el("p", { class: "sentence" }, why, " ", doubt), spoken); // what varies in length stands last
  let timer = 0;
  store.watch((state) => {
    const found = context.answer(state);
    bars.show(found.shares, found.best, found.unlike, found.sums, context.target(state));
    verdict.classList.toggle("long", classes[found.best].length > 3);
    replace(verdict, ...verdictOf(context, state));
    doubt.textContent = doubtOf(context, state);
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      spoken.textContent = `${verdict.textContent}. ${doubt.textContent}`; // not at every move
      if (list.scrollHeight > list.clientHeight) list.scrollTop = bars.rows[found.best].row.offsetTop - 60;
    }, 800);
  });
  const shares = network.confidence === "normalise" ? say("The bars are the scores, made to sum to 1.") : say("The bars are the softmax of the scores.");
  const limited = data.no_reference || context.columns ? "" : say("Where the image is strange, they show at most 89 %.");
  document.getElementById("share-note")?.append(`${shares} ${limited}`);
  return bars.rows.map(({ row }) => row);
}

/**
 * The answer in words.
 * @param {import("./answer.js").Context} context @param {import("./store.js").State} state
 */
function verdictOf(context, state) {
  const { best, shares, unlike } = context.answer(state);
  const name = context.classes[best];
  const off = state.gains.size > 0 && el("span", { class: "doubt" }, ` ${say("with neurons changed")}`);
  if (context.kind.isBlank(state.bytes))
    return [el("strong", {}, say("Blank")), el("span", { class: "doubt" }, ` ${say("page: even here the network answers {name}", { name })}`), off];
  const truth = state.truth !== null && el("span", { class: "small" }, ` ${say("labelled {name}", { name: context.classes[state.truth] })}`);
  if (unlike) return [el("strong", {}, `${name}?`), el("span", { class: "doubt" }, ` ${say("I have never seen anything like this")}`), truth, off];
  return [el("strong", {}, name), el("span", {}, ` ${percent(shares[best])}`), truth, off];
}
