/**
 * Shrinking by areas, where each new pixel is the mean of the pixels whose middles it covers, and enlarging by linear
 * interpolation between the two nearest middles.
 */

/**
 * @param {Float32Array} values @param {number} width @param {number} height @param {number} newWidth @param {number} newHeight
 * @returns {Float32Array}
 */
export function resizeBox(values, width, height, newWidth, newHeight) {
  const columns = spans(width, newWidth);
  const rows = spans(height, newHeight);
  const across = new Float32Array(newWidth * height);
  for (let y = 0; y < height; y++) {
    columns.forEach(([from, to], x) => {
      let sum = 0;
      for (let i = from; i < to; i++) sum += values[y * width + i];
      across[y * newWidth + x] = sum / (to - from);
    });
  }
  const result = new Float32Array(newWidth * newHeight);
  rows.forEach(([from, to], y) => {
    for (let x = 0; x < newWidth; x++) {
      let sum = 0;
      for (let i = from; i < to; i++) sum += across[i * newWidth + x];
      result[y * newWidth + x] = sum / (to - from);
    }
  });
  return result;
}

/**
 * For each new pixel, the first pixel that it covers and the first that it does not. Where a middle lies on the edge,
 * rounding decides, in the same order of operations as in Pillow.
 * @param {number} size @param {number} newSize
 */
function spans(size, newSize) {
  const scale = size / newSize;
  const wide = Math.max(scale, 1);
  return Array.from({ length: newSize }, (_, k) => {
    const middle = (k + 0.5) * scale;
    const covers = (/** @type {number} */ i) => {
      const away = (i - middle + 0.5) * (1 / wide);
      return away > -0.5 && away <= 0.5;
    };
    let from = Math.max(Math.trunc(middle - wide / 2 + 0.5), 0);
    let to = Math.min(Math.trunc(middle + wide / 2 + 0.5), size);
    while (from < to - 1 && !covers(from)) from++;
    while (to > from + 1 && !covers(to - 1)) to--;
    return /** @type {[number, number]} */ ([from, Math.max(to, from + 1)]);
  });
}

/**
 * @param {Float32Array} values @param {number} width @param {number} height
 * @param {number} newWidth At least `width`.
 * @param {number} newHeight At least `height`.
 * @returns {Float32Array}
 */
export function enlarge(values, width, height, newWidth, newHeight) {
  const columns = between(width, newWidth);
  const rows = between(height, newHeight);
  const result = new Float32Array(newWidth * newHeight);
  rows.forEach(([above, below, down], y) => {
    columns.forEach(([left, right, along], x) => {
      const upper = values[above * width + left] * (1 - along) + values[above * width + right] * along;
      const lower = values[below * width + left] * (1 - along) + values[below * width + right] * along;
      result[y * newWidth + x] = upper * (1 - down) + lower * down;
    });
  });
  return result;
}

/**
 * For each new pixel, the two pixels between whose middles its own lies, and how far it is along.
 * @param {number} size @param {number} newSize
 */
function between(size, newSize) {
  return Array.from({ length: newSize }, (_, k) => {
    const place = Math.min(Math.max(((k + 0.5) * size) / newSize - 0.5, 0), size - 1);
    const first = Math.floor(place);
    return /** @type {[number, number, number]} */ ([first, Math.min(first + 1, size - 1), place - first]);
  });
}
