/** The stage alone, in large type, for a projector; and the keys that the page knows. */

import { button, byId } from "./dom.js";
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
  const dialog = byId("keys");
  dialog.append(button(say("Close"), () => dialog.close()));
  addEventListener("keydown", (event) => event.key === "?" && !isTyping(event) && dialog.showModal());
  return () => dialog.showModal();
}
