"""What has to be done whole, although the user presses Ctrl-C once more while it is done.

main thread   ──waits──────────────────── Ctrl-C ──► noted ──► raised, when the work is done
second thread    └─ saves ──────────────────────────────►┘
"""

import contextvars
import threading
from collections.abc import Callable


def uninterrupted(work: Callable[[], object]) -> None:
    """Do some work to its end, even if a KeyboardInterrupt arrives meanwhile; that is raised afterwards.

    Python raises it in the main thread only, so the work is done in another; no signal handler is touched.
    """
    failure: list[BaseException] = []
    begun, done = threading.Lock(), threading.Event()

    def call() -> None:
        if not begun.acquire(blocking=False):
            return
        try:
            work()
        except BaseException as error:
            failure.append(error)  # raised below, in the thread of who asked
        finally:
            done.set()

    interrupt: KeyboardInterrupt | None = None
    while not done.is_set():  # an interrupted join() would take the thread for ended, in Python 3.11
        try:
            if not begun.locked():  # nor is it known of an interrupted start() whether there is a thread
                threading.Thread(target=contextvars.copy_context().run, args=(call,), name="saving").start()
            done.wait()
        except KeyboardInterrupt as error:
            interrupt = error
    if failure:
        raise failure[0]
    if interrupt is not None:
        raise interrupt
