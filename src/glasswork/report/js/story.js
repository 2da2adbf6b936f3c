/** A story for a beginner: six scenes of four sentences, each of which sets the stage; and the stage alone, for a projector. */

import { imageAt } from "./answer.js";
import { button, el, put, replace } from "./dom.js";
import { contributions } from "./explain.js";
import { showMissions } from "./missions.js";
import { argmax } from "./network.js";
import { percent, say, signed } from "./words.js";

/** A seven, and a scribble, as strokes. */
const SEVEN = /** @type {import("./strokes.js").Stroke[]} */ ([[[0.28, 0.24], [0.5, 0.22], [0.72, 0.23], [0.6, 0.5], [0.46, 0.8]]]);
const SCRIBBLE = [Array.from({ length: 60 }, (_, n) => /** @type {[number, number]} */ ([0.5 + 0.006 * n * Math.cos(0.5 * n), 0.5 + 0.006 * n * Math.sin(0.5 * n)]))];

/** @typedef {ReturnType<typeof import("./stage.js").showStage>} Stage */
/** @typedef {NonNullable<Stage["draw"]>} Draw */

/**
 * Story, missions and the view for a projector, and buttons for them.
 * @param {import("./answer.js").Context} context @param {Stage} stage @param {Element} place The stage's. @param {() => void} playEpochs
 */
export function showLessons(context, stage, place, playEpochs) {
  const buttons = el("div", { class: "row lessons" }, button(say("For a projector (key p)"), presenter(stage.layout)));
  stage.hint.prepend(buttons);
  if (!stage.draw || !context.network.last || context.data.thing !== "digit") return;
  buttons.prepend(button(say("A story in six scenes"), showStory(context, stage, stage.draw, place, playEpochs)));
  showMissions(context, stage.dock.add("missions", say("Missions")));
}

/** @typedef {Record<string, string | number>} Facts What sentences tell of the stage. */
/** @typedef {{title: string, act: () => void, sentences: (f: Facts) => string[]}} Scene */

/**
 * @param {import("./answer.js").Context} context
 * @returns {Facts}
 */
function factsOf({ answer, store, network, classes, shape }) {
  const { best, second, sums, shares } = answer(store.state);
  const { truth } = store.state;
  const names = { name: classes[best], second: classes[second], truth: truth === null ? "" : classes[truth] };
  return { ...names, size: `${shape[0]}×${shape[1]}`, n: network.blocks[0].width, classes: classes.length, activation: network.blocks[0].after[0]?.kind ?? "identity", sum: signed(sums[best]), share: percent(shares[best]) };
}

/**
 * The scenes: a title, what it does to the stage, and its sentences about what is there then.
 * @param {import("./answer.js").Context} context @param {Stage} stage @param {Draw} draw @param {() => void} playEpochs
 * @returns {Scene[]}
 */
function scenesOf(context, { open, close, dock }, draw, playEpochs) {
  const { store, network, data, tests } = context;
  const found = () => context.answer(store.state);
  const again = () => (close(), draw(SEVEN));
  return [
    {
      title: say("Draw"),
      act: again,
      sentences: (f) => [
        say("Draw a digit on the board, with a mouse, a pen or a finger."),
        say("The network gets it as {size} numbers: −1 where the paper is blank, 1 where there is full ink.", f),
        say("It has never seen this drawing, and yet it answers {name} at once.", f),
        say("Draw on, and watch everything change."),
      ],
    },
    {
      title: say("One neuron"),
      act() {
        again();
        open({ block: 0, neuron: argmax(contributions(network, found().trace, 0, found().best)) });
      },
      sentences: (f) => [
        say("This is one of its {n} neurons, the one that speaks loudest for {name}.", f),
        say("It has a weight for each pixel: ink on orange raises its sum, ink on blue lowers it."),
        say("It multiplies each pixel by its weight and adds up all the products."),
        say("Switch it off, and look at the answer: one neuron alone rarely decides."),
      ],
    },
    {
      title: say("The sum"),
      act: again,
      sentences: (f) => [
        say("Each neuron adds its bias to its sum, and {activation} makes of it the number that it passes on.", f),
        say("All {classes} answers get that number, each times a weight of its own: orange neurons speak for {name}, blue ones against it.", f),
        say("All that they add, and the bias of {name}, make up its sum: {sum}.", f),
        say("That is the whole trick: multiply, add, {activation}, many times over.", f),
      ],
    },
    {
      title: say("The answer"),
      act() {
        again();
        store.set({ target: found().second });
      },
      sentences: (f) => [
        say("Each answer has a sum, and the largest one wins: {name}.", f),
        say("The bars make shares of the sums: {name} gets {share}.", f),
        say("The lines now lead to {second}, the second best: see what speaks against it.", f),
        say("A large share means far ahead of the others; it does not mean right."),
      ],
    },
    {
      title: say("Mistakes, and learning"),
      act() {
        close();
        const [n] = data.tested.worst;
        const truth = data.tested.pictures.labels[n];
        if (n !== undefined) store.choose(imageAt(tests, network.features, n).slice(), say("a test {one}"), { truth, rival: truth });
        dock.select("watch");
        playEpochs();
      },
      sentences: (f) => [
        say("This is a {truth}, and the trained network says {name}: it errs.", f),
        say("At the start all its weights were random, and it could only guess."),
        say("After each batch of images, every weight moved a little, so that the error became smaller."),
        say("Watch it learn: all neurons change, epoch by epoch, and the answer with them. Play shows it again."),
      ],
    },
    {
      title: say("Never seen"),
      act: () => (close(), draw(SCRIBBLE)),
      sentences: (f) => [
        say("This scribble is not a digit, and still the network has an answer: {name}.", f),
        say("It cannot say “I do not know”: one of its {classes} answers always has the largest sum.", f),
        say("So the page also compares the drawing with the training images, and warns."),
        say("Can you fool both? Try the missions below the network."),
      ],
    },
  ];
}

/**
 * The bar with the scene's sentences; arrow keys turn the pages.
 * @param {import("./answer.js").Context} context @param {Stage} stage @param {Draw} draw
 * @param {Element} place Before which it stands. @param {() => void} playEpochs
 * @returns {() => void} What starts it.
 */
function showStory(context, stage, draw, place, playEpochs) {
  const scenes = scenesOf(context, stage, draw, playEpochs);
  const root = document.documentElement;
  const [title, text] = [el("h3", { tabindex: "-1" }), el("div", { class: "sentences", "aria-live": "polite" })];
  const [back, next] = [button(say("Back"), () => show(at - 1)), button(say("Next"), () => show(at + 1))];
  const end = button(say("End of the story"), finish);
  const bar = el("div", { class: "story", "data-part": "story", role: "group", "aria-label": say("A story in six scenes"), hidden: true }, el("div", { class: "row" }, title, back, next, end), text);
  let at = 0;
  /** The page's own network is on the stage again. */
  const leave = () => stage.dock.select("neuron");
  function finish() {
    bar.hidden = true;
    root.classList.remove("telling");
    root.style.scrollPaddingTop = "";
    stage.close();
    leave();
    stage.layout();
  }
  /** @param {number} n */
  function show(n) {
    if (!scenes[n]) return;
    at = n;
    leave();
    title.textContent = `${n + 1} / ${scenes.length} · ${scenes[n].title}`;
    scenes[n].act();
    if (!bar.contains(document.activeElement)) title.focus({ preventScroll: true }); // not on a tile, whose lines would be shown
    replace(text, ...scenes[n].sentences(factsOf(context)).map((sentence) => el("p", {}, sentence)));
    back.disabled = n === 0;
    next.disabled = n === scenes.length - 1;
    root.style.scrollPaddingTop = `${bar.offsetHeight}px`;
    place.classList.toggle("opened", stage.dock.front === "watch" || context.store.state.open !== null);
    const { open } = context.store.state;
    place.scrollIntoView();
    if (open) stage.open(open); // where the dock is a sheet, its tile is in sight again
    else if (n) place.querySelector(".wall")?.scrollIntoView({ block: "nearest" });
  }
  addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Escape" && !bar.hidden) finish();
    if (step && !bar.hidden && !event.defaultPrevented && !(/** @type {any} */ (event.target).matches("input, select"))) show(at + step);
  });
  place.before(bar);
  return () => {
    bar.hidden = false;
    root.classList.add("telling");
    stage.layout();
    show(0);
  };
}

/**
 * The stage alone, in large type: the key p turns it on and off.
 * @param {() => void} onchange
 */
function presenter(onchange) {
  const toggle = () => {
    document.documentElement.classList.toggle("presenting");
    scrollTo(0, 0);
    onchange();
  };
  const leave = button(say("Whole page (p)"), toggle, "leave");
  put(document.body, leave);
  addEventListener("keydown", (event) => {
    const typing = /** @type {any} */ (event.target).matches("input:not([type=range]), select");
    if (event.key === "p" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) toggle();
  });
  return toggle;
}
