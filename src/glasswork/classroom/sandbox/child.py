"""The process in which one submission runs: it answers numbered requests on one descriptor, and has no other.

server ──fork──► keeper, which enters namespaces and waits ──fork──► child
"""

import contextlib
import faulthandler
import math
import os
import re
import secrets
import select
import signal
import socket
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, NoReturn, Self

import msgspec

from glasswork.classroom.limits import BUSY, STUDENT, confine, divide
from glasswork.classroom.sandbox.isolation import die_with_parent, drop_rights, enter_namespaces
from glasswork.classroom.sandbox.observer import Observer, keep, observing_things
from glasswork.classroom.student.fixture import hide_glasswork
from glasswork.classroom.student.messages import (
    LARGEST,
    Answer,
    LostError,
    Nothing,
    Request,
    Result,
    decode_answer,
    decode_request,
    encode,
)

MEMORY = 4 << 30  # bytes of address space

#: What the keeper's status says of a child.
_ENDED, _OUT_OF_TIME = 0, 3

#: What a twin's status says once its answer is sent; a file that ends its process says another number.
_ANSWERED = 97

_SAYS = {
    "ended": "The code ended the whole process here, or it ran out of memory.",
    "disturbed": "the file wrote to the channel on which it is watched",
}


class Child:
    """Context manager: a process that runs one document, and is asked about it.

    Parameters
    ----------
    observer : Observer
        It runs in the child only.
    folder : path
        Where the submission may write.
    seconds : float
        Its processor time, and five times as much by the clock.
    may_divide : bool
        Whether a run of the whole file leaves a process behind where the data are ready.
    """

    def __init__(self, observer: Observer, folder: str, seconds: float, *, may_divide: bool = False) -> None:
        self._observer, self._folder, self._seconds, self._may_divide = observer, folder, seconds, may_divide
        self._lost: LostError | None = None
        self._number = 0

    def __enter__(self) -> Self:
        self._socket, other = socket.socketpair()
        self._started = time.monotonic()
        self._keeper = os.fork()
        if self._keeper == 0:
            _keep(self._observer, other.fileno(), self._folder, self._seconds, self._may_divide)
        other.close()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._socket.close()
        self._end()

    def _end(self) -> int:
        """End the process; return the keeper's status."""
        if not self._keeper:
            return _ENDED
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._keeper, signal.SIGTERM)
        _, status = os.waitpid(self._keeper, 0)
        self._keeper = 0
        return os.waitstatus_to_exitcode(status)

    def renew(self) -> None:
        """Give the process its seconds by the clock once more."""
        self._started = time.monotonic()

    # The dialogue ------------------------------------------------------------------------------------

    def ask(self, what: str, **given: Any) -> Result:
        """Send a request and return its answer.

        Raises
        ------
        LostError
            If none comes in time, or one that is not the answer; each time from then on.
        """
        if self._lost is None:
            try:
                return self._ask(what, given)
            except LostError as lost:
                self._lost = lost
                self._end()
        raise self._lost

    def _ask(self, what: str, given: dict[str, Any]) -> Result:
        self._number += 1
        request = Request(self._number, secrets.token_hex(8), what, **given)  # type: ignore[arg-type]
        if select.select([self._socket], [], [], 0)[0]:
            self._refuse_rest()  # nothing was asked for
        with contextlib.suppress(OSError):  # it has ended: reading tells how
            self._socket.sendall(encode(request))
        head = self._receive(4)
        size = int.from_bytes(head, "big")
        if size > LARGEST:
            raise LostError("disturbed", _SAYS["disturbed"])
        try:
            answer = decode_answer(self._receive(size))
        except msgspec.MsgspecError:
            raise LostError("disturbed", _SAYS["disturbed"]) from None
        if (answer.number, answer.nonce) != (request.number, request.nonce):
            raise LostError("disturbed", _SAYS["disturbed"])
        return answer.result

    def _refuse_rest(self) -> None:
        if self._socket.recv(1, socket.MSG_PEEK):
            raise LostError("disturbed", _SAYS["disturbed"])

    def _receive(self, size: int) -> bytes:
        """Return that many bytes of the child's."""
        received = b""
        while len(received) < size:
            piece = b""
            ready, _, _ = select.select([self._socket], [], [], 0.2)
            if ready:
                with contextlib.suppress(ConnectionResetError):
                    piece = self._socket.recv(size - len(received))
                if not piece:
                    late = self._end() == _OUT_OF_TIME
                    raise LostError("out of time", self._late()) if late else LostError("ended", _SAYS["ended"])
                received += piece
            elif self._is_late():
                raise LostError("out of time", self._late(), self._hanging_line())
        return received

    def _late(self) -> str:
        return f"After {self._seconds:g} seconds it was still running."

    def _is_late(self) -> bool:
        """Return whether the child's time is over; while a busy machine makes it wait for a processor, it is not."""
        passed = time.monotonic() - self._started
        if passed < self._seconds:
            return False
        process, fields = self._keeper, [""]
        with contextlib.suppress(OSError, IndexError):
            while True:  # down to the youngest
                process = int(Path(f"/proc/{process}/task/{process}/children").read_text("utf-8").split()[0])
                fields = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()
        if len(fields) < 13:
            return True
        used = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return fields[0] != "R" or used >= self._seconds or passed >= BUSY * self._seconds

    def _hanging_line(self) -> int | None:
        """Have the child tell where it is, and return the line."""
        os.kill(self._keeper, signal.SIGUSR1)
        told = b""
        while len(told) < 1 << 16 and select.select([self._socket], [], [], 0.5)[0]:
            piece = self._socket.recv(1 << 12)
            told += piece
            if not piece:
                break
        place = re.search(rf'File "{STUDENT}", line (\d{{1,6}})', told.decode("utf-8", "replace"))
        return int(place[1]) if place else None


# In the processes that were forked -------------------------------------------------------------------


def _keep(observer: Observer, channel: int, folder: str, seconds: float, may_divide: bool) -> NoReturn:
    """Fork the child into namespaces of its own, and wait for it; this process runs no code of others."""
    status = _ENDED
    try:
        die_with_parent(signal.SIGTERM)
        enter_namespaces(folder)
        child = os.fork()
        if child == 0:
            _run(observer, channel, folder, seconds, may_divide)
        os.close(channel)
        for received, sent in ((signal.SIGTERM, signal.SIGKILL), (signal.SIGUSR1, signal.SIGUSR1)):
            signal.signal(received, lambda *_, sent=sent: _send(child, sent))
        _, _, used = os.wait4(child, 0)
        _send(child, signal.SIGKILL)
        status = _OUT_OF_TIME if used.ru_utime + used.ru_stime >= seconds else _ENDED
    finally:
        os._exit(status)


def _send(child: int, number: int) -> None:
    """Send a signal to the child and its twin, which are a group of their own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, number)


def _run(observer: Observer, channel: int, folder: str, seconds: float, may_divide: bool) -> NoReturn:
    """Confine this process, and answer requests until the channel closes."""
    try:
        die_with_parent(signal.SIGKILL)
        os.setsid()
        channel = _close_all_but(channel)
        os.chdir(folder)
        os.environ["HOME"] = os.environ["TMPDIR"] = tempfile.tempdir = folder
        sys.stdin = open(os.devnull)  # noqa: SIM115, PTH123
        sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123
        warnings.simplefilter("ignore")
        _tell_place(channel)
        drop_rights()
        confine(folder, memory=MEMORY, seconds=math.ceil(seconds) + 1, may_divide=may_divide)
        restore = keep(*observing_things(observer.reference))
        hide_glasswork(observer.mnist)
        sys.modules["__main__"] = ModuleType("__main__")
        _answer(observer, channel, restore)
        os._exit(_ANSWERED)
    finally:
        os._exit(1)


def _close_all_but(channel: int) -> int:
    """Close every descriptor but one, and give it the number 3; 0, 1 and 2 lead nowhere."""
    silence = os.open(os.devnull, os.O_RDWR)
    keep_open = os.dup2(channel, 3, inheritable=False) if channel != 3 else channel
    for number in (0, 1, 2):
        os.dup2(silence, number)
    os.closerange(4, os.sysconf("SC_OPEN_MAX"))
    return keep_open


def _tell_place(channel: int) -> None:
    """Have this process write where it is, when it is signalled."""
    faulthandler.register(signal.SIGUSR1, file=channel, all_threads=False)


def _answer(observer: Observer, channel: int, restore: Callable[[], None]) -> None:
    """Answer requests until the channel closes; a twin of this process ends after its first answer."""

    def divide_here(resume: Callable[[], None]) -> None:
        twin = divide()
        if twin:
            _wait(twin, channel)
            resume()
            _answer(observer, channel, restore)
            os._exit(_ENDED)

    process = os.getpid()
    while os.getpid() == process and (head := os.read(channel, 4)):
        request = decode_request(_read(channel, int.from_bytes(head, "big")))
        restore()
        result = observer.answer(request, divide_here)
        try:
            message = encode(Answer(request.number, request.nonce, result))
            decode_answer(message[4:])
        except (msgspec.MsgspecError, TypeError, ValueError, OverflowError) as error:
            message = encode(Answer(request.number, request.nonce, Nothing(type(error).__name__)))
        while message:
            message = message[os.write(channel, message) :]


def _wait(twin: int, channel: int) -> None:
    """Wait for the twin, which is asked for its place in the meantime; if it fails, this process ends, too."""
    faulthandler.unregister(signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    _, status = os.waitpid(twin, 0)
    if os.waitstatus_to_exitcode(status) != _ANSWERED:
        os._exit(1)
    _tell_place(channel)


def _read(channel: int, size: int) -> bytes:
    content = b""
    while len(content) < size:
        content += os.read(channel, size - len(content))
    return content
