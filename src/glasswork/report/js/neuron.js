/** One neuron, opened in the dock: weights × input, its sum, what it sends on, and what excites it most. */

import { imageAt } from "./answer.js";
import { barTable } from "./bar-table.js";
import { indexUnder, largest, paintSigned, placeOf, planesNote } from "./colour.js";
import { el, put, replace } from "./dom.js";
import { sentBy, smoothness } from "./explain.js";
import { rowsTable } from "./rows.js";
import { productOf, stepsOf } from "./steps.js";
import { SOON } from "./store.js";
import { weightsOf } from "./weights.js";
import { neuronByColumn } from "./why-columns.js";
import { number, say, signed } from "./words.js";
import { zoomFrom } from "./zoom.js";

/** Neighbouring weights that are less alike than this are speckle; neurons of the next layer that are listed. */
const SPECKLE = 0.2;
const LISTED = 10;

/** @typedef {import("./steps.js").Received & {trace: import("./network.js").Trace, bytes: import("./store.js").Raw}} Now */

/** @param {import("./answer.js").Context} context @param {any} place @param {() => void} onclose */
export function neuronPanel(context, place, onclose) {
  const { store } = context;
  /** @type {import("./scene.js").Which | null} */
  let which = null;
  /** @type {((now: Now) => void)[]} */
  let watchers = [];
  const update = () => {
    if (!which || place.hidden || which.neuron >= context.network.blocks[which.block].width) return;
    const now = receivedBy(context, which.block, which.neuron);
    for (const watcher of watchers) watcher(now);
  };
  /**
   * @param {import("./scene.js").Which} asked
   * @param {DOMRect | null} from The tile that it grows out of.
   */
  function show(asked, from) {
    if (which?.block !== asked.block || which.neuron !== asked.neuron) {
      which = asked;
      watchers = [];
      replace(place, ...build(context, asked.block, asked.neuron, (watcher) => watchers.push(watcher), onclose));
    }
    place.querySelector(".close").hidden = !store.state.open;
    update();
    zoomFrom(place.querySelector("canvas, table"), from);
  }
  store.watchWhenSeen(place, update, SOON);
  return { show };
}

/**
 * @param {import("./answer.js").Context} context @param {number} b @param {number} j
 * @returns {Now}
 */
function receivedBy({ network, store, answer }, b, j) {
  const { bytes, gains } = store.state;
  const { trace } = answer(store.state);
  const input = b ? trace.outputs[b - 1] : trace.input;
  const weights = weightsOf(network.blocks[b], j);
  const products = weights.map((weight, i) => weight * input[i]);
  return { trace, bytes, input, weights, products, gain: gains.get(`${b}:${j}`) ?? 1 };
}

/**
 * @param {import("./answer.js").Context} context @param {number} b @param {number} j
 * @param {(watcher: (now: Now) => void) => void} watch @param {() => void} onclose
 */
function build(context, b, j, watch, onclose) {
  const { columns, network } = context;
  const maps = b || columns ? null : pictures(context, watch);
  const steps = stepsOf(context, b, j, (input, row) => {
    maps?.mark(input);
    if (row) zoomFrom(row.firstChild, maps && input !== null ? maps.placeOf(input) : null);
  });
  watch(steps.show);
  const byColumn = el("div", { class: "per-column" });
  if (columns && !b) watch(({ weights, products }) => replace(byColumn, neuronByColumn(columns, weights, products)));
  const title = say("Neuron {n} of hidden layer {layer}", { n: j + 1, layer: b + 1 });
  return [
    el("div", { class: "neuron-head" }, el("h3", {}, title), gainControl(context, `${b}:${j}`, watch), el("button", { type: "button", class: "close", onclick: onclose }, say("Close"))),
    columns && !b ? byColumn : null,
    el("div", {}, maps?.element, sent(context, b, j, watch), maps?.note),
    el("div", { class: "counted" }, steps.element, exciting(context, network.blocks[b].name, j, watch)),
  ];
}

/**
 * Weights × input = what each pixel adds.
 * @param {import("./answer.js").Context} context @param {(watcher: (now: Now) => void) => void} watch
 */
function pictures({ shape, inkless, kind }, watch) {
  /** @type {number | null} */
  let marked = null;
  /** @type {Now | null} */
  let last = null;
  const readout = el("p", { class: "small readout" }, " ");
  const signedPicture = (/** @type {"weights" | "products"} */ what, /** @type {string} */ words) => {
    const canvas = el("canvas", { class: "large", role: "img", "aria-label": words });
    canvas.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
      const i = indexUnder(shape, event.offsetX / canvas.clientWidth, event.offsetY / canvas.clientHeight);
      if (i < 0 || !last) return;
      const [factors, product] = productOf(last.input[i], last.weights[i]);
      readout.textContent = `${placeOf(shape, i)}: ${factors} = ${signed(product, 3)}`;
    });
    const end = el("span", {});
    const paint = (/** @type {Now} */ now) => {
      const limit = largest(now[what], inkless);
      paintSigned(canvas, now[what], shape, limit, { blank: inkless, large: true, mark: marked ?? undefined });
      end.textContent = say(", to ±{limit}", { limit: number(limit, 2) });
    };
    return { canvas, paint, figure: el("figure", {}, canvas, el("figcaption", { class: "small" }, words, end)) };
  };
  const weights = signedPicture("weights", say("Its weights") + planesNote(shape));
  const products = signedPicture("products", say("What each pixel adds"));
  const image = el("canvas", { class: "large", role: "img", "aria-label": say("Its input") });
  const note = el("p", { class: "small" });
  const show = (/** @type {Now} */ now) => {
    last = now;
    kind.paint(image, now.bytes);
    weights.paint(now);
    products.paint(now);
  };
  watch(show);
  watch((now) => {
    const words =
      smoothness(now.weights, shape, inkless) < SPECKLE
        ? say("Most of these weights look like speckle: this neuron stands for nothing that has a name. What the network knows is spread over many neurons.")
        : say("Orange weights raise this neuron’s sum where there is {ink}, blue weights lower it. The pattern may resemble part of a stroke; that does not make the neuron a detector of it.");
    const hatched = inkless.size ? ` ${say("Hatched: {n} pixels that are blank in every training image, where the weights mean nothing.", { n: inkless.size })}` : "";
    note.textContent = words + hatched;
  });
  const sign = (/** @type {string} */ text) => el("span", { class: "sign", "aria-hidden": "true" }, text);
  const input = el("figure", {}, image, el("figcaption", { class: "small" }, say("The image")));
  return {
    element: el("div", { class: "maps" }, weights.figure, sign("×"), input, sign("="), products.figure, readout),
    note,
    mark(/** @type {number | null} */ i) {
      marked = i;
      if (last) show(last);
    },
    placeOf(/** @type {number} */ i) {
      const box = products.canvas.getBoundingClientRect();
      const [x, y] = kind.placeOf(i);
      return { left: box.left + x * box.width - 4, top: box.top + y * box.height - 4, width: 8, height: 8 };
    },
  };
}

/**
 * Switch it off, turn it up.
 * @param {import("./answer.js").Context} context @param {string} key @param {(watcher: (now: Now) => void) => void} watch
 */
function gainControl({ store }, key, watch) {
  const set = (/** @type {number} */ value) => store.gain(key, value);
  const words = el("output", { for: "gain" });
  const slider = el("input", { type: "range", id: "gain", min: 0, max: 3, step: 0.1, oninput: () => set(Number(slider.value)) });
  const button = el("button", { type: "button", id: "switch", onclick: () => set(store.state.gains.get(key) === 0 ? 1 : 0) });
  watch(({ gain }) => {
    words.textContent = gain === 0 ? say("off") : `× ${number(gain, 1)}`;
    if (document.activeElement !== slider || gain === 0) slider.value = String(gain);
    button.textContent = gain === 0 ? say("Switch it on") : say("Switch it off");
    button.setAttribute("aria-pressed", String(gain === 0));
  });
  return el("div", { class: "gain" }, button, el("span", { class: "dial" }, el("label", { for: "gain" }, say("Turn it up or down")), slider, words));
}

/**
 * What it sends to each class; before the last hidden layer, to the strongest neurons of the next.
 * @param {import("./answer.js").Context} context @param {number} b @param {number} j @param {(watcher: (now: Now) => void) => void} watch
 */
function sent({ network, classes }, b, j, watch) {
  const isLast = b === network.last - 1;
  const table = el("div", {});
  watch(({ trace }) => {
    const next = network.blocks[b + 1];
    const values = isLast
      ? sentBy(network, trace, j)
      : Array.from({ length: next.width }, (_, k) => trace.outputs[b][j] * next.weight[j * next.width + k]);
    const rows = values.map((value, k) => ({ name: isLast ? classes[k] : say("neuron {n}", { n: k + 1 }), value }));
    if (!isLast || rows.length > 2 * LISTED) rows.sort((a, c) => Math.abs(c.value) - Math.abs(a.value)).splice(LISTED);
    replace(table, barTable(rows));
  });
  return el("div", { class: "sent" }, el("h4", {}, isLast ? say("What it sends to each {thing}") : say("What it sends on, the strongest")), table);
}

/**
 * The training images that excite the page's own neuron most.
 * @param {import("./answer.js").Context} context @param {string} name @param {number} j @param {(watcher: (now: Now) => void) => void} watch
 */
function exciting({ data, examples, network, classes, kind, columns, store }, name, j, watch) {
  /** @type {number[]} */
  const rows = data.exciting[name]?.[j] ?? [];
  const labels = rows.map((row) => classes[data.examples.labels[row]]);
  const strip = () =>
    rows.map((row, n) => {
      const canvas = el("canvas", { class: "thumb", role: "img", "aria-label": say("A training image of {name}", { name: labels[n] }) });
      kind.paint(canvas, imageAt(examples, network.features, row));
      return canvas;
    });
  const table = () => rows.map((row, n) => ({ head: labels[n], words: [], numbers: imageAt(examples, network.features, row) }));
  const place = el("div", { class: "exciting" });
  watch(() => (place.hidden = store.state.staged !== "")); // another network's neuron
  put(
    place,
    el("h4", {}, say("The training {many} that excite it most, of those in this page")),
    columns ? rowsTable(say("Training rows that excite it most"), [say("Label")], columns.names, table()) : el("div", { class: "strip" }, ...strip()),
    el("p", { class: "small" }, new Set(labels).size === 1 ? say("All are {name}.", { name: labels[0] }) : say("They are {names}: it responds to more than one class.", { names: labels.join(", ") })),
  );
  return place;
}
