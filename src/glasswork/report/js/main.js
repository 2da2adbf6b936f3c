/**
 * Where the page begins: read the data, make the network, show the parts.
 *
 * For lessons and tests there is `window.glasswork`; docs/lookup/report.md says what it offers.
 */

import { followTheme } from "./colour.js";
import { makeContext } from "./context.js";
import { byId, el, put } from "./dom.js";
import { integratedGradients, marginParts } from "./explain.js";
import { showLearning } from "./learn.js";
import { Trainer } from "./learn-train.js";
import { argmax } from "./network.js";
import { showAbout } from "./part-about.js";
import { showErrs } from "./part-errs.js";
import { showLearnt } from "./part-learnt.js";
import { showWhy } from "./part-why.js";
import { grounded } from "./picture.js";
import { smallestSmudge } from "./smudge.js";
import { showStage } from "./stage.js";
import { showLessons } from "./story.js";
import { imageOf } from "./strokes.js";
import { say } from "./words.js";

/** Milliseconds in which reference images are described before the page has a turn again. */
const TURN = 8;

/**
 * Describe the reference images while nobody waits; then the page knows what is unlike them.
 * @param {import("./reference.js").Reference} reference @param {import("./store.js").Store} store
 */
function prepareInTurns(reference, store) {
  if (reference.prepare(TURN)) store.set({});
  else setTimeout(() => prepareInTurns(reference, store));
}

/** @param {any} data */
async function begin(data) {
  const context = await makeContext(data);
  const { network } = context;
  Object.assign(page, answersOf(context));
  const trainer = new Trainer(context);
  page.train = (/** @type {any} */ options) => trainer.train(options);
  followTheme(content.ink, () => {
    context.store.set({});
    context.store.refresh(true);
  });
  const stage = showStage(context, byId("stage-body"));
  showNow(context, byId("now"));
  page.show = (/** @type {ArrayLike<number>} */ numbers) => context.store.choose(checked(context, numbers), say("shown by a program"));
  page.open = (/** @type {number} */ block, /** @type {number} */ neuron) => {
    if (!(neuron >= 0 && neuron < network.blocks[block]?.width && block < network.last)) throw new Error(`there is no neuron ${neuron} in a hidden layer ${block}`);
    stage.open({ block, neuron });
  };
  performance.mark("glasswork-ready");
  if (context.reference) setTimeout(prepareInTurns, 0, context.reference, context.store);
  setTimeout(() => {
    showLessons(context, stage, byId("stage-body"), showLearning(context, trainer, stage));
    showWhy(context, byId("why-body"));
    showLearnt(context, byId("learnt-body"));
    showErrs(context, byId("errs-body"));
    showAbout(context, byId("about-body"));
    document.documentElement.dataset.complete = "";
  });
}

/**
 * The numbers of an image, or of a row, as the store keeps them.
 * @param {import("./answer.js").Context} context @param {ArrayLike<number>} numbers
 */
function checked({ network, columns }, numbers) {
  if (numbers?.length !== network.features) throw new Error(`expected ${network.features} numbers, got ${numbers?.length}`);
  if (!columns) return Uint8Array.from(numbers);
  columns.filled(numbers);
  return Float64Array.from(numbers, (value) => value ?? NaN);
}

/**
 * What this page is about, for as long as the stage is out of sight.
 * @param {import("./answer.js").Context} context @param {Element} place
 */
function showNow(context, place) {
  const canvas = el("canvas", { class: "thumb" });
  const words = el("span", {});
  put(place, canvas, words);
  context.store.watchWhenSeen(place, (state) => {
    context.kind.paint(canvas, state.bytes);
    const { best, unlike } = context.answer(state);
    words.textContent = `${context.classes[best]}${unlike ? "?" : ""}`;
    place.classList.toggle("warn", unlike);
  });
}

/**
 * What `window.glasswork` says of an image, or of a row of a table, or of a list of rows.
 * @param {import("./answer.js").Context} context
 */
function answersOf({ own: network, classes, columns, reference, shape }) {
  const judge = columns ?? reference;
  const each = (/** @type {(numbers: any) => any} */ ask) => (/** @type {any} */ given) =>
    typeof given[0] === "object" && given[0] !== null ? Array.from(given, (one) => ask(one)) : ask(given);
  const scores = (/** @type {ArrayLike<number>} */ numbers) => Array.from(network.scores(numbers));
  const unlike = (/** @type {ArrayLike<number>} */ numbers) => judge?.unlike(numbers) ?? false;
  const shares = (/** @type {ArrayLike<number>} */ numbers) => {
    const own = network.shares(network.scores(numbers));
    return judge?.temper(own, judge.judge(numbers)) ?? own;
  };
  const found = (/** @type {ArrayLike<number>} */ numbers) => ({ digit: argmax(network.scores(numbers)), scores: scores(numbers), unlike: unlike(numbers) });
  const ofRow = (/** @type {number[]} */ row) => ({ ...found(row), name: classes[argmax(network.scores(row))] });
  const ofStrokes = (/** @type {import("./strokes.js").Stroke[]} */ strokes) => found(grounded(imageOf(strokes, shape[0]) ?? new Uint8Array(network.features), content.dark));
  return {
    scores: each(scores),
    shares: each(shares),
    strangeness: each((numbers) => judge?.judge(numbers).strangeness ?? 0),
    unlike: each(unlike),
    classify: columns ? each(ofRow) : ofStrokes,
    explain(/** @type {ArrayLike<number>} */ numbers, /** @type {number} */ a, /** @type {number} */ b) {
      const trace = network.trace(network.prepare(numbers));
      const blank = columns ? network.prepare(columns.facts.typical) : undefined;
      return { ...marginParts(network, trace, a, b), gradients: integratedGradients(network, trace.input, a, b, blank) };
    },
    smudge: columns ? undefined : (/** @type {Uint8Array} */ bytes) => smallestSmudge(network, bytes),
  };
}

const content = JSON.parse(byId("data").textContent);
/** @type {any} */
const page = { version: content.version };
page.ready = begin(content);
/** @type {any} */ (window).glasswork = page;
