/** Part 3, Look inside: the network from image to answer, layer by layer. */

import { choice, el, number, percent, put } from "./dom.js";
import { drawEdges } from "./edges.js";
import { contributions, sentBy } from "./explain.js";
import { showNeuron } from "./neuron.js";
import { sortings } from "./sorting.js";
import { Wall } from "./wall.js";
import { weightsOf } from "./weights.js";

/**
 * @param {import("./answer.js").Context} context
 * @param {Element} body
 */
export function showInside(context, body) {
  const { network, store, classes, kind } = context;
  const view = { shows: "adds", sort: "adds" };
  const image = el("canvas", { class: "input", role: "img", "aria-label": `The ${kind.one} that goes in` });
  const panel = el("div", {
    class: "neuron",
    id: "neuron",
    tabindex: "-1",
    role: "region",
    "aria-label": "The neuron that is open",
    hidden: true,
  });
  const open = (/** @type {number} */ block, /** @type {number} */ neuron) => {
    store.set({ open: { block, neuron } });
    store.refresh(true);
    panel.focus({ preventScroll: true });
    panel.scrollIntoView({
      block: "nearest",
      behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth",
    });
  };
  const walls = network.blocks.slice(0, -1).map(
    (block, b) =>
      new Wall(block.width, {
        label: `Hidden layer ${b + 1}, ${block.width} neurons`,
        onopen: (neuron) => open(b, neuron),
        weights: b === 0 ? (j) => weightsOf(block, j) : null,
        paint: kind.paintWeights,
        inkless: context.inkless,
      }),
  );
  const outputs = classes.map((name, k) =>
    el(
      "button",
      { type: "button", class: "output", onclick: () => store.set({ target: k }) },
      el("b", {}, name),
      el("span", { class: "sum-value" }),
      el("span", { class: "share" }),
    ),
  );
  const meaning = key(kind, walls.length > 0);
  const reset = el(
    "button",
    { type: "button", onclick: () => store.set({ gains: new Map() }) },
    "Reset all neurons",
  );
  const edges = svgLayer();
  const diagram = el(
    "div",
    { class: "diagram" },
    el("div", { class: "layer" }, el("h3", {}, `The ${kind.one}`), el("div", { class: "row" }, image, meaning.element), meaning.lines),
    ...walls.map((wall, b) =>
      el("div", { class: "layer" }, el("h3", {}, layerName(network.blocks[b], b)), wall.element),
    ),
    el(
      "div",
      { class: "layer outputs-layer" },
      el("h3", {}, `Each ${context.data.thing}’s sum, and its share`),
      el("div", { class: "outputs", role: "group", "aria-label": "Outputs" }, ...outputs),
    ),
    edges,
  );
  const controls = el("div", { class: "controls" });
  if (walls.length) {
    put(
      controls,
      choice(
        "Tiles show",
        [
          ["adds", "what they add"],
          ["active", "activation"],
          ["weights", "weights"],
        ],
        view.shows,
        (shows) => ((view.shows = shows), update()),
      ),
      sortSelect((sort) => ((view.sort = sort), update())),
      reset,
    );
  }
  put(body, controls, diagram, panel);
  const orders = sortings(network);

  function update() {
    const { state } = store;
    const answer = context.answer(state);
    const target = state.target ?? answer.best;
    kind.paint(image, state.bytes);
    meaning.show(view.shows, classes[target]);
    reset.disabled = state.gains.size === 0;
    walls.forEach((wall, b) => {
      const adds = contributions(network, answer.trace, b, target);
      const active = answer.trace.outputs[b];
      wall.showPictures(view.shows === "weights");
      wall.show(
        view.shows === "active" ? active : adds,
        view.shows === "active" ? "activation" : `adds to ${classes[target]}`,
        (j) => state.gains.has(`${b}:${j}`),
      );
      wall.sort(orders[view.sort](b, adds));
      wall.mark(state.open?.block === b ? state.open.neuron : null);
    });
    outputs.forEach((button, k) => {
      button.querySelector(".sum-value").textContent = number(answer.sums[k], 2);
      button.querySelector(".share").textContent = percent(answer.shares[k]);
      button.setAttribute("aria-pressed", String(k === target));
      button.classList.toggle("best", k === answer.best);
    });
    if (walls.length) {
      const wall = walls[walls.length - 1];
      drawEdges(
        edges,
        wall.tiles.map((from, j) => ({ from, value: sentBy(network, answer.trace, j)[target] })),
        outputs[target],
        wall.element,
      );
    }
    panel.hidden = state.open === null;
    if (state.open) showNeuron(context, panel, state.open);
  }
  store.watchWhenSeen(body, update);
  new ResizeObserver(update).observe(diagram);
  walls.at(-1)?.element.addEventListener("scroll", update, { passive: true });
}

/**
 * What colours and lines mean; `show` says it for what the tiles show, and for a class.
 * @param {import("./pixels.js").Kind} kind
 * @param {boolean} hidden Whether there are hidden layers.
 */
function key(kind, hidden) {
  const none = `This network has no hidden layer: every number of the ${kind.one} is joined to every output.`;
  if (!hidden) return { element: el("p", { class: "small" }, none), lines: null, show() {} };
  const positive = el("span", {});
  const negative = el("span", {});
  const lines = el("p", { class: "small lines" });
  const element = el(
    "ul",
    { class: "key small" },
    el("li", {}, el("span", { class: "swatch positive" }, "+"), positive),
    el("li", {}, el("span", { class: "swatch negative" }, "−"), negative),
  );
  return {
    element,
    lines,
    show(/** @type {string} */ shows, /** @type {string} */ name) {
      const words = {
        adds: [`adds to ${name}`, `takes away from ${name}`],
        active: ["activation above zero", "activation below zero"],
        weights: [kind.raises, kind.lowers],
      }[shows];
      positive.textContent = words?.[0];
      negative.textContent = words?.[1];
      lines.textContent =
        `Lines lead from the eight neurons that weigh most for ${name}; the others share one line. ` +
        "Touch another answer below to follow that one.";
    },
  };
}

/** @param {(sort: string) => void} onchoose */
function sortSelect(onchoose) {
  const options = [
    ["adds", "what they add now"],
    ["number", "number"],
    ["digit", "class they support most"],
    ["alike", "similarity"],
    ["norm", "size of their weights"],
  ];
  const select = el(
    "select",
    { id: "sort", onchange: () => onchoose(select.value) },
    ...options.map(([value, words]) => el("option", { value }, words)),
  );
  return el("span", { class: "choice" }, el("label", { for: "sort", class: "small" }, "Sorted by"), select);
}

/**
 * @param {import("./network.js").Block} block
 * @param {number} b
 */
function layerName(block, b) {
  const kinds = block.after
    .map((layer) => layer.kind)
    .filter((kind) => kind !== "dropout" && kind !== "gaussian-noise");
  return `Hidden layer ${b + 1}: ${block.width.toLocaleString("en")} neurons${kinds.length ? `, ${kinds.join(", ")}` : ""}`;
}

function svgLayer() {
  const layer = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  layer.setAttribute("class", "edges");
  layer.setAttribute("aria-hidden", "true");
  return layer;
}
