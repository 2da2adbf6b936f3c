"""Work that Ctrl-C must not interrupt.

main thread   ──waits──────────────────── Ctrl-C ──► noted ──► raised, when the work is done
second thread    └─ saves ──────────────────────────────►┘
"""

import contextvars
import threading
from collections.abc import Callable


def uninterrupted(work: Callable[[], object]) -> None:
    """Finish some work even if a KeyboardInterrupt arrives in the meantime; that is raised afterwards.

    Python raises KeyboardInterrupt only in the main thread, so the work is done in another one; signal handlers are
    left alone.
    """
    failure: list[BaseException] = []
    begun, done = threading.Lock(), threading.Event()

    def call() -> None:
        if not begun.acquire(blocking=False):
            return
        try:
            work()
        except BaseException as error:
            failure.append(error)  # raised below, in the caller's thread
        finally:
            done.set()

    interrupt: KeyboardInterrupt | None = None
    while not done.is_set():  # in Python 3.11, an interrupted join() marks a running thread as ended
        try:
            if not begun.locked():  # an interrupted start() may or may not have started the thread
                threading.Thread(target=contextvars.copy_context().run, args=(call,), name="saving").start()
            done.wait()
        except KeyboardInterrupt as error:
            interrupt = error
    if failure:
        raise failure[0]
    if interrupt is not None:
        raise interrupt
