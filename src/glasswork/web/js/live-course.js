/** The course of a training: curves, sizes of weights and their changes, findings, weights that form, and fixed digits. */

import { imageAt } from "./answer.js";
import { chart, legend } from "./chart.js";
import { el, replace, tableOf } from "./dom.js";
import { LearnView } from "./learn-view.js";
import { argmax } from "./network.js";
import { grouped, percent, plain, say } from "./words.js";

/** Points of a curve that are kept, milliseconds between two drawings, and the test images that are read again. */
const POINTS = 2000;
const PACE = 500;
const FIXED = 10;

/**
 * @param {import("./live.js").Run} run @param {import("./answer.js").Context} context
 */
export function showCourse(run, context) {
  const known = { points: /** @type {any[]} */ ([]), history: /** @type {any[]} */ ([]), look: /** @type {any} */ (null) };
  const short = (/** @type {number} */ value) => plain(Number(value.toPrecision(3)));
  const loss = curve(say("Loss ({name})", { name: run.loss }), [say("training, as it goes"), say("validation")], short);
  const accuracy = curve(say("Validation accuracy"), [say("validation")], (value) => `${plain(Number(value.toFixed(1)))} %`, 1);
  const names = context.network.blocks.map(({ name }) => name).slice(0, 4);
  const updates = curve(say("Size of a step beside its weights"), names, (value) => `1 : ${grouped(Number((10 ** -value).toPrecision(2)))}`);
  const sizes = el("div", {});
  const findings = el("ul", { class: "findings", "aria-label": say("Findings") });
  const view = new LearnView(context, say("Weights of the first layer’s neurons as they are now"));
  const digits = el("ul", { class: "fixed strip", "aria-label": say("The same test {many}, read again and again") });
  const fixed = Array.from({ length: Math.min(FIXED, context.data.tested.checked) }, (_, n) => fixedImage(context, n));
  replace(digits, ...fixed.map(({ element }) => element));
  const start = { blocks: context.own.blocks.map((block) => ({ ...block, weight: block.weight.slice() })) };
  /** @type {any} */
  let network = null;
  let drawn = 0;
  let timer = 0;

  function draw() {
    clearTimeout(timer);
    timer = 0;
    drawn = performance.now();
    const { points, history, look } = known;
    const x = points.map(({ epoch }) => epoch);
    const epochs = history.map(({ epoch }) => epoch);
    const both = [...x, ...epochs].sort((a, b) => a - b);
    const at = (/** @type {number[]} */ where, /** @type {any[]} */ values) => {
      const found = new Map(where.map((place, n) => [place, values[n]]));
      return both.map((place) => found.get(place) ?? NaN);
    };
    const losses = [at(x, points.map((point) => point.loss)), at(epochs, history.map((row) => row.valid_loss))];
    loss.show(both, losses, rangeOf(losses.flat(), 0));
    const accuracies = history.map((row) => row.valid_accuracy ?? NaN);
    accuracy.show(epochs, [accuracies], rangeOf(accuracies, 100, 100));
    const shares = names.map((_, n) => points.map((point) => (point.updates[n] ? Math.log10(point.updates[n]) : NaN)));
    updates.show(x, shares, rangeOf(shares.flat(), -3));
    if (look) replace(sizes, tableOfSizes(look, run));
    const told = history.flatMap((row) => row.findings.map((/** @type {any} */ found) => say("Epoch {n}: {text}", { n: row.epoch, text: found.message })));
    if (findings.childElementCount !== told.length) replace(findings, ...told.map((text) => el("li", {}, text)));
    noted.hidden = told.length > 0;
    if (network) {
      view.show(network, start);
      for (const one of fixed) one.show(network);
    }
  }
  const noted = el("p", { class: "small" }, say("Nothing seems to go wrong."));
  const element = el(
    "div",
    { class: "course", "data-part": "course" },
    el("div", { class: "trio" }, accuracy.element, updates.element),
    el("h4", {}, say("What the last step did")),
    sizes,
    el("h4", {}, say("Findings")),
    noted,
    findings,
    el("h4", {}, say("The same test {many}, read again and again")),
    digits,
    el("h4", {}, say("Weights that form")),
    view.answer,
    view.pictures,
  );
  return {
    element,
    glance: el("div", { class: "glance trio" }, loss.element),
    known,
    /** @param {any} news */
    take({ points, history, look }) {
      const last = known.points.at(-1)?.step ?? -1;
      known.points.push(...points.filter((/** @type {any} */ point) => point.loss !== null && point.step > last));
      while (known.points.length > POINTS) known.points = known.points.filter((_, n, all) => (all.length - n) % 2 === 1);
      if (history.length) known.history = [...known.history.filter((row) => row.epoch < history[0].epoch), ...history];
      if (look) known.look = { ...look, layers: null, sizes: look.sizes[0]?.update === null ? (known.look?.sizes ?? look.sizes) : look.sizes };
      timer ||= window.setTimeout(draw, Math.max(0, drawn + PACE - performance.now()));
    },
    /** @param {import("./network.js").Network} now */
    showNetwork(now) {
      network = now;
      timer ||= window.setTimeout(draw, Math.max(0, drawn + PACE - performance.now()));
    },
  };
}

/**
 * A test image, and what the network says to it now.
 * @param {import("./answer.js").Context} context @param {number} n
 */
function fixedImage({ tests, own, classes, kind, data }, n) {
  const bytes = imageAt(tests, own.features, n).slice();
  const truth = data.tested.pictures.labels[n];
  const canvas = el("canvas", { class: "thumb", "aria-hidden": "true" });
  kind.paint(canvas, bytes);
  const words = el("span", {});
  return {
    element: el("li", {}, canvas, words),
    show(/** @type {import("./network.js").Network} */ network) {
      const shares = network.shares(network.scores(bytes));
      const best = argmax(shares);
      words.textContent = `${classes[best]} ${percent(shares[best])}`;
      words.className = best === truth ? "right" : "wrong";
      words.title = say("labelled {name}", { name: classes[truth] });
    },
  };
}

/** @param {any} look @param {import("./live.js").Run} run */
function tableOfSizes(look, run) {
  const small = (/** @type {number | null} */ value) => (value === null ? "–" : plain(Number(value.toPrecision(3))));
  const rows = look.sizes.map((/** @type {any} */ { layer, weight, update, gradient }) =>
    el("tr", {}, el("th", { scope: "row" }, layer), ...[weight, gradient, update].map((value) => el("td", {}, small(value))), el("td", {}, update ? `1 : ${grouped(Math.round(weight / update))}` : "–")),
  );
  const gradient = run.engine === "numpy" ? say("Gradient") : say("Gradient (not kept by the compiled engine)");
  return tableOf(say("Sizes of weights, gradients and steps"), [say("Layer"), say("Weights"), gradient, say("Step"), say("Step : weights")], rows);
}

/** @param {number[]} values @param {number} without What is in sight without any. @param {number} [most] @returns {[number, number]} */
function rangeOf(values, without, most = Infinity) {
  const known = values.filter(Number.isFinite);
  if (!known.length) return [Math.min(0, without), Math.max(1, without)];
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const room = (high - low || Math.abs(high) || 1) * 0.05;
  return [low > 0 && low < 0.5 * high ? 0 : low - room, Math.min(most, high + room)];
}

/**
 * A chart that grows.
 * @param {string} title @param {string[]} names @param {(value: number) => string} format @param {number} [tone]
 */
function curve(title, names, format, tone = 0) {
  /** @type {any} */
  const options = { title, xName: say("epoch"), xWhole: true, x: [0], range: [0, 1], format, height: 96, series: names.map((name, n) => ({ name, values: [NaN], tone: tone + n })) };
  const figure = chart(options);
  return {
    element: el("div", {}, el("h4", {}, title), legend(names, tone), figure),
    show(/** @type {number[]} */ x, /** @type {number[][]} */ values, /** @type {[number, number]} */ range) {
      if (!x.length) return;
      values.forEach((column, s) => (options.series[s].values = column));
      Object.assign(options, { x, range, xRange: [Math.min(0, x[0]), Math.max(1, Math.ceil(x[x.length - 1]))] });
      figure.redraw();
    },
  };
}
