/** The bar above the stage: how far the training is, and what one can do about it. */

import { button, el } from "./dom.js";
import { grouped, number, plain, say } from "./words.js";

/** Milliseconds for which "Stop" asks back. */
const SURE = 4000;

/**
 * @param {import("./live.js").Run} run @param {any} link
 * @returns {{element: Element, take: (told: any) => void}}
 */
export function showBar(run, link) {
  const send = (/** @type {string} */ what, /** @type {number | null} */ value = null) => {
    said.textContent = "";
    link.send({ kind: "command", do: what, value });
  };
  const state = el("strong", { class: "live-state" }, "…");
  const place = el("span", {});
  const said = el("p", { class: "said", role: "alert" });
  const shares = el("progress", { max: 1, value: 0, "aria-label": say("How far the training is") });
  const pause = button(say("Pause"), () => send(pause.dataset.does), "play");
  const step = button(say("One step"), () => send("step"));
  const slow = button(say("Slow motion"), () => send(slow.getAttribute("aria-pressed") === "true" ? "go" : "slow"));
  let sure = 0;
  const stop = button(say("Stop …"), () => {
    clearTimeout(sure);
    if (stop.dataset.sure) return send("stop");
    stop.dataset.sure = "1";
    stop.textContent = say("Really stop? It can be resumed");
    sure = window.setTimeout(calm, SURE);
  });
  const calm = () => {
    delete stop.dataset.sure;
    stop.textContent = say("Stop …");
  };
  const rate = setting("learning_rate", say("Learning rate"), { min: 0, step: "any" });
  const halve = button("÷ 2", () => send("learning_rate", Number(rate.dataset.now) / 2));
  const double = button("× 2", () => send("learning_rate", Number(rate.dataset.now) * 2));
  halve.setAttribute("aria-label", say("Halve the learning rate"));
  double.setAttribute("aria-label", say("Double the learning rate"));
  const now = el("span", { class: "small" });
  const dropout = setting("dropout", say("Dropout"), { min: 0, max: 0.99, step: 0.05 });
  /** @param {"learning_rate" | "dropout"} name @param {string} words @param {any} limits */
  function setting(name, words, limits) {
    const input = el("input", { type: "number", id: `set-${name}`, ...limits, onchange: () => input.value !== "" && send(name, Number(input.value)) });
    input.words = words;
    return input;
  }
  const field = (/** @type {any} */ input, /** @type {...any} */ ...more) => el("span", { class: "setting" }, el("label", { for: input.id }, input.words), input, ...more);
  const acts = el("div", { class: "row" }, pause, step, slow, stop, field(rate, halve, double, now), run.dropout && field(dropout));
  const element = el("div", { class: "live-bar", role: "group", "aria-label": say("The training") }, el("p", { class: "live-place" }, state, " ", place), shares, acts, said);
  let ended = false;
  let valid = /** @type {number | null} */ (null);

  /** @param {any} end */
  function showEnd(end) {
    ended = true;
    const { state: how, reason, test_accuracy: accuracy } = end;
    state.textContent = { finished: say("Finished."), interrupted: say("Interrupted."), failed: say("Failed.") }[/** @type {string} */ (how)] ?? how;
    const tested = accuracy === null ? "" : say("{accuracy} % of the test {many} are right.", { accuracy: number(accuracy, 2) });
    const resume = how === "interrupted" ? say("glasswork resume {name} continues it.", { name: run.name }) : "";
    place.textContent = [reason && `${reason}.`, tested, resume].filter(Boolean).join(" ");
    now.textContent = "";
    for (const one of acts.querySelectorAll("button, input")) one.disabled = true;
    element.classList.toggle("wrong-end", how !== "finished");
  }

  /** @param {any} look */
  function showLook(look) {
    const standing = look.state === "paused";
    state.textContent = { training: say("In training."), paused: say("Paused."), slow: say("Slow motion.") }[/** @type {string} */ (look.state)] ?? "";
    const left = look.seconds_left === null || look.state !== "training" ? "" : ` · ${say("{time} left", { time: lasting(look.seconds_left) })}`;
    const speed = look.speed === null || look.state !== "training" ? "" : ` · ${say("{n} steps a second", { n: grouped(Math.round(look.speed)) })}`;
    const at = { epoch: grouped(Math.min(look.epoch + 1, run.epochs)), epochs: grouped(run.epochs), batch: grouped(look.batch), steps: grouped(run.steps) };
    const right = valid === null ? "" : ` · ${say("{percent} in validation", { percent: `${number(valid, 2)} %` })}`;
    place.textContent = say("Epoch {epoch} of {epochs}, batch {batch} of {steps}", at) + right + speed + left;
    shares.value = look.step / (run.epochs * run.steps);
    pause.textContent = standing || look.state === "slow" ? say("Go on") : say("Pause");
    pause.dataset.does = standing || look.state === "slow" ? "go" : "pause";
    slow.setAttribute("aria-pressed", String(look.state === "slow"));
    show(rate, look.base_rate);
    now.textContent = look.learning_rate === look.base_rate ? "" : say("now {rate}, by its schedule", { rate: plain(Number(look.learning_rate.toPrecision(3))) });
    if (look.dropout !== null) show(dropout, look.dropout);
    if (look.said) said.textContent = look.said;
  }

  /** @param {any} input @param {number} value */
  function show(input, value) {
    input.dataset.now = String(value);
    if (document.activeElement !== input) input.value = String(Number(value.toPrecision(6)));
  }

  return {
    element,
    take(told) {
      if (told.kind === "refused") said.textContent = told.why;
      if (told.kind !== "news") return;
      valid = told.history.at(-1)?.valid_accuracy ?? valid;
      if (told.look) showLook(told.look);
      if (told.end && !ended) showEnd(told.end);
    },
  };
}

/** @param {number} seconds */
function lasting(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${number(seconds / 3600, 1)} h`;
}
