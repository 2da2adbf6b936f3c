/** Learning, to watch and to do: two panels of the dock; while one of them is chosen, its network is on the stage. */

import { watchItLearn } from "./learn-replay.js";
import { putOnStage, sayWhichNetwork } from "./learn-stage.js";
import { trainHere } from "./learn-train.js";
import { say } from "./words.js";

/**
 * @param {import("./answer.js").Context} context @param {import("./learn-train.js").Trainer} trainer
 * @param {ReturnType<typeof import("./stage.js").showStage>} stage
 * @returns {() => void} What plays all epochs.
 */
export function showLearning(context, trainer, { dock, answers }) {
  const [watch, train] = [watchItLearn(context), trainHere(context, trainer)];
  dock.add("watch", say("Watch it learn"), watch.element);
  dock.add("train", say("Train it here"), train.element);
  let shown = /** @type {typeof train | undefined} */ (undefined);
  dock.onchoose = () => {
    shown?.leave();
    shown = { watch, train }[/** @type {"watch" | "train"} */ (dock.chosen)];
    if (shown) shown.enter();
    else putOnStage(context, context.own, "", null);
  };
  sayWhichNetwork(context, /** @type {Element} */ (answers.querySelector(".sentence")), () => dock.select("neuron"));
  return watch.again;
}
