/** Missions: three things to try with the network, each noticed when it is done; and a tally of what was meant and what was read. */

import { button, el, headOf, put, replace } from "./dom.js";
import { argmax } from "./network.js";
import { say } from "./words.js";

/** Rows of the tally on a worksheet, and lines to write on. */
const ROWS = 10;
const LINES = 3;

/** @typedef {{title: string, hint: string, isDone: (state: import("./store.js").State, answer: import("./answer.js").Answer, said: number | null) => boolean}} Mission What was said before one drew counts, and what a test image is labelled. */

/**
 * @param {import("./answer.js").Context} context
 * @returns {Mission[]}
 */
function missionsOf({ classes, network }) {
  const [three, seven, nine] = ["3", "7", "9"].map((name) => classes.indexOf(name));
  return [
    {
      title: say("Make it answer 3 to a 9"),
      hint: say("Touch 9 under “I meant …”, draw a 9 that is read as a 3, and touch 9 again; or choose a test image of a 9, and switch neurons off."),
      isDone: ({ truth, strokes }, { best }, said) => truth === nine && best === three && (!strokes || said === nine),
    },
    {
      title: say("Fool it without a warning"),
      hint: say("Touch a digit under “I meant …”, draw one that you can read and it cannot, and touch the digit again. It must not notice that anything is strange."),
      isDone: ({ strokes, truth, gains, several }, { best, judgement }, said) => Boolean(strokes && truth !== null && truth === said && best !== truth && !gains.size && !several && judgement && !judgement.unlike),
    },
    {
      title: say("Find the three neurons that hold up your 7"),
      hint: say("Draw a 7, and switch off three neurons or fewer so that another answer wins. Take the longest orange bars further down, under “Why 7 and not …?”: together they must exceed the lead. If they do not, draw a 7 with a stroke through it, or with a shorter top."),
      isDone: ({ bytes, gains }, { best }) => gains.size > 0 && gains.size <= 3 && [...gains.values()].every((gain) => gain === 0) && best !== seven && argmax(network.scores(bytes)) === seven,
    },
  ];
}

/** @param {import("./answer.js").Context} context @param {Element} place */
export function showMissions(context, place) {
  const { store, classes } = context;
  const missions = missionsOf(context);
  const before = /** @type {Before} */ ({ said: null });
  const items = missions.map(({ title, hint }) => {
    const mark = el("span", { class: "mark", role: "status" });
    return { mark, by: /** @type {import("./store.js").State | null} */ (null), element: el("li", {}, el("b", {}, title), " ", mark, el("br"), el("span", { class: "small" }, hint)) };
  });
  store.watch((state) => {
    const answer = context.answer(state);
    if (state.staged) return; // another network
    missions.forEach(({ isDone }, n) => {
      const item = items[n];
      const { by } = item;
      if (isDone(state, answer, before.said)) item.by = state;
      else if (by?.bytes === state.bytes && by.truth !== null && by.truth !== state.truth) item.by = null; // something else was meant
      if (Boolean(by) === Boolean(item.by)) return;
      item.mark.textContent = item.by ? say("✓ done") : "";
      item.element.classList.toggle("done", item.by !== null);
    });
  });
  const sheet = worksheet(missions);
  document.body.append(sheet);
  function print() {
    document.documentElement.classList.add("sheet");
    window.print();
    document.documentElement.classList.remove("sheet");
  }
  put(
    place,
    el("div", { class: "pair" }, el("ol", { class: "missions" }, ...items.map(({ element }) => element)), tally(context, before)),
    button(say("Print a worksheet"), print),
  );
}

/** @typedef {{said: number | null}} Before The class that one said one would draw, before one began to. */

/**
 * "I meant …", and how often it was read so.
 * @param {import("./answer.js").Context} context @param {Before} before
 */
function tally(context, before) {
  const { store, classes } = context;
  /** @type {Map<object, [number, number]>} */
  const drawings = new Map(); // what was meant and read, by the drawing
  const words = el("p", { class: "small", role: "status" }, say("Touch what you will draw, draw it, and touch it again. If you touch it only afterwards, it is counted here, but not for a mission."));
  const table = el("table", { class: "metrics", hidden: true });
  const heads = [say("Drawn"), say("Answered"), say("Times")];
  /** @param {number} k */
  function mean(k) {
    const { strokes } = store.state;
    if (!strokes?.length) {
      before.said = k;
      return void (words.textContent = say("Draw your {name}. When it is finished, touch {name} again.", { name: classes[k] }));
    }
    store.set({ truth: k, rival: k === context.answer(store.state).best ? null : k });
    drawings.set(strokes, [k, context.answer(store.state).best]);
    const pairs = [...drawings.values()];
    const counts = new Map(pairs.map(([meant, read]) => [`${meant} ${read}`, { meant, read, times: pairs.filter(([a, b]) => a === meant && b === read).length }]));
    const rows = [...counts.values()].sort((a, b) => a.meant - b.meant || b.times - a.times);
    const right = pairs.filter(([meant, read]) => meant === read).length;
    words.textContent = pairs.length === 1 ? say("1 drawing so far; read as you meant it: {right}.", { right }) : say("{n} drawings so far; read as you meant them: {right}.", { n: pairs.length, right });
    if (before.said !== k) words.append(` ${say("For a mission, clear the board and touch the digit before you draw it.")}`);
    table.hidden = false;
    replace(table, headOf(heads), el("tbody", {}, ...rows.map((row) => el("tr", {}, el("th", { scope: "row" }, classes[row.meant]), el("td", {}, classes[row.read]), el("td", {}, row.times)))));
  }
  let isDrawn = false;
  store.watch(({ strokes }) => {
    const was = isDrawn;
    isDrawn = Boolean(strokes?.length);
    if (was && !isDrawn) before.said = null; // for another drawing one has to say it again
  });
  const buttons = classes.map((name, k) => el("button", { type: "button", "aria-label": say("I meant {name}", { name }), onclick: () => mean(k) }, name));
  return el("div", { class: "tally" }, el("h4", {}, say("I meant …")), el("div", { class: "row" }, ...buttons), words, table);
}

/**
 * The missions on paper, with room to write.
 * @param {Mission[]} missions
 */
function worksheet(missions) {
  const heads = [say("I drew"), say("It answered"), say("Its share"), say("Did it warn?")];
  const row = () => el("tr", {}, ...heads.map(() => el("td", {})));
  return el(
    "div",
    { class: "worksheet" },
    el("h2", {}, say("Missions for a network that reads digits")),
    el("p", { class: "to-write" }, say("Name:")),
    ...missions.flatMap(({ title, hint }, n) => [el("h3", {}, `${n + 1}. ${title}`), el("p", {}, hint), el("p", {}, say("How I did it, and why it worked:")), ...Array.from({ length: LINES }, () => el("p", { class: "to-write" }))]),
    el("h3", {}, say("My drawings")),
    el("table", {}, headOf(heads), el("tbody", {}, ...Array.from({ length: ROWS }, row))),
  );
}
