/** Watch it learn: the network at the epochs that were kept, which reads the image of the page again at each of them. */

import { button, el } from "./dom.js";
import { putOnStage } from "./learn-stage.js";
import { LearnView } from "./learn-view.js";
import { Network } from "./network.js";
import { unpackLayers } from "./unpack.js";
import { percent, say } from "./words.js";

/** Milliseconds from one epoch to the next, and for all of them at least. */
const PACE = 1000;
const WHOLE = 4000;

/** Weights of a network of which less is kept, see runs/snapshots.py. */
const LARGE = 250_000;

/** @param {import("./answer.js").Context} context */
export function watchItLearn(context) {
  const { data, own, kind } = context;
  /** @type {{epoch: number, accuracy: number | null, whole: boolean, layers: any[]}[]} */
  const snapshots = data.snapshots;
  const missing = say("This run has not kept its network at several epochs. Train it again with this version of glasswork, and one can watch it learn here.");
  if (snapshots.length < 2) return { element: el("p", { class: "note" }, missing), enter() {}, leave() {}, again() {} };
  const { whole } = snapshots[0];
  const view = new LearnView(context, say("Weights of the first layer’s neurons at the chosen epoch"), whole);
  const words = el("output", { for: "epoch-slider" });
  const last = snapshots.length - 1;
  const input = el("input", { type: "range", id: "epoch-slider", min: 0, max: last, step: 1, value: last, oninput: () => show() });
  const ticks = el("div", { class: "ticks", "aria-hidden": "true" }, ...snapshots.map(({ epoch }) => el("span", {}, epoch)));
  const play = button(say("Play"), () => (timer ? stop() : start()), "play");
  let timer = 0;
  let isChosen = false;
  function start() {
    if (Number(input.value) === last) {
      input.value = 0;
      show();
    }
    play.textContent = say("Pause");
    timer = window.setInterval(() => {
      input.value = Number(input.value) + 1;
      show();
      if (Number(input.value) === last) stop();
    }, Math.max(PACE, WHOLE / last));
  }
  function stop() {
    clearInterval(timer);
    timer = 0;
    play.textContent = say("Play");
  }
  const networks = Promise.all(
    snapshots.map(async ({ layers }) => (layers.length ? new Network(await unpackLayers(layers), data.network.confidence, kind.prepare) : own)),
  );
  async function show() {
    const all = await networks;
    const network = all[input.value];
    const { epoch, accuracy } = snapshots[input.value];
    const measured = accuracy === null ? "" : `: ${say("validation accuracy {percent}", { percent: percent(accuracy / 100, 2) })}`;
    words.textContent = epoch ? say("after epoch {n}", { n: epoch }) + measured : say("before the first step: random weights");
    input.setAttribute("aria-valuetext", words.textContent);
    const staged = network === own ? "" : epoch ? say("The network after epoch {n}", { n: epoch }) : say("The network before its first step");
    if (isChosen && whole) putOnStage(context, network, staged, staged ? snapshots : null);
    view.show(network, all[0]);
  }
  networks.then((all) => {
    view.scaleFor([all[0], all[last]]);
    show();
  });
  const few = own.weights > LARGE
    ? say("The stage stays as it is: this network is too large to be kept whole at each epoch. Train a smaller one, such as glasswork train classwork, and the stage follows.")
    : say("The stage stays as it is: this run kept only the first layer at each epoch. Train it again with this version of glasswork, and the stage follows.");
  const element = el(
    "div",
    { class: "growth", "data-part": "replay" },
    el("div", { class: "row" }, play, el("label", { for: "epoch-slider" }, say("Epoch")), el("div", { class: "timeline" }, input, ticks), words),
    !whole && el("p", { class: "note" }, few),
    view.boundary?.element,
    view.answer,
    view.pictures,
  );
  return {
    element,
    enter() {
      isChosen = true;
      show();
    },
    leave() {
      isChosen = false;
      stop();
      input.value = last;
      show();
    },
    /** Play, from the first epoch on. */
    again() {
      stop();
      input.value = last;
      start();
    },
  };
}
