/** Learning in the page: a step worked by hand, the same seed twice, and what is left out. */

import assert from "node:assert/strict";
import test from "node:test";

import { Course, Learner, freshNetwork } from "../../src/glasswork/report/js/learn-network.js";
import { Trainer } from "../../src/glasswork/report/js/learn-train.js";
import { Network } from "../../src/glasswork/report/js/network.js";
import { normals, shuffle, uniforms } from "../../src/glasswork/report/js/random.js";

const linear = (weight, bias) => ({
  name: "linear",
  kind: "linear",
  settings: {},
  arrays: { weight: Float32Array.from(weight), bias: Float32Array.from(bias) },
});
const layer = (kind) => ({ name: kind, kind, settings: {}, arrays: {} });

test("a step worked by hand: squared error of one output", () => {
  const network = new Network([linear([1, 2], [0.5])], "normalise", (row) => row);
  const learner = new Learner(network);
  assert.equal(learner.add([1, -1], 0), 2.25); // 1 - 2 + 0.5 = -0.5; (-0.5 - 1)² = 2.25; gradient 2 × -1.5 = -3
  assert.equal(learner.add([0, 1], 0), 2.25); // 2 + 0.5 = 2.5; (2.5 - 1)² = 2.25; gradient 3
  learner.step(0.5); // mean gradients: weights (-3 + 0) / 2 and (3 + 3) / 2, bias 0
  assert.deepEqual([...network.blocks[0].weight, ...network.blocks[0].bias], [1.75, 0.5, 0.5]);
  assert.equal(learner.add([1, -1], 0), 0.5625); // the first batch is forgotten: 1.75 - 0.5 + 0.5 = 1.75
  learner.step(0.5);
  assert.deepEqual([...network.blocks[0].weight, ...network.blocks[0].bias], [1, 1.25, -0.25]);
});

test("biases learn more slowly by 1/batch where the handout's listing is followed", () => {
  const [plain, slow] = [false, true].map((slowBiases) => {
    const network = new Network([linear([1], [0])], "normalise", (row) => row);
    const learner = new Learner(network, slowBiases);
    for (const x of [1, 2, 3, 4]) learner.add([x], 0);
    learner.step(0.1);
    return network.blocks[0];
  });
  assert.equal(plain.weight[0], slow.weight[0]);
  assert.ok(Math.abs(plain.bias[0] - 4 * slow.bias[0]) < 1e-6);
});

const context = {
  own: new Network(
    [linear([1, 2, 3, 4, 5, 6], [0, 0, 0]), layer("relu"), layer("dropout"), linear([1, 2, 3, 4, 5, 6], [0, 0])],
    "softmax",
  ),
  untrained: null,
  kind: { prepare: (row) => row },
};
const settings = { rate: 0.2, batch: 4, activation: "relu", hidden: 8, seed: 3 };

/** Points in two discs; the second is to the upper right. */
function lesson() {
  const normal = normals(5);
  const labels = Array.from({ length: 120 }, (_, n) => n % 2);
  const rows = labels.map((label) => [normal() + 3 * label, normal() + 3 * label]);
  const numbers = labels.map((_, n) => n);
  return { input: (n) => rows[n], labels, learnt: numbers.slice(0, 80), unseen: numbers.slice(80), sample: 10 };
}

function trained(epochs, changes = {}) {
  const asked = { ...settings, ...changes };
  const network = freshNetwork(context, asked);
  const course = new Course(new Learner(network), lesson(), asked);
  while ((course.last?.epoch ?? -1) < epochs) course.next();
  return { network, course };
}

test("a course learns, measures each epoch, and does the same for the same seed", () => {
  const { network, course } = trained(5);
  assert.equal(course.steps, 100);
  assert.deepEqual(course.measures.slice(0, 5).map(({ epoch }) => epoch), [0, 1, 2, 3, 4]);
  assert.ok(course.last.accuracy >= 90 && course.last.unseenLoss < course.measures[0].unseenLoss / 2);
  assert.deepEqual(trained(5).network.blocks[1].weight, network.blocks[1].weight);
  assert.notDeepEqual(trained(5, { seed: 4 }).network.blocks[1].weight, network.blocks[1].weight);
});

test("the sample is measured when it is asked for, after whole steps, and changes nothing", () => {
  const { network, course: alone } = trained(3);
  const course = new Course(new Learner(freshNetwork(context, settings)), lesson(), settings);
  while ((course.last?.epoch ?? -1) < 3) {
    const found = course.next();
    course.asked ||= found === "step" && course.steps % 7 === 3;
  }
  assert.deepEqual(course.learner.network.blocks[1].weight, network.blocks[1].weight);
  const whole = course.measures.filter(({ accuracy }) => accuracy !== undefined);
  assert.deepEqual(whole.map(({ accuracy, sampled }) => [accuracy, sampled]), alone.measures.map(({ accuracy, sampled }) => [accuracy, sampled]));
  const between = course.measures.filter(({ accuracy }) => accuracy === undefined);
  assert.ok(between.length >= 6 && between.every(({ step, epoch }) => step / 20 === epoch));
  assert.ok(course.measures.every(({ sampled }) => sampled % 10 === 0)); // of 10
});

test("measures are thinned out, those of whole epochs are kept", () => {
  const course = new Course(new Learner(freshNetwork(context, settings)), lesson(), settings);
  while ((course.last?.epoch ?? -1) < 60) {
    course.next();
    course.asked = true;
  }
  const epochs = course.measures.map(({ epoch }) => epoch);
  assert.ok(course.measures.length <= 501 && epochs.every((epoch, n) => n === 0 || epoch > epochs[n - 1]));
  assert.deepEqual(epochs.filter(Number.isInteger), Array.from({ length: 61 }, (_, n) => n));
});

test("unseen images are never learnt from", () => {
  const one = lesson();
  const other = { ...one, labels: one.labels.map((label, n) => (n >= 80 ? 1 - label : label)) };
  const weights = [one, other].map((given) => {
    const course = new Course(new Learner(freshNetwork(context, settings)), given, settings);
    while ((course.last?.epoch ?? -1) < 2) course.next();
    return [...course.learner.network.blocks[0].weight];
  });
  assert.deepEqual(weights[0], weights[1]);
});

test("a fresh network has the architecture asked for, without dropout, and other weights for another seed", () => {
  const network = freshNetwork(context, { ...settings, activation: "tanh", hidden: 5 });
  assert.deepEqual(network.blocks.map(({ width, after }) => [width, after.map(({ kind }) => kind)]), [[5, ["tanh"]], [2, []]]);
  assert.notDeepEqual(freshNetwork(context, { ...settings, seed: 9 }).blocks[0].weight, freshNetwork(context, settings).blocks[0].weight);
});

test("random numbers have the moments they should, and a shuffle keeps everything", () => {
  const normal = normals(1);
  const values = Array.from({ length: 20000 }, normal);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
  assert.ok(Math.abs(mean) < 0.03 && Math.abs(variance - 1) < 0.04);
  const list = shuffle(Array.from({ length: 50 }, (_, n) => n), uniforms(2));
  assert.notDeepEqual(list.slice(0, 5), [0, 1, 2, 3, 4]);
  assert.deepEqual(list.sort((a, b) => a - b), Array.from({ length: 50 }, (_, n) => n));
});

/** A trainer of a network without hidden layers, for squared error, on rows of one number. */
function trainer(scale) {
  const network = new Network([linear([1, -1], [0, 0])], "normalise", (row) => row);
  const labels = Array.from({ length: 50 }, (_, n) => n % 2);
  const examples = Float64Array.from(labels, (label) => scale * (label - 0.5));
  const data = { examples: { labels }, network: { layers: [] } };
  return new Trainer({ own: network, untrained: null, kind: { prepare: (row) => row }, data, examples });
}

test("the settings that the page begins with are used whatever was chosen, and the accuracy is of unseen rows", async () => {
  const one = trainer(1);
  assert.deepEqual([one.lesson.learnt.length, one.lesson.unseen.length], [40, 10]);
  assert.deepEqual([...one.lesson.learnt, ...one.lesson.unseen].sort((a, b) => a - b), Array.from({ length: 50 }, (_, n) => n));
  one.begin({ rate: 1000, batch: 1 });
  assert.deepEqual(await one.train({ epochs: 3, seed: 2 }), { accuracy: 100 });
  assert.deepEqual([one.settings.rate, one.settings.batch, one.course.steps], [0.1, 10, 12]);
});

test("training stops where weights grow without limit", async () => {
  const one = trainer(1e3);
  one.begin({ rate: 3 });
  await one.play(100);
  assert.ok(one.lost && !one.playing && one.course.last.epoch < 100);
});
