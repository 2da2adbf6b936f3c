/** Part 7, What it is: how the run was made, and whether this page computes what NumPy computes. */

import { imageAt } from "./answer.js";
import { el, put } from "./dom.js";
import { scalingTable } from "./why-columns.js";

/** @param {import("./answer.js").Context} context @param {Element} body */
export function showAbout(context, body) {
  const { data, kind, columns } = context;
  const check = el("p", { class: "message", id: "self-check" }, "Computing …");
  const rows = Object.entries(data.facts).map(([name, value]) =>
    el("div", {}, el("dt", {}, name), el("dd", {}, String(value))),
  );
  put(
    body,
    check,
    storage(context),
    el("dl", { class: "facts" }, ...rows),
    el("h3", {}, "How to make it again"),
    el("pre", { tabindex: "0", "aria-label": "Command" }, el("code", {}, data.command)),
    el(
      "details",
      { class: "how" },
      el("summary", {}, "The whole recipe, as recipe.toml"),
      el("pre", { tabindex: "0", "aria-label": "Recipe" }, el("code", {}, data.recipe)),
    ),
    columns && scalingTable(columns),
    el("h3", {}, `Whose ${kind.many} these are`),
    el("p", {}, data.attribution),
  );
  setTimeout(() => (check.textContent = selfCheck(context)), 200);
}

/** @param {import("./answer.js").Context} context */
function storage({ data: { network }, kind }) {
  if (network.precision === "float32") return null;
  return el(
    "p",
    { class: "note" },
    `The network is large, so this page stores its weights as ${network.precision}. On the test ${kind.many} in the page ` +
      `its scores differ from the whole network’s by at most ${network.difference.toPrecision(2)}, and ` +
      `${network.changed} of the answers change.`,
  );
}

/** Images for which the page looks at its own arithmetic: fewer where each takes long. */
const MOST_PRODUCTS = 6e7;

/**
 * Compare scores computed here with NumPy's.
 * @param {import("./answer.js").Context} context
 */
export function selfCheck({ own: network, tests, scores, data, kind }) {
  const count = Math.max(10, Math.min(data.tested.checked, Math.floor(MOST_PRODUCTS / network.weights)));
  let worst = 0;
  for (let n = 0; n < Math.min(count, data.tested.checked); n++) {
    const found = network.scores(imageAt(tests, network.features, n));
    for (let k = 0; k < found.length; k++) {
      const expected = scores[n * found.length + k];
      worst = Math.max(worst, Math.abs(found[k] - expected) / Math.max(1, Math.abs(expected)));
    }
  }
  const verdict = worst <= 1e-5 ? "as it should be" : "more than it should: do not trust this page’s numbers";
  return `Computed here: on ${Math.min(count, data.tested.checked).toLocaleString("en")} test ${kind.many} the scores differ from NumPy’s by at most ${worst.toExponential(0)}, ${verdict}.`;
}
