/** The studio: all runs in a list; one can start a recipe, watch a run, compare two, and open a report. */

import { chart, legend } from "./chart.js";
import { button, byId, el, put, replace, tableOf } from "./dom.js";
import { number, plain, say } from "./words.js";

const link = /** @type {any} */ (window).glassworkLink;
const SETTINGS = [
  ["epochs", say("Epochs"), "number", say("the recipe’s")],
  ["hidden", say("Hidden neurons"), "text", say("such as 300,100")],
  ["lr", say("Learning rate"), "number", say("the recipe’s")],
  ["seed", say("Seed"), "number", "123"],
  ["data", say("Data"), "text", say("mnist, or a path")],
];

const said = el("p", { class: "said", role: "alert" });
const list = el("div", {});
const compared = el("section", { "aria-label": say("Comparison"), hidden: true });
/** @type {Set<string>} */
const chosen = new Set();
const compare = button(say("Compare two"), () => ask({ kind: "compare", runs: [...chosen] }));
const recipe = el("select", { id: "recipe", onchange: describe });
const described = el("p", { class: "small" });
const fields = SETTINGS.map(([name, words, type, hint]) => {
  const input = el("input", { type, id: `start-${name}`, placeholder: hint, step: type === "number" ? "any" : false, name });
  return { name, input, element: el("span", { class: "setting" }, el("label", { for: input.id }, words), input) };
});
const start = button(say("Start"), begin, "play");
/** @type {any[]} */
let recipes = [];

put(
  byId("studio"),
  el(
    "section",
    { "aria-labelledby": "start-title" },
    el("h2", { id: "start-title" }, say("Start a recipe")),
    el("div", { class: "row" }, el("span", { class: "setting" }, el("label", { for: "recipe" }, say("Recipe")), recipe), ...fields.map(({ element }) => element), start),
    described,
    said,
  ),
  el("section", { "aria-labelledby": "runs-title" }, el("h2", { id: "runs-title" }, say("Runs")), el("div", { class: "row" }, compare), list),
  compared,
);

/** @param {any} message */
function ask(message) {
  said.textContent = "";
  link.send(message);
}

function begin() {
  const settings = Object.fromEntries(fields.map(({ name, input }) => [name, input.value.trim()]).filter(([, value]) => value));
  start.disabled = true;
  ask({ kind: "start", recipe: recipe.value, settings });
}

function describe() {
  described.textContent = say(recipes.find(({ name }) => name === recipe.value)?.description ?? "");
}

/** @param {any[]} runs */
function showRuns(runs) {
  for (const name of chosen) if (!runs.some(({ run }) => run === name)) chosen.delete(name);
  const focused = document.activeElement?.id; // the list is drawn anew
  const rows = runs.map((row) => {
    const box = el("input", { type: "checkbox", id: `choose-${row.run}`, "aria-label": say("Choose {name}", { name: row.run }), checked: chosen.has(row.run), onchange: () => choose(row.run, box.checked) });
    box.checked = chosen.has(row.run);
    const known = row.state !== "damaged";
    const acts = el(
      "span",
      { class: "row" },
      known && !row.members.length && el("a", { href: link.addressOf(row.run), id: `watch-${row.run}` }, row.state === "running" ? say("Watch") : say("Stage")),
      known && row.epochs > 0 && row.state !== "running" && el("button", { type: "button", class: "link", id: `report-${row.run}`, onclick: () => ask({ kind: "report", run: row.run }) }, say("Report")),
    );
    const share = (/** @type {number | null} */ value) => (value == null ? "–" : `${number(value, 2)} %`);
    const cells = [say(row.state), known ? `${row.epochs}/${row.epochs_wanted}` : "", share(row.valid_accuracy), share(row.test_accuracy), row.recipe ?? ""];
    return el("tr", { "data-run": row.run }, el("th", { scope: "row" }, box, " ", row.run), ...cells.map((cell) => el("td", {}, cell)), el("td", {}, acts), el("td", { class: "words" }, row.reason));
  });
  const none = el("p", { class: "note" }, say("There is no run yet. Start one above."));
  replace(list, runs.length ? tableOf(say("All runs, the newest first"), [say("Run"), say("State"), say("Epochs"), say("Validation"), say("Test"), say("Recipe"), say("Open"), say("Why")], rows, "metrics runs") : none);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  choose("", false);
}

/** @param {string} name @param {boolean} is */
function choose(name, is) {
  if (is) chosen.add(name);
  else chosen.delete(name);
  compare.disabled = chosen.size !== 2;
}

/** @param {any[]} runs */
function showCompared(runs) {
  const epochs = Math.max(1, ...runs.map(({ history }) => history.length));
  const x = Array.from({ length: epochs }, (_, n) => n + 1);
  const names = runs.map(({ name }) => name);
  const figure = (/** @type {string} */ title, /** @type {string} */ column, /** @type {string} */ unit) => {
    const series = runs.map(({ name, history }) => ({ name, values: x.map((n) => history[n - 1]?.[column] ?? NaN) }));
    const values = series.flatMap((one) => one.values).filter(Number.isFinite);
    const range = /** @type {[number, number]} */ (values.length ? [Math.min(...values), Math.max(...values)] : [0, 1]);
    return el("div", {}, el("h3", {}, title), legend(names), chart({ title, xName: say("epoch"), xWhole: true, x, range, series, format: (value) => `${plain(Number(value.toPrecision(4)))}${unit}` }));
  };
  const rows = runs.map(({ name, differs, test_accuracy: accuracy, test_interval: interval, tested }) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, name),
      el("td", { class: "words" }, differs || say("no setting of its own")),
      el("td", {}, accuracy == null ? say("not tested yet") : say("{accuracy} % of {n}", { accuracy: number(accuracy, 2), n: tested })),
      el("td", {}, interval ? say("{low} to {high} %", { low: number(interval[0], 1), high: number(interval[1], 1) }) : "–"),
    ),
  );
  replace(
    compared,
    el("h2", {}, say("{a} and {b}", { a: names[0], b: names[1] })),
    tableOf(say("Two runs"), [say("Run"), say("What differs"), say("Test accuracy"), say("95 % confidence")], rows),
    el("div", { class: "pair" }, figure(say("Validation accuracy"), "valid_accuracy", " %"), figure(say("Validation loss"), "valid_loss", "")),
    el("p", { class: "small" }, say("Whether they differ on the same test {many}: {command}", { command: `glasswork compare ${names.join(" ")}` })),
  );
  compared.hidden = false;
  compared.scrollIntoView({ block: "nearest" });
}

link.listen((/** @type {any} */ told) => {
  if (told.kind === "runs") {
    if (recipes.length !== told.recipes.length) {
      recipes = told.recipes;
      replace(recipe, ...recipes.map(({ name }) => el("option", { value: name }, name)));
      recipe.value = "classwork";
      describe();
    }
    showRuns(told.runs);
  } else if (told.kind === "compared") showCompared(told.runs);
  else if (told.kind === "report") window.open(told.path, "_blank", "noopener");
  else if (told.kind === "started") location.hash = link.addressOf(told.run);
  if (told.kind === "refused") said.textContent = told.why;
  if (told.kind === "refused" || told.kind === "started") start.disabled = false;
});
document.documentElement.dataset.complete = "";
