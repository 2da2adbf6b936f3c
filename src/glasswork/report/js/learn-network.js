/**
 * Learning in the page: the handout's training step, an image at a time, so that the page takes its turns between them.
 *
 * image → trace → loss → gradients, added up over a batch → weights and biases move against their mean
 */

import { Network, applied, argmax, backThrough, backToInputs } from "./network.js";
import { normals, shuffle, uniforms } from "./random.js";

/** Layers that are left out here: they make training random, or depend on a whole batch. */
export const LEFT_OUT = ["dropout", "gaussian-noise", "batch-norm"];

/** How often the accuracy on unseen images is measured in an epoch. */
const MEASURES = 2;

/**
 * The loss of one image, and its gradient with respect to the outputs.
 * @typedef {(outputs: Float64Array, label: number) => {loss: number, grad: Float64Array}} Loss
 */

/** Of the scores of an output activation: (output − target)², summed over the outputs. @type {Loss} */
function squaredError(outputs, label) {
  const off = outputs.map((value, k) => value - (k === label ? 1 : 0));
  return { loss: off.reduce((sum, value) => sum + value * value, 0), grad: off.map((value) => 2 * value) };
}

/** Of logits: −log of the label's share in their softmax. @type {Loss} */
function crossEntropy(outputs, label) {
  const top = Math.max(...outputs);
  const parts = outputs.map((value) => Math.exp(value - top));
  const total = parts.reduce((sum, part) => sum + part, 0);
  const loss = Math.log(total) - (outputs[label] - top);
  return { loss, grad: parts.map((part, k) => part / total - (k === label ? 1 : 0)) };
}

export class Learner {
  /**
   * @param {Network} network Its weights and biases are moved in place.
   * @param {boolean} slowBiases Whether biases learn more slowly by a factor of 1/batch, as in the handout's listing.
   */
  constructor(network, slowBiases = false) {
    this.network = network;
    this.slowBiases = slowBiases;
    /** @type {Loss} */
    this.loss = network.confidence === "softmax" ? crossEntropy : squaredError;
    this.gradients = network.blocks.map(({ weight, width }) => ({
      weight: new Float64Array(weight.length),
      bias: new Float64Array(width),
    }));
    this.count = 0;
  }

  /**
   * The backward pass: add the gradients of one image to those of the batch; return its loss.
   * @param {ArrayLike<number>} input From the network's `prepare`.
   * @param {number} label
   */
  add(input, label) {
    const { blocks, last, lead } = this.network;
    const trace = this.network.trace(input);
    let { loss, grad } = this.loss(trace.outputs[last], label);
    for (let b = last; b >= 0; b--) {
      grad = backThrough(blocks[b].after, trace.sums[b], grad);
      addProducts(this.gradients[b], b ? trace.outputs[b - 1] : applied(lead, input), grad);
      if (b) grad = backToInputs(blocks[b], grad);
    }
    this.count += 1;
    return loss;
  }

  /**
   * Gradient descent: move weights and biases by the mean gradient of the batch, and begin the next batch.
   * @param {number} rate
   */
  step(rate) {
    this.network.blocks.forEach(({ weight, bias }, b) => {
      move(weight, this.gradients[b].weight, rate / this.count);
      move(bias, this.gradients[b].bias, rate / (this.slowBiases ? this.count ** 2 : this.count));
    });
    this.count = 0;
  }
}

/**
 * The gradients of a linear layer for one image: input × gradient of the output, and that gradient itself.
 * @param {{weight: Float64Array, bias: Float64Array}} gradients @param {ArrayLike<number>} input @param {Float64Array} grad
 */
function addProducts({ weight, bias }, input, grad) {
  const width = grad.length;
  for (let i = 0, at = 0; i < input.length; i++) {
    const value = input[i];
    for (let j = 0; j < width; j++, at++) weight[at] += value * grad[j];
  }
  for (let j = 0; j < width; j++) bias[j] += grad[j];
}

/**
 * @param {Float32Array} parameters @param {Float64Array} gradients Set to 0.
 * @param {number} rate
 */
function move(parameters, gradients, rate) {
  for (let i = 0; i < parameters.length; i++) parameters[i] -= rate * gradients[i];
  gradients.fill(0);
}

/**
 * @typedef {object} Settings
 * @property {number} rate
 * @property {number} batch
 * @property {string} activation Of the hidden layers.
 * @property {number} hidden Neurons of the hidden layer, where there is one.
 * @property {number} seed
 */

/**
 * A network of the run's architecture with random weights, which vary as widely as the run's did before its first step.
 * @param {import("./answer.js").Context} context @param {Settings} settings
 */
export function freshNetwork({ own: network, untrained, kind }, { activation, hidden, seed }) {
  const normal = normals(seed);
  const widths = network.blocks.map(({ width }) => width);
  if (network.last === 1) widths[0] = hidden;
  const layers = network.blocks.flatMap(({ name, after }, b) => {
    const inputs = b ? widths[b - 1] : network.features;
    const spread = untrained ? deviation(untrained.blocks[b].weight) : 1 / Math.sqrt(inputs);
    const weight = Float32Array.from({ length: inputs * widths[b] }, () => spread * normal());
    const arrays = { weight, bias: new Float32Array(widths[b]) };
    const kept = staying(after);
    const own = b === network.last || kept[0]?.kind === activation;
    return [{ name, kind: "linear", settings: {}, arrays }, ...(own ? kept : [{ name: "", kind: activation, settings: {}, arrays: {} }])];
  });
  return new Network([...staying(network.lead), ...layers], network.confidence, kind.prepare);
}

/** @param {import("./network.js").Layer[]} layers */
const staying = (layers) => layers.filter(({ kind }) => !LEFT_OUT.includes(kind));

/** @param {Float32Array} values Of mean 0. */
function deviation(values) {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}

/**
 * Images to learn from, and others to measure with.
 * @typedef {object} Lesson
 * @property {(n: number) => ArrayLike<number>} input
 * @property {number[]} labels
 * @property {number[]} learnt
 * @property {number[]} unseen
 */

/** @typedef {{epoch: number, loss: number, unseenLoss: number, accuracy: number}} Measure Accuracy in percent. */

/** A training: what it has learnt so far, and the pieces of work that it consists of. */
export class Course {
  /** @param {Learner} learner @param {Lesson} lesson @param {Settings} settings Rate and batch may change while it runs. */
  constructor(learner, lesson, settings) {
    this.learner = learner;
    this.lesson = lesson;
    this.settings = settings;
    /** @type {Measure[]} */
    this.measures = [];
    this.images = 0;
    this.steps = 0;
    this.losses = { sum: 0, count: 0 }; // since the last measure
    this.pieces = this.work();
  }

  /** Passes through the images to learn from. */
  get epochs() {
    return this.images / this.lesson.learnt.length;
  }

  /** The last measure. */
  get last() {
    return this.measures.at(-1);
  }

  /** Do a piece of work, of one image: "step" if it moved the weights, "epoch" if it ended an epoch. */
  next() {
    return this.pieces.next().value;
  }

  /** @returns {Generator<string, never>} */
  *work() {
    const { learner, lesson, settings } = this;
    const random = uniforms(settings.seed + 1);
    const order = lesson.learnt.slice();
    yield* this.measure();
    for (;;) {
      shuffle(order, random);
      for (const [k, n] of order.entries()) {
        this.losses.sum += learner.add(lesson.input(n), lesson.labels[n]);
        this.losses.count += 1;
        this.images += 1;
        const isLast = k + 1 === order.length;
        const moves = isLast || learner.count >= settings.batch;
        if (moves) {
          learner.step(settings.rate);
          this.steps += 1;
        }
        yield moves ? "step" : "image";
        if (Math.floor((MEASURES * (k + 1)) / order.length) > Math.floor((MEASURES * k) / order.length)) yield* this.measure();
        if (isLast) yield "epoch";
      }
    }
  }

  /**
   * Measure on the unseen images.
   * @returns {Generator<string>}
   */
  *measure() {
    const { learner, lesson, losses } = this;
    const { network } = learner;
    let [loss, right] = [0, 0];
    for (const n of lesson.unseen) {
      const outputs = network.trace(lesson.input(n)).outputs[network.last];
      loss += learner.loss(outputs, lesson.labels[n]).loss;
      right += Number(argmax(outputs) === lesson.labels[n]);
      yield "image";
    }
    const count = lesson.unseen.length;
    const unseenLoss = loss / count;
    const epoch = this.epochs;
    this.measures.push({ epoch, loss: losses.count ? losses.sum / losses.count : unseenLoss, unseenLoss, accuracy: (100 * right) / count });
    this.losses = { sum: 0, count: 0 };
  }
}
