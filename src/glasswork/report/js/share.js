/** What one sees, to be passed on: a link that carries a drawing and what was done to neurons, and the stage as a picture. */

import { el, put, svg } from "./dom.js";
import { say } from "./words.js";

/** Numbers of an image that fit into a link; pixels around a picture. */
const SHORT = 4096;
const MARGIN = 16;

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
 * @param {import("./answer.js").Context} context @param {Element} stage
 */
export function shareButtons(context, stage) {
  const said = el("span", { class: "small", role: "status" });
  const button = (/** @type {string} */ name, /** @type {() => void} */ onclick) => el("button", { type: "button", class: "link", onclick }, name);
  async function link() {
    history.replaceState(null, "", linkTo(context));
    said.textContent = say("The address of this page now leads to what you see.");
    await navigator.clipboard?.writeText(location.href).then(() => (said.textContent = say("The link is copied.")), () => {});
  }
  async function png() {
    const picture = pictureOf(stage);
    const image = new Image();
    image.src = addressOf(picture);
    await image.decode();
    const canvas = el("canvas", { width: 2 * image.width, height: 2 * image.height });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    save(canvas.toDataURL(), "png");
  }
  return el("div", { class: "share" }, button(say("Link to this"), link), button(say("Save as PNG"), png), button(say("as SVG"), () => save(addressOf(pictureOf(stage)), "svg")), said);
}

/** @param {Element} picture */
const addressOf = (picture) => `data:image/svg+xml,${encodeURIComponent(new XMLSerializer().serializeToString(picture))}`;

/** @param {string} address @param {string} kind */
function save(address, kind) {
  el("a", { href: address, download: `glasswork.${kind}` }).click();
}

/**
 * Board, network and answers as one drawing: their boxes, pictures, words and lines, where they are now.
 * @param {any} stage
 */
export function pictureOf(stage) {
  const shown = [...stage.querySelectorAll("[data-part=board], [data-part=network], [data-part=answers]")];
  const origin = stage.getBoundingClientRect();
  const [width, height] = [origin.width, Math.max(...shown.map((part) => part.getBoundingClientRect().bottom)) - origin.top].map(Math.ceil);
  const ground = getComputedStyle(document.body).backgroundColor;
  const picture = svg(
    "svg",
    { xmlns: "http://www.w3.org/2000/svg", width: width + 2 * MARGIN, height: height + 2 * MARGIN, viewBox: `${-MARGIN} ${-MARGIN} ${width + 2 * MARGIN} ${height + 2 * MARGIN}` },
    svg("rect", { x: -MARGIN, y: -MARGIN, width: width + 2 * MARGIN, height: height + 2 * MARGIN, fill: ground }),
  );
  const isClear = (/** @type {string} */ colour) => /^rgba\(.*, 0\)$|^transparent$/.test(colour);
  for (const element of shown.flatMap((part) => [...part.querySelectorAll("*")])) {
    const style = getComputedStyle(element);
    const { left, top, width, height } = element.getBoundingClientRect();
    const box = { x: left - origin.left, y: top - origin.top, width, height };
    if (!width || !height || !element.checkVisibility() || element.closest(".unseen, .buttons, .choice, .link, .invite, .key svg")) continue;
    if (element.tagName === "CANVAS") put(picture, svg("image", { ...box, href: element.toDataURL(), preserveAspectRatio: "none", "image-rendering": style.imageRendering }));
    const line = isClear(style.borderTopColor) || style.borderTopWidth === "0px" ? "none" : style.borderTopColor;
    const fill = element.tagName === "CANVAS" || isClear(style.backgroundColor) ? "none" : style.backgroundColor;
    if (line !== "none" || fill !== "none") put(picture, svg("rect", { ...box, rx: parseFloat(style.borderRadius) || 0, fill, stroke: line }));
    const text = { fill: style.color, "font-size": style.fontSize, "font-weight": style.fontWeight, "font-family": style.fontFamily };
    if (element.dataset.sign) put(picture, svg("text", { ...text, "font-size": "14", x: box.x + width / 2, y: box.y + height / 2 + 5, "text-anchor": "middle" }, element.dataset.sign));
    for (const node of element.childNodes) {
      if (node.nodeType !== Node.TEXT_NODE || !node.data.trim()) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      const at = range.getClientRects()[0];
      put(picture, svg("text", { ...text, x: at.left - origin.left, y: at.top - origin.top + 0.78 * at.height }, node.data));
    }
  }
  const lines = stage.querySelector(".lines:not(.touch)").cloneNode(true);
  for (const path of lines.children) Object.entries({ fill: "none", "stroke-dasharray": path.matches(".negative") ? "7 4" : "none" }).forEach(([name, value]) => path.setAttribute(name, value));
  put(picture, ...lines.children);
  return picture;
}
