"""How weights move: optimisers, schedules of the learning rate, averages of the weights."""

from glasswork.optim.adam import Adam, AdamW, RMSprop
from glasswork.optim.average import Average
from glasswork.optim.optimizer import Optimizer
from glasswork.optim.schedules import Schedule, constant, cosine, one_cycle, step, warmup
from glasswork.optim.sgd import SGD

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Average",
    "Optimizer",
    "RMSprop",
    "Schedule",
    "constant",
    "cosine",
    "one_cycle",
    "step",
    "warmup",
]
