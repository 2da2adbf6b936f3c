/** Part 4, Why this and not that: the lead, its parts, the pixels that speak for it, the smallest smudge. */

import { barRow } from "./bar-table.js";
import { largest, paintImage, paintSigned, planesNote } from "./colour.js";
import { byId, choice, el, headOf, put, replace } from "./dom.js";
import { integratedGradients, marginParts, roundToSum } from "./explain.js";
import { rove } from "./rove.js";
import { smallestSmudge } from "./smudge.js";
import { Witnesses } from "./why-columns.js";
import { number, phrase, say, signed } from "./words.js";

/** Neurons in the list; the others are summed up. Digits that are shown. */
const LISTED = 8;
const DIGITS = 3;

/** Weights of a network in which the search for a smudge takes a moment only. */
const QUICK = 400_000;

/** @param {import("./answer.js").Context} context @param {Element} body */
export function showWhy(context, body) {
  const { store, classes, untrained, columns } = context;
  const select = (/** @type {string} */ id, /** @type {string} */ label, /** @type {(k: number) => void} */ choose) => {
    const list = el("select", { id, onchange: () => choose(Number(list.value)) }, ...classes.map((name, k) => el("option", { value: k }, name)));
    return [el("label", { for: id }, label), list];
  };
  const first = select("why-first", say("Why"), (target) => store.set({ target, rival: pairOf(context, store.state).find((k) => k !== target) }));
  const second = select("why-second", say("and not"), (rival) => store.set({ target: pairOf(context, store.state)[0], rival }));
  const sum = el("div", { class: "sum" });
  const maps = el("div", { class: "maps" });
  const smudge = el("div", { class: "smudge" });
  const counted = say("Some neurons are changed. The list below counts that in; what follows is about the network as it was trained.");
  const changed = el("p", { class: "note", hidden: true }, counted);
  let which = "trained";
  const witnesses = columns && new Witnesses(context, columns, maps);
  const redraw = () => {
    const [a, b] = pairOf(context, store.state);
    if (witnesses) witnesses.show(a, b, which);
    else showMap(context, maps, which);
  };
  const networks = /** @type {[string, string][]} */ ([["trained", say("this network")], ["untrained", say("the untrained network")]]);
  const trainedSwitch = untrained && choice(columns ? say("Columns by") : say("Map of"), networks, which, (value) => ((which = value), redraw()));
  put(
    body,
    el("div", { class: "row" }, ...first, ...second),
    changed,
    el("h3", {}, say("The lead, neuron by neuron")),
    sum,
    el("h3", {}, columns ? say("The columns that speak for one or the other") : say("The pixels that speak for one or the other")),
    trainedSwitch,
    maps,
    !columns && el("h3", {}, say("The smallest smudge we found")),
    !columns && smudge,
  );
  store.watchWhenSeen(body, (state) => {
    const [a, b] = pairOf(context, state);
    first[1].value = String(a);
    second[1].value = String(b);
    byId("why-a").textContent = classes[a];
    byId("why-b").textContent = classes[b];
    changed.hidden = state.gains.size === 0;
    showSum(context, sum, a, b);
    redraw();
    if (!columns) showSmudge(context, smudge);
  });
}

/**
 * The two classes that are compared: the answer, and the one that was touched or is second; or those that were asked for.
 * @param {import("./answer.js").Context} context @param {import("./store.js").State} state
 */
function pairOf(context, state) {
  const { best, second } = context.answer(state);
  const a = state.rival === null ? best : (state.target ?? best);
  const b = state.rival ?? state.target ?? second;
  return [a, a === b ? (a === best ? second : best) : b];
}

/** @param {import("./answer.js").Context} context @param {Element} place @param {number} a @param {number} b */
function showSum(context, place, a, b) {
  const { network, store, classes, kind } = context;
  const { trace } = context.answer(store.state);
  const { parts, bias } = marginParts(network, trace, a, b);
  const order = parts.map((_, j) => j).sort((j, k) => Math.abs(parts[k]) - Math.abs(parts[j]));
  const sumOf = (/** @type {number} */ from) => order.slice(from).reduce((sum, j) => sum + parts[j], 0);
  let count = LISTED;
  while (count < order.length && Math.abs(sumOf(count)) > Math.abs(parts[order[0]])) count++; // never more in the rest than in what has a name
  const listed = order.slice(0, count);
  const others = sumOf(count);
  const lines = listed.map((j) => ({ name: network.last ? say("neuron {n}", { n: j + 1 }) : kind.nameOf(j), value: parts[j], j }));
  const rest = parts.length - listed.length;
  if (rest > 0) lines.push({ name: say("{n} others", { n: rest }), value: others, j: -1 });
  lines.push({ name: say("biases"), value: bias, j: -1 });
  const { values, total } = roundToSum(lines.map(({ value }) => value), DIGITS);
  const most = largest(values);
  const rows = lines.map(({ name, j }, n) => {
    const open = () => byId("stage-body").dispatchEvent(new CustomEvent("opened", { detail: { block: network.last - 1, neuron: j } }));
    const label = j >= 0 && network.last ? el("a", { href: "#stage", onclick: open }, name) : name;
    return barRow(label, values[n], most);
  });
  const whole = el("tr", { class: "total" }, el("th", { scope: "row" }, say("lead")), el("td", { class: "axis" }), el("td", { class: "figure" }, signed(total, DIGITS)));
  const caption = say("In units of the output layer’s sums. Positive parts speak for {a}, negative ones for {b}; together they make exactly the lead.", { a: classes[a], b: classes[b] });
  const heads = headOf([say("Part"), say("Bar"), say("Value")], { class: "unseen" });
  const table = el("table", { class: "parts" }, el("caption", { class: "small" }, caption), heads, el("tbody", {}, ...rows, whole));
  replace(place, table);
  rove(table, "a");
}

/** @param {import("./answer.js").Context} context @param {Element} place @param {string} which */
function showMap(context, place, which) {
  const { network, untrained, store, shape, classes } = context;
  const [a, b] = pairOf(context, store.state);
  const used = which === "untrained" && untrained ? untrained : network;
  const { map, total, difference } = integratedGradients(used, used.prepare(store.state.bytes), a, b);
  const canvas = large(say("Map of the pixels that speak for {a} or for {b}", { a: classes[a], b: classes[b] }));
  const trained = used === network ? map : integratedGradients(network, network.prepare(store.state.bytes), a, b).map;
  paintSigned(canvas, map, shape, largest(trained), { large: true }); // one scale for both networks, or noise would look like knowledge
  const image = large(say("The image"));
  paintImage(image, store.state.bytes, shape);
  const [all, lead] = [total, difference].map((value) => el("b", {}, signed(value, 4)));
  const about =
    which === "untrained"
      ? say("This is the same map for the network before its first training step, on the same scale. Where the two maps look alike, they show the image and not what was learnt.")
      : say("A pixel that is as on a {ground} here counts nothing in this map.");
  replace(
    place,
    captioned(image, say("The image")),
    captioned(canvas, say("Orange speaks for {a}, blue (with a dash) for {b}", { a: classes[a], b: classes[b] }) + planesNote(shape)),
    el(
      "div",
      {},
      el("p", {}, phrase("All pixels together: {all}. The lead on this image minus the lead on a {ground}: {lead}. The two should be equal.", { all, lead })),
      el("p", { class: "small" }, about),
    ),
  );
}

/** @param {string} label */
const large = (label) => el("canvas", { class: "large", role: "img", "aria-label": label });

/** @param {Element} canvas @param {string} words */
const captioned = (canvas, words) => el("figure", {}, canvas, el("figcaption", { class: "small" }, words));

/** @param {import("./answer.js").Context} context @param {Element} place */
function showSmudge(context, place) {
  if (context.network.weights < QUICK) return searchSmudge(context, place);
  const search = el("button", { type: "button", onclick: () => searchSmudge(context, place) }, say("Search for it"));
  replace(place, el("p", {}, say("In a network of this size the search takes some seconds."), " ", search));
}

/** @param {import("./answer.js").Context} context @param {Element} place */
function searchSmudge(context, place) {
  const { network, store, shape, classes } = context;
  const { bytes } = store.state;
  const answer = context.answer({ ...store.state, gains: new Map() });
  const found = smallestSmudge(network, /** @type {Uint8Array} */ (bytes));
  if (!found) {
    replace(place, el("p", {}, say("No smudge was found that keeps every pixel between white and black.")));
    return;
  }
  const change = Float64Array.from(found.bytes, (byte, i) => byte - bytes[i]);
  const planes = shape[2] ?? 1;
  const changed = new Set(Array.from(change.keys(), (i) => (change[i] ? Math.floor(i / planes) : -1)));
  changed.delete(-1);
  const strongest = largest(change);
  const difference = large(say("The smudge: {ink} added and taken away"));
  paintSigned(difference, change, shape, strongest, { large: true });
  const result = large(say("The image with the smudge"));
  paintImage(result, found.bytes, shape);
  const turned = { n: changed.size, most: Math.round(strongest) };
  const use = () => store.choose(found.bytes, say("the smudged image"), { truth: store.state.truth });
  replace(
    place,
    el(
      "div",
      { class: "maps" },
      captioned(difference, say("The smudge: orange adds {ink}, blue (with a dash) takes it away") + planesNote(shape)),
      captioned(result, say("The image with it")),
      el(
        "div",
        {},
        el("p", {}, say("With this smudge the network answers {new} instead of {old}. It is as large as {norm} pixels of full {ink} (Euclidean norm).", { new: classes[found.digit], old: classes[answer.best], norm: number(found.norm, 2) })),
        el("p", { class: "small" }, changed.size === 1 ? say("1 pixel changes, by {most} of 255 grey levels. There may be smaller ones.", turned) : say("{n} pixels change, none by more than {most} of 255 grey levels. There may be smaller ones.", turned)),
        el("button", { type: "button", onclick: use }, say("Use the smudged image in every part")),
      ),
    ),
  );
}
