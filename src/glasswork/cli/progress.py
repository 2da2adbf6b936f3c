"""The progress bar of a training, on a terminal; nothing is shown if the output is piped."""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from glasswork.training.progress import Progress

#: Seconds between two updates: more often would slow training down and look no smoother.
_INTERVAL = 0.1


class TrainingBar:
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
        self._progress: Any = None
        self._updated = 0.0
        if shown and sys.stdout is not None and sys.stdout.isatty():
            from rich import progress

            columns = (
                progress.TextColumn("training"),
                progress.BarColumn(),
                progress.TaskProgressColumn(),
                progress.TimeRemainingColumn(),
                progress.TextColumn("left"),
            )
            self._progress = progress.Progress(*columns, transient=True)
            self._task = self._progress.add_task("training", total=steps, completed=done)

    def __call__(self, position: "Progress") -> None:
        """Move the bar to a position, at most once per interval."""
        if self._progress is not None and time.monotonic() - self._updated >= _INTERVAL:
            self._updated = time.monotonic()
            self._progress.update(self._task, completed=position.step)

    def __enter__(self) -> Self:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()
