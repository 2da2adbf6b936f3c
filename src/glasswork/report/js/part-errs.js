/** Where it errs: confusion, worst mistakes, calibration, and accuracy under changes. */

import { imageAt } from "./answer.js";
import { chart } from "./chart.js";
import { el, put, replace } from "./dom.js";
import { rove } from "./rove.js";
import { testRows } from "./rows.js";
import { grouped, number, percent, plain, say } from "./words.js";

/** Images shown for a cell; classes of a table that is laid out only where it is seen. */
const MOST = 40;
const LARGE = 40;

/** Percentage points of calibration error below which a network counts as well calibrated. */
const CALIBRATED = 1;

/** @param {import("./answer.js").Context} context @param {Element} body */
export function showErrs(context, body) {
  const { evaluation } = context.data;
  /** @type {number[][]} */
  const table = evaluation.confusion;
  const wrong = evaluation.count - table.reduce((sum, row, k) => sum + row[k], 0);
  const counts = { accuracy: number(evaluation.accuracy, 2), all: grouped(evaluation.count), n: grouped(wrong) };
  const words = wrong === 1 ? say("{accuracy} % of {all} test {many} are classified correctly; 1 is not.", counts) : say("{accuracy} % of {all} test {many} are classified correctly; {n} are not.", counts);
  const tried = evaluation.robustness.length
    ? say("Accuracy on {n} test images, each changed more and more.", { n: grouped(evaluation.robustness_count) })
    : say("Shifts, turns and other strokes are changes of pictures, so they were not tried on these rows.");
  put(
    body,
    el("p", {}, words),
    confusion(context),
    el("h3", {}, say("Its worst mistakes")),
    el("p", { class: "small" }, say("The wrong answers with the highest share, the worst first. Touch one and every part of this page is about it.")),
    worst(context),
    el("h3", {}, say("Can its certainty be trusted?")),
    calibration(evaluation),
    el("h3", {}, say("How robust is it?")),
    el("p", { class: "small" }, tried),
    el("div", { class: "pair" }, ...evaluation.robustness.map(robustness)),
  );
}

/** @param {import("./answer.js").Context} context */
function confusion(context) {
  const { classes, data } = context;
  /** @type {number[][]} */
  const table = data.evaluation.confusion;
  const images = el("div", { class: "cell-images", "aria-live": "polite" }, el("p", { class: "small" }, say("Touch a number to see the {many} behind it.")));
  const mistakes = table.flatMap((row, i) => row.filter((_, k) => k !== i));
  const most = mistakes.reduce((top, count) => Math.max(top, count), 1);
  const cell = (/** @type {number} */ count, /** @type {number} */ truth, /** @type {number} */ answer) => {
    const right = truth === answer;
    if (!count) return el("td", { class: right ? "right" : "none" }, "·");
    const button = el("button", { type: "button", "aria-label": takenFor(context, count, truth, answer), onclick: () => showCell(context, images, truth, answer) }, grouped(count));
    button.style.setProperty("--strength", `${right ? 0 : Math.round(10 + 30 * (count / most))}%`);
    return el("td", { class: right ? "right" : "wrong" }, button);
  };
  const head = (/** @type {string} */ scope) => (/** @type {string} */ name) => el("th", { scope }, el("span", { title: name }, name));
  const rows = table.map((row, truth) => el("tr", {}, head("row")(classes[truth]), ...row.map((count, answer) => cell(count, truth, answer))));
  const element = el(
    "table",
    { class: classes.some((name) => name.length > 3) ? "confusion turned" : "confusion" },
    el("caption", { class: "small" }, say("Rows: the label. Columns: the network’s answer.")),
    el("thead", {}, el("tr", {}, el("td", {}), ...classes.map(head("col")))),
    el("tbody", {}, ...rows),
  );
  rove(element, "button");
  return el("div", { class: "matrix" }, el("div", { class: classes.length > LARGE ? "scroll large" : "scroll" }, element), images);
}

/**
 * What a number of the table counts.
 * @param {import("./answer.js").Context} context @param {number} n @param {number} truth @param {number} answer
 */
function takenFor({ classes }, n, truth, answer) {
  const values = { n: grouped(n), truth: classes[truth], answer: classes[answer] };
  if (truth === answer) return n === 1 ? say("1 {one} of {truth}, classified correctly", values) : say("{n} {many} of {truth}, classified correctly", values);
  return n === 1 ? say("1 {one} of {truth} taken for {answer}", values) : say("{n} {many} of {truth} taken for {answer}", values);
}

/** @param {import("./answer.js").Context} context @param {Element} place @param {number} truth @param {number} answer */
function showCell(context, place, truth, answer) {
  const { data, columns } = context;
  /** @type {{answers: number[], pictures: {labels: number[]}}} */
  const { answers, pictures } = data.tested;
  const shown = answers.map((given, n) => (given === answer && pictures.labels[n] === truth ? n : -1)).filter((n) => n >= 0).slice(0, MOST);
  const all = data.evaluation.confusion[truth][answer];
  const more = all > shown.length ? ` ${say("This page shows {n} of them.", { n: shown.length })}` : "";
  const words = `${takenFor(context, all, truth, answer)}.${more}`;
  const images = columns ? testRows(context, words, shown) : el("div", { class: "strip" }, ...shown.map((n) => testImage(context, n)));
  replace(place, el("p", { class: "small" }, words), images);
  rove(images, "button");
}

/**
 * A button with a test image, which makes the page be about it.
 * @param {import("./answer.js").Context} context @param {number} n
 */
function testImage({ store, tests, network, data, classes, kind }, n) {
  const truth = data.tested.pictures.labels[n];
  const answer = data.tested.answers[n];
  const bytes = imageAt(tests, network.features, n).slice();
  const canvas = el("canvas", {});
  kind.paint(canvas, bytes);
  const source = n < data.tested.checked ? say("test {one} {n}", { n: n + 1 }) : say("a test {one}");
  const choose = () => store.choose(bytes, source, { truth, rival: truth === answer ? null : truth });
  return el("button", { type: "button", class: "thumb", "aria-label": say("{truth} taken for {answer}", { truth: classes[truth], answer: classes[answer] }), onclick: choose }, canvas);
}

/** @param {import("./answer.js").Context} context */
function worst(context) {
  const { data, network, tests, classes, columns } = context;
  const { answers, pictures, worst } = data.tested;
  if (!worst.length) return el("p", {}, say("None: every test {one} is classified correctly."));
  const chosen = el("p", { role: "status" });
  const choose = () => replace(chosen, say("Every part of this page is about this image now."), " ", el("a", { href: "#why" }, say("See why it is misread")));
  const shareOf = (/** @type {number} */ n) => percent(network.shares(network.scores(imageAt(tests, network.features, n)))[answers[n]]);
  if (columns) return testRows(context, say("Its worst mistakes"), worst, (n) => `${classes[answers[n]]}, ${shareOf(n)}`);
  const items = worst.map((/** @type {number} */ n) => {
    const words = [say("{truth}, taken for {answer}", { truth: classes[pictures.labels[n]], answer: classes[answers[n]] }), el("br"), say("with {share}", { share: shareOf(n) })];
    return el("li", { onclick: choose }, testImage(context, n), el("span", { class: "small" }, ...words));
  });
  const list = el("ul", { class: "worst" }, ...items);
  rove(list, "button");
  return el("div", {}, list, chosen);
}

/** @typedef {{confidence: number, accuracy: number, count: number}} Bin */

/** @param {{bins: Bin[], calibration_error: number}} evaluation */
function calibration({ bins, calibration_error }) {
  const share = (/** @type {number} */ value) => `${Math.round(100 * value)} %`;
  const values = bins.map(({ accuracy }) => accuracy);
  const plot = chart({
    title: `${say("Accuracy by certainty")}: ${bins.map((bin) => say("{certain} certain, {right} right", { certain: share(bin.confidence), right: share(bin.accuracy) })).join("; ")}`,
    xName: say("certainty"),
    xFirst: true,
    x: bins.map(({ confidence }) => confidence),
    range: [0, 1],
    xRange: [0, 1],
    format: share,
    xFormat: share,
    series: [{ name: say("right"), values, whiskers: bins.map(({ accuracy, count }) => wilson(accuracy, count)) }],
    diagonal: true,
    height: 280,
    yTicks: [0, 0.25, 0.5, 0.75, 1],
  });
  const lead = bins.reduce((sum, bin) => sum + bin.count * (bin.accuracy - bin.confidence), 0);
  const side = calibration_error < CALIBRATED ? say("well calibrated") : lead > 0 ? say("under-confident") : say("over-confident");
  const off = say("On the dashed line, answers given with 80\u00a0% certainty would be right 80 times in 100. This network is off by {error} percentage points on average: it is {side}.", { error: number(calibration_error, 1), side });
  const whiskers = say("Above the line it is right more often than it claims, below it less often. The whiskers are 95\u00a0% intervals: how far chance alone can move each point.");
  const words = el("div", {}, el("p", {}, off), el("p", { class: "small" }, whiskers));
  return el("div", { class: "pair" }, el("div", {}, plot), words);
}

/**
 * The 95 % interval of a share (Wilson 1927).
 * @param {number} share @param {number} count
 * @returns {[number, number]}
 */
export function wilson(share, count) {
  const z = 1.96;
  const middle = (share + (z * z) / (2 * count)) / (1 + (z * z) / count);
  const half = (z / (1 + (z * z) / count)) * Math.sqrt((share * (1 - share)) / count + (z * z) / (4 * count * count));
  return [middle - half, middle + half];
}

/** @param {{name: string, unit: string, strengths: number[], accuracies: number[]}} change */
function robustness({ name, unit, strengths, accuracies }) {
  const plot = chart({
    title: `${say("Accuracy")}, ${say(name)}: ${strengths.map((strength, i) => `${plain(strength)}: ${number(accuracies[i], 0)} %`).join(", ")}`,
    xName: say(unit),
    xFirst: true,
    x: strengths,
    range: [0, 100],
    format: (value) => `${plain(Number(value.toFixed(1)))} %`,
    series: [{ name: say("right"), values: accuracies }],
    height: 190,
    yTicks: [0, 25, 50, 75, 100],
  });
  return el("div", {}, el("h4", {}, say(name)), plot);
}
