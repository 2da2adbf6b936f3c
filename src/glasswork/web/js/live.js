/** The stage of a run while it is trained: the network as it is now, what the training does, and what one can do about it. */

import { followTheme } from "./colour.js";
import { makeContext } from "./context.js";
import { byId, el, put } from "./dom.js";
import { putOnStage } from "./learn-stage.js";
import { showBar } from "./live-bar.js";
import { showCourse } from "./live-course.js";
import { Network } from "./network.js";
import { showStage } from "./stage.js";
import { unpackLayers } from "./unpack.js";
import { grouped, say } from "./words.js";

/**
 * What is known of a run.
 * @typedef {object} Run
 * @property {string} name
 * @property {number} epochs
 * @property {number} steps In an epoch.
 * @property {string} engine
 * @property {boolean} dropout Whether the network has any to change.
 * @property {boolean} studio Whether the server has a list of runs.
 * @property {string} loss
 */

const link = /** @type {any} */ (window).glassworkLink;
const message = JSON.parse(byId("data").textContent);
/** @type {Run} */
const run = message;

async function begin() {
  const { data } = message;
  byId("name").textContent = run.name;
  document.title = `${run.name} · glasswork`;
  const context = await makeContext(data);
  followTheme(data.ink, () => {
    context.store.set({});
    context.store.refresh(true);
  });
  const stage = showStage(context, byId("stage-body"));
  const bar = showBar(run, link);
  const course = showCourse(run, context);
  put(byId("bar"), bar.element);
  put(byId("stage-body"), course.glance);
  stage.dock.add("course", say("Training"), course.element);
  stage.dock.select("course");
  if (run.studio) put(byId("name").parentElement, el("a", { href: link.addressOf("") }, say("All runs")));
  const whose = {};
  let network = context.own;
  /** @type {any} */
  let newest = null;
  let busy = false;

  /** Put the newest network on the stage; those that come meanwhile are left out. */
  async function stageNewest() {
    if (busy) return;
    busy = true;
    while (newest) {
      const look = newest;
      newest = null;
      network = new Network(await unpackLayers(look.layers), data.network.confidence, context.kind.prepare);
      putOnStage(context, network, say("In training: step {n}", { n: grouped(look.step) }), whose);
      course.showNetwork(network);
      document.documentElement.dataset.step = look.step;
      await new Promise((resolve) => setTimeout(resolve));
    }
    busy = false;
  }

  link.listen((/** @type {any} */ told) => {
    bar.take(told);
    if (told.kind !== "news") return;
    course.take(told);
    if (told.look) {
      newest = told.look;
      stageNewest();
    }
  });
  /** @type {any} */ (window).glasswork = { scores: (/** @type {any} */ bytes) => Array.from(network.scores(bytes)), course: course.known };
  document.documentElement.dataset.complete = "";
}

begin();
