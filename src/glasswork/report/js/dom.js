/** Small helpers: elements and SVG. */

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * Make an HTML element. Attributes that are functions listen: `{ onclick: () => ... }`.
 * @param {string} tag @param {Record<string, any>} [attributes] @param {...(Child | Child[])} children
 * @returns {any}
 */
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/**
 * Make an SVG element.
 * @param {string} tag @param {Record<string, any>} [attributes] @param {...(Child | Child[])} children
 * @returns {any}
 */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

/** @param {any} element @param {Record<string, any>} attributes @param {(Child | Child[])[]} children */
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, String(value));
  }
  put(element, ...children);
  return element;
}

/**
 * @param {string} words @param {() => void} onclick @param {string} [className]
 * @returns {any}
 */
export const button = (words, onclick, className) => el("button", { type: "button", class: className, onclick }, words);

/**
 * Append children; null, undefined and false are left out.
 * @param {Element} element @param {...(Child | Child[])} children
 */
export function put(element, ...children) {
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) element.append(/** @type {any} */ (child));
  }
}

/**
 * Put children in place of those there are.
 * @param {Element} element @param {...(Child | Child[])} children
 */
export function replace(element, ...children) {
  element.replaceChildren();
  put(element, ...children);
}

/**
 * A table that scrolls sideways by itself.
 * @param {string} label @param {Child[]} heads @param {Child[]} rows @param {string} [name] Its class.
 */
export function tableOf(label, heads, rows, name = "metrics") {
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, el("table", { class: name }, headOf(heads), el("tbody", {}, ...rows)));
}

/** @param {Child[]} heads Of the columns. @param {Record<string, string>} [attributes] */
export const headOf = (heads, attributes = {}) => el("thead", attributes, el("tr", {}, ...heads.map((head) => el("th", { scope: "col" }, head))));

/** How much larger the text of an element is than 16 pixels. @param {Element} element */
export const textScale = (element) => parseFloat(getComputedStyle(element).fontSize) / 16;

/**
 * The element of that id.
 * @param {string} id
 * @returns {any}
 */
export function byId(id) {
  return document.getElementById(id);
}

/**
 * A group of buttons of which one is pressed.
 * @param {string} label
 * @param {[string, string][]} options Values and their words.
 * @param {string} chosen @param {(value: string) => void} onchoose
 */
export function choice(label, options, chosen, onchoose) {
  const buttons = options.map(([value, words]) =>
    el("button", { type: "button", "aria-pressed": String(value === chosen), onclick: () => press(value) }, words),
  );
  function press(/** @type {string} */ value) {
    options.forEach(([other], i) => buttons[i].setAttribute("aria-pressed", String(other === value)));
    onchoose(value);
  }
  return el("div", { class: "choice", role: "group", "aria-label": label }, el("span", { class: "small" }, label), ...buttons);
}
