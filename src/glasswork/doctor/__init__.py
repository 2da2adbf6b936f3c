"""What glasswork finds on this machine, for `glasswork doctor` and for reports of bugs.

    packages   Python, glasswork, its dependencies and extras
    machine    matrix products, cores, fonts, folders, locks, the compiled engine

Each part is examined on its own: whatever is broken in one becomes a problem in the list, and the others go on. Only
the standard library is imported before a part is examined.
"""

import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

from glasswork.doctor import machine, packages

#: Takes a sentence about something that does not work.
Report = Callable[[str], object]

#: What is examined, in the order in which it is printed. Each part returns its facts, as JSON has them.
PARTS: dict[str, Callable[[Report], Any]] = {
    "glasswork": packages.glasswork,
    "python": packages.python,
    "packages": packages.required,
    "extras": packages.extras,
    "blas": machine.blas,
    "cores": machine.cores,
    "fonts": machine.fonts,
    "folders": machine.folders,
    "locks": machine.locks,
    "engine": machine.engine,
}


def examine() -> dict[str, Any]:
    """Examine this machine; change nothing.

    Returns
    -------
    dict
        The facts of each part by its name, None if the part cannot be examined, and a list of sentences, "problems".
    """
    found: dict[str, Any] = {}
    problems: list[str] = []
    for name, look in PARTS.items():
        try:
            with redirect_stdout(sys.stderr):  # what a library prints when it is imported is no result
                found[name] = look(problems.append)
        except (Exception, SystemExit) as error:  # a broken library can raise anything
            found[name] = None
            problems.append(f"{name}: cannot be examined ({packages.one_line(error)})")
    return {**found, "problems": problems}
