"""Figures of data, training and networks.

digits, distortions, curves, compare, weights, diagram, confusion, reading, ladder, sweep
    ──► Picture ──save──► PNG, SVG or PDF

A notebook shows a figure that is the last value of a cell.
"""

from glasswork.figures.figure import FORMATS, Picture, save  # before the others: it imports matplotlib safely

# isort: split
from glasswork.figures.compare import compare
from glasswork.figures.confusion import confusion
from glasswork.figures.curves import curves
from glasswork.figures.diagram import diagram
from glasswork.figures.digits import digits
from glasswork.figures.distortions import distortions
from glasswork.figures.ladder import ladder
from glasswork.figures.reading import reading
from glasswork.figures.sweep import SweptKey, sweep, sweep_key
from glasswork.figures.weights import weights

__all__ = [
    "FORMATS", "Picture", "SweptKey", "compare", "confusion", "curves", "diagram", "digits", "distortions", "ladder",
    "reading", "save", "sweep", "sweep_key", "weights",
]  # fmt: skip
