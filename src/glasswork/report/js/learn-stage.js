/** Another network on the stage: the one that learns, or that of an earlier epoch; and the page's own again. */

import { button, el } from "./dom.js";
import { say } from "./words.js";

/**
 * Put a network on the stage as it is now, where all parts of the page follow it. Neurons that were switched off in
 * another network are on in this one.
 * @param {import("./answer.js").Context} context @param {import("./network.js").Network} network
 * @param {string} words What it is; empty for the page's own.
 * @param {unknown} whose What it belongs to, the same for as long as neurons that are switched off stay so.
 */
export function putOnStage({ network: staged, store }, network, words, whose) {
  network.blocks.forEach((block, b) => Object.assign(staged.blocks[b], block, { weight: block.weight.slice(), bias: block.bias.slice() }));
  const { state } = store;
  const open = state.open && state.open.neuron < network.blocks[state.open.block].width ? state.open : null;
  const isNew = whose !== state.whose;
  const gains = isNew ? new Map() : new Map(state.gains); // another map, so that answers are asked anew
  store.set({ staged: words, whose, gains, open, reset: isNew ? state.gains.size > 0 : state.reset });
}

/**
 * Say which network is on the stage if it is not the page's own, with a way back; and then that it is the page's own again,
 * until there is another image.
 * @param {import("./answer.js").Context} context @param {any} place Of the sentence in whose place this is.
 * @param {() => void} onback
 */
export function sayWhichNetwork(context, place, onback) {
  const words = el("strong", {});
  const back = button(say("Back to the trained network"), onback, "link");
  const note = el("p", { class: "staged" }, words, back);
  let last = /** @type {unknown} */ (null); // the image that another network read
  place.after(note);
  context.store.watch(({ staged, reset, bytes }) => {
    if (staged) last = bytes;
    back.hidden = !staged;
    note.hidden = bytes !== last;
    place.hidden = !note.hidden;
    words.textContent = !staged ? say("The trained network is back on the stage.") : `${staged}. ${reset ? `${say("All its neurons work; the changes were to the other network.")} ` : ""}`;
  });
}
