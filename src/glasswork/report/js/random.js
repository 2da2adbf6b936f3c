/** Random numbers from a seed, so that the same seed trains the same network. */

/**
 * A generator of numbers from 0 to 1, mulberry32 (T. Ettinger 2017): 32 bits of state, enough for weights and orders.
 * @param {number} seed
 */
export function uniforms(seed) {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * A generator of standard normal numbers (Box and Muller 1958).
 * @param {number} seed
 */
export function normals(seed) {
  const uniform = uniforms(seed);
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/**
 * Shuffle in place (Fisher and Yates).
 * @template T
 * @param {T[]} list @param {() => number} uniform
 */
export function shuffle(list, uniform) {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(uniform() * (i + 1));
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}
