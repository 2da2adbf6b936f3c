"""The command without the time that it takes to start: a process that has imported it, and is forked for each call.

    python -P tests/forked.py     reads a line for each call, and writes a line with its status

What a fork does is what the installed command does, in a process of its own, but for the imports: they take most of
the time of a short command. Nothing that is imported here may start a thread, which a fork would not have.
"""

import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

#: What commands import when they need it.
LATER = (
    "glasswork.data.inspect", "glasswork.figures", "glasswork.interop.export", "glasswork.models.doubt",
    "glasswork.models.model_file", "glasswork.report", "glasswork.runs.data", "glasswork.runs.figures",
    "glasswork.runs.many", "glasswork.runs.run", "matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg",
    "rich.table", "scipy.ndimage",
)  # fmt: skip
COMMAND = Path(sys.executable).with_name("glasswork")
SECONDS = 600  #: After which a command is killed.


class Forks:
    """Context manager: a process that runs commands in its forks; it is started with the first of them."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Forks":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.communicate(timeout=10)

    def run(self, words: list[str], folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
        """Run ``glasswork *words`` in that folder; return its status and what it printed, errors last."""
        if self._process is None:
            start = [sys.executable, "-P", __file__]
            self._process = subprocess.Popen(start, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        with tempfile.TemporaryDirectory() as place:
            out, err = Path(place, "out"), Path(place, "err")
            asked = [words, str(folder), dict(environment), str(out), str(err)]
            print(json.dumps(asked), file=self._process.stdin, flush=True)
            if not (status := self._process.stdout.readline()):
                raise RuntimeError(f"{__file__}: the process that forks commands has ended")
            return int(status), out.read_text(encoding="utf-8") + err.read_text(encoding="utf-8")


def serve() -> None:
    """Import the command; fork for each request, and let the fork be the command."""
    import importlib

    from glasswork.__main__ import main
    from glasswork.cli import app  # noqa: F401

    for name in LATER:
        importlib.import_module(name)
    gc.freeze()  # so that a fork's collector touches, and copies, no page of what is imported
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            become(*json.loads(line))
            main()
            return  # and end as any interpreter does
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def become(words: list[str], folder: str, environment: dict[str, str], out: str, err: str) -> None:
    """Give this process the arguments, folder, environment and streams of the command."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [str(COMMAND), *words]
    for number, path, flags in ((0, os.devnull, os.O_RDONLY), (1, out, os.O_WRONLY | os.O_CREAT),
                                (2, err, os.O_WRONLY | os.O_CREAT)):  # fmt: skip
        file = os.open(path, flags)
        os.dup2(file, number)
        os.close(file)
    sys.stdin, sys.stdout, sys.stderr = (open(n, mode, closefd=False) for n, mode in enumerate("rww"))  # noqa: SIM115
    signal.alarm(SECONDS)


if __name__ == "__main__":
    serve()
