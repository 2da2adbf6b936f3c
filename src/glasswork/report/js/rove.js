/** A group of many buttons with one tab stop, the button used last: arrow keys, Home and End go on from there. */

/**
 * @param {any} group
 * @param {string} selector What can be reached.
 * @returns {() => void} To be called after the group's buttons have changed.
 */
export function rove(group, selector) {
  const items = () => /** @type {HTMLElement[]} */ ([...group.querySelectorAll(selector)]);
  const settle = (/** @type {Element | null | undefined} */ current) => {
    const all = items();
    const chosen = all.find((one) => one === current) ?? all.find((one) => one.tabIndex === 0) ?? all[0];
    for (const one of all) one.tabIndex = one === chosen ? 0 : -1;
  };
  group.addEventListener("focusin", (/** @type {any} */ { target }) => target.matches(selector) && settle(target));
  group.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const all = items();
    const at = all.indexOf(/** @type {any} */ (event.target));
    if (at < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
    const to = { ArrowLeft: all[at - 1], ArrowRight: all[at + 1], Home: all[0], End: all[all.length - 1] };
    const sign = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
    if (!sign && !(event.key in to)) return;
    event.preventDefault();
    (sign ? nextInColumn(all, all[at], sign) : to[/** @type {keyof typeof to} */ (event.key)])?.focus();
  });
  settle(null);
  return () => settle(null);
}

/**
 * The nearest element above or below.
 * @param {HTMLElement[]} all @param {HTMLElement} current
 * @param {number} sign −1 for above.
 */
function nextInColumn(all, current, sign) {
  const here = current.getBoundingClientRect();
  const away = (/** @type {HTMLElement} */ one) => {
    const there = one.getBoundingClientRect();
    const down = sign * (there.top + there.bottom - here.top - here.bottom);
    return down > here.height ? down + 3 * Math.abs(there.left + there.right - here.left - here.right) : Infinity;
  };
  const distances = all.map(away);
  const least = Math.min(...distances);
  return least < Infinity ? all[distances.indexOf(least)] : undefined;
}
