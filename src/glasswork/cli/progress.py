"""The bar that moves while a network trains, on a terminal; nothing where output is piped."""

import sys
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

from glasswork.training.loop import Loader

#: Seconds between two updates: the eye does not need more, and training has better things to do.
_INTERVAL = 0.1


class TrainingBar:
    """A progress bar over all the batches of all epochs, with the time that is left.

    Parameters
    ----------
    epochs, batches : int
        How many epochs, and how many batches in each.
    done : int
        Batches that were done before, where a run is taken up again.
    shown : bool
        False shows nothing; so does an output that is not a terminal.
    """

    def __init__(self, epochs: int, batches: int, *, done: int = 0, shown: bool) -> None:
        self._done = done
        self._progress: Any = None
        if shown and sys.stdout is not None and sys.stdout.isatty():
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

            columns = (TextColumn("training"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
            self._progress = Progress(*columns, TextColumn("left"), transient=True)
            self._task = self._progress.add_task("training", total=epochs * batches, completed=done)

    def watch(self, loader: Loader) -> Loader:
        """Return the loader, counted as it is looped over."""
        return loader if self._progress is None else _Counted(loader, self)

    def advance(self, batches: int) -> None:
        """Move the bar."""
        self._done += batches
        self._progress.update(self._task, completed=self._done)

    def __enter__(self) -> Self:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()


class _Counted:
    def __init__(self, loader: Loader, bar: TrainingBar) -> None:
        self._loader, self._bar = loader, bar

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        pending, shown = 0, time.monotonic()
        for batch in self._loader:
            yield batch
            pending += 1
            if time.monotonic() - shown >= _INTERVAL:
                self._bar.advance(pending)
                pending, shown = 0, time.monotonic()
        self._bar.advance(pending)
