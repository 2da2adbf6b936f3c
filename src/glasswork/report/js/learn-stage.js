/** Another network on the stage: the one that learns, or that of an earlier epoch; and the page's own again. */

import { button, el } from "./dom.js";
import { say } from "./words.js";

/**
 * Put a network on the stage, where all parts of the page follow it, if it has as many neurons as the page's own. Neurons
 * that were switched off in another network are on in this one.
 * @param {import("./answer.js").Context} context @param {import("./network.js").Network} network
 * @param {string} words What it is; empty for the page's own.
 * @param {unknown} whose What it belongs to, the same for as long as neurons that are switched off stay so.
 */
export function putOnStage({ network: staged, own, store }, network, words, whose) {
  const fits = own.blocks.length === network.blocks.length && own.blocks.every(({ width }, b) => width === network.blocks[b].width);
  if (!fits) return false;
  staged.blocks.forEach((block, b) => Object.assign(block, network.blocks[b]));
  const { state } = store;
  const isNew = whose !== state.whose;
  const gains = isNew ? new Map() : new Map(state.gains); // another map, so that answers are asked anew
  store.set({ staged: words, whose, gains, reset: isNew ? state.gains.size > 0 : state.reset });
  return true;
}

/**
 * Say which network is on the stage if it is not the page's own, with a way back.
 * @param {import("./answer.js").Context} context @param {any} place Of the sentence in whose place this is.
 * @param {() => void} onback
 */
export function sayWhichNetwork(context, place, onback) {
  const words = el("strong", {});
  const note = el("p", { class: "staged" }, words, button(say("Back to the trained network"), onback, "link"));
  place.after(note);
  context.store.watch(({ staged, reset }) => {
    note.hidden = !staged;
    place.hidden = !note.hidden;
    words.textContent = `${staged}. ${reset ? `${say("All its neurons work; the changes were to the other network.")} ` : ""}`;
  });
}
