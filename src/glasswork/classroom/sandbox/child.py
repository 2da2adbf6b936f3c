"""The process in which one submission runs: it answers numbered requests on one descriptor, and has no other.

server ──fork──► keeper, which enters namespaces and waits ──fork──► child ──fork──► twin

When the data are ready, the twin runs the file to its end, and is over; the child waits for it, and tries the parts.
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
        Its processor time, and three times as much by the clock.
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
        if select.select([self._socket], [], [], 0)[0] and self._read(1, socket.MSG_PEEK):  # nothing was asked for
            raise LostError("disturbed", _SAYS["disturbed"])
        with contextlib.suppress(OSError):  # it has ended: reading tells how
            self._socket.sendall(encode(request))
        head = self._receive(4)
        size = int.from_bytes(head, "big")
        if size > LARGEST:
            raise self._last_words()
        try:
            answer = decode_answer(self._receive(size))
        except msgspec.MsgspecError:
            raise LostError("disturbed", _SAYS["disturbed"]) from None
        if (answer.number, answer.nonce) != (request.number, request.nonce):
            raise LostError("disturbed", _SAYS["disturbed"])
        return answer.result

    def _receive(self, size: int) -> bytes:
        """Return that many bytes of the child's."""
        received = b""
        while len(received) < size:
            left = self._started + BUSY * self._seconds - time.monotonic()
            if not select.select([self._socket], [], [], max(left, 0.0))[0]:
                os.kill(self._keeper, signal.SIGXCPU)
                raise self._last_words(is_late=True)
            piece = self._read(size - len(received))
            if not piece:
                raise self._late(None) if self._end() == _OUT_OF_TIME else LostError("ended", _SAYS["ended"])
            received += piece
        return received

    def _read(self, size: int, how: int = 0) -> bytes:
        """Return what the child has sent, up to a size; nothing if it has ended."""
        try:
            return self._socket.recv(size, how)
        except ConnectionResetError:
            return b""

    def _late(self, line: int | None) -> LostError:
        return LostError("out of time", f"After {self._seconds:g} seconds it was still running.", line)

    def _last_words(self, *, is_late: bool = False) -> LostError:
        """Return what is wrong with a child that sends no answer; one whose time is over says where it was."""
        told = b""
        while len(told) < 1 << 16 and select.select([self._socket], [], [], 0.5)[0]:
            piece = self._read(1 << 12)
            told += piece
            if not piece:
                break
        place = re.search(rf'File "{STUDENT}", line (\d{{1,6}})', told.decode("utf-8", "replace"))
        if is_late or (place and self._end() == _OUT_OF_TIME):
            return self._late(int(place[1]) if place else None)
        return LostError("disturbed", _SAYS["disturbed"])


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
        for received, sent in ((signal.SIGTERM, signal.SIGKILL), (signal.SIGXCPU, signal.SIGXCPU)):
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
        _say_where_time_ends(channel)
        time.sleep = lambda *_: None  # nobody waits here
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


def _say_where_time_ends(channel: int) -> None:
    """Have this process write where it is when its time is over, and end."""
    faulthandler.register(signal.SIGXCPU, file=channel, all_threads=False, chain=True)


def _answer(observer: Observer, channel: int, restore: Callable[[], None]) -> None:
    """Answer requests until the channel closes; a twin of this process ends after its first answer."""

    def divide_here(resume: Callable[[], None]) -> None:
        twin = divide()
        if twin:
            faulthandler.unregister(signal.SIGXCPU)  # it is the twin that is asked
            _, status = os.waitpid(twin, 0)
            _say_where_time_ends(channel)
            if os.waitstatus_to_exitcode(status) != _ANSWERED:
                os._exit(1)
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


def _read(channel: int, size: int) -> bytes:
    content = b""
    while len(content) < size:
        content += os.read(channel, size - len(content))
    return content
