/** The answers, always in view: the answer in words, the doubt as a sentence, and a bar for each class. */

import { Bars } from "./bars.js";
import { doubtOf } from "./doubt.js";
import { button, el, put, replace } from "./dom.js";
import { percent, say } from "./words.js";

/** Sentences of the doubt for which there is room; "Seen before?" has all. */
const SENTENCES = 2;

/**
 * @param {import("./answer.js").Context} context @param {Element} place
 * @param {() => void} onwhy When somebody asks how strange the image is.
 * @returns {any[]} For each class, the button at which the lines end.
 */
export function showAnswers(context, place, onwhy) {
  const { store, classes, data, network } = context;
  const verdict = el("div", { class: "verdict" });
  const why = button(say("How strange is it?"), onwhy, "link");
  const spoken = el("p", { class: "unseen", role: "status" });
  const bars = new Bars(classes, (k) => store.set({ target: k === store.state.target ? null : k, rival: null }));
  const list = bars.element;
  const words = el("span", {});
  const sentence = el("p", { class: "sentence" }, why, " ", words);
  const share = el("span", {});
  put(place, verdict, el("p", { class: "heads small", "aria-hidden": "true" }, el("span", {}, say("sum")), share), list, sentence, spoken); // what varies in length stands last
  let timer = 0;
  store.watch((state) => {
    const found = context.answer(state);
    bars.show(found.shares, found.best, found.unlike, found.sums, state.target);
    const total = found.shares.reduce((sum, one) => sum + Number((100 * one).toFixed(0)), 0);
    share.textContent = total === 100 || found.shares[found.best] > 0.99 ? say("share") : say("share (rounded, {n} % together)", { n: total });
    verdict.classList.toggle("long", classes[found.best].length > 3);
    replace(verdict, ...verdictOf(context, state));
    words.textContent = context.kind.isBlank(state.bytes) ? "" : doubtOf(context, state).slice(0, SENTENCES).join(" ");
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      spoken.textContent = [verdict.textContent, state.staged || words.textContent].filter(Boolean).join(". "); // not at every move
      if (list.scrollHeight > list.clientHeight) list.scrollTop = bars.rows[found.best].row.offsetTop - 60;
    }, 800);
  });
  const shares = network.confidence === "normalise" ? say("The bars are the scores, made to sum to 1.") : say("The bars are the softmax of the scores.");
  const limited = data.no_reference || context.columns ? "" : say("Where the image is strange, they show at most 89 %.");
  document.getElementById("share-note")?.append(`${shares} ${limited}`);
  return bars.rows.map(({ row }) => row);
}

/**
 * The answer, and beside it what is to be said of it.
 * @param {import("./answer.js").Context} context @param {import("./store.js").State} state
 */
function verdictOf({ answer, classes, kind }, state) {
  const { best, shares, unlike } = answer(state);
  const name = classes[best];
  const isBlank = kind.isBlank(state.bytes);
  const blank = say("Blank: there is nothing to read, and still the network answers {name}.", { name });
  const truth = state.truth === null ? "" : classes[state.truth];
  const isWrong = truth !== "" && state.truth !== best;
  const judged = isWrong
    ? state.strokes ? say("wrong: you meant {truth}", { truth }) : say("wrong: labelled {truth}", { truth })
    : state.strokes ? say("as you meant it") : say("labelled {name}", { name: truth });
  const told = [
    !isBlank && el("span", { class: "certain" }, percent(shares[best])),
    !isBlank && truth !== "" && el("span", { class: isWrong ? "wrong" : "small" }, judged),
    !isBlank && unlike && el("span", { class: "doubt" }, say("I have never seen anything like this")),
  ].filter((one) => one !== false);
  const title = isBlank ? el("strong", { class: "blank" }, blank) : el("strong", { class: isWrong && "wrong" }, unlike ? `${name}?` : name);
  return [title, " ", el("p", { class: "told" }, ...told.flatMap((one, n) => [n > 0 && " · ", one]))];
}
