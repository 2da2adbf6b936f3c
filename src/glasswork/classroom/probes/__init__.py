"""The table of probes: one for each part of the exercise."""

from glasswork.classroom.probes.base import Bench, Facets, Probe, Problem
from glasswork.classroom.probes.data import DataProbe
from glasswork.classroom.probes.linear_backward import LinearBackward
from glasswork.classroom.probes.linear_forward import LinearForward
from glasswork.classroom.probes.linear_init import LinearInit
from glasswork.classroom.probes.losses import CrossEntropyProbe, MSEBackward, MSEForward
from glasswork.classroom.probes.minibatch import MinibatchProbe
from glasswork.classroom.probes.mlp_backward import MLPBackward
from glasswork.classroom.probes.mlp_forward import MLPForward
from glasswork.classroom.probes.mlp_init import MLPInit
from glasswork.classroom.probes.normalize import NormalizeProbe
from glasswork.classroom.probes.onehot import OnehotProbe
from glasswork.classroom.probes.optimizer import SGDProbe
from glasswork.classroom.probes.scores import TestProbe, ValidProbe
from glasswork.classroom.probes.settings import SettingsProbe
from glasswork.classroom.probes.sigmoid import ReLUProbe, SigmoidBackward, SigmoidForward
from glasswork.classroom.probes.split import SplitProbe
from glasswork.classroom.probes.train import TrainProbe

PROBES: dict[str, Probe] = {
    probe.part: probe
    for probe in (
        DataProbe(),
        NormalizeProbe(),
        SplitProbe(),
        MinibatchProbe(),
        LinearInit(),
        LinearForward(),
        LinearBackward(),
        SigmoidForward(),
        SigmoidBackward(),
        MSEForward(),
        MSEBackward(),
        SGDProbe(),
        MLPInit(),
        MLPForward(),
        MLPBackward(),
        TrainProbe(),
        ValidProbe(),
        OnehotProbe(),
        SettingsProbe(),
        TestProbe(),
        ReLUProbe(),
        CrossEntropyProbe(),
    )
}

__all__ = ["PROBES", "Bench", "Facets", "Probe", "Problem"]
