/** Why, for tables: which columns speak for one class or the other, and the lead if a column had its training mean. */

import { barRow, barTable } from "./bar-table.js";
import { largest } from "./colour.js";
import { el, put, replace, tableOf } from "./dom.js";
import { integratedGradients } from "./explain.js";
import { plain, say, signed } from "./words.js";

/**
 * The weights of a neuron of the first layer, and what each column adds to its sum.
 * @param {import("./columns.js").Columns} columns @param {ArrayLike<number>} weights @param {ArrayLike<number>} products
 */
export function neuronByColumn(columns, weights, products) {
  const order = columns.names.map((_, i) => i).sort((i, k) => Math.abs(weights[k]) - Math.abs(weights[i]));
  const bars = (/** @type {string} */ words, /** @type {ArrayLike<number>} */ values) =>
    el("div", {}, el("h4", {}, words), barTable(order.map((i) => ({ name: columns.names[i], value: values[i] }))));
  return el("div", { class: "pair by-column" }, bars(say("Its weights"), weights), bars(say("Weight × scaled value, for this row"), products));
}

/** Source of a row that was changed here. */
const CHANGED = say("the row with columns at their means");

/** The columns as witnesses: what each speaks for, and a button that sets it to its mean, and back. */
export class Witnesses {
  /**
   * @param {import("./answer.js").Context} context @param {import("./columns.js").Columns} columns
   * @param {Element} place
   */
  constructor(context, columns, place) {
    Object.assign(place, { className: "witnesses" });
    this.context = context;
    this.columns = columns;
    this.place = place;
    /** @type {Map<number, number>} */
    this.before = new Map(); // what columns were that are at their means now
  }

  /** @param {number} a @param {number} b @param {string} which */
  show(a, b, which) {
    const { columns, before } = this;
    const { network, untrained, store, classes } = this.context;
    const used = which === "untrained" && untrained ? untrained : network;
    const row = columns.filled(store.state.bytes);
    if (store.state.source !== CHANGED) before.clear();
    const leadOf = (/** @type {ArrayLike<number>} */ numbers) => {
      const sums = used.trace(used.prepare(numbers)).sums[used.last];
      return sums[a] - sums[b];
    };
    const blank = used.prepare(columns.facts.typical);
    const { map, total, difference } = integratedGradients(used, used.prepare(row), a, b, blank);
    const trained = used === network ? map : integratedGradients(network, network.prepare(row), a, b, network.prepare(columns.facts.typical)).map;
    const most = largest(trained);
    const lines = columns.names.map((name, i) => {
      const mean = row.with(i, columns.facts.typical[i]);
      const kept = before.get(i);
      const change = () => {
        if (kept === undefined) before.set(i, row[i]);
        else before.delete(i);
        const bytes = Float64Array.from(kept === undefined ? mean : row.with(i, kept));
        store.choose(bytes, CHANGED, { target: a, rival: b });
        store.refresh(true);
        document.getElementById(`mean-${i}`)?.focus({ preventScroll: true });
      };
      const words = kept === undefined ? say("Mean") : say("Back");
      const spoken = kept === undefined ? say("Mean: {column} to its mean", { column: name }) : say("Back: {column} back to its value", { column: name });
      const button = el("button", { type: "button", id: `mean-${i}`, "aria-label": spoken, onclick: change }, words);
      const line = barRow(name, map[i], most);
      put(line.firstChild, el("br"), el("span", { class: "small" }, Number.isNaN(row[i]) ? say("missing") : plain(row[i])));
      put(line, el("td", { class: "figure" }, signed(leadOf(mean), 3)), el("td", {}, button));
      return line;
    });
    const heads = [say("Column, value"), say("Speaks for"), say("By"), say("Lead at mean"), say("Set to")];
    replace(
      this.place,
      el("p", { class: "small" }, say("Orange speaks for {a}, blue for {b}, compared with the mean training row. The lead on this row is {lead}.", { a: classes[a], b: classes[b], lead: signed(leadOf(row), 3) })),
      tableOf(say("What each column speaks for"), heads, lines, "parts"),
      el("p", { class: "small" }, say("All columns together: {total}. The lead on this row minus the lead on the mean training row: {difference}. The two should be equal.", { total: signed(total, 4), difference: signed(difference, 4) })),
      el("p", { class: "small" }, say("The smallest smudge is for pictures; columns have units of their own, so there is no such measure here.")),
    );
  }
}

/**
 * How each column is scaled, for the last part of the page.
 * @param {import("./columns.js").Columns} columns
 */
export function scalingTable(columns) {
  const heads = {
    standardize: [say("Mean (centre)"), say("Standard deviation (spread)")],
    "zero-to-one": [say("Least value (centre)"), say("Width of the range (spread)")],
  }[columns.facts.scaling] ?? [say("Centre"), say("Spread")];
  const names = [say("Column"), say("Least"), say("Largest"), ...heads, ...(columns.facts.missing ? [say("A missing value becomes")] : [])];
  const { low, high, centre, spread, missing } = columns.facts;
  const rows = columns.names.map((name, i) =>
    el("tr", {}, el("th", { scope: "row" }, name), ...[low, high, centre, spread, missing].map((list) => list && el("td", {}, plain(list[i])))),
  );
  return el("div", {}, el("h3", {}, say("Its columns, as the training rows had them")), tableOf(say("Columns and their scaling"), names, rows));
}
