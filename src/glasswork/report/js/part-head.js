/** The head of the page: the network in four figures, and the image that all parts are about. */

import { byId, el, put, replace } from "./dom.js";
import { verdictOf } from "./verdict.js";

/**
 * @param {import("./answer.js").Context} context
 * @param {Element} list
 */
export function showFigures({ data, network, kind }, list) {
  const widths = [network.features, ...network.blocks.map((block) => block.width)];
  const pairs = [
    ["Network", widths.join("–")],
    ["Weights and biases", data.facts["Weights and biases"]],
    ["Test accuracy", `${data.evaluation.accuracy.toFixed(2)} % of ${data.evaluation.count.toLocaleString("en")} ${kind.many}`],
    ["Epochs", data.state === "finished" ? String(data.history.length) : `${data.history.length} of ${data.epochs}, ${data.state}`],
  ];
  put(list, ...pairs.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

/**
 * @param {import("./answer.js").Context} context
 * @param {Element} bar
 */
export function showNow(context, bar) {
  const canvas = el("canvas", { class: "thumb" });
  const words = el("p", {});
  const source = el("span", { class: "source" });
  put(bar, canvas, words, source, el("a", { href: "#draw-body" }, byId("to-draw").textContent));
  context.store.watch((state) => {
    context.kind.paint(canvas, state.bytes);
    replace(words, ...verdictOf(context, state));
    bar.classList.toggle("warn", context.answer(state).unlike);
    source.textContent = state.source;
  });
}
