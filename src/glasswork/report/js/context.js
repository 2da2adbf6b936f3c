/** Everything that the parts of a page share, from its data: the network, images to ask about, and what they are compared with. */

import { answerer, imageAt } from "./answer.js";
import { Columns } from "./columns.js";
import { Network } from "./network.js";
import { pixelsOf } from "./pixels.js";
import { Reference } from "./reference.js";
import { Sceptic } from "./sceptic.js";
import { Store } from "./store.js";
import { unpack, unpackLayers } from "./unpack.js";
import { say } from "./words.js";

/**
 * @param {any} data
 * @returns {Promise<Reference>}
 */
async function unpackReference({ examples, novelty, shape }) {
  const { sceptic } = novelty;
  const [images, spread, filters, weights, maps] = await Promise.all(
    [examples.images, novelty.spread, sceptic?.filters, sceptic?.weights, novelty.maps].map((packed) => packed && unpack(packed)),
  );
  const side = Math.max(shape[0], shape[1]);
  const second = sceptic && new Sceptic({ filters, weights, bias: sceptic.bias, output: sceptic.output }, side);
  return new Reference(images, maps ?? null, shape, spread, novelty, second);
}

/**
 * @param {any} data
 * @returns {Promise<import("./answer.js").Context>}
 */
export async function makeContext(data) {
  const [layers, untrained, examples, reference, tests, scores] = await Promise.all([
    unpackLayers(data.network.layers),
    data.snapshots[0]?.whole && data.snapshots[0].epoch === 0 ? unpackLayers(data.snapshots[0].layers) : null,
    unpack(data.examples.images),
    data.novelty ? unpackReference(data) : null,
    unpack(data.tested.pictures.images),
    unpack(data.tested.scores),
  ]);
  const inkless = new Set(/** @type {number[]} */ (data.inkless));
  const columns = data.columns ? new Columns(data.columns) : null;
  const kind = columns ?? pixelsOf(data.shape, inkless);
  const network = new Network(layers, data.network.confidence, kind.prepare);
  const first = firstImage(data, (n) => columns !== null || isWhole(imageAt(tests, network.features, n), data.shape));
  const store = new Store({
    bytes: imageAt(tests, network.features, first).slice(),
    source: say("test {one} {n}", { n: first + 1 }),
    truth: data.tested.pictures.labels[first],
    strokes: null,
    several: false,
    gains: new Map(),
    staged: "",
    whose: null,
    reset: false,
    target: null,
    rival: null,
    open: null,
  });
  const answer = answerer(network, columns ?? reference);
  return {
    data,
    network,
    own: network.twin(),
    kind,
    columns,
    reference,
    examples,
    tests,
    scores,
    store,
    untrained: untrained && new Network(untrained, data.network.confidence, kind.prepare),
    classes: data.classes,
    shape: data.shape,
    inkless,
    answer,
    target: (state) => state.target ?? answer(state).best,
  };
}

/**
 * The first test image of a 7 that is answered so and not cut off; else the first of all. Of rows: the first that is
 * answered rightly.
 * @param {any} data @param {(n: number) => boolean} isWhole
 */
function firstImage({ tested, classes, columns }, isWhole) {
  const seven = classes.indexOf("7");
  const labels = /** @type {number[]} */ (tested.pictures.labels).slice(0, tested.checked);
  return Math.max(labels.findIndex((label, n) => label === tested.answers[n] && (columns || label === seven) && isWhole(n)), 0);
}

/**
 * Whether an image is even along its edge, two pixels deep.
 * @param {ArrayLike<number>} bytes @param {number[]} shape
 */
function isWhole(bytes, [height, width, planes = 1]) {
  const isEdge = (/** @type {number} */ at, /** @type {number} */ side) => at < 2 || at >= side - 2;
  return Array.from(bytes).every((byte, i) => {
    const pixel = Math.floor(i / planes);
    return byte === bytes[0] || !(isEdge(pixel % width, width) || isEdge(Math.floor(pixel / width), height));
  });
}
