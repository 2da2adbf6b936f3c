/**
 * The stage: board, network and answers side by side, joined by lines, and below them the dock.
 *
 * board → pixels → neurons → answers       everything follows the one image of the store
 */

import { showAnswers } from "./answers.js";
import { canBeDrawn, showBoard } from "./board-panel.js";
import { Dock } from "./dock.js";
import { showDoubt } from "./doubt.js";
import { byId, el, put } from "./dom.js";
import { roundToSum, sentBy } from "./explain.js";
import { neuronPanel } from "./neuron.js";
import { showOffers } from "./offers.js";
import { showFields, showTestRows } from "./part-row.js";
import { showNetwork } from "./scene.js";
import { follow, shareButtons } from "./share.js";
import { say, signed } from "./words.js";
import { isStill } from "./zoom.js";

/** Milliseconds for which a tile is pointed at before its neuron is shown. */
const GLANCE = 150;

/** Pixels between a tile and the sheet below it, and in which the dock grows. */
const ROOM = 16;
const STEP = 24;

/**
 * @param {import("./answer.js").Context} context @param {any} stage
 * @returns {{open: (which: import("./scene.js").Which) => void, close: (back?: boolean) => void, dock: Dock, answers: Element, hint: Element, board: ReturnType<typeof showBoard>, layout: () => void}}
 */
export function showStage(context, stage) {
  const { store, columns } = context;
  const part = (/** @type {string} */ name, /** @type {string} */ label) => el("div", { "data-part": name, class: name, role: "group", "aria-label": label });
  const [easel, network, answers] = [part("board", columns ? say("The row") : say("The board")), part("network", say("The network")), part("answers", say("The answers"))];
  const [below, offers] = [el("div", { class: "dock" }), el("div", { class: "offers" })];
  put(stage, easel, network, answers, below, offers);
  let board = /** @type {ReturnType<typeof showBoard>} */ (null);
  if (columns) {
    showFields(context, columns, easel, offers);
    showTestRows(context, offers);
  } else {
    board = showBoard(context, easel);
    showOffers(context, offers);
  }

  const dock = new Dock(below, shareButtons(context, stage, () => scene.layout()));
  const ends = showAnswers(context, answers, () => {
    dock.select("strange");
    store.refresh(true);
  });
  const neuron = part("neuron", say("The neuron that is open"));
  neuron.id = "neuron";
  const hint = el("div", { class: "hint" });
  dock.add("neuron", say("Neuron"), hint, neuron);
  showDoubt(context, dock.add("strange", say("Seen before?")));
  showHint(context, hint);

  const panel = neuronPanel(context, neuron, () => close());
  let timer = 0;
  let isOpen = false;
  const scene = showNetwork(context, stage, network, ends, {
    onopen: open,
    onpeek(which) {
      clearTimeout(timer);
      if (store.state.open || dock.front !== "neuron") return;
      timer = window.setTimeout(() => turn(which, null), GLANCE);
    },
  });

  /** Show a neuron in the dock, or the hint. @param {import("./scene.js").Which | null} which @param {DOMRect | null} from */
  function turn(which, from) {
    neuron.hidden = which === null;
    hint.hidden = which !== null;
    isOpen = store.state.open !== null;
    stage.classList.toggle("opened", isOpen);
    if (!which) return;
    panel.show(which, from);
    below.style.minHeight = `${STEP * Math.ceil(below.offsetHeight / STEP)}px`; // once it has grown it stays so, or the page would move with the mouse
  }

  /** @param {import("./scene.js").Which} which */
  function open(which) {
    clearTimeout(timer);
    store.set({ open: which });
    dock.show("neuron");
    const tile = scene.tileOf(which)?.getBoundingClientRect();
    turn(which, tile ?? null);
    const covered = tile ? tile.bottom + ROOM - below.getBoundingClientRect().top : 0;
    if (covered > 0 && getComputedStyle(below).position === "sticky") scrollBy({ top: covered, behavior: isStill() ? "auto" : "smooth" }); // where the dock is a sheet over the network
  }

  /** @param {boolean} [back] Whether the focus goes back to its tile. */
  function close(back = true) {
    const { open: which } = store.state;
    if (!which) return;
    store.set({ open: null });
    dock.show(dock.chosen ?? "neuron");
    turn(null, null);
    if (back) scene.returnTo(which);
    clearTimeout(timer); // of the tile that has the focus now
    turn(null, null);
  }

  /** Show what the address asks for. */
  function arrive() {
    follow(context, location.hash, {
      draw: (strokes) => board?.draw(strokes),
      show: (numbers, source) => store.choose(columns ? Float64Array.from(numbers) : Uint8Array.from(numbers), source),
      turn: (gains) => store.set({ gains }),
      open: (block, neuron) => open({ block, neuron }),
    });
  }

  store.watch(({ open: which }) => !which && isOpen && turn(null, null)); // another network has no such neuron
  turn(null, null);
  arrive();
  addEventListener("hashchange", arrive);
  dock.onselect = (id) => id !== "neuron" && close(false); // or lines would lead through a neuron that is out of sight
  stage.addEventListener("opened", (/** @type {any} */ { detail }) => open(detail)); // from a list further down
  addEventListener("keydown", (event) => event.key === "Escape" && close());
  for (const moment of ["beforeprint", "afterprint"])
    addEventListener(moment, () => {
      stage.parentElement.classList.toggle("on-paper", moment === "beforeprint"); // as wide as on a desk, and smaller
      scene.layout();
    });
  new IntersectionObserver(([entry]) => byId("now").classList.toggle("away", entry.isIntersecting)).observe(answers);
  return { open, close, dock, answers, hint, board, layout: scene.layout };
}

/**
 * What there is to do, and how the sum of the answer comes about, for as long as no neuron is open.
 * @param {import("./answer.js").Context} context @param {Element} place
 */
function showHint({ data, store, network, answer, target, classes, columns, shape }, place) {
  const sum = el("p", {});
  const act = columns ? say("Change a number, and everything follows.") : canBeDrawn(shape) ? say("Draw, or choose an image, and everything lights up.") : say("Choose an image, and everything lights up.");
  put(
    place,
    el("p", {}, `${act} ${say("Point at a neuron to see its weights, touch it to open it, switch it off or turn it up. Touch an answer, and the lines lead there.")}`),
    data.thing === "digit" && canBeDrawn(shape) && el("p", {}, say("What you draw is scaled and centred, as the training images were.")),
    sum,
    el("p", { class: "small" }, say("This page holds the whole trained network. It runs in your browser and sends nothing anywhere.")),
  );
  const tell = (/** @type {import("./store.js").State} */ state) => {
    if (!network.last) return;
    const { trace } = answer(state);
    const k = target(state);
    const sent = trace.outputs[network.last - 1].map((_, j) => sentBy(network, trace, j)[k]);
    const total = (/** @type {number[]} */ values) => values.reduce((all, value) => all + value, 0);
    const parts = [total([...sent].filter((value) => value > 0)), total([...sent].filter((value) => value < 0)), network.blocks[network.last].bias[k]];
    const { values, total: all } = roundToSum(parts, 3);
    const [plus, minus] = [sent.filter((value) => value > 0).length, sent.filter((value) => value < 0).length];
    const [forIt, against, bias, sumOfAll] = [...values, all].map((value) => signed(value, 3));
    const words = { name: classes[k], for: forIt, plus, against, minus, bias, sum: sumOfAll };
    sum.textContent = plus === 1 ? say("The sum of {name}: {for} from 1 neuron for it, {against} from {minus} against it, {bias} from its bias, together {sum}.", words) : say("The sum of {name}: {for} from {plus} neurons for it, {against} from {minus} against it, {bias} from its bias, together {sum}.", words);
  };
  store.watch(tell); // at once, or it would be false for a moment
}
