"""Limits on what a student's code may take: time for one call, and all else for its process."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

#: The name under which a student's code is compiled.
STUDENT = "<student>"


#: How many times its seconds a process gets while a busy machine makes it wait for a processor.
BUSY = 3


class OutOfTimeError(BaseException):
    """The student's code did not end in time. Not an `Exception`, so that ``except Exception`` lets it pass.

    Attributes
    ----------
    line : int or None
        The line of the document that was being executed.
    """

    def __init__(self, line: int | None) -> None:
        super().__init__(line)
        self.line = line


_clock_is_set = False


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Context manager: raises `OutOfTimeError` in a student's code when its processor time is over.

    Processor time, so that a busy machine makes nobody late; who sleeps is ended by the limit of the whole check.

    It rings again every tenth of a second, for a bare ``except`` may have caught the first. Inside another limit it
    does nothing: the outer one goes on.
    """
    global _clock_is_set  # noqa: PLW0603

    def ring(_: int, frame: FrameType | None) -> None:
        while frame is not None and frame.f_code.co_filename != STUDENT:
            frame = frame.f_back
        if frame is not None:
            raise OutOfTimeError(frame.f_lineno)

    if _clock_is_set:
        yield
        return
    _clock_is_set = True
    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds, 0.1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        _clock_is_set = False


def wind_up(seconds: float) -> None:
    """Give the code after one that was out of time some time of its own."""
    if _clock_is_set:
        signal.setitimer(signal.ITIMER_PROF, seconds, 0.1)


#: How every refusal begins, wherever it is seen.
NOT_ALLOWED = "glasswork check:"

_FORBIDDEN = (
    "os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.kill", "os.killpg",
    "subprocess.Popen", "pty.spawn", "socket.", "ctypes.dlopen", "ctypes.dlsym", "signal.pthread_kill",
    "os.chmod", "os.chown", "os.setxattr", "shutil.rmtree", "webbrowser.open",
)  # fmt: skip
_WRITING = (
    "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.truncate", "os.link", "os.symlink", "os.utime",
    "sqlite3.connect",
)  # fmt: skip


_OF_IMPORTS = ("ctypes.dlopen", "ctypes.dlsym")


def _is_importing() -> bool:
    """Return whether a library does this while it is imported, and not the student's code."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename != STUDENT:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False


def confine(folder: str, *, memory: int, seconds: int, may_divide: bool = False) -> None:
    """Confine this process for good: memory, processor time, processes and files; `divide` may be left to it."""
    import resource

    for limit, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, 1 << 30),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 128),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (value, value))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))  # signalled first, then killed
    if not may_divide:
        _forbid_processes()
    sys.addaudithook(_guard(os.path.realpath(folder)))


def _forbid_processes() -> None:
    import resource

    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def divide() -> int:
    """Fork this process, for the last time; return the twin's number, and 0 in the twin, whose clock goes on."""
    global _clock_is_set  # noqa: PLW0603
    left, _ = signal.setitimer(signal.ITIMER_PROF, 0)
    twin = os.fork()
    _forbid_processes()
    if twin:
        _clock_is_set = False
    else:
        wind_up(left)
    return twin


def _guard(folder: str) -> Any:
    inside = folder + os.sep

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(args[0], str | bytes | os.PathLike):
            mode, flags = args[1], args[2]
            writes = (isinstance(mode, str) and any(c in mode for c in "wax+")) or (
                isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
            )
            path = os.path.realpath(os.fsdecode(args[0]))
            if writes and path != os.devnull and not path.startswith(inside):
                raise PermissionError(f"{NOT_ALLOWED} files can be written in the scratch folder only, not {path}")
            if Path(path).is_dir():  # its descriptor would lead past these checks
                raise PermissionError(f"{NOT_ALLOWED} a folder cannot be opened: {path}")
        elif event == "os.fork" and sys._getframe(1).f_code is divide.__code__:
            pass
        elif event.startswith(_FORBIDDEN) and not (event in _OF_IMPORTS and _is_importing()):
            raise PermissionError(f"{NOT_ALLOWED} {event} is not available to checked code")
        elif event in _WRITING and args:
            paths = [os.path.realpath(os.fsdecode(a)) for a in args[:2] if isinstance(a, str | bytes | os.PathLike)]
            if any(not path.startswith(inside) for path in paths):
                raise PermissionError(f"{NOT_ALLOWED} {event} is available in the scratch folder only")

    return hook
