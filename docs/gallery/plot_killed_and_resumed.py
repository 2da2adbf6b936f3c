"""
My training was killed. Is all lost?
====================================

Power cuts, full queues and closed laptops end trainings at any moment. A run keeps checkpoints, and the command
``glasswork resume`` continues from the last one. But is the result the same as without the interruption? It is not, if
the order of the images or the momentum gets lost. We kill a training twice, without any warning, and compare the bytes.
"""

import csv
import os
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from glasswork import load_mnist

folder = Path(tempfile.mkdtemp())
images, labels = load_mnist()
np.savez(folder / "few.npz", X=images[:1100].reshape(-1, 28, 28), y=labels[:1100])
recipe = ["train", "relu", "--data", "few.npz", "--epochs", "40", "--batch-size", "20"]
recipe += ["--momentum", "0.9", "--lr", "0.005", "--dropout", "0.3"]
environment = {**os.environ, "OMP_NUM_THREADS": "1"}
quiet = ["--no-figures", "--no-report", "--quiet"]


def start(*words):
    """Start the command ``glasswork`` in a process of its own."""
    command = [sys.executable, "-m", "glasswork", *words, *quiet]
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)


def epochs(run):
    """Return the rows of a run's history, one for each epoch that is done."""
    path = folder / run / "history.csv"
    return list(csv.DictReader(path.open(encoding="utf-8"))) if path.exists() else []


# %%
# Without interruption
# --------------------

assert start(*recipe, "--out", "unbroken").wait() == 0
print(f"unbroken: {len(epochs('unbroken'))} epochs")

# %%
# Killed, twice
# -------------
# ``SIGKILL`` cannot be caught: the process ends between two instructions, with no chance to save anything.


kills = []


def kill_after(process, done):
    """Kill a process as soon as so many epochs are done."""
    while len(epochs("broken")) < done and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    status = process.wait()
    assert status, "it was still training"
    kills.append(len(epochs("broken")))
    print(f"killed after {kills[-1]} epochs; exit status {status}")


kill_after(start(*recipe, "--out", "broken"), done=10)
kill_after(start("resume", "broken"), done=25)
assert start("resume", "broken").wait() == 0

# %%
# The same bytes
# --------------
# A checkpoint holds the weights, the velocities, and one position: epoch, batch and step. Everything random, such as
# the order of the images and the neurons that dropout switches off, is computed from the seed and that position, so
# nothing else can be lost. In the figure, the two losses lie on each other, before and after each kill.

files = {run: folder / run / "model.safetensors" for run in ("unbroken", "broken")}
digests = {run: sha256(file.read_bytes()).hexdigest() for run, file in files.items()}
for run, digest in digests.items():
    print(f"{run:9} {digest[:32]}…")
assert digests["unbroken"] == digests["broken"]

figure, axes = plt.subplots(figsize=(7, 3.8), layout="constrained")
for run, style in (
    ("unbroken", {"color": "silver", "linewidth": 7}),
    ("broken", {"color": "#d55e00"}),
):
    losses = [float(row["train_loss"]) for row in epochs(run)]
    axes.plot(range(1, len(losses) + 1), losses, label=run, **style)
for number, done in enumerate(kills, 1):
    axes.axvline(done, linestyle=":", color="black", label=f"kill {number}")
axes.set(xlabel="epoch", ylabel="training loss", yscale="log")
axes.legend()
plt.show()
