/**
 * From strokes to an image like those of MNIST: scaled first, painted afterwards, with a pen of MNIST's width.
 *
 * points of the strokes → crop → 20×20 box → painted → centre of mass in the middle → 28×28
 *
 * So a small and a large drawing, made with any pen, give the same image.
 */

/**
 * @typedef {[number, number]} Point x and y in board units, 0 to 1, y down.
 * @typedef {Point[]} Stroke
 */

/** MNIST's field, box, and the width of its strokes, in pixels. */
const FIELD = 28;
const BOX = 20;
const PEN = 1.95;

/** Drawings smaller than this are dots: they are not blown up to a digit's size. */
const SMALLEST = 0.04;

/**
 * Make an image of strokes, or null if there are none.
 * @param {Stroke[]} strokes
 * @param {number} [side] Of the image, in pixels.
 * @returns {Uint8Array | null}
 */
export function imageOf(strokes, side = FIELD) {
  const points = strokes.flat();
  if (!points.length) return null;
  const unit = side / FIELD;
  const pen = PEN * unit;
  const crop = boundsOf(points);
  const extent = Math.max(crop.right - crop.left, crop.bottom - crop.top, SMALLEST);
  const scale = (BOX * unit - pen) / extent;
  const middle = [(crop.left + crop.right) / 2, (crop.top + crop.bottom) / 2];
  const placed = (/** @type {number} */ dx, /** @type {number} */ dy) =>
    strokes.map((stroke) => stroke.map(([x, y]) => /** @type {Point} */ ([(x - middle[0]) * scale + side / 2 + dx, (y - middle[1]) * scale + side / 2 + dy])));
  const mass = massOf(paint(placed(0, 0), side, pen), side);
  const most = ((FIELD - BOX) / 2) * unit; // no ink leaves the field
  const move = mass.map((at) => Math.min(Math.max(side / 2 - at, -most), most));
  return paint(placed(move[0], move[1]), side, pen);
}

/** Board units between two digits that stand side by side. */
const APART = 0.05;

/** @param {Point[]} points */
export function boundsOf(points) {
  const xs = points.map((point) => point[0]);
  const ys = points.map((point) => point[1]);
  const low = (/** @type {number[]} */ values) => values.reduce((a, b) => Math.min(a, b));
  const high = (/** @type {number[]} */ values) => values.reduce((a, b) => Math.max(a, b));
  return { left: low(xs), top: low(ys), right: high(xs), bottom: high(ys) };
}

/**
 * Whether strokes seem to be several digits: groups side by side, each at least half as tall as all of them.
 * @param {Stroke[]} strokes
 */
export function seemSeveral(strokes) {
  /** @type {ReturnType<typeof boundsOf>[]} */
  const groups = [];
  for (const box of strokes.map(boundsOf).sort((a, b) => a.left - b.left)) {
    const beside = groups[groups.length - 1];
    if (!beside || box.left > beside.right + APART) groups.push(box);
    else {
      beside.right = Math.max(beside.right, box.right);
      beside.top = Math.min(beside.top, box.top);
      beside.bottom = Math.max(beside.bottom, box.bottom);
    }
  }
  const tallest = Math.max(...groups.map(({ top, bottom }) => bottom - top));
  return groups.filter(({ top, bottom }) => bottom - top > tallest / 2).length > 1;
}

/**
 * Paint strokes with a round pen: how much of each pixel it covers, as bytes.
 * @param {Stroke[]} strokes In pixels.
 * @param {number} side
 * @param {number} pen Its width.
 */
export function paint(strokes, side, pen) {
  const distance = new Float64Array(side * side).fill(Infinity);
  const reach = pen / 2 + 1;
  for (const stroke of strokes) {
    for (let k = 0; k < stroke.length; k++) {
      const [x0, y0] = stroke[Math.max(k - 1, 0)];
      const [x1, y1] = stroke[k];
      const top = Math.max(Math.floor(Math.min(y0, y1) - reach), 0);
      const bottom = Math.min(Math.ceil(Math.max(y0, y1) + reach), side - 1);
      const left = Math.max(Math.floor(Math.min(x0, x1) - reach), 0);
      const right = Math.min(Math.ceil(Math.max(x0, x1) + reach), side - 1);
      for (let y = top; y <= bottom; y++) {
        for (let x = left; x <= right; x++) {
          const away = toSegment(x + 0.5, y + 0.5, x0, y0, x1, y1);
          if (away < distance[y * side + x]) distance[y * side + x] = away;
        }
      }
    }
  }
  return Uint8Array.from(distance, (away) => Math.round(255 * Math.min(Math.max(pen / 2 - away + 0.5, 0), 1)));
}

/**
 * Distance from a point to a segment.
 * @param {number} x @param {number} y @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1
 */
function toSegment(x, y, x0, y0, x1, y1) {
  const dx = x1 - x0;
  const dy = y1 - y0;
  const square = dx * dx + dy * dy;
  const along = square ? Math.min(Math.max(((x - x0) * dx + (y - y0) * dy) / square, 0), 1) : 0;
  return Math.hypot(x - x0 - along * dx, y - y0 - along * dy);
}

/**
 * Centre of mass, in pixels. MNIST counts the middle of pixel 14 as the middle of the field: half a pixel off.
 * @param {ArrayLike<number>} bytes @param {number} side The width, where it is another than the height.
 * @returns {Point}
 */
export function massOf(bytes, side) {
  let sum = 0;
  let x = 0;
  let y = 0;
  for (let i = 0; i < bytes.length; i++) {
    sum += bytes[i];
    x += bytes[i] * (i % side);
    y += bytes[i] * Math.floor(i / side);
  }
  return sum ? [x / sum, y / sum] : [side / 2, side / 2];
}
