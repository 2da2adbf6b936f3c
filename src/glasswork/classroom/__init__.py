"""The classroom: the handout to fill in, and a helper that names what is wrong with a solution."""

from glasswork.classroom.report import CheckReport, PartReport
from glasswork.classroom.sandbox.checker import Checker, check_file

__all__ = ["CheckReport", "Checker", "PartReport", "check_file"]
