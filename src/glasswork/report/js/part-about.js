/** Part 7, What it is: how the run was made, and whether this page computes what NumPy computes. */

import { imageAt } from "./answer.js";
import { el, put } from "./dom.js";
import { scalingTable } from "./why-columns.js";
import { decimal, grouped, say } from "./words.js";

/** @param {import("./answer.js").Context} context @param {Element} body */
export function showAbout(context, body) {
  const { data, columns } = context;
  const check = el("p", { class: "message", id: "self-check" }, say("Computing …"));
  const rows = Object.entries(data.facts).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, String(value))));
  const listing = (/** @type {string} */ name, /** @type {string} */ text) => el("pre", { tabindex: "0", "aria-label": name }, el("code", {}, text));
  put(
    body,
    check,
    storage(context),
    el("dl", { class: "facts" }, ...rows),
    el("h3", {}, say("How to make it again")),
    listing(say("Command"), data.command),
    el("details", { class: "how" }, el("summary", {}, say("The whole recipe, as recipe.toml")), listing(say("Recipe"), data.recipe)),
    columns && scalingTable(columns),
    el("h3", {}, say("Whose {many} these are")),
    el("p", {}, data.attribution),
  );
  setTimeout(() => (check.textContent = selfCheck(context)), 200);
}

/** @param {import("./answer.js").Context} context */
function storage({ data: { network } }) {
  if (network.precision === "float32") return null;
  const facts = { precision: network.precision, difference: decimal(network.difference.toPrecision(2)), n: network.changed };
  return el("p", { class: "note" }, say("The network is large, so this page stores its weights as {precision}. On the test {many} in the page its scores differ from the whole network’s by at most {difference}, and {n} of the answers change.", facts));
}

/** Images for which the page looks at its own arithmetic: fewer where each takes long. */
const MOST_PRODUCTS = 6e7;

/**
 * Compare scores computed here with NumPy's.
 * @param {import("./answer.js").Context} context
 */
export function selfCheck({ own: network, tests, scores, data }) {
  const count = Math.max(10, Math.min(data.tested.checked, Math.floor(MOST_PRODUCTS / network.weights)));
  let worst = 0;
  for (let n = 0; n < Math.min(count, data.tested.checked); n++) {
    const found = network.scores(imageAt(tests, network.features, n));
    for (let k = 0; k < found.length; k++) {
      const expected = scores[n * found.length + k];
      worst = Math.max(worst, Math.abs(found[k] - expected) / Math.max(1, Math.abs(expected)));
    }
  }
  const facts = { n: grouped(Math.min(count, data.tested.checked)), difference: worst.toExponential(0), verdict: worst <= 1e-5 ? say("as it should be") : say("more than it should: do not trust this page’s numbers") };
  return say("Computed here: on {n} test {many} the scores differ from NumPy’s by at most {difference}, {verdict}.", facts);
}
