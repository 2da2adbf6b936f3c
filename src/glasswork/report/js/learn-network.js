/**
 * Learning in the page: the handout's training step, an image at a time, so that the page takes its turns between them.
 *
 * image → trace → loss → gradients, added up over a batch → weights and biases move against their mean
 */

import { Network, applied, argmax, backThrough, backToInputs } from "./network.js";
import { normals, shuffle, uniforms } from "./random.js";

/** Layers that are left out here: they make training random, or depend on a whole batch. */
export const LEFT_OUT = ["dropout", "gaussian-noise", "batch-norm"];

/** Images of a batch whose gradients are added up at once, which takes half the time of one by one. */
const AT_ONCE = 4;

/** Measures that are kept: of more, those between epochs are thinned out. */
const KEPT = 500;

/** Measures of which the mean is compared with the best, how far the loss must have risen, and points of accuracy lost. */
const LATEST = 4;
const RISE = 1.2;
const FALL = 15;

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
    this.sums = network.blocks.map(({ weight, width }) => ({
      weight: new Float64Array(weight.length),
      bias: new Float64Array(width),
    }));
    /** @type {Pair[][]} */
    this.waiting = network.blocks.map(() => []); // to be added up
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
      this.waiting[b].push({ input: b ? trace.outputs[b - 1] : applied(lead, input), grad });
      if (this.waiting[b].length === AT_ONCE) addProducts(this.sums[b], this.waiting[b].splice(0));
      if (b) grad = backToInputs(blocks[b], grad);
    }
    this.count += 1;
    return loss;
  }

  /** The gradients of the batch so far, summed over its images. */
  get gradients() {
    this.waiting.forEach((pairs, b) => pairs.length && addProducts(this.sums[b], pairs.splice(0)));
    return this.sums;
  }

  /**
   * Gradient descent: move weights and biases by the mean gradient of the batch, and begin the next batch.
   * @param {number} rate
   */
  step(rate) {
    this.gradients.forEach((sum, b) => {
      const { weight, bias } = this.network.blocks[b];
      move(weight, sum.weight, rate / this.count);
      move(bias, sum.bias, rate / (this.slowBiases ? this.count ** 2 : this.count));
    });
    this.count = 0;
  }
}

/** @typedef {{input: ArrayLike<number>, grad: Float64Array}} Pair What came into a linear layer, and the gradient of its sums. */

/**
 * Add up the gradients of a linear layer, input × gradient of the sums and that gradient itself, over some images.
 * @param {{weight: Float64Array, bias: Float64Array}} sum @param {Pair[]} pairs At most four.
 */
function addProducts({ weight, bias }, pairs) {
  const width = bias.length;
  const nothing = { input: pairs[0].input, grad: new Float64Array(width) };
  const [p, q, r, s] = [...pairs, nothing, nothing, nothing];
  for (let j = 0; j < width; j++) bias[j] += p.grad[j] + q.grad[j] + r.grad[j] + s.grad[j];
  const [a, b, c, d] = [p.grad, q.grad, r.grad, s.grad];
  for (let i = 0, at = 0; i < p.input.length; i++) {
    const [x, y, z, u] = [p.input[i], q.input[i], r.input[i], s.input[i]];
    for (let j = 0; j < width; j++, at++) weight[at] += x * a[j] + y * b[j] + z * c[j] + u * d[j];
  }
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
 * @property {number} sample How many of the unseen are a sample, which is measured often.
 */

/**
 * A measure: accuracies in percent, and losses, of the sample; at the end of an epoch, of all unseen images as well.
 * @typedef {object} Measure
 * @property {number} epoch
 * @property {number} step
 * @property {number} loss Of the images learnt from since the measure before.
 * @property {number} unseenLoss
 * @property {number} sampled
 * @property {number} [accuracy]
 */

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
    this.asked = false; // to measure the sample after the next step
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

  /** Whether the loss of the images learnt from has grown again, and the accuracy has fallen. */
  get grows() {
    const losses = Float64Array.from(this.measures, ({ loss }) => loss);
    const rights = Float64Array.from(this.measures, ({ sampled }) => sampled);
    return mean(losses.slice(-LATEST)) > RISE * Math.min(...losses) && mean(rights.slice(-LATEST)) < Math.max(...rights) - FALL;
  }

  /** Whether it is still no better than to answer always the same, after a whole epoch. */
  get guesses() {
    const { labels, unseen, sample } = this.lesson;
    const counts = new Map();
    for (const n of unseen.slice(0, sample)) counts.set(labels[n], (counts.get(labels[n]) ?? 0) + 1);
    const latest = Float64Array.from(this.measures.slice(-LATEST), ({ sampled }) => sampled);
    return this.epochs >= 1 && mean(latest) <= (100 * Math.max(...counts.values())) / sample;
  }

  /** Do a piece of work, of one image: "step" if it moved the weights, "measured" if it ended a measure. */
  next() {
    return this.pieces.next().value;
  }

  /** @returns {Generator<string, never>} */
  *work() {
    const { learner, lesson, settings } = this;
    const random = uniforms(settings.seed + 1);
    const order = lesson.learnt.slice();
    yield* this.measure(true);
    for (;;) {
      shuffle(order, random);
      for (const [k, n] of order.entries()) {
        this.losses.sum += learner.add(lesson.input(n), lesson.labels[n]);
        this.losses.count += 1;
        this.images += 1;
        const isLast = k + 1 === order.length;
        if (!isLast && learner.count < settings.batch) {
          yield "image";
          continue;
        }
        learner.step(settings.rate);
        this.steps += 1;
        yield "step";
        if (isLast || this.asked) yield* this.measure(isLast);
      }
    }
  }

  /**
   * Measure on the sample, or on all unseen images.
   * @param {boolean} all
   * @returns {Generator<string>}
   */
  *measure(all) {
    const { learner, lesson, losses } = this;
    const { network } = learner;
    this.asked = false;
    const count = all ? lesson.unseen.length : lesson.sample;
    const loss = new Float64Array(count);
    const right = new Float64Array(count);
    for (let k = 0; k < count; k++) {
      const n = lesson.unseen[k];
      const outputs = network.trace(lesson.input(n)).outputs[network.last];
      loss[k] = learner.loss(outputs, lesson.labels[n]).loss;
      right[k] = 100 * Number(argmax(outputs) === lesson.labels[n]);
      yield "image";
    }
    const unseenLoss = mean(loss.subarray(0, lesson.sample));
    this.measures.push({
      epoch: this.epochs,
      step: this.steps,
      loss: losses.count ? losses.sum / losses.count : (this.last?.loss ?? unseenLoss),
      unseenLoss,
      sampled: mean(right.subarray(0, lesson.sample)),
      ...(all && { accuracy: mean(right) }),
    });
    if (this.measures.length > KEPT) this.measures = this.measures.filter(({ accuracy }, n) => n % 2 === 0 || accuracy !== undefined);
    this.losses = { sum: 0, count: 0 };
    yield "measured";
  }
}

/** @param {Float64Array} values */
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
