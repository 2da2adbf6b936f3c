"""What a studio does: it lists runs, starts recipes, compares two runs and opens reports.

A run that it starts is the command ``glasswork train`` in a process of its own, which goes on when the studio ends.
"""

import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from glasswork.errors import FileError, InputError
from glasswork.recipes.differences import differences, in_words
from glasswork.recipes.shelf import named_recipe, recipe_names
from glasswork.report import gather_folder, render
from glasswork.report.words import Language
from glasswork.runs.folder import RunFolder, default_folders, find_runs
from glasswork.runs.summary import summary_of
from glasswork.web.messages import Start
from glasswork.web.server import RefusedError

#: Seconds that a started run has to create its folder, and keys of reports that are remembered.
_PATIENCE, _KEYS = 60.0, 100


def find_run(parent: Path, name: str) -> Path:
    """Return the folder of a run by its name.

    Raises
    ------
    FileError
        If there is no such run in the folder of runs. A name is never a path.
    """
    if parent.is_dir():
        for run in find_runs(parent):
            if run.path.name == name:
                return run.path
    raise FileError(f"there is no run called {name[:100]!r} in {parent.name}; see the list of runs")


class Studio:
    """A folder of runs, as a page sees it; it need not exist before a run is started."""

    def __init__(self, parent: Path) -> None:
        self.parent = parent
        self._keys: dict[str, str] = {}
        self._known: dict[str, dict[str, Any]] = {}

    def listed(self) -> dict[str, Any]:
        """Return all runs, the newest first, and the recipes that can be started."""
        runs = [self._summary(run) for run in find_runs(self.parent)] if self.parent.is_dir() else []
        recipes = [{"name": name, "description": named_recipe(name).description} for name in recipe_names()]
        return {"folder": self.parent.name, "runs": runs[::-1], "recipes": recipes}

    def _summary(self, run: RunFolder) -> dict[str, Any]:
        """Return what is listed of a run, without paths; of one that has ended, it is read once."""
        name, changed = run.path.name, run.last_change()
        known = self._known.get(name)
        if known is None or known["last_change"] != changed or known["state"] in ("running", "unknown"):
            known = self._known[name] = summary_of(run)
            known.pop("folder")
        return known

    def start(self, asked: Start) -> dict[str, Any]:
        """Start a recipe; return the name of its run once its folder is there.

        Raises
        ------
        InputError
            If the command refuses it; the message is the command's.
        """
        if asked.recipe not in recipe_names():
            raise InputError(f"no recipe is called {asked.recipe!r}; there are {', '.join(recipe_names())}")
        out = next(path for path in default_folders(asked.recipe, self.parent.absolute()) if not path.exists())
        options = [f"--{name}={value}" for name, value in asked.settings.items() if value.strip()]
        words = [sys.executable, "-m", "glasswork", "train", asked.recipe, *options, f"--out={out}", "--quiet"]
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True,
                cwd=self.parent.absolute().parent,
            )  # fmt: skip
            until = time.monotonic() + _PATIENCE
            while not RunFolder(out).exists():
                if process.poll() is not None or time.monotonic() > until:
                    raise InputError(_last_line(said) or "the training did not begin; start it with glasswork train")
                time.sleep(0.05)
        return {"kind": "started", "run": out.name}

    def compare(self, names: Sequence[str]) -> dict[str, Any]:
        """Return how two runs differ: their recipes in words, their histories and their accuracies."""
        places = [RunFolder(find_run(self.parent, name)) for name in names]
        differ = differences([place.recipe() for place in places])
        runs = []
        for place, settings in zip(places, differ, strict=True):
            facts = summary_of(place)
            kept = {key: facts.get(key) for key in ("test_accuracy", "test_interval", "tested")}
            runs.append({"name": place.path.name, "differs": in_words(settings), "history": place.history(), **kept})
        return {"kind": "compared", "runs": runs}

    def offer_report(self, name: str) -> dict[str, Any]:
        """Return an address at which this run's report can be opened; nobody can guess it."""
        find_run(self.parent, name)
        key = secrets.token_urlsafe(32)
        self._keys[key] = name
        while len(self._keys) > _KEYS:
            del self._keys[next(iter(self._keys))]
        return {"kind": "report", "run": name, "path": f"/report/{key}"}

    def report(self, key: str, language: Language) -> str:
        """Return the report that a key is for: the run's own file, or gathered now if it has none yet.

        Raises
        ------
        RefusedError
            If nobody was given this key.
        """
        if key not in self._keys:
            raise RefusedError(404, "this address of a report is not known; open the report in the studio")
        place = find_run(self.parent, self._keys[key])
        try:
            return (place / "report.html").read_text(encoding="utf-8")
        except OSError:
            return render(gather_folder(place, language))


def _last_line(said: IO[bytes]) -> str:
    said.seek(0)
    lines = said.read().decode(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("Error: ") if lines else ""
