"""
What is wrong with this notebook?
=================================

A teacher wants to say where a mistake is, without giving the answer away. `glasswork.check` runs a student's notebook
in a sandbox, compares what each part computes with what it should, and recognises common mistakes by their behaviour.
It has three hints for each, and opens one.
"""

import contextlib
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat

from glasswork import check

# %%
# A notebook with two mistakes
# ----------------------------
# As a student's work we take the first parts of the solution, and plant two mistakes. Both let the network learn a
# little all the same, so the loss alone does not betray them.

folder = Path(tempfile.mkdtemp())
command = [sys.executable, "-m", "glasswork", "classwork", "new", "exercise", "--solution"]
subprocess.run(command, cwd=folder, check=True, capture_output=True)
solution = nbformat.read(folder / "exercise" / "classwork-solution.ipynb", as_version=4)
wanted = (
    "def minibatch_generator",
    "class Linear",
    "class Sigmoid",
    "class MSELoss",
    "def int_to_onehot",
)
cells = [
    "import numpy as np",
    *(cell.source for cell in solution.cells if cell.source.startswith(wanted)),
]


def hand_in(name, cells):
    """Write a notebook and check it."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    with contextlib.chdir(folder):
        nbformat.write(notebook, name)
        return check(name)


slips = {
    " * (1 - self.output)": "",
    "(self.pred - self.target) / self.target.shape[0]": "(self.pred - self.target)",
}
wrong = cells
for right, slip in slips.items():
    wrong = [cell.replace(right, slip) for cell in wrong]
first = hand_in("first.ipynb", wrong)
first

# %%
# Each message says what was measured, in numbers that the student can compute. ``hint=2`` would open the next hint.

found = [part.name for part in first.parts if part.status == "wrong"]
assert found == ["Sigmoid.backward", "MSELoss.backward"]

# %%
# The second attempt
# ------------------
# The student has found the slope of the sigmoid.

halfway = [
    cell.replace("grad_output * self.output", "grad_output * self.output * (1 - self.output)")
    for cell in wrong
]
second = hand_in("second.ipynb", halfway)
assert [part.name for part in second.parts if part.status == "wrong"] == ["MSELoss.backward"]

# %%
# Both at a glance
# ----------------
# A report is plain data, so a course can show it in its own way. ``glasswork classwork report submissions/`` writes a
# page about a whole class: who has done what, and which mistakes are common.

colours = {"done": "#009e73", "remark": "#009e73", "wrong": "#d55e00"}
figure, axes = plt.subplots(figsize=(9, 2.4), layout="constrained")
for row, report in enumerate((first, second)):
    for column, part in enumerate(report.parts):
        axes.scatter(column, row, s=150, marker="s", color=colours.get(part.status, "#d9dee4"))
axes.set(yticks=[0, 1], yticklabels=["first attempt", "second"], ylim=(1.5, -0.5))
names = [part.name for part in first.parts]
axes.set_xticks(range(len(names)), names, rotation=60, ha="right", fontsize=7)
axes.set_title("green: done; orange: wrong; grey: not there yet", fontsize=9)
plt.show()
