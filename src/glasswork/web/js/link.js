/**
 * The link of a page to its server: it says hello, passes messages on, and comes back after an interruption.
 *
 * The token is in the fragment of the address, which browsers send to nobody. The rest of the page begins when the server has
 * said what it is about: the stage of a run, or the list of runs. What the page has seen is asked for from there on.
 */

import { say } from "./words.js";

const asked = new URLSearchParams(location.hash.slice(1));
if (asked.has("token")) sessionStorage.setItem("glasswork", location.hash.slice(1)); // a link of the stage changes the fragment
const known = new URLSearchParams(sessionStorage.getItem("glasswork") ?? "");
const words = /** @type {HTMLElement} */ (document.getElementById("link"));

/** Milliseconds until the page calls again: at first, and at most. */
const SOON = 500;
const LATE = 5000;

let wait = SOON;
let timer = 0;
let begun = "";
let refused = "";
/** @type {WebSocket | null} */
let socket = null;
/** @type {any[]} */
const waiting = [];

const link = {
  run: known.get("run") ?? "",
  seq: -1,
  epochs: 0,
  /** The program of the page sets it. @type {(message: any) => void} */
  receive: (message) => waiting.push(message),
  /** @param {any} message */
  send(message) {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  },
  /** The address of a run's stage, or of the list. @param {string} run */
  addressOf: (run) => `#${new URLSearchParams({ token: known.get("token") ?? "", ...(run && { run }) })}`,
  /** The program takes over, with what has come so far. @param {(message: any) => void} receive */
  listen(receive) {
    link.receive = receive;
    waiting.splice(0).forEach(receive);
  },
};
/** @type {any} */ (window).glassworkLink = link;

/** @param {string} text */
function tell(text) {
  words.textContent = text;
  words.hidden = !text;
}

function call() {
  clearTimeout(timer);
  socket = new WebSocket(`ws://${location.host}/live`);
  socket.onopen = () => link.send({ kind: "hello", token: known.get("token") ?? "", run: link.run, after: link.seq, epochs: link.epochs });
  socket.onmessage = ({ data }) => {
    wait = SOON;
    take(JSON.parse(data));
  };
  socket.onclose = () => {
    if (refused) return;
    tell(begun ? say("The server does not answer. The page goes on by itself once it is there again; the training does not need it.") : say("Connecting …"));
    timer = window.setTimeout(call, wait);
    wait = Math.min(2 * wait, LATE);
  };
}

/** @param {any} message */
function take(message) {
  if (message.kind === "refused" && !begun) return tell((refused = say("Not connected: {why}.", { why: message.why })));
  if (message.kind !== "refused") tell("");
  if (message.kind === "run" && !begun) begin("stage", message);
  else if (message.kind === "runs" && !begun) begin("studio", message);
  if (message.kind === "news") {
    link.seq = Math.max(link.seq, message.look?.seq ?? -1, ...message.points.map((/** @type {any} */ point) => point.seq));
    link.epochs = Math.max(link.epochs, ...message.history.map((/** @type {any} */ row) => row.epoch));
  }
  link.receive(message);
}

/**
 * Put up one of the two pages, and run its program, which the policy of the page knows by its hash.
 * @param {string} name @param {any} message
 */
function begin(name, message) {
  begun = name;
  const page = /** @type {HTMLTemplateElement} */ (document.getElementById(`page-${name}`));
  document.body.append(page.content.cloneNode(true));
  document.body.className = name === "stage" ? "live" : "studio";
  const place = /** @type {HTMLElement} */ (document.getElementById("words"));
  place.textContent = JSON.stringify({ ...JSON.parse(place.textContent ?? ""), kinds: message.kinds ?? { many: "images" } });
  const data = document.createElement("script");
  Object.assign(data, { type: "application/json", id: "data", textContent: JSON.stringify(message) });
  document.body.append(data);
  const program = document.createElement("script");
  program.textContent = /** @type {HTMLElement} */ (document.getElementById(`program-${name}`)).textContent;
  document.body.append(program);
}

addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && socket?.readyState === WebSocket.CLOSED && !refused) call();
});
addEventListener("hashchange", () => {
  const now = new URLSearchParams(location.hash.slice(1));
  if (now.has("token")) location.reload(); // another run, or the list
});
call();
