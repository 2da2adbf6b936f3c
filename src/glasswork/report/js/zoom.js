/** Motion that shows where something comes from; none for people who asked for none. */

export const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/**
 * Let an element grow out of another place.
 * @param {any} element @param {{left: number, top: number, width: number, height: number} | null} from
 */
export function zoomFrom(element, from) {
  const to = element.getBoundingClientRect();
  if (!from || !to.width || isStill()) return;
  const transform = `translate(${from.left - to.left}px, ${from.top - to.top}px) scale(${from.width / to.width}, ${from.height / to.height})`;
  element.animate([{ transform, transformOrigin: "0 0" }, { transform: "none", transformOrigin: "0 0" }], { duration: 450, easing: "cubic-bezier(0.2, 0.7, 0.2, 1)" });
}
