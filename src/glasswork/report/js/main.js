/**
 * Where the page begins: read the data, make the network, show the parts.
 *
 * For lessons and tests there is `window.glasswork`:
 *
 * ready                 a promise; the rest works once it is kept
 * scores(bytes)         the network's scores for the pixels of an image, 0 to 255: an array
 * shares(bytes)         what the bars show, as predict says: shares that sum to 1, limited where they cannot be trusted
 * strangeness(bytes)    0 for a typical image; more than 1 if it is unlike the training images
 * unlike(bytes)         whether the image is unlike the training images: a boolean
 * classify(strokes)     {digit, scores, unlike} for strokes, lists of points [x, y] from 0 to 1, y down
 * explain(bytes, a, b)  the lead of class a over b: {parts, bias, total, gradients: {total, difference}}
 * smudge(bytes)         the smallest change found that turns the answer: {bytes, norm, digit} or null
 * version               of glasswork
 */

import { answerer, imageAt } from "./answer.js";
import { followTheme } from "./colour.js";
import { byId } from "./dom.js";
import { integratedGradients, marginParts } from "./explain.js";
import { Network, argmax } from "./network.js";
import { showAbout } from "./part-about.js";
import { showDraw } from "./part-draw.js";
import { showErrs } from "./part-errs.js";
import { showFigures, showNow } from "./part-head.js";
import { showInside } from "./part-inside.js";
import { showLearnt } from "./part-learnt.js";
import { showUnlike } from "./part-unlike.js";
import { showWhy } from "./part-why.js";
import { grounded } from "./picture.js";
import { Reference } from "./reference.js";
import { Sceptic } from "./sceptic.js";
import { smallestSmudge } from "./smudge.js";
import { Store } from "./store.js";
import { imageOf } from "./strokes.js";
import { unpack } from "./unpack.js";

/** Milliseconds in which reference images are described before the page has a turn again. */
const TURN = 8;

/** @param {any[]} layers */
async function unpackLayers(layers) {
  return Promise.all(
    layers.map(async (layer) => {
      const pairs = Object.entries(layer.arrays).map(async ([name, packed]) => [
        name,
        await unpack(/** @type {any} */ (packed)),
      ]);
      return { ...layer, arrays: Object.fromEntries(await Promise.all(pairs)) };
    }),
  );
}

/**
 * @param {any} data
 * @returns {Promise<Reference>}
 */
async function unpackReference({ examples, novelty, shape }) {
  const { sceptic } = novelty;
  const [images, spread, filters, weights] = await Promise.all(
    [examples.images, novelty.spread, sceptic?.filters, sceptic?.weights].map((packed) => packed && unpack(packed)),
  );
  const second = sceptic && new Sceptic({ filters, weights, bias: sceptic.bias, output: sceptic.output }, shape[0]);
  return new Reference(images, examples.labels, spread, novelty, second);
}

/**
 * @param {any} data
 * @returns {Promise<import("./answer.js").Context>}
 */
async function makeContext(data) {
  const [layers, untrained, examples, reference, tests, scores] = await Promise.all([
    unpackLayers(data.network.layers),
    data.untrained ? unpackLayers(data.untrained) : null,
    unpack(data.examples.images),
    data.novelty ? unpackReference(data) : null,
    unpack(data.tested.pictures.images),
    unpack(data.tested.scores),
  ]);
  const network = new Network(layers, data.network.confidence);
  const first = firstImage(data);
  const store = new Store({
    bytes: imageAt(tests, network.features, first).slice(),
    source: `test image ${first + 1}`,
    truth: data.tested.pictures.labels[first],
    gains: new Map(),
    target: null,
    rival: null,
    open: null,
  });
  return {
    data,
    network,
    reference,
    examples,
    tests,
    scores,
    store,
    untrained: untrained && new Network(untrained, data.network.confidence),
    classes: data.classes,
    shape: data.shape,
    inkless: new Set(data.inkless),
    answer: answerer(network, reference),
  };
}

/**
 * The first test image of a 7 that is answered so; else the first of all.
 * @param {any} data
 */
function firstImage({ tested, classes }) {
  const seven = classes.indexOf("7");
  return Math.max(
    tested.pictures.labels.findIndex(
      (/** @type {number} */ label, /** @type {number} */ n) => label === seven && tested.answers[n] === seven,
    ),
    0,
  );
}

/**
 * Describe the reference images while nobody waits; then the page knows what is unlike them.
 * @param {Reference} reference
 * @param {Store} store
 */
function prepareInTurns(reference, store) {
  if (reference.prepare(TURN)) store.set({});
  else setTimeout(() => prepareInTurns(reference, store));
}

/** @param {any} data */
async function begin(data) {
  const context = await makeContext(data);
  const { network, reference, shape } = context;
  Object.assign(page, {
    scores: (/** @type {ArrayLike<number>} */ bytes) => Array.from(network.scores(bytes)),
    shares(/** @type {ArrayLike<number>} */ bytes) {
      const own = network.shares(network.scores(bytes));
      return reference?.temper(own, reference.judge(bytes)) ?? own;
    },
    strangeness: (/** @type {ArrayLike<number>} */ bytes) => reference?.judge(bytes).strangeness ?? 0,
    unlike: (/** @type {ArrayLike<number>} */ bytes) => reference?.unlike(bytes) ?? false,
    classify(/** @type {import("./strokes.js").Stroke[]} */ strokes) {
      const drawn = imageOf(strokes, shape[0])?.bytes ?? new Uint8Array(network.features);
      const bytes = grounded(drawn, content.dark);
      const scores = Array.from(network.scores(bytes));
      return { digit: argmax(scores), scores, unlike: reference?.unlike(bytes) ?? false };
    },
    explain(/** @type {ArrayLike<number>} */ bytes, /** @type {number} */ a, /** @type {number} */ b) {
      const trace = network.trace(network.prepare(bytes));
      return { ...marginParts(network, trace, a, b), gradients: integratedGradients(network, trace.input, a, b) };
    },
    smudge: (/** @type {Uint8Array} */ bytes) => smallestSmudge(network, bytes),
  });
  followTheme(content.ink, () => {
    context.store.set({});
    context.store.refresh(true);
  });
  showFigures(context, byId("figures"));
  showNow(context, byId("now"));
  showDraw(context, byId("draw-body"));
  performance.mark("glasswork-ready");
  if (reference) setTimeout(() => prepareInTurns(reference, context.store));
  setTimeout(() => {
    showUnlike(context, byId("unlike-body"));
    showInside(context, byId("inside-body"));
    showWhy(context, byId("why-body"));
    showLearnt(context, byId("learnt-body"));
    showErrs(context, byId("errs-body"));
    showAbout(context, byId("about-body"));
    document.documentElement.dataset.complete = "";
  });
}

const content = JSON.parse(byId("data").textContent);
/** @type {any} */
const page = { version: content.version };
page.ready = begin(content);
/** @type {any} */ (window).glasswork = page;
