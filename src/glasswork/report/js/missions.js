/** Missions: three things to try with the network, each noticed when it is done; and a tally of what was meant and what was read. */

import { button, byId, el, headOf, put, replace } from "./dom.js";
import { marginParts } from "./explain.js";
import { argmax } from "./network.js";
import { byValue } from "./sorting.js";
import { number, say, signed } from "./words.js";

/** Rows of the tally on a worksheet, and lines to write on. */
const ROWS = 10;
const LINES = 3;

/** Neurons that may be switched off: nearly every 7 of MNIST falls without seven. */
const FEW = 7;

/** @typedef {{title: string, hint: string, isDone: (state: import("./store.js").State, answer: import("./answer.js").Answer, isKept: boolean) => boolean}} Mission Whether a drawing is of the digit that was announced before, as far as one can tell. */

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
      isDone: ({ truth, strokes }, { best }, isKept) => truth === nine && best === three && (!strokes || isKept),
    },
    {
      title: say("Fool it without a warning"),
      hint: say("Touch a digit under “I meant …”, draw one that you can read and it cannot, and touch the digit again. It must not notice that anything is strange."),
      isDone: ({ strokes, truth, gains, several }, { best, judgement }, isKept) => Boolean(strokes && isKept && best !== truth && !gains.size && !several && judgement && !judgement.unlike),
    },
    {
      title: say("Find the few neurons that hold up your 7"),
      hint: say("Draw or choose a 7, and switch off at most {n} neurons, so that another answer wins. Those that add most to its lead are below.", { n: FEW }),
      isDone: ({ bytes, gains }, { best }) => gains.size > 0 && gains.size <= FEW && [...gains.values()].every((gain) => gain === 0) && best !== seven && argmax(network.scores(bytes)) === seven,
    },
  ];
}

/** @param {import("./answer.js").Context} context @param {import("./story.js").Stage} stage @param {import("./board.js").Board} board */
export function showMissions(context, { dock, answers }, board) {
  const { store, classes, reference } = context;
  const place = dock.add("missions", say("Missions"));
  const missions = missionsOf(context);
  const items = missions.map(({ title, hint }, n) => {
    const mark = el("span", { class: "mark" });
    return { mark, by: /** @type {import("./store.js").State | null} */ (null), element: el("li", {}, el("b", {}, title), " ", mark, el("br"), el("span", { class: "small" }, hint), n === 2 && strongestOf(context)) };
  });
  let said = /** @type {number | null} */ (null); // the class that one said one would draw, before one began to
  let wasDrawn = false;
  let last = /** @type {unknown} */ (null); // the image that was there
  const news = el("span", {}); // beside the answer, wherever one is
  const finished = button(say("It is finished"), () => mean(said ?? 0), "link");
  const quest = el("p", { class: "quest", role: "status" }, news, " ", finished);
  answers.querySelector(".sentence")?.after(quest);
  const { element, words, how, count } = tally(context, mean);
  const tell = (/** @type {string} */ text, canFinish = false) => {
    news.textContent = text;
    words.textContent = text || how;
    quest.hidden = text === "";
    finished.hidden = !canFinish;
  };
  const ask = () => (said === null ? tell("") : tell(say("Draw your {name}. When it is finished, touch {name} again.", { name: classes[said] }), true));

  /** Whether one of the training images nearest to the drawing is of that class. @param {number} k */
  const isLike = (k) => context.answer(store.state).judgement?.nearest.some(({ row }) => reference?.labels[row] === k) ?? true;

  /** That class is drawn, or will be. @param {number} k */
  function mean(k) {
    const { strokes } = store.state;
    if (!strokes?.length) {
      said = k;
      ask();
      return board.canvas.scrollIntoView({ block: "nearest" });
    }
    const { best } = context.answer(store.state);
    const counted = count(strokes, k, best);
    const why = said !== k ? say("For a mission, clear the board and touch the digit before you draw it.") : isLike(k) ? "" : say("For a mission, it has to be more like a {name}: none of the five training images nearest to it is one.", { name: classes[k] });
    tell([counted, why].filter(Boolean).join(" "));
    store.set({ truth: k, rival: k === best ? null : k });
  }

  store.watch((state) => {
    const isDrawn = Boolean(state.strokes?.length);
    if (wasDrawn && !isDrawn) said = null; // for another drawing one has to say it again
    wasDrawn = isDrawn;
    if (last !== state.bytes) ask();
    last = state.bytes;
    const answer = context.answer(state);
    if (state.staged) return; // another network
    missions.forEach(({ title, isDone }, n) => {
      const item = items[n];
      const { by } = item;
      if (isDone(state, answer, said !== null && state.truth === said && isLike(said))) item.by = state;
      else if (by?.bytes === state.bytes && by.truth !== null && by.truth !== state.truth) item.by = null; // something else was meant
      if (Boolean(by) === Boolean(item.by)) return;
      item.mark.textContent = item.by ? say("✓ done") : "";
      item.element.classList.toggle("done", item.by !== null);
      if (item.by) tell([news.textContent, say("✓ Mission done: {title}.", { title })].join(" ").trim());
      const done = items.filter((one) => one.by).length;
      byId("tab-missions").textContent = say("Missions") + (done ? ` ✓ ${done}/${items.length}` : "");
    });
  });
  const sheet = worksheet(missions);
  document.body.append(sheet);
  function print() {
    document.documentElement.classList.add("sheet");
    window.print();
    document.documentElement.classList.remove("sheet");
  }
  put(place, el("div", { class: "pair" }, el("ol", { class: "missions" }, ...items.map((one) => one.element)), element), button(say("Print a worksheet"), print));
}

/**
 * "I meant …", and how often it was read so.
 * @param {import("./answer.js").Context} context @param {(k: number) => void} mean
 */
function tally({ classes }, mean) {
  /** @type {Map<object, [number, number]>} */
  const drawings = new Map(); // what was meant and read, by the drawing
  const how = say("Touch what you will draw, draw it, and touch it again. If you touch it only afterwards, it is counted here, but not for a mission.");
  const words = el("p", { class: "small" }, how);
  const table = el("table", { class: "metrics", hidden: true });
  const heads = [say("Drawn"), say("Answered"), say("Times")];
  /** Count a drawing; return what is to be said of all. @param {object} drawing @param {number} k @param {number} best */
  function count(drawing, k, best) {
    drawings.set(drawing, [k, best]);
    const pairs = [...drawings.values()];
    const counts = new Map(pairs.map(([meant, read]) => [`${meant} ${read}`, { meant, read, times: pairs.filter(([a, b]) => a === meant && b === read).length }]));
    const rows = [...counts.values()].sort((a, b) => a.meant - b.meant || b.times - a.times);
    table.hidden = false;
    replace(table, headOf(heads), el("tbody", {}, ...rows.map((row) => el("tr", {}, el("th", { scope: "row" }, classes[row.meant]), el("td", {}, classes[row.read]), el("td", {}, row.times)))));
    const right = pairs.filter(([meant, read]) => meant === read).length;
    return pairs.length === 1 ? say("1 drawing so far; read as you meant it: {right}.", { right }) : say("{n} drawings so far; read as you meant them: {right}.", { n: pairs.length, right });
  }
  const buttons = classes.map((name, k) => el("button", { type: "button", "aria-label": say("I meant {name}", { name }), onclick: () => mean(k) }, name));
  return { element: el("div", { class: "tally" }, el("h4", {}, say("I meant …")), el("div", { class: "row" }, ...buttons), words, table), words, how, count };
}

/**
 * The neurons that add most to the lead of a 7 while all work, to be switched off.
 * @param {import("./answer.js").Context} context
 */
function strongestOf({ store, network, classes }) {
  const words = el("span", { class: "small" });
  const keyOf = (/** @type {number} */ j) => `${network.last - 1}:${j}`;
  let shown = /** @type {number[]} */ ([]);
  const buttons = Array.from({ length: FEW }, (_, n) => button("", () => store.gain(keyOf(shown[n]), store.state.gains.get(keyOf(shown[n])) === 0 ? 1 : 0)));
  const element = el("div", { class: "row strongest" }, words, ...buttons);
  store.watchWhenSeen(element, ({ bytes, gains, staged }) => {
    const trace = network.trace(network.prepare(bytes));
    const [best, second] = byValue(trace.sums[network.last].map((sum) => -sum));
    const isSeven = !staged && classes[best] === "7";
    const { parts, total } = marginParts(network, trace, best, second);
    shown = byValue(parts.map((part) => -part)).slice(0, FEW);
    words.textContent = isSeven ? say("Its lead over {name} is {lead}. Switch off:", { name: classes[second], lead: number(total) }) : say("The board does not show a 7 now.");
    buttons.forEach((one, n) => {
      one.hidden = !isSeven || n >= shown.length;
      one.textContent = `${say("neuron {n}", { n: shown[n] + 1 })}: ${signed(parts[shown[n]] ?? 0)}`;
      one.setAttribute("aria-pressed", String(gains.get(keyOf(shown[n])) === 0));
    });
  });
  return element;
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
