/**
 * Train it here: a new network of the run's architecture learns from the training images in the page.
 *
 * It learns in slices of a few milliseconds, so that one can draw on while it does.
 */

import { imageAt } from "./answer.js";
import { chart, legend } from "./chart.js";
import { button, el } from "./dom.js";
import { Course, LEFT_OUT, Learner, freshNetwork } from "./learn-network.js";
import { putOnStage } from "./learn-stage.js";
import { LearnView } from "./learn-view.js";
import { shuffle, uniforms } from "./random.js";
import { grouped, number, plain, say } from "./words.js";

/** Milliseconds of a slice, milliseconds from one look at the network to the next, and the pictures painted then. */
const SLICE = 8;
const LOOK = 150;
const TILES = 12;

/** The share of images that measure, and how many of them do so at each look. */
const UNSEEN = 0.2;
const SAMPLE = 100;

/** @typedef {import("./learn-network.js").Settings} Settings */

export class Trainer {
  course = /** @type {Course} */ (/** @type {unknown} */ (null)); // until it begins
  network = /** @type {any} */ (null);
  start = /** @type {any} */ (null);
  playing = false;
  lost = false;
  staged = false; // whether it learns on the stage
  until = Infinity; // epochs; by hand, it learns until it is stopped
  tell = (/** @type {boolean} */ _all) => {};

  /** @param {import("./answer.js").Context} context */
  constructor(context) {
    this.context = context;
    const { own: network, data, kind, examples } = context;
    const numbers = shuffle(data.examples.labels.map((/** @type {any} */ _, /** @type {number} */ n) => n), uniforms(0));
    const unseen = Math.round(UNSEEN * numbers.length);
    /** @type {Float32Array[]} */
    const inputs = [];
    this.lesson = {
      input: (/** @type {number} */ n) => (inputs[n] ??= kind.prepare(imageAt(examples, network.features, n))),
      labels: data.examples.labels,
      learnt: numbers.slice(unseen),
      unseen: numbers.slice(0, unseen),
      sample: Math.min(SAMPLE, unseen),
    };
    const [first] = network.blocks;
    const activation = network.last ? first.after.find(({ kind }) => !LEFT_OUT.includes(kind))?.kind : undefined;
    /** @type {Settings} */
    this.settings = { rate: 0.1, batch: 10, activation: activation ?? "identity", hidden: first.width, seed: 1 };
    this.initial = { ...this.settings };
  }

  /**
   * Begin with new random weights.
   * @param {Partial<Settings>} [changes]
   */
  begin(changes = {}) {
    Object.assign(this.settings, changes);
    this.playing = this.lost = false;
    this.network = freshNetwork(this.context, this.settings);
    const [first] = this.network.blocks;
    this.start = { blocks: [{ ...first, weight: first.weight.slice() }] };
    const slowBiases = this.context.data.network.layers.some((/** @type {any} */ layer) => layer.settings.bias_grad === "mean");
    this.course = new Course(new Learner(this.network, slowBiases), this.lesson, this.settings);
    this.tell(true);
  }

  /** Stop, and measure the network as it is now. */
  pause() {
    this.playing = false;
    if (this.course.last?.step !== this.course.steps) for (const _ of this.course.measure(false));
    this.check();
    this.tell(true);
  }

  /** Learn from one batch, and measure. */
  step() {
    while (this.course.next() !== "step");
    this.pause();
  }

  /**
   * Learn until it is stopped, or until so many epochs are done and measured.
   * @param {number} [epochs]
   */
  async play(epochs = Infinity) {
    const { course } = this;
    const goesOn = () => this.playing && course === this.course && (course.last?.epoch ?? -1) < epochs;
    Object.assign(this, { playing: true, until: epochs });
    this.tell(false); // at once, before there is a measure
    let looked = 0;
    while (goesOn()) {
      const now = performance.now();
      let found;
      do found = course.next();
      while (found !== "measured" && performance.now() < now + SLICE);
      if (found === "measured") {
        this.check();
        this.tell(false);
        looked = now;
      } else course.asked ||= now > looked + LOOK && course.losses.count >= this.lesson.sample; // or measuring would take longer than learning
      await new Promise((resolve) => setTimeout(resolve));
    }
    if (this.playing && course === this.course) this.pause();
  }

  /** Stop where numbers have grown without limit. */
  check() {
    this.lost = !Number.isFinite(this.course.last?.unseenLoss ?? 0);
    if (this.lost) this.playing = false;
  }

  /**
   * Train a new network with the settings that the page begins with.
   * @param {{epochs?: number, seed?: number}} [options]
   */
  async train({ epochs = 8, seed = 1 } = {}) {
    this.begin({ ...this.initial, seed });
    const { course } = this;
    await this.play(epochs);
    return { accuracy: course.last?.accuracy };
  }
}

/** @param {import("./answer.js").Context} context @param {Trainer} trainer */
export function trainHere(context, trainer) {
  const { kind, own: network, data } = context;
  const { lesson, settings } = trainer;
  const view = new LearnView(context, say("Weights of the first layer’s neurons as they are now"));
  const words = el("p", { class: "state", role: "status" });
  const play = button(say("Play"), () => (trainer.playing ? trainer.pause() : trainer.play()), "play");
  const hidden = [...new Set([10, 25, 50, 100, network.blocks[0].width])].sort((a, b) => a - b);
  const activations = [...new Set([trainer.initial.activation, "sigmoid", "tanh", "relu"])];
  const selects = [
    select(say("Learning rate"), "rate", [0.01, 0.03, 0.1, 0.3, 1, 3], (rate) => (settings.rate = Number(rate))),
    select(say("Batch size"), "batch", [1, 10, 30, 100], (batch) => (settings.batch = Number(batch))),
    network.last > 0 && select(say("Activation"), "activation", activations, (activation) => trainer.begin({ activation })),
    network.last === 1 && select(say("Hidden neurons"), "hidden", hidden, (width) => trainer.begin({ hidden: Number(width) })),
  ];
  /** @param {string} label @param {keyof Settings} name @param {(number | string)[]} values @param {(value: string) => void} use */
  function select(label, name, values, use) {
    const options = values.map((value) => el("option", { value, selected: value === settings[name] }, typeof value === "number" ? plain(value) : value));
    const input = el("select", { id: `learn-${name}`, onchange: () => use(input.value) }, ...options);
    return el("span", { class: "setting" }, el("label", { for: `learn-${name}`, class: "small" }, label), input);
  }
  const counts = { learnt: grouped(lesson.learnt.length), unseen: grouped(lesson.unseen.length), sample: grouped(lesson.sample) };
  const share = (/** @type {number} */ value) => `${plain(Number(value.toFixed(1)))}\u00a0%`;
  const accuracy = curve(say("Accuracy on unseen {many}"), [say("a sample of {sample}", counts), say("all {unseen}", counts)], share, [0, 50, 100]);
  const loss = curve(say("Loss"), [say("learnt from"), say("unseen")], (value) => plain(Number(value.toPrecision(3))));
  trainer.tell = (all) => {
    const { course, playing } = trainer;
    const { measures, last } = course;
    play.textContent = playing ? say("Pause") : say("Play");
    const step = { n: grouped(course.steps), epoch: number(course.epochs), sampled: share(last?.sampled ?? 0), ...counts };
    const isBegun = playing || course.steps > 0; // until then, the trained network stays on the stage
    view.answer.hidden = !isBegun;
    if (trainer.staged) putOnStage(context, isBegun ? trainer.network : network, isBegun ? say("In training: step {n}", step) : "", isBegun ? course : null);
    if (!course.images) view.forget();
    view.show(trainer.network, trainer.start, all ? undefined : TILES);
    const whole = measures.findLast((one) => one.accuracy !== undefined);
    words.textContent = [
      trainer.lost
        ? say("Its weights grew without limit. Choose a smaller learning rate and start again.")
        : last
          ? say("Epoch {epoch}, step {n}: {sampled} of a sample of {sample} unseen {many} right.", step)
          : say("Random weights, nothing learnt yet."),
      whole && !trainer.lost && say("All {unseen} unseen: {share} after epoch {epoch}.", { ...counts, share: share(whole.accuracy ?? 0), epoch: whole.epoch }),
      !trainer.lost && (course.grows ? say("The loss grows: the steps are too large. Choose a smaller learning rate and start again.") : course.guesses && say("It still guesses: the steps are too large, or far too small. Try another learning rate, such as 0.1.")),
    ].filter(Boolean).join(" ");
    if (trainer.lost) return;
    const x = measures.map(({ epoch }) => epoch);
    const losses = [measures.map((one) => one.loss), measures.map((one) => one.unseenLoss)];
    accuracy.show(x, [measures.map((one) => one.sampled), measures.map((one) => one.accuracy ?? NaN)], [0, 100]);
    loss.show(x, losses, [0, Math.max(0.1, ...losses.flat())]);
  };
  const left = data.network.layers.some((/** @type {any} */ layer) => LEFT_OUT.includes(layer.kind));
  const explained = [
    say("A new network like this one begins with random weights. It learns from {learnt} training {many} in this page and is measured on {unseen} others, which it never learns from: on {sample} of them again and again, on all after each epoch. Each step is plain gradient descent on a batch.", counts),
    left && ` ${say("Dropout, noise and batch normalisation are left out.")}`,
  ];
  const acts = el("div", { class: "row" }, play, button(say("One step"), () => trainer.step()), button(say("Start again"), () => trainer.begin()));
  const element = el(
    "div",
    { class: "train-here", "data-part": "learn" },
    el("div", { class: "trio" }, el("div", {}, acts, words), accuracy.element, loss.element),
    el("div", { class: "row settings" }, ...selects),
    view.boundary?.element,
    view.answer,
    view.pictures,
    el("p", { class: "small" }, ...explained),
  );
  return {
    element,
    enter() {
      if (!trainer.course) trainer.begin(); // not before it is asked for, as this takes a while
      trainer.staged = true;
      trainer.tell(true);
    },
    leave() {
      trainer.staged = false;
      if (trainer.playing && trainer.until === Infinity) trainer.pause();
    },
  };
}

/**
 * A chart that grows.
 * @param {string} title @param {string[]} names @param {(value: number) => string} format @param {number[]} [yTicks]
 */
function curve(title, names, format, yTicks) {
  /** @type {any} */
  const options = { title, xName: say("epoch"), xWhole: true, x: [0], range: [0, 1], format, height: 96, yTicks, series: names.map((name) => ({ name, values: [0] })) };
  const figure = chart(options);
  return {
    element: el("div", {}, el("h4", {}, title), legend(names), figure),
    show(/** @type {number[]} */ x, /** @type {number[][]} */ values, /** @type {[number, number]} */ range) {
      values.forEach((column, s) => (options.series[s].values = column));
      Object.assign(options, { x, range, xRange: [0, Math.max(1, Math.ceil(x[x.length - 1]))] });
      figure.redraw();
    },
  };
}
