/** Words and numbers in the language of the page: English sentences are the keys of its table, and what is missing there stays English. */

const found = globalThis.document?.getElementById("words")?.textContent;

/** @type {{language: string, kinds: Record<string, string>, table: Record<string, string>}} */
const { language, kinds, table } = JSON.parse(found ?? '{"language": "en", "kinds": {}, "table": {}}');

/**
 * A sentence in parts, with elements or text in the places of `{name}`. What the page calls its inputs is filled in first.
 * @param {string} english @param {Record<string, any>} [values]
 * @returns {any[]}
 */
export function phrase(english, values = {}) {
  const key = english.replace(/\{(one|many|thing|ink|ground)\}/g, (place, name) => kinds[name] ?? place);
  return (table[key] ?? key).split(/\{(\w+)\}/).map((part, n) => (n % 2 ? values[part] : part));
}

/** A sentence. @param {string} english @param {Record<string, string | number>} [values] */
export const say = (english, values) => phrase(english, values).join("");

/** Digits with the language's decimal mark and a true minus sign. @param {string | number} digits */
export function decimal(digits) {
  const text = String(digits).replace("-", "−");
  return language === "de" ? text.replace(".", ",") : text;
}

/** A number with so many decimals. @param {number} value @param {number} [digits] */
export function number(value, digits = 2) {
  const text = value.toFixed(digits);
  return decimal(Number(text) === 0 ? text.replace("-", "") : text);
}

/** A number with its sign, + or −. @param {number} value @param {number} [digits] */
export function signed(value, digits = 2) {
  return (Number(value.toFixed(digits)) > 0 ? "+" : "") + number(value, digits);
}

/** A share as a percentage that never claims to be certain. @param {number} share @param {number} [digits] */
export function percent(share, digits = 0) {
  if (share >= 1 - 0.5 / 10 ** (digits + 2) && share < 1) return `>${decimal(digits ? "99.9" : "99")}\u00a0%`;
  return `${number(100 * share, digits)}\u00a0%`;
}

/** A number as a person would write it. @param {number} value */
export const plain = (value) => decimal(Number(value.toPrecision(6)));

/** A count, with its thousands set apart. @param {number} value */
export const grouped = (value) => value.toLocaleString(language);
