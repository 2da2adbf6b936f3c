"""``glasswork.check()`` in a notebook: the same report, rendered below the cell."""

import os
import sys
from collections.abc import Collection, Sequence
from difflib import SequenceMatcher
from pathlib import Path

from glasswork.classroom.report import CheckReport
from glasswork.classroom.sandbox.checker import Checker
from glasswork.classroom.sandbox.isolation import NOTICE
from glasswork.classroom.student.source import from_cells
from glasswork.errors import InputError

#: How like a later cell has to be to count as another attempt at a cell that failed.
_ALIKE = 0.6


def check(path: str | os.PathLike[str] | None = None, *, hint: int = 1) -> CheckReport:
    """Check a solution of the handout; without a path, the cells that were executed in this notebook.

    Parameters
    ----------
    path : path, optional
        A notebook or a script. Without it, the history of this notebook's own cells is checked: each cell is numbered
        by the order in which it was executed. A cell that failed does not count if it was corrected and executed
        again.
    hint : int
        How many of the three hints to open.

    Returns
    -------
    CheckReport
        Shown as a table by Jupyter.

    Raises
    ------
    InputError
        If there is no path and no notebook, or ``hint`` is not 1, 2 or 3.
    FileError
        If the file cannot be read.
    """
    with Checker() as checker:
        if not checker.is_isolated:
            print(NOTICE, file=sys.stderr)
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
    cells = [str(cell) for cell in history.input_hist_raw[:-1]]
    return without_mended(cells, getattr(history, "exceptions", ()))[1:]  # IPython counts from 1


def without_mended(cells: Sequence[str], failed: Collection[int] = ()) -> list[str]:
    """Return the cells; one that failed and was mended in a later cell is empty, so that the others keep their numbers.

    Parameters
    ----------
    cells : sequence of str
        In the order in which they were executed.
    failed : collection of int
        The places of those that ended with an error; those that Python cannot read are found here.
    """
    return [
        "" if (place in failed or from_cells([cell]).faults) and _is_mended(cell, cells[place + 1 :]) else cell
        for place, cell in enumerate(cells)
    ]


def _is_mended(cell: str, later: Sequence[str]) -> bool:
    return any(SequenceMatcher(None, cell, other, autojunk=False).ratio() >= _ALIKE for other in later)
