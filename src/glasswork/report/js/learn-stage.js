/** Another network on the stage: the one that learns, or that of an earlier epoch; and the page's own again. */

import { el } from "./dom.js";
import { say } from "./words.js";

/**
 * Put a network on the stage, where all parts of the page follow it, if it has as many neurons as the page's own.
 * @param {import("./answer.js").Context} context @param {import("./network.js").Network} network @param {string} words What it is.
 */
export function putOnStage({ network: staged, own, store }, network, words) {
  const fits = own.blocks.length === network.blocks.length && own.blocks.every(({ width }, b) => width === network.blocks[b].width);
  if (!fits) return false;
  staged.blocks.forEach((block, b) => Object.assign(block, network.blocks[b]));
  store.set({ staged: network === own ? "" : words, gains: new Map(store.state.gains) }); // other gains: ask anew
  return true;
}

/**
 * Say which network is on the stage if it is not the page's own, with a way back.
 * @param {import("./answer.js").Context} context @param {Element} place Where the answer comes first.
 * @param {() => void} onback
 */
export function sayWhichNetwork(context, place, onback) {
  const words = el("strong", {});
  const back = () => {
    onback();
    putOnStage(context, context.own, "");
  };
  const note = el("p", { class: "staged" }, words, el("button", { type: "button", class: "link", onclick: back }, say("Back to the trained network")));
  place.firstElementChild?.after(note);
  context.store.watch(({ staged }) => {
    note.hidden = !staged;
    words.textContent = `${staged} `;
  });
}
