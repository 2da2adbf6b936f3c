/** The network on the stage: what goes in, a wall of neurons for each hidden layer, and the lines that lead to the answers. */

import { choice, el, put, svg } from "./dom.js";
import { contributions } from "./explain.js";
import { Lines } from "./lines.js";
import { linksOf, mostCarried } from "./links.js";
import { byClass, byValue } from "./sorting.js";
import { Wall } from "./wall.js";
import { measure } from "./ways.js";
import { weightsOf } from "./weights.js";
import { grouped, say } from "./words.js";

/** Tiles one below the other, and side by side in a network with so many hidden layers; on a phone. */
const ROWS = 8;
const COLUMNS = [0, 7, 4, 3, 2];
const ON_PHONE = 8;

/**
 * @typedef {{block: number, neuron: number}} Which A neuron of a hidden layer.
 * @typedef {{tileOf: (which: Which) => any, returnTo: (which: Which) => void, layout: () => void}} Scene
 */

/**
 * @param {import("./answer.js").Context} context
 * @param {any} stage What the lines are drawn across.
 * @param {Element} place
 * @param {any[]} answers The buttons at which lines end.
 * @param {{onopen: (which: Which) => void, onpeek: (which: Which | null) => void}} actions
 * @returns {Scene}
 */
export function showNetwork(context, stage, place, answers, { onopen, onpeek }) {
  const { network, store, classes, kind } = context;
  const view = { shows: "adds", sort: "class" };
  /** @type {Which | null} */
  let peek = null;
  /** @type {ReturnType<typeof measure> | null} */
  let places = null;
  let last = store.state;
  const [inputHead, image] = [el("h3", {}), el("canvas", { class: "input", role: "img", "aria-label": say("The {one} that goes in") })];
  const hidden = network.blocks.slice(0, -1);
  const orders = hidden.map((_, b) => byClass(network, b)); // stays as it is, so that tiles light up in their places
  const walls = hidden.map((block, b) => {
    const wall = new Wall(block.width, {
      most: ROWS * (COLUMNS[hidden.length] ?? 1),
      onopen: (neuron) => onopen({ block: b, neuron }),
      onpeek(neuron) {
        peek = neuron === null ? null : { block: b, neuron };
        onpeek(peek);
        update();
      },
      weights: b === 0 ? (j) => weightsOf(block, j) : null,
      paint: kind.paintWeights,
      inkless: context.inkless,
    });
    wall.element.addEventListener("scroll", layout, { passive: true });
    return wall;
  });
  const heads = walls.map((wall, b) => layerHead(context, wall, b, settle));
  const lines = new Lines(stage);
  const meaning = key(kind, hidden);
  const reset = el("button", { type: "button", class: "reset", onclick: () => store.set({ gains: new Map() }) }, say("Reset all neurons"));
  put(
    place,
    walls.length > 0 &&
      el(
        "div",
        { class: "controls" },
        choice(say("Tiles show"), [["adds", say("what they add")], ["active", say("activation")], ["weights", say("weights")]], view.shows, (shows) => {
          view.shows = shows;
          walls.forEach((wall) => wall.showPictures(shows === "weights"));
          update();
        }),
        choice(say("Sorted by"), [["class", say("class")], ["adds", say("strength")]], view.sort, (sort) => ((view.sort = sort), settle())),
      ),
    el(
      "div",
      { class: "layers" },
      el("div", { class: "layer" }, inputHead, image, meaning.element, walls.length > 0 && reset),
      ...walls.map((wall, b) => el("div", { class: "layer" }, heads[b].element, wall.element)),
    ),
  );

  function update() {
    const { state } = store;
    const isOther = state.staged !== last.staged || state.whose !== last.whose;
    last = state;
    if (isOther) for (const head of heads) head.renew();
    const { trace } = context.answer(state);
    const target = context.target(state);
    meaning.show(view.shows, classes[target]);
    reset.disabled = state.gains.size === 0;
    inputHead.textContent = inputName(context, state);
    kind.paint(image, state.bytes);
    walls.forEach((wall, b) => {
      const isActive = view.shows === "active";
      const values = isActive ? trace.outputs[b] : contributions(network, trace, b, target);
      wall.show(values, isActive ? say("activation") : say("adds to {name}", { name: classes[target] }), (j) => state.gains.has(`${b}:${j}`));
      wall.mark(state.open?.block === b ? state.open.neuron : null);
    });
    drawLines(trace, target);
  }

  /** Choose the neurons of wide layers, and sort; later than the colours, or tiles would jump under the pen. */
  function settle() {
    const { state } = store;
    const { trace } = context.answer(state);
    walls.forEach((wall, b) => {
      const adds = contributions(network, trace, b, context.target(state));
      if (orders[b].length !== wall.count) orders[b] = byClass(network, b);
      const shown = view.shows === "active" ? trace.outputs[b] : adds;
      wall.place(view.sort === "class" ? orders[b] : byValue(shown.map((value) => -value)), adds, state.open?.block === b ? state.open.neuron : null);
      const columns = Math.min(COLUMNS[hidden.length] ?? 1, Math.ceil(wall.tiles.length / ROWS));
      const across = Math.round(Math.sqrt((wall.tiles.length * columns) / ROWS)); // if all are shown in the same room
      wall.element.style.setProperty("--fitting", String(Math.min(columns / across, ROWS / Math.ceil(wall.tiles.length / across))));
    });
    layout();
  }

  function layout() {
    const style = getComputedStyle(stage);
    const [most, rows] = [style.getPropertyValue("--most"), style.getPropertyValue("--rows")].map(Number);
    for (const { element, tiles } of walls) {
      const columns = columnsFor(tiles.length, rows || Math.ceil(tiles.length / ON_PHONE), hidden.length > 1 && rows ? COLUMNS[hidden.length] : most);
      element.style.setProperty("--columns", String(columns));
      element.style.setProperty("--stacked", String(Math.ceil(tiles.length / columns)));
    }
    places = null;
    update();
  }

  /** @param {import("./network.js").Trace} trace @param {number} target */
  function drawLines(trace, target) {
    places ??= measure(stage, image, kind, walls, answers);
    const { ways, pathOf } = places;
    const focus = store.state.open ?? peek;
    const isThere = focus && focus.neuron < network.blocks[focus.block].width; // a tile that was pointed at may be gone
    const asked = { target, touched: store.state.target, shown: walls.map(({ shown }) => shown), focus: isThere ? focus : null, isGround: kind.isGround };
    const links = linksOf(network, trace, asked);
    const most = mostCarried(network, trace, kind.isGround);
    const endOf = ways(links);
    const drawn = links.flatMap((list, b) =>
      list.sort((one, other) => Math.abs(one.value) - Math.abs(other.value)).flatMap(({ from, to, value }) => {
        const [start, end] = [endOf(b - 1, from, "out", value < 0), endOf(b, to, "in", value < 0)];
        const words = say("{from} to {to}", { from: b ? say("neuron {n}", { n: from + 1 }) : kind.nameOf(from), to: b === network.last ? classes[to] : say("neuron {n}", { n: to + 1 }) });
        return start && end ? [{ path: pathOf(start, end), value, share: Math.abs(value) / most[b], words }] : [];
      }),
    );
    lines.draw(drawn, places);
  }

  store.watch(update);
  store.watchWhenSeen(place, settle);
  settle();
  new ResizeObserver(layout).observe(stage);
  addEventListener("scroll", () => places?.down && layout(), { passive: true }); // the answers stick to the window there
  return {
    layout,
    returnTo(which) {
      this.tileOf(which)?.focus({ preventScroll: true });
      peek = null; // the lines of the answer come back
      update();
    },
    tileOf({ block, neuron }) {
      if (!walls[block].tileOf(neuron)) settle();
      return walls[block].tileOf(neuron);
    },
  };
}

/**
 * As many columns as leave the fewest places of the last row empty, in no more than so many rows.
 * @param {number} count @param {number} rows @param {number} most
 */
function columnsFor(count, rows, most) {
  const empty = (/** @type {number} */ columns) => (columns - (count % columns)) % columns;
  let best = Math.min(most, Math.ceil(count / rows));
  for (let columns = best; columns <= most; columns++) if (empty(columns) < empty(best)) best = columns;
  return best;
}

/** @param {import("./answer.js").Context} context @param {import("./store.js").State} state */
function inputName({ columns, shape, network }, { strokes }) {
  const size = `${shape[0]}×${shape[1]}`;
  if (strokes?.length) return say("scaled to {size} pixels", { size });
  return columns ? say("{n} columns", { n: network.features }) : shape.length === 3 ? say("{size} pixels in colour", { size }) : say("{size} pixels", { size });
}

/** @param {import("./answer.js").Context} context @param {Wall} wall @param {number} b @param {() => void} settle */
function layerHead({ network }, wall, b, settle) {
  const block = network.blocks[b];
  const [words, kindWords] = [el("span", {}), el("span", { class: "kinds" })];
  let all = false;
  const toggle = el("button", { type: "button", class: "link", onclick: () => show(!all) });
  const show = (/** @type {boolean} */ wanted) => {
    all = wanted;
    wall.showAll(all);
    name();
    settle();
  };
  const name = () => {
    const kinds = block.after.map((layer) => layer.kind).filter((kind) => kind !== "dropout" && kind !== "gaussian-noise");
    const some = { n: wall.tiles.length, all: grouped(block.width) };
    const which = some.n === block.width ? (some.n === 1 ? say("1 neuron") : say("{all} neurons", some)) : say("{n} strongest of {all}", some);
    words.textContent = which;
    kindWords.textContent = kinds.map((kind) => `, ${kind}`).join("");
    toggle.textContent = all ? say("Show fewer") : say("Show all");
    toggle.hidden = !all && wall.tiles.length === block.width;
    wall.element.setAttribute("aria-label", say("Hidden layer {n}, {width} neurons", { n: b + 1, width: block.width }));
  };
  /** Another network is on the stage. */
  const renew = () => {
    const isAsWide = wall.count === block.width;
    wall.count = block.width;
    if (!isAsWide) return show(all);
    wall.forgetWeights();
    name();
  };
  name();
  return { element: el("h3", {}, words, kindWords, " ", toggle), renew };
}

/**
 * What the colours of tiles and lines mean; `show` says it for what the tiles show, and for a class.
 * @param {import("./pixels.js").Kind} kind @param {import("./network.js").Block[]} hidden
 */
function key(kind, hidden) {
  const none = say("This network has no hidden layer: every number of the {one} is joined to every answer.");
  if (!hidden.length) return { element: el("p", { class: "small" }, none), show() {} };
  const positive = el("span", {});
  const negative = el("span", {});
  const line = (/** @type {string} */ name, /** @type {string} */ sign, /** @type {Element} */ words) => el("li", {}, el("span", { class: `swatch ${name}` }, sign), words);
  const carries = (/** @type {string} */ sign, /** @type {string} */ words) => {
    const sample = svg("path", { class: `edge ${sign}`, d: "M1 5H21" });
    return el("li", {}, svg("svg", { viewBox: "0 0 22 10", "aria-hidden": "true" }, sample), words);
  };
  const ofLines = [carries("positive", say("raises what it leads to")), carries("negative", say("lowers what it leads to"))];
  const below = line("negative", "−", negative);
  return {
    element: el("ul", { class: "key small" }, line("positive", "+", positive), below, ...ofLines),
    show(/** @type {string} */ shows, /** @type {string} */ name) {
      const canBeNegative = hidden.some(({ after }) => !after.some((layer) => ["sigmoid", "relu"].includes(layer.kind)));
      below.style.visibility = shows === "active" && !canBeNegative ? "hidden" : "";
      const words = { adds: [say("adds to {name}", { name }), say("takes away from {name}", { name })], active: [say("activation above zero"), say("activation below zero")] }[shows];
      [positive.textContent, negative.textContent] = words ?? [kind.raises, kind.lowers];
    },
  };
}
