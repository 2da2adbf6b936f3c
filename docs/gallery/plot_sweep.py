"""
Which learning rate should I take?
==================================

Nobody can say beforehand; it has to be tried. But which values are worth a trial, and should they lie on a grid or be
drawn at random? A sweep trains the same recipe with many values of some keys. The validation images decide; the test
images are looked at once, for the winner.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from glasswork import load_mnist

# %%
# Some data
# ---------
# Any data do: here, 3,000 images of MNIST, so that each trial takes less than a second.

folder = Path(tempfile.mkdtemp())
images, labels = load_mnist()
np.savez(folder / "few.npz", X=images[:3000].reshape(-1, 28, 28), y=labels[:3000])

# %%
# The sweep
# ---------
# A learning rate of 0.02 differs from 0.01 as much as 0.2 from 0.1, so it is drawn on a logarithmic scale (``log:``).
# At random is better than on a grid: twelve random trials try twelve learning rates and twelve momenta, a grid of
# twelve only four and three. A trial that diverges is a result, too.

over = ["--over", "lr=log:1e-3..3", "--over", "momentum=0..0.95"]
command = [
    sys.executable,
    "-m",
    "glasswork",
    "sweep",
    "relu",
    *over,
    "--trials",
    "12",
    "--search",
    "random",
]
command += ["--data", "few.npz", "--epochs", "4", "--jobs", "1", "--keep", "all", "--out", "sweep"]
print("$ glasswork", *command[3:])
done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
print(done.stdout[done.stdout.index("| trial") :])

# %%
# What it found
# -------------
# The table is in ``sweep.md``, too. The learning rate decides nearly everything here: the accuracy rises with it, and
# breaks down where the steps become too large. Momentum makes steps longer, so it helps where the rate is small.

row = re.compile(r"^\| \d+ \| ([\d.e-]+) \| ([\d.e-]+) \| ([\d.]+) %", re.MULTILINE)
trials = np.array(row.findall((folder / "sweep" / "sweep.md").read_text(encoding="utf-8")), float)
rate, momentum, accuracy = trials.T
assert len(trials) == 12

figure, axes = plt.subplots(figsize=(7, 3.8), layout="constrained")
dots = axes.scatter(
    rate, accuracy, c=momentum, s=70, cmap="viridis", edgecolors="black", linewidths=0.5
)
axes.plot(
    rate[0], accuracy[0], "o", markersize=16, fillstyle="none", color="#d55e00", label="winner"
)
axes.set(xscale="log", xlabel="learning rate", ylabel="validation accuracy, %")
figure.colorbar(dots, label="momentum")
axes.legend()
plt.show()

# %%
# The winner's validation accuracy is the best of twelve, and so a little too good; its test accuracy is not. With so
# few validation images, the first trials may differ by luck: search further around the winner, or with ``--seeds 3``.
