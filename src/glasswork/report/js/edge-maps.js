/**
 * Where the edges of an image lie, whatever its slant. The same numbers as glasswork/models/doubt/edges.py.
 *
 * image → slant removed → smoothed → edges in four directions → 4 maps of 7×7 cells, at unit length
 */

const CELLS = 7;

/** Numbers that describe an image. */
export const NUMBERS = 4 * CELLS * CELLS;

/**
 * Return a function from an image to its maps of edges, with its memory.
 * @param {number} side
 */
export function describer(side) {
  const upright = new Float32Array(side * side);
  const down = new Float32Array(side * side);
  const smooth = new Float32Array(side * side);
  const windows = cellWindows(side);
  /** @param {ArrayLike<number>} bytes */
  return (bytes) => {
    removeSlant(bytes, side, upright);
    smoothInto(upright, side, down, smooth);
    return edgeMaps(smooth, side, windows);
  };
}

/**
 * Shift each row sideways until the strokes' mean slant is upright.
 * @param {ArrayLike<number>} field @param {number} side @param {Float32Array} upright
 */
export function removeSlant(field, side, upright) {
  const mass = new Float64Array(side);
  const moment = new Float64Array(side);
  let sum = 0;
  let sumDown = 0;
  let sumMoment = 0;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const ink = field[y * side + x];
      mass[y] += ink;
      moment[y] += ink * x;
    }
    sum += mass[y];
    sumDown += mass[y] * y;
    sumMoment += moment[y];
  }
  const total = Math.max(sum, 1);
  let along = 0;
  let square = 0;
  for (let y = 0; y < side; y++) {
    const below = y - sumDown / total;
    along += below * (moment[y] - (sumMoment / total) * mass[y]);
    square += below * below * mass[y];
  }
  const slant = Math.min(Math.max(along / Math.max(square, 1), -0.7), 0.7);
  const at = (/** @type {number} */ y, /** @type {number} */ x) => (x >= 0 && x < side ? field[y * side + x] : 0);
  for (let y = 0; y < side; y++) {
    const shift = slant * (y - sumDown / total);
    for (let x = 0; x < side; x++) {
      const left = Math.floor(x + shift);
      const part = x + shift - left;
      upright[y * side + x] = at(y, left) * (1 - part) + at(y, left + 1) * part;
    }
  }
}

/**
 * Blur with 1 2 1, each way; the border stays as it is.
 * @param {Float32Array} field @param {number} side @param {Float32Array} down @param {Float32Array} both
 */
function smoothInto(field, side, down, both) {
  down.set(field);
  for (let i = side; i < side * (side - 1); i++) down[i] = (field[i - side] + 2 * field[i] + field[i + side]) / 4;
  both.set(down);
  for (let y = 0; y < side; y++) {
    for (let i = y * side + 1; i < (y + 1) * side - 1; i++) both[i] = (down[i - 1] + 2 * down[i] + down[i + 1]) / 4;
  }
}

/**
 * Weights by which pixels count for cells, triangles that overlap: for each pixel, pairs of cell and weight.
 * @param {number} side
 */
function cellWindows(side) {
  const wide = side / CELLS;
  return Array.from({ length: side }, (_, pixel) =>
    Array.from({ length: CELLS }, (_, cell) => cell)
      .map((cell) => ({ cell, weight: 1 - Math.abs(pixel - ((cell + 0.5) * wide - 0.5)) / (1.25 * wide) }))
      .filter(({ weight }) => weight > 0),
  );
}

/** @param {Float32Array} field @param {number} side @param {ReturnType<typeof cellWindows>} windows */
function edgeMaps(field, side, windows) {
  const maps = new Float32Array(NUMBERS);
  const add = (/** @type {number} */ direction, /** @type {number} */ y, /** @type {number} */ x, /** @type {number} */ edge) => {
    for (const row of windows[y]) {
      const at = direction * CELLS * CELLS + row.cell * CELLS;
      for (const column of windows[x]) maps[at + column.cell] += edge * row.weight * column.weight;
    }
  };
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const across = x > 0 && x < side - 1 ? field[y * side + x + 1] - field[y * side + x - 1] : 0;
      const down = y > 0 && y < side - 1 ? field[(y + 1) * side + x] - field[(y - 1) * side + x] : 0;
      if (across !== 0) add(across > 0 ? 0 : 1, y, x, Math.abs(across));
      if (down !== 0) add(down > 0 ? 2 : 3, y, x, Math.abs(down));
    }
  }
  const length = Math.max(Math.sqrt(maps.reduce((sum, value) => sum + value * value, 0)), 1e-6);
  return maps.map((value) => value / length);
}
