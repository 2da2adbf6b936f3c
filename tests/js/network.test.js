/** The network in the browser: a small one worked by hand, and gradients against finite differences. */

import assert from "node:assert/strict";
import test from "node:test";

import { ELEMENTWISE } from "../../src/glasswork/report/js/elementwise.js";
import { integratedGradients, marginParts, roundToSum } from "../../src/glasswork/report/js/explain.js";
import { Network, argmax } from "../../src/glasswork/report/js/network.js";
import { smallestSmudge } from "../../src/glasswork/report/js/smudge.js";

const linear = (name, weight, bias) => ({
  name,
  kind: "linear",
  settings: {},
  arrays: { weight: Float32Array.from(weight), bias: Float32Array.from(bias) },
});
const layer = (kind, settings = {}, arrays = {}) => ({ name: kind, kind, settings, arrays });

/** Numbers that look random, always the same. */
function numbers(count, seed) {
  let state = seed;
  return Array.from({ length: count }, () => ((state = (state * 16807) % 2147483647) / 2147483647 - 0.5) * 2);
}

const batchNorm = (width, seed) =>
  layer(
    "batch-norm",
    {},
    {
      gamma: Float32Array.from(numbers(width, seed)),
      beta: Float32Array.from(numbers(width, seed + 1)),
      running_mean: Float32Array.from(numbers(width, seed + 2)),
      running_variance: Float32Array.from(numbers(width, seed + 3), (v) => v + 1.1),
    },
  );

function deep() {
  return new Network(
    [
      linear("linear1", numbers(9 * 7, 1), numbers(7, 2)),
      batchNorm(7, 3),
      layer("gelu"),
      layer("dropout", { p: 0.5 }),
      linear("linear2", numbers(7 * 5, 4), numbers(5, 5)),
      layer("tanh"),
      linear("linear3", numbers(5 * 3, 6), numbers(3, 7)),
      layer("sigmoid"),
    ],
    "normalise",
  );
}

test("a network worked by hand", () => {
  const network = new Network(
    [linear("a", [1, 2, 3, 4], [0.5, -1]), layer("relu"), linear("b", [2, -1], [0.25])],
    "softmax",
  );
  const trace = network.trace([1, -1]); // sums: 1 - 3 + 0.5 = -1.5 and 2 - 4 - 1 = -3, so both neurons are silent
  assert.deepEqual([...trace.sums[0]], [-1.5, -3]);
  assert.deepEqual([...trace.outputs[1]], [0.25]);
  assert.deepEqual([...network.trace([-1, 1]).outputs[1]], [2 * 2.5 - 1 * 1 + 0.25]);
});

test("pixels become −1 to 1", () => {
  assert.deepEqual([...deep().prepare([0, 255])], [-1, 1]);
});

test("the slope of every layer is that of its value", () => {
  const settings = { slope: 0.2, offset: -0.4, spread: 0.3 };
  const { arrays } = batchNorm(1, 11);
  for (const [kind, { value, slope }] of Object.entries(ELEMENTWISE)) {
    for (const x of [-3.1, -0.4, 0.3, 2.2]) {
      const difference = (value(x + 1e-6, { settings, arrays }, 0) - value(x - 1e-6, { settings, arrays }, 0)) / 2e-6;
      assert.ok(Math.abs(difference - slope(x, { settings, arrays }, 0)) < 1e-7, `${kind} at ${x}`);
    }
  }
});

test("the gradient is that of the sums", () => {
  const network = deep();
  const input = Float64Array.from(numbers(9, 8));
  const gradient = network.gradient(network.trace(input), [1, 0, -1]);
  const lead = (at) => network.trace(at).sums[2][0] - network.trace(at).sums[2][2];
  for (let i = 0; i < 9; i++) {
    const [up, down] = [input.slice(), input.slice()];
    up[i] += 1e-5;
    down[i] -= 1e-5;
    assert.ok(Math.abs((lead(up) - lead(down)) / 2e-5 - gradient[i]) < 1e-7);
  }
});

test("parts of the lead add up, and switching a neuron off takes its part away", () => {
  const network = deep();
  const input = numbers(9, 9);
  const whole = marginParts(network, network.trace(input), 0, 1);
  const sum = whole.parts.reduce((total, part) => total + part, whole.bias);
  assert.ok(Math.abs(sum - whole.total) < 1e-12);
  const without = marginParts(network, network.trace(input, new Map([["1:3", 0]])), 0, 1);
  assert.ok(Math.abs(whole.total - without.total - whole.parts[3]) < 1e-12);
});

test("shown digits add up, and none is off by more than one in its last place", () => {
  for (let seed = 1; seed < 200; seed++) {
    const values = numbers((seed % 12) + 1, seed);
    const { values: shown, total } = roundToSum(values, 3);
    assert.equal(Math.round(1000 * shown.reduce((sum, value) => sum + value, 0)), Math.round(1000 * total));
    assert.ok(shown.every((value, k) => Math.abs(value - values[k]) < 1.0001e-3));
  }
});

test("integrated gradients are complete", () => {
  const network = deep();
  const { total, difference } = integratedGradients(network, numbers(9, 10), 0, 2);
  assert.ok(Math.abs(total - difference) < 1e-3);
});

test("a smudge turns the answer and stays within the levels", () => {
  const network = deep();
  const bytes = Uint8Array.from(numbers(9, 12), (value) => 127.5 + 127 * value);
  const found = smallestSmudge(network, bytes);
  const answer = (image) => argmax(network.trace(network.prepare(image)).sums[2]);
  if (found) assert.notEqual(answer(found.bytes), answer(bytes));
  assert.equal(found?.digit ?? null, found ? answer(found.bytes) : null);
});

test("an unknown layer is refused", () => {
  assert.throws(() => new Network([layer("convolution")], "softmax"), /convolution/);
});
