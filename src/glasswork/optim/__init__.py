"""How weights change: optimisers, schedules of the learning rate, averages of the weights."""

from glasswork.optim.adam import Adam, AdamW, RMSprop
from glasswork.optim.average import Average
from glasswork.optim.optimizer import SGD, Optimizer
from glasswork.optim.schedules import SCHEDULES, Schedule, constant, cosine, one_cycle, step, warmup

#: By the names that recipes use; `glasswork.settings.settings_of` returns the settings of each.
OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": SGD, "adam": Adam, "adamw": AdamW, "rmsprop": RMSprop}

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
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
