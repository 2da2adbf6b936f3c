/** The lines of the stage: the strongest links, from an answer back to the pixels; and orders of neurons. */

import assert from "node:assert/strict";
import test from "node:test";

import { linksOf } from "../../src/glasswork/report/js/links.js";
import { Network } from "../../src/glasswork/report/js/network.js";
import { byClass, byValue } from "../../src/glasswork/report/js/sorting.js";

const linear = (name, weight, bias) => ({
  name,
  kind: "linear",
  settings: {},
  arrays: { weight: Float32Array.from(weight), bias: Float32Array.from(bias) },
});

/** Two pixels, three neurons, two classes. */
const network = new Network([linear("a", [1, 0, 2, 0, 3, 1], [0, 0, 0]), linear("b", [1, 0, 0, 5, -2, 1], [0, 0])], "softmax");
const trace = network.trace([1, -1]); // neurons: 1, -3, 1
const asked = { target: 0, touched: null, shown: [[0, 1, 2]], focus: null, isGround: (value) => value === -1 };

test("an answer’s links carry input × weight, the strongest first, and none carries nothing", () => {
  const [pixels, neurons] = linksOf(network, trace, asked);
  assert.deepEqual(neurons, [{ from: 2, to: 0, value: -2 }, { from: 0, to: 0, value: 1 }]);
  assert.deepEqual(pixels, [{ from: 0, to: 2, value: 2 }, { from: 0, to: 0, value: 1 }]); // pixel 1 is blank
});

test("only neurons with a tile have lines, and the one that is looked at has all of its own", () => {
  const [, neurons] = linksOf(network, trace, { ...asked, shown: [[0, 1]] });
  assert.deepEqual(neurons, [{ from: 0, to: 0, value: 1 }]);
  const [into, out] = linksOf(network, trace, { ...asked, focus: { block: 0, neuron: 1 }, isGround: () => false });
  assert.deepEqual(into, [{ from: 1, to: 1, value: -3 }]);
  assert.deepEqual(out, [{ from: 1, to: 1, value: -15 }]);
  const [, led] = linksOf(network, trace, { ...asked, touched: 0, focus: { block: 0, neuron: 0 } });
  assert.deepEqual(led, [{ from: 0, to: 0, value: 1 }]); // to the answer that was touched alone
});

test("neurons stand by the class that they speak for, through all layers", () => {
  assert.deepEqual(byClass(network, 0), [0, 1, 2]);
  const deep = new Network([linear("a", [1, 1], [0, 0]), linear("b", [0, 1, 1, 0], [0, 0]), linear("c", [1, 0, 0, 1], [0, 0])], "softmax");
  assert.deepEqual(byClass(deep, 0), [1, 0]);
  assert.deepEqual(byValue([3, 1, 2]), [1, 2, 0]);
});
