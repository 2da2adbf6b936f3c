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

    def call() -> None:
        try:
            work()
        except BaseException as error:
            failure.append(error)

    interrupt: KeyboardInterrupt | None = None
    thread = threading.Thread(target=contextvars.copy_context().run, args=(call,), name="saving")
    thread.start()
    while thread.is_alive():
        try:
            thread.join()
        except KeyboardInterrupt as error:
            interrupt = error
    if failure:
        raise failure[0]
    if interrupt is not None:
        raise interrupt
