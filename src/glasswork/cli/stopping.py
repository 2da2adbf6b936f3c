"""A first Ctrl-C, or a request to terminate, lets the step at hand end; a second one ends the command at once."""

import signal
import threading
from types import TracebackType
from typing import Any, Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopOnSignal:
    """Context manager that notes a first SIGINT or SIGTERM instead of raising KeyboardInterrupt.

    Attributes
    ----------
    requested : bool
        Whether there was one.
    """

    def __init__(self) -> None:
        self.requested = False
        self._before: dict[int, Any] = {}

    def __call__(self) -> bool:
        """Return whether to stop: what a run's ``should_stop`` asks."""
        return self.requested

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # only there are signals handled
            for number in _SIGNALS:
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._restore()

    def _note(self, number: int, frame: object) -> None:
        self.requested = True
        self._restore()  # a second signal is for those who handled it before

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
