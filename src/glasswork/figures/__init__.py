"""Pictures of data, training and weights.

digits, curves, compare, weights, diagram, confusion, ladder ──► Figure ──save──► a PNG file
"""

from glasswork.figures.compare import compare
from glasswork.figures.confusion import confusion
from glasswork.figures.curves import Curve, curves
from glasswork.figures.diagram import diagram
from glasswork.figures.digits import digits
from glasswork.figures.ladder import ladder
from glasswork.figures.style import save
from glasswork.figures.weights import weights

__all__ = ["Curve", "compare", "confusion", "curves", "diagram", "digits", "ladder", "save", "weights"]
