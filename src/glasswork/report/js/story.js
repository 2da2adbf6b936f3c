/** A story for a beginner: six scenes of four sentences, each of which sets the stage; and the buttons for a lesson. */

import { imageAt } from "./answer.js";
import { button, byId, el, put, replace } from "./dom.js";
import { contributions } from "./explain.js";
import { LEFT_OUT } from "./learn-network.js";
import { showMissions } from "./missions.js";
import { argmax } from "./network.js";
import { presenter, showKeys } from "./presenter.js";
import { percent, say, signed } from "./words.js";

/** A seven, and a scribble, as strokes. */
const SEVEN = /** @type {import("./strokes.js").Stroke[]} */ ([[[0.28, 0.24], [0.5, 0.22], [0.72, 0.23], [0.6, 0.5], [0.46, 0.8]]]);
const SCRIBBLE = [Array.from({ length: 60 }, (_, n) => /** @type {[number, number]} */ ([0.5 + 0.006 * n * Math.cos(0.5 * n), 0.5 + 0.006 * n * Math.sin(0.5 * n)]))];

/** @typedef {ReturnType<typeof import("./stage.js").showStage>} Stage */
/** @typedef {import("./board.js").Board} Board */

/**
 * Story, missions and the view for a projector, and buttons for them.
 * @param {import("./answer.js").Context} context @param {Stage} stage @param {Element} place The stage's. @param {() => void} playEpochs
 */
export function showLessons(context, stage, place, playEpochs) {
  const buttons = el("div", { class: "row lessons" }, button(say("For a projector (key p)"), presenter(stage.layout)), button(say("Keys (?)"), showKeys()));
  stage.hint.prepend(buttons);
  if (!stage.board || !context.network.last || context.data.thing !== "digit") return;
  buttons.prepend(button(say("A story in six scenes"), showStory(context, stage, stage.board, place, playEpochs)));
  showMissions(context, stage, stage.board);
}

/** @typedef {Record<string, string | number>} Facts What sentences tell of the stage. */
/**
 * @typedef {object} Scene
 * @property {string} title
 * @property {() => void} [image] What puts its own image on the stage; the others go on with the reader's drawing.
 * @property {() => void} [act] What it does then.
 * @property {(f: Facts) => string[]} sentences
 */

/**
 * @param {import("./answer.js").Context} context
 * @returns {Facts}
 */
function factsOf({ answer, store, network, classes, shape }) {
  const { best, second, sums, shares } = answer(store.state);
  const { truth } = store.state;
  const names = { name: classes[best], second: classes[second], truth: truth === null ? "" : classes[truth] };
  const neurons = network.blocks.slice(0, -1).reduce((sum, { width }) => sum + width, 0);
  const activation = network.blocks[0].after.find(({ kind }) => !LEFT_OUT.includes(kind))?.kind ?? "identity";
  return { ...names, size: `${shape[0]}×${shape[1]}`, n: neurons, classes: classes.length, activation, sum: signed(sums[best]), share: percent(shares[best]) };
}

/**
 * The scenes: a title, what it does to the stage, and its sentences about what is there then.
 * @param {import("./answer.js").Context} context @param {Stage} stage @param {Board} board @param {() => void} playEpochs
 * @returns {Scene[]}
 */
function scenesOf(context, { open, dock }, board, playEpochs) {
  const { store, network, data, tests } = context;
  const found = () => context.answer(store.state);
  const isDeep = network.last > 1;
  return [
    {
      title: say("Draw"),
      sentences: (f) => [
        say("Draw a digit on the board, with a mouse, a pen or a finger."),
        say("The network gets it as {size} numbers: −1 where the paper is blank, 1 where there is full ink.", f),
        say("It has never seen this drawing, and yet it answers {name} at once.", f),
        say("Draw on, or clear the board and draw another digit: everything follows."),
      ],
    },
    {
      title: say("One neuron"),
      act: () => open({ block: 0, neuron: argmax(contributions(network, found().trace, 0, found().best)) }),
      sentences: (f) => [
        isDeep ? say("This is one of its {n} neurons: in the first layer, the one that speaks loudest for {name}.", f) : say("This is one of its {n} neurons, the one that speaks loudest for {name}.", f),
        say("It has a weight for each pixel: ink on orange raises its sum, ink on blue lowers it."),
        say("It multiplies each pixel by its weight and adds up all the products."),
        say("Switch it off, and look at the answer: one neuron alone rarely decides."),
      ],
    },
    {
      title: say("The sum"),
      sentences: (f) => [
        say("Each neuron adds its bias to its sum, and {activation} turns this into the number that it passes on.", f),
        isDeep
          ? say("All neurons of the next layer get that number, each times a weight of its own, and do the same; those of the last layer pass theirs on to all {classes} answers.", f)
          : say("All {classes} answers get that number, each times a weight of its own: orange neurons speak for {name}, blue ones against it.", f),
        isDeep ? say("All that the last layer adds, and the bias of {name}, make up its sum: {sum}.", f) : say("All that they add, and the bias of {name}, make up its sum: {sum}.", f),
        say("That is the whole trick: multiply, add, {activation}, many times over.", f),
      ],
    },
    {
      title: say("The answer"),
      act: () => store.set({ target: found().second }),
      sentences: (f) => [
        say("Each answer has a sum, and the largest one wins: {name}.", f),
        say("The bars make shares of the sums: {name} gets {share}.", f),
        say("The lines now lead to {second}, the second best: see what speaks against it.", f),
        say("A large share means far ahead of the others; it does not mean right."),
      ],
    },
    {
      title: say("Mistakes, and learning"),
      image() {
        const [n] = data.tested.worst;
        const truth = data.tested.pictures.labels[n];
        if (n !== undefined) store.choose(imageAt(tests, network.features, n).slice(), say("a test {one}"), { truth, rival: truth });
        dock.select("watch");
        playEpochs();
      },
      sentences: (f) => [
        f.truth === "" ? "" : say("This is a {truth}, and the trained network says {name}: it errs.", f),
        say("At the start all its weights were random, and it could only guess."),
        say("After each batch of images, every weight moved a little, so that the error became smaller."),
        data.snapshots[0]?.whole
          ? say("Watch it learn: all neurons change, epoch by epoch, and the answer with them. Play shows it again.")
          : say("Watch the weights of the first layer change, epoch by epoch. Play shows it again."),
      ],
    },
    {
      title: say("Never seen"),
      image: () => board.draw(SCRIBBLE),
      sentences: (f) => [
        say("This scribble is not a digit, and still the network has an answer: {name}.", f),
        say("It cannot say “I do not know”: one of its {classes} answers always has the largest sum.", f),
        say("So the page also compares the drawing with the training images, and warns."),
        say("Can you fool both? That is one of the missions, which come next."),
      ],
    },
  ];
}

/**
 * The bar with the scene's sentences; arrow keys turn the pages. The board is as it was before when the story ends.
 * @param {import("./answer.js").Context} context @param {Stage} stage @param {Board} board
 * @param {Element} place Before which it stands. @param {() => void} playEpochs
 * @returns {() => void} What starts it.
 */
function showStory(context, stage, board, place, playEpochs) {
  const { store } = context;
  const scenes = scenesOf(context, stage, board, playEpochs);
  const root = document.documentElement;
  const title = el("h3", {});
  const texts = scenes.map(() => el("div", { class: "sentences", "aria-live": "polite" }));
  const back = button(say("Back"), () => show(at - 1));
  const next = button("", () => (scenes[at + 1] ? show(at + 1) : finish("missions")));
  const bar = el("div", { class: "story", "data-part": "story", role: "group", "aria-label": say("A story in six scenes"), hidden: true }, el("div", { class: "row" }, title, back, next, el("button", { type: "button", "aria-label": say("End of the story"), onclick: () => finish() }, say("End"))), el("div", { class: "scenes" }, ...texts));
  let at = 0;
  let mine = SEVEN; // or what the reader has drawn
  let told = /** @type {unknown} */ (null); // the image that the sentences are about
  let restore = () => {};
  /** The page's own network is on the stage again, and no neuron is open. */
  function leave() {
    stage.close(false);
    stage.dock.select("neuron");
  }
  function start() {
    leave();
    const { truth, target, rival, gains } = store.state;
    const giveBack = board.lend();
    restore = () => (giveBack(), store.set({ truth, target, rival, gains }));
    mine = SEVEN;
    bar.hidden = false;
    root.classList.add("telling");
    stage.layout();
    scenes.forEach((_, n) => write(n)); // so that the bar is as high as the longest scene needs
    show(0);
  }
  function finish(tab = "neuron") {
    bar.hidden = true;
    root.classList.remove("telling");
    root.style.scrollPaddingTop = "";
    leave();
    restore();
    stage.dock.select(tab);
    stage.layout();
    byId(`tab-${tab}`).focus();
  }
  const write = (/** @type {number} */ n) => replace(texts[n], ...scenes[n].sentences(factsOf(context)).filter(Boolean).map((sentence) => el("p", {}, sentence)));
  /** Let the scene act on the image that is there, and say its sentences about it. */
  function tell() {
    told = store.state.bytes;
    scenes[at].act?.();
    write(at);
  }
  /** @param {number} n */
  function show(n) {
    if (!scenes[n]) return;
    at = n;
    leave();
    store.set({ gains: new Map() });
    (scenes[n].image ?? (() => board.draw(mine)))();
    title.textContent = `${n + 1} / ${scenes.length} · ${scenes[n].title}`;
    back.disabled = n === 0;
    next.textContent = scenes[n + 1] ? say("Next") : say("To the missions");
    texts.forEach((text, k) => text.classList.toggle("ghost", k !== n));
    tell();
    if (!bar.contains(document.activeElement) || back.matches(":disabled:focus")) next.focus({ preventScroll: true });
    root.style.scrollPaddingTop = `${bar.offsetHeight}px`;
    const { open } = store.state;
    place.classList.toggle("opened", stage.dock.front === "watch" || open !== null);
    place.scrollIntoView();
    if (open) stage.open(open); // where the dock is a sheet, its tile is in sight again
    else if (n > 0 && n < 5) place.querySelector(".layers")?.scrollIntoView(); // the image, the neurons and the answers, where they stand one below the other
  }
  store.watchWhenSeen(bar, ({ bytes, strokes }) => {
    if (bar.hidden || bytes === told || !strokes || board.busy) return;
    if (!scenes[at].image) mine = strokes.length ? strokes : SEVEN;
    tell();
  });
  addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Escape" && !bar.hidden) finish();
    if (step && !bar.hidden && !event.defaultPrevented && !(/** @type {any} */ (event.target).matches("input, select"))) show(at + step);
  });
  place.before(bar);
  new ResizeObserver(() => root.style.setProperty("--story", `${bar.offsetHeight}px`)).observe(bar);
  return start;
}
