/** Read a network, images and labels as JSON from stdin; print the loss and the gradients of a batch, and a step's weights. */

import { Learner } from "../../src/glasswork/report/js/learn-network.js";
import { Network } from "../../src/glasswork/report/js/network.js";
import { unpack } from "../../src/glasswork/report/js/unpack.js";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { network: facts, images, labels, rate } = JSON.parse(Buffer.concat(chunks).toString());
const layers = [];
for (const layer of facts.layers) {
  const arrays = {};
  for (const [name, packed] of Object.entries(layer.arrays)) arrays[name] = await unpack(packed);
  layers.push({ ...layer, arrays });
}
const network = new Network(layers, facts.confidence);
const learner = new Learner(network, facts.layers.some(({ settings }) => settings.bias_grad === "mean"));
const losses = images.map((bytes, n) => learner.add(network.prepare(bytes), labels[n]));
const loss = losses.reduce((sum, one) => sum + one, 0) / images.length;
const gradients = learner.gradients.flatMap(({ weight, bias }) => [[...weight], [...bias]]);
learner.step(rate);
const parameters = network.blocks.flatMap(({ weight, bias }) => [[...weight], [...bias]]);
console.log(JSON.stringify({ loss, gradients, parameters }));
