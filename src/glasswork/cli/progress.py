"""The progress bars of one training, and of many; on a terminal only, nothing is shown if the output is piped."""

import sys
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

    from glasswork.training.progress import Progress

#: Seconds between two updates: more often would slow training down and look no smoother.
_INTERVAL = 0.1


class _Bar:
    """Progress bars that are shown inside a ``with`` block, if the output is a terminal."""

    def __init__(self, *, shown: bool = True) -> None:
        self._progress: Any = None
        if shown and sys.stdout is not None and sys.stdout.isatty():
            from rich import progress

            columns = (
                progress.TextColumn("{task.description}"),
                progress.BarColumn(),
                progress.TaskProgressColumn(),
                progress.TimeRemainingColumn(),
                progress.TextColumn("left"),
            )
            self._progress = progress.Progress(*columns, transient=True)

    def __enter__(self) -> Self:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()


class TrainingBar(_Bar):
    """Progress bar over all steps of a training, with the time that is left; used as an ``after_step`` callable.

    Parameters
    ----------
    steps : int
        Steps in all epochs.
    done : int
        Steps that were done before, if a run is resumed.
    shown : bool
        Whether to show the bar; it is never shown if the output is not a terminal.
    """

    #: It need not be called after every single step.
    every_step = False

    def __init__(self, steps: int, *, done: int = 0, shown: bool) -> None:
        super().__init__(shown=shown)
        self._updated = 0.0
        if self._progress is not None:
            self._task = self._progress.add_task("training", total=steps, completed=done)

    def __call__(self, position: "Progress") -> None:
        """Move the bar to a position, at most once per interval."""
        if self._progress is not None and time.monotonic() - self._updated >= _INTERVAL:
            self._updated = time.monotonic()
            self._progress.update(self._task, completed=position.step)


class RunsBar(_Bar):
    """Progress bars of many runs, with the time that is left: one for all of them, one for each that is being trained.

    Its `watch` is what `glasswork.runs.many` calls.

    Parameters
    ----------
    total : int
        The number of runs.
    """

    def __init__(self, total: int) -> None:
        super().__init__()
        self._bars: dict[Path, Any] = {}
        self._done = 0
        if self._progress is not None:
            self._all = self._progress.add_task("all runs", total=total)

    def note(self, done: int) -> None:
        """Note how many runs are done."""
        self._done = done

    def watch(self, running: "Mapping[Path, float]") -> None:
        """Show which share of each run is done."""
        if self._progress is None:
            return
        for folder in self._bars.keys() - running.keys():
            self._progress.remove_task(self._bars.pop(folder))
        for folder, share in running.items():
            if folder not in self._bars:
                self._bars[folder] = self._progress.add_task("/".join(folder.parts[-2:]), total=1)
            self._progress.update(self._bars[folder], completed=share)
        self._progress.update(self._all, completed=self._done + sum(running.values()))
