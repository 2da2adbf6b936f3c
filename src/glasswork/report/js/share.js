/** What one sees, to be passed on: a link that carries a drawing and what was done to neurons, and the stage as a picture. */

import { el, put, svg } from "./dom.js";
import { say } from "./words.js";

/** Numbers of an image that fit into a link; pixels around a picture; milliseconds for which it says that it is copied. */
const SHORT = 4096;
const MARGIN = 16;
const SAID = 6000;

/**
 * The end of a link: what the board shows, which neurons are switched off or turned, and which one is open.
 * @param {import("./answer.js").Context} context
 */
export function linkTo({ store, columns }) {
  const { strokes, bytes, open, gains } = store.state;
  const parts = [];
  if (strokes) parts.push(`draw=${strokes.map((stroke) => stroke.map((point) => point.map((at) => Math.round(1000 * at)).join(".")).join("-")).join("_")}`);
  else if (columns) parts.push(`row=${Array.from(bytes).join("_")}`);
  else if (bytes.length <= SHORT) parts.push(`image=${encodeURIComponent(btoa(String.fromCharCode(...bytes)))}`);
  if (gains.size) parts.push(`gains=${Array.from(gains, ([key, gain]) => `${key}:${gain}`).join("_")}`);
  if (open) parts.push(`neuron=${open.block}.${open.neuron}`);
  return `#${parts.join("&")}`;
}

/**
 * Show what a link leads to; what this page cannot show is passed over.
 * @param {import("./answer.js").Context} context @param {string} hash
 * @param {{draw: (strokes: import("./strokes.js").Stroke[]) => void, show: (numbers: ArrayLike<number>, source: string) => void, turn: (gains: import("./network.js").Gains) => void, open: (block: number, neuron: number) => void}} actions
 */
export function follow({ network, columns }, hash, { draw, show, turn, open }) {
  const asked = new URLSearchParams(hash.slice(1).replaceAll("+", "%2B"));
  const [drawn, row, image, gains, neuron] = ["draw", "row", "image", "gains", "neuron"].map((name) => asked.get(name));
  const strokes = drawn?.split("_").map((stroke) => stroke.split("-").map((point) => point.split(".").map((at) => Number(at) / 1000)));
  if (strokes?.every((stroke) => stroke.every((point) => point.length === 2 && point.every(Number.isFinite)))) draw(/** @type {any} */ (strokes));
  const numbers = columns ? row?.split("_").map(Number) : image && /^[A-Za-z0-9+/]*=*$/.test(image) ? Uint8Array.from(atob(image), (letter) => letter.charCodeAt(0)) : null;
  if (numbers?.length === network.features && numbers.every(Number.isFinite)) show(numbers, say("from a link"));
  const isThere = (/** @type {number} */ block, /** @type {number} */ j) => block in network.blocks && block < network.last && j in network.blocks[block].bias;
  const turned = (gains ?? "").split("_").map((one) => one.split(":").map(Number)).filter(([block, j, gain]) => isThere(block, j) && gain >= 0 && gain <= 3);
  if (drawn || row || image) turn(new Map(turned.map(([block, j, gain]) => [`${block}:${j}`, gain])));
  const [block, j] = (neuron ?? "").split(".").map(Number);
  if (isThere(block, j)) open(block, j);
}

/**
 * Buttons that make a link, a PNG and an SVG.
 * @param {import("./answer.js").Context} context @param {Element} stage @param {() => void} layout What puts the lines in place.
 */
export function shareButtons(context, stage, layout) {
  const said = el("span", { class: "small", role: "status" });
  const button = (/** @type {string} */ name, /** @type {() => void} */ onclick) => el("button", { type: "button", class: "link", onclick }, name);
  async function link() {
    history.replaceState(null, "", linkTo(context));
    said.textContent = say("The address of this page now leads to what you see.");
    await navigator.clipboard?.writeText(location.href).then(() => (said.textContent = say("The link is copied.")), () => {});
    setTimeout(() => (said.textContent = ""), SAID);
  }
  async function png() {
    const picture = pictureOf(stage, layout);
    const image = new Image();
    image.src = addressOf(picture);
    await image.decode();
    const canvas = el("canvas", { width: 2 * image.width, height: 2 * image.height });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    save(canvas.toDataURL(), "png");
  }
  return el("div", { class: "share" }, button(say("Link to this"), link), button(say("Save as PNG"), png), button(say("as SVG"), () => save(addressOf(pictureOf(stage, layout)), "svg")), said);
}

/** @param {Element} picture */
const addressOf = (picture) => `data:image/svg+xml,${encodeURIComponent(new XMLSerializer().serializeToString(picture))}`;

/** @param {string} address @param {string} kind */
function save(address, kind) {
  el("a", { href: address, download: `glasswork.${kind}` }).click();
}

/**
 * Board, network and answers as one drawing: their boxes, pictures, words and lines, laid out as on a desk and without the
 * controls, whatever the window.
 * @param {any} stage @param {() => void} layout What puts the lines in place.
 */
export function pictureOf(stage, layout) {
  const [html, { scrollX, scrollY }] = [document.documentElement, window];
  html.classList.add("pictured");
  layout();
  const picture = drawn(stage);
  html.classList.remove("pictured");
  layout();
  scrollTo(scrollX, scrollY); // the page was shorter for a moment
  return picture;
}

/** @param {any} stage */
function drawn(stage) {
  const origin = stage.getBoundingClientRect();
  const placed = (/** @type {DOMRect} */ { left, top, width, height }) => ({ x: left - origin.left, y: top - origin.top, width, height });
  const isClear = (/** @type {string} */ colour) => /^rgba\(.*, 0\)$|^transparent$/.test(colour);
  /** @type {Element[]} */
  const parts = [];
  const draw = (/** @type {string} */ tag, /** @type {any} */ attributes, /** @type {any[]} */ ...words) => parts.push(svg(tag, attributes, ...words));
  for (const element of stage.querySelectorAll("[data-part=board] *, [data-part=network] *, [data-part=answers] *")) {
    const style = getComputedStyle(element);
    const box = placed(element.getBoundingClientRect());
    if (!box.width || !box.height || !element.checkVisibility({ visibilityProperty: true }) || element.closest(".unseen") || isScrolledAway(element)) continue;
    if (element.tagName === "CANVAS") draw("image", { ...box, href: element.toDataURL(), preserveAspectRatio: "none", "image-rendering": style.imageRendering });
    if (element.tagName === "svg") { // a sample line of the key
      const { stroke, strokeDasharray } = getComputedStyle(/** @type {Element} */ (element.firstChild));
      draw("path", { d: `M${box.x} ${box.y + box.height / 2}h${box.width}`, stroke, "stroke-width": 3, "stroke-dasharray": strokeDasharray });
    }
    const line = isClear(style.borderTopColor) || style.borderTopWidth === "0px" ? "none" : style.borderTopColor;
    const fill = element.tagName === "CANVAS" || isClear(style.backgroundColor) ? "none" : style.backgroundColor;
    if (line !== "none" || fill !== "none") draw("rect", { ...box, rx: parseFloat(style.borderRadius) || 0, fill, stroke: line });
    const text = { fill: style.color, "font-size": style.fontSize, "font-weight": style.fontWeight, "font-family": style.fontFamily };
    if (element.dataset.sign) draw("text", { ...text, "font-size": "14", x: box.x + box.width / 2, y: box.y + box.height / 2 + 5, "text-anchor": "middle" }, element.dataset.sign);
    for (const { words, at } of [...element.childNodes].flatMap(linesOf)) draw("text", { ...text, x: at.left - origin.left, y: at.top - origin.top + 0.78 * at.height }, words);
  }
  const lines = stage.querySelector(".lines:not(.touch)").cloneNode(true);
  lines.querySelector(".carried")?.remove();
  for (const path of lines.children) Object.entries({ fill: "none", "stroke-dasharray": path.matches(".negative") ? "7 4" : "none" }).forEach(([name, value]) => path.setAttribute(name, value));
  const [width, height] = [origin.width, origin.height].map((size) => Math.ceil(size) + 2 * MARGIN);
  const frame = { x: -MARGIN, y: -MARGIN, width, height };
  const ground = svg("rect", { ...frame, fill: getComputedStyle(document.body).backgroundColor });
  return svg("svg", { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: Object.values(frame).join(" ") }, ground, ...parts, ...lines.children);
}

/** Whether an element is out of sight in a part that scrolls. @param {Element} element */
function isScrolledAway(element) {
  const [box, frame] = [element, element.closest(".bars, .wall")].map((one) => one?.getBoundingClientRect());
  return Boolean(box && frame && (box.bottom > frame.bottom + 2 || box.top < frame.top - 2));
}

/** The words of a text, line by line, as they are broken on the page. @param {any} node */
function linesOf(node) {
  const lines = /** @type {{words: string, at: DOMRect}[]} */ ([]);
  for (const { 0: word, index } of node.nodeType === Node.TEXT_NODE ? node.data.matchAll(/\S+/g) : []) {
    const range = document.createRange();
    range.setStart(node, index);
    range.setEnd(node, index + word.length);
    const [at] = range.getClientRects();
    const last = lines.at(-1);
    if (at && last && Math.abs(last.at.top - at.top) < at.height / 2) last.words += ` ${word}`;
    else if (at) lines.push({ words: word, at });
  }
  return lines;
}
