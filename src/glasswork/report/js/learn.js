/** Learning, to watch and to do: two panels of the dock, whose networks can stand on the stage. */

import { watchItLearn } from "./learn-replay.js";
import { putOnStage, sayWhichNetwork } from "./learn-stage.js";
import { trainHere } from "./learn-train.js";
import { say } from "./words.js";

/**
 * @param {import("./answer.js").Context} context @param {import("./learn-train.js").Trainer} trainer
 * @param {ReturnType<typeof import("./stage.js").showStage>} stage
 * @returns {{again: () => void, back: () => void}} What plays all epochs, and what brings back the page's own network.
 */
export function showLearning(context, trainer, { dock, answers }) {
  const leave = () => {
    trainer.staged = false;
    if (trainer.playing) trainer.pause();
  };
  const watch = watchItLearn(context, leave);
  dock.add("watch", say("Watch it learn"), watch.element);
  dock.add("train", say("Train it here"), trainHere(context, trainer, watch.stop));
  const back = () => {
    leave();
    watch.back();
    putOnStage(context, context.own, "", null);
  };
  sayWhichNetwork(context, /** @type {Element} */ (answers.querySelector(".sentence")), back);
  return { again: watch.again, back };
}
