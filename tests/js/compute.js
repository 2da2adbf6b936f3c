/** Read a network and images as JSON from stdin; print what the page's modules compute of them. */

import { integratedGradients, marginParts } from "../../src/glasswork/report/js/explain.js";
import { Network } from "../../src/glasswork/report/js/network.js";
import { smallestSmudge } from "../../src/glasswork/report/js/smudge.js";
import { unpack } from "../../src/glasswork/report/js/unpack.js";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { network: facts, images, smudges } = JSON.parse(Buffer.concat(chunks).toString());
const layers = [];
for (const layer of facts.layers) {
  const arrays = {};
  for (const [name, packed] of Object.entries(layer.arrays)) arrays[name] = await unpack(packed);
  layers.push({ ...layer, arrays });
}
const network = new Network(layers, facts.confidence);
const results = images.map((bytes) => {
  const trace = network.trace(network.prepare(bytes));
  return {
    scores: [...trace.outputs[network.last]],
    shares: network.shares(trace.outputs[network.last]),
    margin: marginParts(network, trace, 0, 1),
    gradients: (({ total, difference }) => ({ total, difference }))(integratedGradients(network, trace.input, 0, 1)),
  };
});
const found = images.slice(0, smudges).map((bytes) => smallestSmudge(network, Uint8Array.from(bytes)));
console.log(JSON.stringify({ results, smudges: found.map((one) => one && { ...one, bytes: [...one.bytes] }) }));
