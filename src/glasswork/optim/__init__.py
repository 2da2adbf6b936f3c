"""How weights move."""

from glasswork.optim.sgd import SGD

__all__ = ["SGD"]
