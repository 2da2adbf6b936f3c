/** The answers, always in view: the answer in words, the doubt as a sentence, and a bar for each class. */

import { doubtOf } from "./doubt.js";
import { el, number, percent, put, replace, signed } from "./dom.js";
import { rove } from "./rove.js";

/** Letters of a class's name for which there is room beside its bar. */
const LETTERS = 10;

/**
 * @param {import("./answer.js").Context} context
 * @param {Element} place
 * @param {() => void} onwhy When somebody asks how strange the image is.
 * @returns {any[]} For each class, the button at which the lines end.
 */
export function showAnswers(context, place, onwhy) {
  const { store, classes, data, network } = context;
  const verdict = el("p", { class: "verdict" });
  const doubt = el("span", {});
  const why = el("button", { type: "button", class: "link", id: "how-strange", onclick: onwhy }, "How strange is it?");
  const spoken = el("p", { class: "unseen", role: "status" });
  const rows = classes.map((name, k) => answerRow(name, () => store.set({ target: k })));
  const list = el("ul", { class: "bars", "aria-label": `Each ${data.thing}, its share and its sum` }, ...rows.map(({ row }) => row));
  list.style.setProperty("--name", `${Math.min(LETTERS, Math.max(...classes.map((name) => name.length)))}ch`);
  const head = el("p", { class: "heads small", "aria-hidden": "true" }, el("span", {}, "sum"), el("span", {}, "share"));
  put(place, verdict, el("p", { class: "sentence" }, doubt, " ", why), head, list, spoken);
  rove(list, ".output");
  let timer = 0;
  store.watch((state) => {
    const found = context.answer(state);
    const target = context.target(state);
    rows.forEach((one, k) => one.show(found.shares[k], found.sums[k], k === found.best, k === target, found.unlike));
    verdict.classList.toggle("long", classes[found.best].length > 3);
    replace(verdict, ...verdictOf(context, state));
    doubt.textContent = doubtOf(context, state);
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      spoken.textContent = `${verdict.textContent}. ${doubt.textContent}`; // not at every move
      if (list.scrollHeight > list.clientHeight) list.scrollTop = rows[found.best].row.offsetTop - list.offsetTop - 60;
    }, 800);
  });
  const shares = network.confidence === "normalise" ? "the scores, made to sum to 1" : "the softmax of the scores";
  const limited = data.no_reference ? "" : `; at most 89 % where the ${context.kind.one} is strange`;
  document.getElementById("share-note")?.append(`The bars are ${shares}${context.columns ? "" : limited}.`);
  return rows.map(({ button }) => button);
}

/**
 * @param {string} name
 * @param {() => void} onchoose
 */
function answerRow(name, onchoose) {
  const fill = el("span", { class: "fill" });
  const value = el("span", { class: "value" });
  const sum = el("span", { class: "sum-value" });
  const button = el(
    "button",
    { type: "button", class: "output", title: name.length > LETTERS && name, onclick: onchoose },
    sum,
    el("span", { class: "name" }, name),
    el("span", { class: "track" }, fill),
    value,
  );
  const show = (/** @type {number} */ share, /** @type {number} */ z, /** @type {boolean} */ best, /** @type {boolean} */ chosen, /** @type {boolean} */ doubtful) => {
    fill.style.transform = `scaleX(${share})`;
    value.textContent = percent(share);
    sum.textContent = signed(z, Math.abs(z) < 99.95 ? 2 : 0);
    button.className = best ? (doubtful ? "output best doubtful" : "output best") : "output";
    button.setAttribute("aria-pressed", String(chosen));
    button.setAttribute("aria-label", `${name}: ${percent(share)}, sum ${number(z, 2)}`);
  };
  return { row: el("li", {}, button), button, show };
}

/**
 * The answer in words.
 * @param {import("./answer.js").Context} context
 * @param {import("./store.js").State} state
 */
function verdictOf(context, state) {
  const { best, shares, unlike } = context.answer(state);
  const name = context.classes[best];
  const off = state.gains.size > 0 && el("span", { class: "doubt" }, " with neurons changed");
  if (context.kind.isBlank(state.bytes))
    return [el("strong", {}, "Blank"), el("span", { class: "doubt" }, ` page: even here the network answers ${name}`), off];
  const truth = state.truth !== null && el("span", { class: "small" }, ` labelled ${context.classes[state.truth]}`);
  if (unlike) return [el("strong", {}, `${name}?`), el("span", { class: "doubt" }, " I have never seen anything like this"), truth, off];
  return [el("strong", {}, name), el("span", {}, ` ${percent(shares[best])}`), truth, off];
}
