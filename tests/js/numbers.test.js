/** Arrays from text, the distance from the training images, and axes. */

import assert from "node:assert/strict";
import test from "node:test";

import { ticks } from "../../src/glasswork/report/js/chart.js";
import { number, percent, signed } from "../../src/glasswork/report/js/words.js";
import { wilson } from "../../src/glasswork/report/js/part-errs.js";
import { Reference, stretched } from "../../src/glasswork/report/js/reference.js";
import { LINEAR, MEANS, resize } from "../../src/glasswork/report/js/resize.js";
import { unpack } from "../../src/glasswork/report/js/unpack.js";

const base64 = (array) => Buffer.from(array.buffer).toString("base64");

test("every encoding comes back", async () => {
  const floats = Float32Array.of(1.5, -2, 0.1, 3e20);
  assert.deepEqual(await unpack({ encoding: "float32", shape: [4], data: base64(floats) }), floats);
  const halves = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff); // 1, -2, the smallest and the largest
  assert.deepEqual(
    [...(await unpack({ encoding: "float16", shape: [4], data: base64(halves) }))],
    [1, -2, 2 ** -24, 65504],
  );
  const bytes = Int8Array.of(127, -127, 0, 64);
  assert.deepEqual(
    [...(await unpack({ encoding: "int8", shape: [2, 2], data: base64(bytes), scales: [0.5, 2] }))],
    [63.5, -254, 0, 128],
  );
  assert.deepEqual(
    [...(await unpack({ encoding: "uint4", shape: [3], data: base64(Uint8Array.of(0xf1, 0x80)) }))],
    [255, 17, 136],
  );
});

test("gzip is undone", async () => {
  const { gzipSync } = await import("node:zlib");
  const data = gzipSync(Uint8Array.from({ length: 1000 }, (_, i) => i % 7)).toString("base64");
  const found = await unpack({ encoding: "uint8", shape: [1000], data, gzip: true });
  assert.equal(found[999], 999 % 7);
});

test("an image is at distance 0 from itself, and a blank one from nothing", () => {
  const images = Uint8Array.from({ length: 2 * 784 }, (_, i) =>
    i % 784 > 300 && i % 28 === 10 + Math.floor(i / 784) * 5 ? 255 : 0,
  );
  const reference = new Reference(
    images,
    null,
    [28, 28],
    Float32Array.of(1, 1),
    { threshold: 0.5, limits: [0, 0.88, 0.94, 1], labels: [1, 7] },
    null,
  );
  assert.ok(reference.nearest(images.subarray(784), 1)[0].distance < 1e-3);
  assert.equal(reference.nearest(images.subarray(784), 2)[0].row, 1);
  assert.equal(reference.judge(new Uint8Array(784)).strangeness, Infinity);
  assert.ok(reference.unlike(new Uint8Array(784).fill(255)));
});

test("an image that is not square is stretched to its longer side", () => {
  assert.deepEqual([...stretched([1, 2, 3, 4, 5, 6], [2, 3])], [1, 2, 3, 1, 2, 3, 4, 5, 6]);
  assert.deepEqual([...stretched([1, 2], [2, 1])], [1, 1, 2, 2]);
});

test("shrinking takes means", () => {
  assert.deepEqual([...resize(Float32Array.of(0, 2, 4, 6), 4, 1, 2, 1, MEANS)], [1, 5]);
});

test("a small picture is enlarged between the middles of its pixels", () => {
  assert.deepEqual([...resize(Float32Array.of(0, 8), 2, 1, 4, 1, LINEAR)], [0, 2, 6, 8]);
  assert.deepEqual([...resize(Float32Array.of(0, 8), 1, 2, 1, 4, LINEAR)], [0, 2, 6, 8]);
});

test("axes have round ticks, numbers true minus signs, shares no false certainty", () => {
  assert.deepEqual(ticks(0, 100, 4), [0, 25, 50, 75, 100]);
  assert.deepEqual(ticks(-45, 45, 4), [-25, 0, 25]);
  assert.deepEqual([number(-1.005, 2), signed(0.5, 1), signed(-0.001, 2)], ["−1.00", "+0.5", "0.00"]);
  assert.deepEqual([percent(0.9999), percent(1), percent(0.123)], [">99\u00a0%", "100\u00a0%", "12\u00a0%"]);
});

test("the interval of a share is Wilson’s", () => {
  const [low, high] = wilson(0.8, 10); // by hand: 0.490 and 0.943
  assert.ok(Math.abs(low - 0.4902) < 1e-3 && Math.abs(high - 0.9433) < 1e-3);
});
