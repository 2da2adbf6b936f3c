"""The metrics of an epoch as plain data, for anything that shows or stores them.

EpochResult ──► a printed line, a row of history.csv, a page
    └─ findings: faults in the training, in words
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a training.

    Attributes
    ----------
    name : str
        The kind of fault, such as ``"dead-layer"``.
    message : str
        One line: the observation, the likely cause, what to try.
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
        Mean over the samples; the training loss is measured while the weights change.
    valid_accuracy : float
        Percent.
    seconds : float
        For training and validation.
    learning_rate : float
        At the epoch's last step.
    findings : tuple of Finding
        Faults, each reported once in a run.
    valid_measure : float or None
        The monitored measure of the validation images, from 0 to 1, where it is neither the accuracy nor the loss.
    """

    epoch: int
    train_loss: float
    valid_loss: float
    valid_accuracy: float
    seconds: float
    learning_rate: float
    findings: tuple[Finding, ...] = ()
    valid_measure: float | None = None
