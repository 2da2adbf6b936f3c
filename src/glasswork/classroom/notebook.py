"""``glasswork.check()`` in a notebook: the same report, rendered below the cell."""

import os
from pathlib import Path

from glasswork.classroom.report import CheckReport
from glasswork.classroom.sandbox.checker import Checker
from glasswork.errors import InputError


def check(path: str | os.PathLike[str] | None = None, *, hint: int = 1) -> CheckReport:
    """Check a solution of the handout; without a path, the cells that were executed in this notebook.

    Parameters
    ----------
    path : path, optional
        A notebook or a script. Without it, the history of this notebook's own cells is checked: each cell is numbered
        by the order in which it was executed.
    hint : int
        How many of the three hints to open.

    Returns
    -------
    CheckReport
        Shown as a table by Jupyter.

    Raises
    ------
    InputError
        If there is no path and no notebook.
    """
    with Checker(prepare=False) as checker:
        if path is not None:
            return checker.check(path, hint=hint)
        cells = _executed_cells()
        return CheckReport("this notebook", checker.check_cells(cells, notebook=True), hint)


def _executed_cells() -> list[str]:
    """Return the cells of this notebook as they were executed."""
    try:
        from IPython import get_ipython

        shell = get_ipython()
    except ImportError:
        shell = None
    history = getattr(shell, "history_manager", None)
    if history is None:
        raise InputError(f"check: expected the path of a file, or to be called in a notebook (here: {Path.cwd()})")
    return [str(cell) for cell in history.input_hist_raw[1:-1]]
