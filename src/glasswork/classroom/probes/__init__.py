"""The table of probes: one for each part of the exercise."""

from glasswork.classroom.probes.base import Bench, Facets, Probe, Problem
from glasswork.classroom.probes.linear import LinearBackward, LinearForward, LinearInit
from glasswork.classroom.probes.loops import MinibatchProbe, OnehotProbe, TestProbe, TrainProbe, ValidProbe
from glasswork.classroom.probes.losses import CrossEntropyProbe, MSEBackward, MSEForward
from glasswork.classroom.probes.network import MLPBackward, MLPForward, MLPInit
from glasswork.classroom.probes.optimizer import SGDProbe
from glasswork.classroom.probes.sections import DataProbe, NormalizeProbe, SplitProbe
from glasswork.classroom.probes.settings import SettingsProbe
from glasswork.classroom.probes.sigmoid import ReLUProbe, SigmoidBackward, SigmoidForward

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
