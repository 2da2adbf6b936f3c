"""result.json: how a run stands, or how it ended.

    running ──► finished          all epochs are done, and the test accuracy is known
            ├─► interrupted       stopped or killed; glasswork resume goes on
            └─► failed            and why

A run that was killed cannot write how it ended: its file still says "running". Whoever looks asks whether the
process that wrote it is alive.
"""

from typing import Any, Literal, TypeAlias

import msgspec
import numpy as np

from glasswork.runs.processes import is_alive, this_process
from glasswork.sealed import Sealed
from glasswork.version import __version__

State: TypeAlias = Literal["running", "finished", "interrupted", "failed", "unknown"]


class TrainedOn(msgspec.Struct, frozen=True, kw_only=True):
    """The data that a run is trained on, so that they are recognised when they are loaded again.

    Attributes
    ----------
    sha256 : str
        Fingerprint of the dataset; empty where it is not known.
    parts_sha256 : str
        Fingerprint of its three parts.
    images : int
        How many the dataset has.
    classes : list of str
        In the order of their labels.
    """

    sha256: str
    parts_sha256: str
    images: int
    classes: list[str]


class RunResult(Sealed, frozen=True, kw_only=True):
    """How a run stands: the content of its ``result.json``.

    Attributes
    ----------
    state : str
        ``"unknown"`` is never written: it is what a run of another machine looks like that may or may not be alive.
    epochs : int
        Epochs done.
    valid_accuracy : float or None
        Percent, of the weights that were tested: those of the last epoch, or with early stopping of the best one.
    test_accuracy : float or None
        Percent, once all epochs are done.
    split : str
        How the data were cut.
    parameters : int
        Weights and biases of the network.
    seconds : float
        Spent on training and validation.
    reason : str
        Why it failed, or what killed it.
    pid, started, host : int, float, str
        The process that wrote this: its id, when it started (seconds since boot), its machine.
    folder : int
        The number (inode) of the run's folder, which a copy of the folder does not have; 0 where it is not known.
    numpy : str
        Its version; ``version`` is that of glasswork.
    engine : str
        What did the steps: ``"numpy"`` or ``"compiled"``.
    history_sha256 : str
        Of history.csv, once the run has ended.
    data : TrainedOn or None
        None for runs of versions that did not record it.
    """

    state: State
    epochs: int = 0
    valid_accuracy: float | None = None
    test_accuracy: float | None = None
    split: str = ""
    parameters: int = 0
    seconds: float = 0.0
    reason: str = ""
    pid: int = 0
    started: float = 0.0
    host: str = ""
    folder: int = 0
    numpy: str = ""
    engine: str = "numpy"
    history_sha256: str = ""
    data: TrainedOn | None = None

    @classmethod
    def by_this_process(cls, **facts: Any) -> "RunResult":
        """Return a result with these facts, and with who writes it."""
        pid, started, host = this_process()
        return cls(pid=pid, started=started, host=host, version=__version__, numpy=np.__version__, **facts)

    def as_seen_now(self, folder: int) -> "RunResult":
        """Return this result, with ``"running"`` put right where the process that wrote it is gone.

        So it is where ``folder``, the number of the folder that it was found in, is that of a copy.
        """
        if self.state == "running" and self.folder not in (0, folder):
            reason = f"a copy of a run that process {self.pid} was at work on"
            return msgspec.structs.replace(self, state="interrupted", reason=reason)
        if self.state != "running" or (alive := is_alive(self.pid, self.started, self.host)):
            return self
        if alive is None:
            reason = f"process {self.pid} on {self.host} was at work; only there can be told whether it still is"
            return msgspec.structs.replace(self, state="unknown", reason=reason)
        return msgspec.structs.replace(self, state="interrupted", reason=f"process {self.pid} was killed")
