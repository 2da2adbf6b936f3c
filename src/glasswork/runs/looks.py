"""What a training shows of itself and what it obeys: the messages between it and the servers that watch it.

training ──Look──► server        server ──Command──► training        over a socket that this user alone can open
"""

import hashlib
import os
import stat
import tempfile
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct

from glasswork.errors import FileError

State: TypeAlias = Literal["training", "paused", "slow"]


class Size(Struct, frozen=True):
    """How large a layer's weights are, and what the last step did to them.

    Attributes
    ----------
    weight : float
        The norm of the weights.
    update : float or None
        The norm of their last change.
    gradient : float or None
        The norm of their last gradient; None if the engine does not keep it.
    """

    layer: str
    weight: float
    update: float | None = None
    gradient: float | None = None


class Look(Struct, frozen=True, kw_only=True):
    """A training as it is at one moment.

    Attributes
    ----------
    state : {"training", "paused", "slow"}
    step, epoch, batch : int
        Steps done, epochs done, and batches done of the next one.
    loss : float or None
        The mean training loss since the look before.
    learning_rate, base_rate, dropout : float, float, float or None
        Of the next step: the learning rate, the one that a schedule multiplies, and the dropout, if there is any.
    speed, seconds_left : float or None
        Steps a second while it trains, validation included, and how long the rest will take.
    weights : list of bytes
        The arrays of ``model.state()``, in their order and dtype.
    said : str
        Why the last command was refused, if it was.
    """

    state: State
    step: int
    epoch: int
    batch: int
    loss: float | None
    learning_rate: float
    base_rate: float
    dropout: float | None
    speed: float | None
    seconds_left: float | None
    sizes: list[Size]
    weights: list[bytes] = []
    said: str = ""


class Command(Struct, frozen=True, tag="command", tag_field="kind", forbid_unknown_fields=True):
    """What a page asks of a training: to pause, go on, do one step, go slowly, or stop; or to change a setting."""

    do: Literal["pause", "go", "step", "slow", "stop", "learning_rate", "dropout"]
    value: float | None = None


def own_room() -> Path:
    """Return a folder that this user alone can enter.

    Raises
    ------
    FileError
        If it cannot be had, or somebody else made it; or on Windows, which has no such sockets and users.
    """
    if not hasattr(os, "getuid"):
        raise FileError("a training cannot be watched on this system: that needs Unix sockets")
    room = Path(tempfile.gettempdir()) / f"glasswork-{os.getuid()}"
    try:
        room.mkdir(mode=0o700, exist_ok=True)
        facts = room.lstat()
    except OSError as error:
        raise FileError(f"{room}: cannot be used to watch a training ({error.strerror})") from error
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid() or facts.st_mode & 0o077:
        raise FileError(f"{room}: expected a folder of this user that nobody else can enter; remove it")
    return room


def socket_of(folder: Path) -> Path:
    """Return where the training of a run listens for servers, in `own_room`."""
    room, run = own_room(), folder.stat()
    name = hashlib.sha256(f"{run.st_dev}:{run.st_ino}".encode()).hexdigest()[:24]
    return room / f"{name}.sock"


looks = msgspec.msgpack.Decoder(Look)
commands = msgspec.msgpack.Decoder(Command)
pack = msgspec.msgpack.Encoder().encode
