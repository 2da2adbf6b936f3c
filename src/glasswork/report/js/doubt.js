/** "Has it seen anything like this?": the doubt as a sentence, and how strange the image or the row is. */

import { imageAt } from "./answer.js";
import { paintImage } from "./colour.js";
import { el, put, replace } from "./dom.js";
import { number, percent, phrase, plain, say } from "./words.js";

/** The ends of the line from usual to strange, on which a usual image has 0 and the warning begins at 1. */
const LEAST = -1;
const MOST = 2;

/**
 * The doubt in sentences, the most important first.
 * @param {import("./answer.js").Context} context @param {import("./store.js").State} state
 * @returns {string[]}
 */
export function doubtOf(context, state) {
  const { answer, classes, columns, reference, data } = context;
  const { unlike, best, judgement } = answer(state);
  if (columns) return [columnsInDoubt(columns, state.bytes, unlike)];
  const changed = state.gains.size > 0 && say("Some neurons are changed.");
  const several = state.several && say("This seems to hold several digits, and the network reads one at a time.");
  if (!reference) return listed(several, say("Whether it has seen anything like this is not known: {why}.", { why: say(data.no_reference) }), changed);
  if (!judgement) return listed(several, changed);
  const names = judgement.nearest.map(({ row }) => classes[reference.labels[row]]);
  const others = names.filter((name) => name !== classes[best]);
  const asked = { all: names.length, n: others.length, names: mostOf(others) };
  const few = others.length < names.length ? say("{n} of the {all} training images nearest to it are labelled {names}.", asked) : say("All {all} training images nearest to it are labelled {names}.", asked);
  const near = 2 * others.length > names.length && few;
  const calm = !near && say("No stranger than the images it learnt from.");
  const learnt = state.strokes && !unlike && data.handwriting && say("It learnt American handwriting.");
  return listed(several, unlike ? say("{name} is only a guess.", { name: classes[best] }) : calm, near, changed, learnt);
}

/** @param {...(string | false | null)} sentences */
const listed = (...sentences) => /** @type {string[]} */ (sentences.filter(Boolean));

/** @param {string[]} names */
function mostOf(names) {
  const kinds = [...new Set(names)];
  return kinds.length > 2 ? say("other classes") : kinds.join(` ${say("or")} `);
}

/** @param {import("./columns.js").Columns} columns @param {ArrayLike<number>} bytes @param {boolean} unlike */
function columnsInDoubt(columns, bytes, unlike) {
  const [n, all] = [outsideOf(columns, bytes).length, columns.names.length];
  if (unlike) return say("{n} of {all} columns lie outside the training range, most of them far, and predict refuses such a row.", { n, all });
  if (!n) return say("Every column lies within the training range.");
  if (n === 1) return say("1 of {all} columns lies outside the training range: there the network has to guess how things go on.", { all });
  return say("{n} of {all} columns lie outside the training range: there the network has to guess how things go on.", { n, all });
}

/** @param {import("./columns.js").Columns} columns @param {ArrayLike<number>} bytes */
function outsideOf(columns, bytes) {
  return columns.filled(bytes).map((value, i) => (columns.isOutside(value, i) ? i : -1)).filter((i) => i >= 0);
}

/**
 * How strange it is, in numbers and beside the nearest training images.
 * @param {import("./answer.js").Context} context @param {Element} body
 */
export function showDoubt(context, body) {
  const { reference, columns, store, data } = context;
  const message = el("p", { class: "message" });
  put(body, message);
  if (columns) {
    const list = el("ul", {});
    put(body, list, el("p", { class: "small" }, say("An unusual combination of usual values is not noticed here.")));
    store.watchWhenSeen(body, (state) => {
      const found = outsideOf(columns, state.bytes);
      const { low, high } = columns.facts;
      message.className = found.length ? "message warn" : "message";
      message.textContent = doubtOf(context, state).join(" ");
      const row = columns.filled(state.bytes);
      replace(list, ...found.map((i) => el("li", {}, phrase("{column} is {value}; in training it was {low} to {high}.", { column: el("b", {}, columns.names[i]), value: plain(row[i]), low: plain(low[i]), high: plain(high[i]) }))));
    });
    return;
  }
  if (!reference) {
    message.textContent = say("Nothing can be said about what this network has not seen: {why}.", { why: say(data.no_reference) });
    return;
  }
  const scale = el("div", { class: "scale" });
  const near = el("ul", { class: "near" });
  const nearest = el("div", {}, el("h4", {}, say("The five nearest of its training images")), near);
  put(body, el("div", { class: "pair" }, scale, nearest), el("p", { class: "small" }, data.handwriting));
  store.watchWhenSeen(body, (state) => {
    reference.prepare(Infinity);
    const { unlike, best, own, shares } = context.answer(state);
    const found = context.answer(state).judgement ?? reference.judge(state.bytes);
    message.className = unlike ? "message warn" : "message";
    message.textContent = listed(unlike && `${say("I have never seen anything like this")}.`, ...doubtOf(context, state)).join(" ");
    const alone = own[best] - shares[best] > 5e-4;
    const sure = alone && say("The network alone is {own} sure; this page and predict say {share}.", { own: percent(own[best]), share: percent(shares[best]) });
    replace(scale, ...ruler(found, reference), sure && el("p", { class: "small" }, sure));
    replace(near, ...found.nearest.map((one) => neighbour(context, one)), !found.nearest.length && el("li", {}, say("None: there is nothing on it.")));
  });
}

/**
 * A line from usual to strange, with the limit and the image on it, and its numbers.
 * @param {import("./reference.js").Judgement} judgement @param {import("./reference.js").Reference} reference
 */
function ruler({ strangeness, nearest, odds }, { threshold, sceptic }) {
  const at = (/** @type {string} */ name, /** @type {number} */ value, /** @type {string} */ words = "") => {
    const mark = el("span", { class: name }, words);
    mark.style.left = `${(100 * (Math.min(Math.max(value, LEAST), MOST) - LEAST)) / (MOST - LEAST)}%`;
    return mark;
  };
  const line = el("div", { class: "ruler", "aria-hidden": "true" }, at("limit", 1), at("here", strangeness), at("word", 0, say("usual")), at("word", 1, say("warning")));
  if (!nearest.length) return [line, el("p", { class: "small" }, say("There is nothing on it that could be compared with the training images."))];
  const words = listed(
    say("Its strangeness is {n}. Half of the images that the network was checked with have less than 0, and only 1 in 74 has more than 1, where the warning begins.", { n: number(strangeness, 2) }),
    say("Its distance from the nearest training image is {n}; {far} is far.", { n: number(nearest[0].distance, 2), far: number(threshold, 2) }),
    sceptic !== null && say("A second network, which tells training images from other things, gives it a chance of {percent} to be like them.", { percent: percent(1 / (1 + Math.exp(-odds))) }),
  );
  return [line, el("p", { class: "small" }, words.join(" "))];
}

/** @param {import("./answer.js").Context} context @param {import("./reference.js").Neighbour} neighbour */
function neighbour({ reference, examples, network, classes, shape }, { row, distance }) {
  const name = classes[reference?.labels[row] ?? 0];
  const words = el("span", { class: "small" }, `${name} · ${number(distance, 2)}`);
  const bytes = imageAt(examples, network.features, row);
  if (!bytes.length) return el("li", {}, el("span", {}, say("not in this page")), words); // as large images are
  const canvas = el("canvas", { class: "thumb", role: "img", "aria-label": say("A training image of {name}", { name }) });
  paintImage(canvas, bytes, shape);
  return el("li", {}, canvas, words);
}
