"""What an epoch leaves behind, as plain data: one stream with many readers.

EpochResult ──► a printed line, a row of history.csv, a page
    └─ findings: what seems to go wrong, in words
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a training.

    Attributes
    ----------
    name : str
        The kind of fault, such as ``"dead-layer"``.
    message : str
        One line: what was seen, the likely cause, what to try.
    where : str
        The layer or the array, such as ``"act1"`` or ``"linear1.weight"``; empty for the whole run.
    """

    name: str
    message: str
    where: str = ""


@dataclass(frozen=True)
class EpochResult:
    """The metrics of one epoch.

    Attributes
    ----------
    epoch : int
        From 1.
    train_loss, valid_loss : float
        Mean over the samples; the first is taken while the weights move.
    valid_accuracy : float
        Percent.
    seconds : float
        For training and validation.
    learning_rate : float
        At the epoch's last step.
    findings : tuple of Finding
        What seems to go wrong, each reported once in a run.
    """

    epoch: int
    train_loss: float
    valid_loss: float
    valid_accuracy: float
    seconds: float
    learning_rate: float
    findings: tuple[Finding, ...] = ()
