"""result.json: the state of a run, or its result.

    running ──► finished          all epochs are done, and the test accuracy is known, unless a sweep does not need it
            ├─► interrupted       stopped or killed; glasswork resume continues it
            └─► failed            with the reason

A run that was killed cannot record that: its file still says "running". Readers therefore check whether the process
that wrote the file is still alive.
"""

from typing import Any, Literal, TypeAlias

import msgspec
import numpy as np

from glasswork.runs.processes import is_alive, this_process
from glasswork.sealed import Sealed
from glasswork.version import __version__

State: TypeAlias = Literal["running", "finished", "interrupted", "failed", "unknown"]


class TrainedOn(msgspec.Struct, frozen=True, kw_only=True):
    """Describes the data that a run was trained on, so that changes are noticed when they are loaded again.

    Attributes
    ----------
    sha256 : str
        Fingerprint of the dataset; empty if it is not known.
    parts_sha256 : str
        Fingerprint of its three parts.
    images : int
        Number of images in the dataset.
    classes : list of str
        Class names in the order of their labels.
    """

    sha256: str
    parts_sha256: str
    images: int
    classes: list[str]


class RunResult(Sealed, frozen=True, kw_only=True):
    """The state of a run: the content of its ``result.json``.

    Attributes
    ----------
    state : str
        ``"unknown"`` is never written. It is the state of a run on another machine, which may or may not be alive.
    epochs : int
        Epochs done.
    valid_accuracy : float or None
        In percent, for the weights that were tested: those of the last epoch, or of the best one with early stopping.
    test_accuracy : float or None
        In percent, once all epochs are done; None then if the run was not tested.
    split : str
        How the data were divided.
    validated, tested : int
        Numbers of validation and test images; 0 for runs of older versions, which did not record them.
    parameters : int
        Number of weights and biases of the network.
    seconds : float
        Time spent on training and validation.
    reason : str
        Why the run failed or was interrupted.
    pid, started, host : int, float, str
        The process that wrote this: its id, when it started (seconds since boot), its machine.
    folder : int
        The number (inode) of the run's folder, which differs in a copy of the folder; 0 if it is not known.
    numpy : str
        NumPy's version; ``version`` is that of glasswork.
    engine : str
        What computed the steps: ``"numpy"`` or ``"compiled"``.
    history_sha256 : str
        SHA-256 of history.csv, once the run has ended.
    members : list of str
        The names of a committee's members; empty for a run, which is trained.
    data : TrainedOn or None
        None for runs of older versions, which did not record it.
    """

    state: State
    epochs: int = 0
    valid_accuracy: float | None = None
    test_accuracy: float | None = None
    split: str = ""
    validated: int = 0
    tested: int = 0
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
    members: list[str] = msgspec.field(default_factory=list)
    data: TrainedOn | None = None

    @property
    def correct(self) -> int:
        """How many test images the network gets right; 0 if it was not tested."""
        return round((self.test_accuracy or 0.0) * self.tested / 100)

    @property
    def division(self) -> str:
        """How the data were divided, in words, as `Split.division` has it: ``handout split, fold 1 of 5``."""
        scheme, comma, fold = self.split.partition(",")
        return f"{scheme} split{comma}{fold}"

    @classmethod
    def by_this_process(cls, **facts: Any) -> "RunResult":
        """Return a result with these facts and the identity of this process."""
        pid, started, host = this_process()
        return cls(pid=pid, started=started, host=host, version=__version__, numpy=np.__version__, **facts)

    def as_seen_now(self, folder: int) -> "RunResult":
        """Return this result with ``"running"`` corrected if the process that wrote it is gone.

        It is also corrected if ``folder``, the number of the folder that it was found in, shows that this is a copy.
        """
        if self.state == "running" and self.folder not in (0, folder):
            reason = f"a copy of a run that process {self.pid} was working on"
            return msgspec.structs.replace(self, state="interrupted", reason=reason)
        if self.state != "running" or (alive := is_alive(self.pid, self.started, self.host)):
            return self
        if alive is None:
            reason = f"process {self.pid} on {self.host} was working on it; whether it still is can only be seen there"
            return msgspec.structs.replace(self, state="unknown", reason=reason)
        return msgspec.structs.replace(self, state="interrupted", reason=f"process {self.pid} was killed")
