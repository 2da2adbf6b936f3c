/** The dock below the network: panels of which one is in front. */

import { el, put } from "./dom.js";
import { rove } from "./rove.js";
import { say } from "./words.js";

/** @typedef {{id: string, tab: any, panel: any}} Docked */

export class Dock {
  /**
   * @param {HTMLElement} place
   * @param {Element} beside What stands at the right of the tabs.
   */
  constructor(place, beside) {
    /** @type {Docked[]} */
    this.all = [];
    this.tabs = el("div", { class: "tabs", role: "tablist", "aria-label": say("Below the network") });
    this.place = place;
    this.chosen = /** @type {string | undefined} */ (undefined);
    this.onchoose = () => {};
    this.onselect = (/** @type {string} */ _id) => {};
    put(place, el("div", { class: "dock-head" }, this.tabs, beside));
    this.settle = rove(this.tabs, "[role=tab]");
  }

  /**
   * Add a panel; the first one is chosen.
   * @param {string} id @param {string} name @param {...any} children
   */
  add(id, name, ...children) {
    const tab = el("button", { type: "button", role: "tab", id: `tab-${id}`, "aria-controls": `dock-${id}`, onclick: () => this.select(id) }, name);
    const panel = el("div", { role: "tabpanel", id: `dock-${id}`, "aria-labelledby": `tab-${id}` }, ...children);
    this.all.push({ id, tab, panel });
    this.tabs.append(tab);
    this.place.append(panel);
    this.show((this.chosen ??= id));
    this.settle();
    return panel;
  }

  /** Choose a panel. @param {string} id */
  select(id) {
    const isNew = id !== this.chosen;
    this.chosen = id;
    this.show(id);
    this.onselect(id);
    if (isNew) this.onchoose();
  }

  /** Bring a panel to the front, for a look that does not leave the chosen one. @param {string} id */
  show(id) {
    this.front = this.place.dataset.front = id;
    for (const one of this.all) {
      one.tab.setAttribute("aria-selected", String(one.id === id));
      one.panel.hidden = one.id !== id;
    }
  }
}
