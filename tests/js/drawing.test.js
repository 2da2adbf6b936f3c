/** Drawing without a screen: undo, redo, erase, cancel; and the image that strokes become. */

import assert from "node:assert/strict";
import test from "node:test";

import { Drawing } from "../../src/glasswork/report/js/drawing.js";
import { imageOf, massOf, seemSeveral } from "../../src/glasswork/report/js/strokes.js";

const SEVEN = [
  [
    [0.3, 0.2],
    [0.7, 0.2],
    [0.45, 0.8],
  ],
];

function drawn(...strokes) {
  const drawing = new Drawing();
  for (const stroke of strokes) {
    drawing.begin();
    for (const point of stroke) drawing.extend([point]);
    drawing.end();
  }
  return drawing;
}

test("undo and redo go back and forth, and a new stroke ends redoing", () => {
  const drawing = drawn(
    [
      [0, 0],
      [1, 1],
    ],
    [
      [0, 1],
      [1, 0],
    ],
  );
  drawing.undo();
  assert.deepEqual(drawing.strokes, [
    [
      [0, 0],
      [1, 1],
    ],
  ]);
  drawing.redo();
  assert.equal(drawing.strokes.length, 2);
  drawing.undo();
  drawing.begin();
  drawing.extend([[0.5, 0.5]]);
  drawing.end();
  drawing.redo();
  assert.equal(drawing.strokes.length, 2);
});

test("a stroke that the system takes away leaves nothing", () => {
  const drawing = drawn([
    [0, 0],
    [1, 1],
  ]);
  drawing.begin();
  drawing.extend([[0.5, 0.5]]);
  drawing.cancel();
  assert.equal(drawing.strokes.length, 1);
  assert.equal(drawing.past.length, 1);
});

test("erasing cuts a stroke in two, even between its points, and clearing can be undone", () => {
  const drawing = drawn([
    [0, 0.5],
    [1, 0.5],
  ]);
  drawing.begin();
  drawing.erase([0.5, 0.5], 0.1);
  drawing.end();
  assert.equal(drawing.strokes.length, 2);
  assert.ok(drawing.strokes.flat().every(([x]) => Math.abs(x - 0.5) > 0.1));
  drawing.clear();
  assert.equal(drawing.strokes.length, 0);
  drawing.undo();
  assert.equal(drawing.strokes.length, 2);
});

test("place and size of a drawing do not matter", () => {
  const image = imageOf(SEVEN);
  for (const scale of [0.3, 0.6, 1]) {
    for (const [dx, dy] of [
      [0, 0],
      [0.1, -0.15],
      [0.2, 0.3],
    ]) {
      const moved = SEVEN.map((stroke) => stroke.map(([x, y]) => [dx + scale * x, dy + scale * y]));
      const off = imageOf(moved).map((value, i) => Math.abs(value - image[i]));
      assert.ok(Math.max(...off) <= 1);
    }
  }
});

test("a drawing is 20 pixels long, and its mass is in the middle as far as it fits", () => {
  const plus = [
    [
      [0.2, 0.5],
      [0.8, 0.5],
    ],
    [
      [0.5, 0.2],
      [0.5, 0.8],
    ],
  ];
  const bytes = imageOf(plus);
  const rows = [...Array(28).keys()].filter((y) => bytes.subarray(28 * y, 28 * y + 28).some((value) => value > 127));
  assert.ok(Math.abs(rows.length - 20) <= 1);
  const mass = massOf(bytes, 28);
  assert.ok(Math.abs(mass[0] - 14) < 0.01 && Math.abs(mass[1] - 14) < 0.01);
});

test("a dot stays a dot, and no strokes are no image", () => {
  const ink = imageOf([[[0.5, 0.5]]]).filter((value) => value > 0).length;
  assert.ok(ink > 0 && ink < 25);
  assert.equal(imageOf([]), null);
});

test("smaller images have a pen and a box of their own size", () => {
  const bytes = imageOf(SEVEN, 56);
  assert.equal(bytes.length, 56 * 56);
  assert.ok(bytes.some((value) => value === 255));
});

test("digits side by side are several, and the strokes of one digit are not", () => {
  const one = (x) => [[x, 0.2], [x, 0.8]];
  const zero = (x) => [[x, 0.2], [x - 0.1, 0.5], [x, 0.8], [x + 0.1, 0.5], [x, 0.2]];
  assert.ok(seemSeveral([one(0.2), zero(0.5), one(0.8)]));
  assert.ok(seemSeveral([one(0.3), one(0.5)]));
  const four = [[[0.36, 0.2], [0.32, 0.5], [0.66, 0.5]], [[0.62, 0.22], [0.6, 0.82]]];
  const five = [[[0.4, 0.2], [0.37, 0.45], [0.67, 0.57], [0.32, 0.76]], [[0.4, 0.2], [0.7, 0.2]]];
  for (const strokes of [four, five, [zero(0.5)], [zero(0.5), [[0.8, 0.78]]], [[[0.5, 0.5]]]]) assert.ok(!seemSeveral(strokes));
});
