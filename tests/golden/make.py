"""Write the golden files of the present format: runs that every later glasswork has to read.

    python tests/golden/make.py

They are made once for each format and version, committed, and never made anew: tests read them with the classes of
today. A finished run, one that was interrupted, and one that was killed, as small as they can be: 30 images of 3×3
pixels in two classes, and a network that uses all there is, so that every kind of array and of layer is in them.
"""

import dataclasses
import json
import os
import platform
import shutil
import signal
from pathlib import Path

import numpy as np

from glasswork import Dataset, Run, named_recipe, split
from glasswork.recipes import experiment
from glasswork.sealed import FORMAT

HERE = Path(__file__).parent

RECIPE = named_recipe("plain-best").override(
    {"network.hidden": [2, 2], "network.activation": ["leaky-relu", "relu"], "network.input_dropout": 0.1,
     "network.dropout": 0.1, "network.noise": 0.1, "network.input_noise": 0.1, "network.batch_norm": True,
     "training.batch_size": 5, "training.epochs": 3, "training.average": 0.9, "training.early_stopping": 3,
     "schedule.name": "constant", "schedule.warmup": 0.0, "description": "a golden file"}
)  # fmt: skip


def images():
    """Return 30 images of 3×3 pixels, bright above or below, in three parts."""
    draw = np.random.default_rng(1)
    labels = np.arange(30) % 2
    bright = np.repeat([[100, 50, 0], [0, 50, 100]], 3, axis=1)[labels]
    pixels = (draw.integers(0, 100, (30, 9)) + bright).astype(np.uint8)
    return split(Dataset.of(pixels, labels, classes=["top", "bottom"], shape=(3, 3), name="halves"))


def main() -> None:
    parts = images()
    experiment.load_data = lambda *_: parts
    platform.node = lambda: "the machine of the golden files"
    folder = HERE / f"format-{FORMAT}"
    shutil.rmtree(folder, ignore_errors=True)
    with Run(RECIPE, folder / "finished", checkpoint_every=0.0) as run:
        list(run.epochs())
    expected = {
        "history": [dataclasses.asdict(epoch) for epoch in run.history],
        "scores": run.model.scores(parts.test.images).tolist(),
        "test_accuracy": run.test_accuracy,
    }
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    with Run(RECIPE, folder / "interrupted", checkpoint_every=0.0) as run:
        for result in run.epochs():
            if result.epoch == 2:
                break

    def kill(progress):
        if progress.step == 7:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        with Run(RECIPE, folder / "killed", checkpoint_every=0.0) as run:
            list(run.epochs(after_step=kill))
    os.waitpid(child, 0)
    for lock in folder.glob("*/.lock"):
        lock.unlink()


if __name__ == "__main__":
    main()
