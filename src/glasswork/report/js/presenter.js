/** The stage alone, in large type, for a projector; and the keys that the page knows. */

import { button, el } from "./dom.js";
import { say } from "./words.js";

/** @param {any} event */
const isTyping = ({ target, ctrlKey, metaKey, altKey }) => target.matches("input:not([type=range]), select") || ctrlKey || metaKey || altKey;

/**
 * The key p turns the view for a projector on and off, and Escape ends it where it closes nothing else. Paper never has it.
 * @param {() => void} onchange
 * @returns {() => void}
 */
export function presenter(onchange) {
  const { classList } = document.documentElement;
  const show = (/** @type {boolean} */ wanted) => {
    classList.toggle("presenting", wanted);
    scrollTo(0, 0);
    onchange();
  };
  const toggle = () => show(!classList.contains("presenting"));
  document.body.append(button(say("Whole page (p)"), toggle, "leave"));
  addEventListener("keydown", (event) => {
    if (document.querySelector(".keys[open]")) return event.stopImmediatePropagation(); // its own keys only
    if (event.key === "p" && !isTyping(event)) toggle();
    if (event.key === "Escape" && !document.querySelector(".opened, .story:not([hidden])")) show(false);
  }, true);
  let was = false;
  addEventListener("beforeprint", () => (was = classList.contains("presenting")) && show(false));
  addEventListener("afterprint", () => was && show(true));
  return toggle;
}

/** The key ? shows all keys. @returns {() => void} */
export function showKeys() {
  const rows = [
    ["p", say("For a projector, and back")],
    ["Esc", say("Close what is open; end the story")],
    ["← →", say("Turn the pages of the story")],
    ["← ↑ ↓ →", say("From neuron to neuron, from answer to answer; on the board, move the pen")],
    ["Enter", say("Open the neuron")],
    [say("Space"), say("Lower or lift the pen")],
    [say("Delete"), say("Clear the board")],
    [say("Ctrl Z"), say("Undo a stroke")],
    ["?", say("Show these keys")],
  ];
  const list = el("dl", { class: "facts" }, ...rows.map(([key, words]) => el("div", {}, el("dt", {}, key), el("dd", {}, words))));
  const dialog = el("dialog", { class: "keys", "aria-label": say("Keys") }, list, button(say("Close"), () => dialog.close()));
  document.body.append(dialog);
  addEventListener("keydown", (event) => event.key === "?" && !isTyping(event) && !dialog.open && dialog.showModal());
  return () => dialog.showModal();
}
