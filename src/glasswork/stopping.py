"""Signals that ask a command to end: the first one lets the current step end, a second one ends the command at once.

INT, TERM, QUIT      somebody ends it            ┐  between two steps of a training: noted, and the run is saved
HUP                  its terminal was closed     ├
USR1, USR2, XCPU     a cluster's time is up      ┘  anywhere else: KeyboardInterrupt
"""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

#: These are obeyed even if whoever started the command ignores them, as a shell does for its background jobs.
_ALWAYS = {signal.SIGINT, signal.SIGTERM}

#: All of them, as far as the operating system has them.
_SIGNALS = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGXCPU")
    if hasattr(signal, name)
]

#: Seconds within which several signals are one request: a shell and ``timeout`` send theirs twice.
_TOGETHER = 0.3


def interrupt_on_signals() -> None:
    """Let every signal that asks the command to end raise KeyboardInterrupt, as Ctrl-C does."""
    for number in _obeyed():
        if number != signal.SIGINT:
            signal.signal(number, signal.default_int_handler)


@contextmanager
def one_interrupt_at_a_time(hurry: Callable[[], object]) -> Iterator[None]:
    """Context manager: while a KeyboardInterrupt is being handled, a signal calls ``hurry`` and raises no other one.

    A second KeyboardInterrupt would leave what the first one set off half done: processes that nobody ends, or a lock
    that is held for ever.
    """

    def interrupt(number: int, frame: object) -> None:
        error = sys.exception()
        while error is not before and error is not None and not isinstance(error, KeyboardInterrupt):
            error = error.__context__
        if error is before or error is None:
            raise KeyboardInterrupt
        hurry()

    before = sys.exception()
    raising = [number for number in _SIGNALS if signal.getsignal(number) is signal.default_int_handler]
    _handle(raising, interrupt)
    try:
        yield
    finally:
        _handle(raising, signal.default_int_handler)


def _handle(numbers: Iterable[int], handler: Any) -> None:
    """Set the handler of signals, in the main thread: in others Python handles none, and forbids it."""
    if threading.current_thread() is threading.main_thread():
        for number in numbers:
            signal.signal(number, handler)


def _obeyed() -> list[signal.Signals]:
    """Return the signals that are not to be ignored, as ``nohup`` has it for SIGHUP."""
    return [number for number in _SIGNALS if number in _ALWAYS or signal.getsignal(number) != signal.SIG_IGN]


class StopOnSignal:
    """Context manager that notes a first signal instead of raising KeyboardInterrupt, once somebody asks for it.

    Only INT and TERM count a second time: XCPU is sent every second, and HUP by the terminal and by the shell.

    Attributes
    ----------
    requested : bool
        Whether a signal has arrived.
    number : int or None
        The number of the first signal.
    """

    def __init__(self) -> None:
        self.requested = False
        self.number: int | None = None
        self._asked = False
        self._noted_at = 0.0
        self._before: dict[int, Any] = {}

    def __call__(self) -> bool:
        """Return whether to stop: a run calls this as its ``should_stop``."""
        self._asked = True
        return self.requested

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # Python handles signals only there
            for number in _obeyed():
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._restore()

    def _note(self, number: int, frame: object) -> None:
        now = time.monotonic()
        if not self.requested:
            self.requested, self.number, self._noted_at = True, number, now
            if self._asked:
                return
        elif number not in _ALWAYS or now - self._noted_at < _TOGETHER:
            return
        self._restore()
        raise KeyboardInterrupt

    def _restore(self) -> None:
        for number, handler in self._before.items():
            again = self.requested and number not in _ALWAYS  # it would kill the process while that ends by itself
            signal.signal(number, signal.SIG_IGN if again else handler)
        self._before = {}
