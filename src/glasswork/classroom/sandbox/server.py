"""The process that holds the data and judges each file by what a confined process tells of it.

It is started by `glasswork.classroom.sandbox.checker`, and runs no code of others itself. On its standard input come
`Order`, one a line, and on its standard output it answers with one `Ready`, and with `Verdicts` on each order.
"""

import gc
import os
import shutil
import signal
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from glasswork.classroom.report import PartReport
from glasswork.classroom.sandbox.messages import Order, Ready, Verdicts

if TYPE_CHECKING:
    from glasswork.classroom.judging.matching import Catalogue
    from glasswork.classroom.sandbox.child import Child
    from glasswork.classroom.student.source import Document
    from glasswork.classroom.student.whole_file import Ending


def main() -> None:
    """Answer orders until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the process that asks, and with it the input
    answers = os.fdopen(os.dup(1), "wb")
    silence = os.open(os.devnull, os.O_RDWR)
    os.dup2(silence, 1)

    def tell(message: Struct) -> None:
        answers.write(msgspec.json.encode(message) + b"\n")
        answers.flush()

    tell(Ready(_can_isolate()))
    catalogue = _load()
    gc.freeze()  # a child that collects garbage would copy all of it
    for line in sys.stdin.buffer:
        tell(Verdicts(tuple(_check(catalogue, msgspec.json.decode(line, type=Order)))))


def _can_isolate() -> bool:
    """Return whether a process can have namespaces of its own, by trying it."""
    from glasswork.classroom.sandbox.isolation import enter_namespaces

    folder = tempfile.mkdtemp(prefix="glasswork-check-")
    process = os.fork()
    if process == 0:
        os._exit(0 if enter_namespaces(folder) else 1)
    _, status = os.waitpid(process, 0)
    Path(folder).rmdir()
    return status == 0


def _load() -> "Catalogue":
    """Load the data in a thread while the libraries are imported."""
    loaded: list[Any] = []

    def load() -> None:
        from glasswork.data.sources.embedded import load_mnist

        loaded.extend(load_mnist())

    thread = threading.Thread(target=load)
    thread.start()
    import pandas as pd

    from glasswork.classroom.judging.matching import Catalogue
    from glasswork.classroom.sandbox import child  # noqa: F401  imported now, for it is needed by each file
    from glasswork.classroom.student.fixture import Mnist, install
    from glasswork.classroom.student.images import Identifier
    from glasswork.classroom.student.observe import watch_numpy

    pd.DataFrame  # noqa: B018  pandas loads parts of itself late
    thread.join()
    mnist = Mnist(*loaded)
    install(mnist)
    watch_numpy()
    catalogue = Catalogue(mnist, Identifier(mnist))
    catalogue.reference()
    return catalogue


def _check(catalogue: "Catalogue", order: Order) -> list[PartReport]:
    """Return the verdicts on a file, and before them what its run from top to bottom adds."""
    from glasswork.classroom.judging.judge import Judge
    from glasswork.classroom.judging.verdicts import complete
    from glasswork.classroom.sandbox.child import Child
    from glasswork.classroom.sandbox.observer import Observer
    from glasswork.classroom.student.source import from_cells, from_script
    from glasswork.classroom.student.unwrap import unwrapped

    document = from_cells(order.cells) if order.notebook else from_script(order.cells[0])
    document = replace(document, sizes=order.sizes)
    unfolded = unwrapped(document)
    observer = Observer(document, unfolded, catalogue.mnist, catalogue.identifier, catalogue.reference())
    parts: list[PartReport] | None = None
    folder = tempfile.mkdtemp(prefix="glasswork-check-")
    try:
        with Child(observer, folder, order.seconds, may_divide=True) as child:
            ending = _ending(child)
            if ending.begun:
                child.renew()
                parts = Judge(catalogue, unfolded, child.ask, ending).run()
        if parts is None:
            with Child(observer, folder, order.seconds) as child:
                parts = Judge(catalogue, unfolded, child.ask, ending).run()

        def run(mended: "Document") -> "Ending":
            with Child(replace(observer, document=mended, epochs=ending.epochs + 1), folder, order.seconds) as child:
                return _ending(child)

        return complete(parts, ending, document, run)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _ending(child: "Child") -> "Ending":
    """Return how the file ends when it is run from top to bottom."""
    from glasswork.classroom.student.messages import LostError
    from glasswork.classroom.student.whole_file import Ending

    try:
        told = child.ask("run whole file")
    except LostError as lost:
        if lost.why == "out of time":
            return Ending("time", lost.line)
        return Ending("refused", lost.line, words=f"{lost}")
    return told if isinstance(told, Ending) else Ending("refused", words="how it ended could not be told")


if __name__ == "__main__":
    main()
