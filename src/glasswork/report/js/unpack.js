/**
 * Arrays from text: the other half of packing.py.
 *
 * base64 → bytes → gunzip → float64, float32, float16, int8 with scales, uint8 or uint4 → a typed array
 */

/**
 * @typedef {object} Packed
 * @property {"float64" | "float32" | "float16" | "int8" | "uint8" | "uint4"} encoding
 * @property {number[]} shape
 * @property {string} data
 * @property {boolean} [gzip]
 * @property {number[]} [scales]
 */

/** Grey levels between two of the 16 levels of a four-bit pixel. */
const LEVEL = 17;

/**
 * Return the numbers of a packed array: a Float32Array of weights, a Uint8Array of pixels, a Float64Array of rows.
 * @param {Packed} packed
 * @returns {Promise<any>}
 */
export async function unpack(packed) {
  const bytes = await contentOf(packed);
  const count = packed.shape.reduce((product, length) => product * length, 1);
  if (packed.encoding === "uint8") return bytes;
  if (packed.encoding === "float64") return new Float64Array(bytes.buffer);
  if (packed.encoding === "uint4") return fourBits(bytes, count);
  if (packed.encoding === "int8") return fromInt8(new Int8Array(bytes.buffer), packed.scales ?? []);
  if (packed.encoding === "float16") return Float32Array.from(new Uint16Array(bytes.buffer), fromHalf);
  return new Float32Array(bytes.buffer);
}

/**
 * Return the layers of a network with the numbers of their arrays.
 * @param {any[]} layers
 */
export async function unpackLayers(layers) {
  return Promise.all(
    layers.map(async (layer) => {
      const names = Object.keys(layer.arrays);
      const arrays = await Promise.all(names.map((name) => unpack(layer.arrays[name])));
      return { ...layer, arrays: Object.fromEntries(names.map((name, n) => [name, arrays[n]])) };
    }),
  );
}

/**
 * @param {Packed} packed
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
async function contentOf(packed) {
  const text = atob(packed.data);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  if (!packed.gzip) return bytes;
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** @param {Uint8Array} bytes @param {number} count */
function fourBits(bytes, count) {
  const pixels = new Uint8Array(count);
  for (let i = 0; i < count; i++) pixels[i] = LEVEL * (i % 2 ? bytes[i >> 1] & 15 : bytes[i >> 1] >> 4);
  return pixels;
}

/**
 * @param {Int8Array} numbers
 * @param {number[]} scales One a column.
 */
function fromInt8(numbers, scales) {
  return Float32Array.from(numbers, (number, i) => number * scales[i % scales.length]);
}

/**
 * Return the value of a float16 from its 16 bits.
 * @param {number} bits
 */
function fromHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * 2 ** -24 * fraction;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
}
