"""Is a gradient right? Central differences in float64, for every parameter and the input, and a report."""

from glasswork.gradcheck.check import gradcheck
from glasswork.gradcheck.report import Check, GradientReport

__all__ = ["Check", "GradientReport", "gradcheck"]
