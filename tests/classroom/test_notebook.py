"""``glasswork.check()`` in a notebook: which of the executed cells count, and what is printed beside the report."""

import nbclient
import nbformat
import pytest

from glasswork.classroom.notebook import without_mended

RIGHT = "class Sigmoid:\n    def forward(self, x):\n        self.output = 1 / (1 + np.exp(-x))\n"
BROKEN = RIGHT.replace("(-x))", "(-x)")


@pytest.mark.parametrize(
    ("cells", "failed", "counting"),
    [
        (["import numpy as np", BROKEN, RIGHT], (), [0, 2]),  # a bracket that was mended
        (["import numpy as np", BROKEN, BROKEN + "#", RIGHT], (), [0, 3]),
        (["import numpy as np", BROKEN], (), [0, 1]),  # still broken
        (["import numpy as np", BROKEN, "print('another cell')"], (), [0, 1, 2]),
        (["x = numpi.zeros(3)", "import numpy", "x = numpy.zeros(3)"], (0,), [1, 2]),  # a name that was mended
        (["X = X / 255", "X = X / 255"], (), [0, 1]),  # both succeeded, and both had their effect
        (["%matplotlib inline\n!pip list", "%matplotlib inline"], (), [0, 1]),
    ],
)
def test_a_cell_that_failed_and_was_mended_does_not_count(cells, failed, counting):
    assert without_mended(cells, failed) == [cell if n in counting else "" for n, cell in enumerate(cells)]


def test_in_a_notebook_the_cells_count_as_they_were_mended(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))  # on which there is no bubblewrap
    notebook = nbformat.v4.new_notebook()
    ask = "import glasswork\nprint({p.name: (p.status, p.cell) for p in glasswork.check().parts})"
    cells = ("import numpy as np", BROKEN, RIGHT, "print(np.inff)", "print(np.inf)", ask)
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbclient.NotebookClient(notebook, kernel_name="python3", allow_errors=True).execute()
    told = {output.get("name"): output.get("text", "") for output in notebook.cells[-1].outputs}
    assert "bubblewrap" in told["stderr"]
    assert "'Sigmoid.forward': ('wrong', 3)" in told["stdout"]  # nothing is returned
    assert "whole file" not in told["stdout"]
