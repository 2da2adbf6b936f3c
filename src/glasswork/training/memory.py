"""Copies and restores what an optimiser remembers from step to step, also for a student's own optimiser.

ours               ──► state(), load_state()
a student's own    ──► its attributes that are numbers, arrays, or lists of them: a velocity, a count of steps
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from glasswork.engine.contract import Optimizer
from glasswork.optim.optimizer import Optimizer as OwnOptimizer

#: Attributes that are not memory: the arrays that are moved, and what the user sets.
_NOT_MEMORY = ("params", "grads", "lr")


def memory_of_optimizer(optimizer: Optimizer) -> dict[str, Any]:
    """Return copies of what an optimiser's next step depends on, except the parameters and the learning rate."""
    if _saves_itself(optimizer):
        state: dict[str, Any] = optimizer.state()  # type: ignore[attr-defined]
        return state if isinstance(optimizer, OwnOptimizer) else copy.deepcopy(state)  # glasswork's returns copies
    attributes = getattr(optimizer, "__dict__", {})
    return {k: copy.deepcopy(value) for k, value in attributes.items() if k not in _NOT_MEMORY and _is_numbers(value)}


def restore_optimizer(optimizer: Optimizer, kept: dict[str, Any]) -> None:
    """Restore what `memory_of_optimizer` returned."""
    if _saves_itself(optimizer):
        optimizer.load_state(kept)  # type: ignore[attr-defined]
        return
    for name, value in kept.items():
        vars(optimizer)[name] = _restored(vars(optimizer).get(name), value)


def _saves_itself(optimizer: Optimizer) -> bool:
    return all(callable(getattr(optimizer, name, None)) for name in ("state", "load_state"))


def _is_numbers(value: Any) -> bool:
    if isinstance(value, list | dict):
        return all(map(_is_numbers, value.values() if isinstance(value, dict) else value))
    return value is None or isinstance(value, int | float | np.ndarray | np.generic)


def _restored(now: Any, kept: Any) -> Any:
    """Return a value as it was kept, written into the arrays that hold it now, which may be the model's own."""
    if isinstance(now, np.ndarray) and isinstance(kept, np.ndarray) and now.shape == kept.shape:
        now[...] = kept
        return now
    if isinstance(now, list) and isinstance(kept, list) and len(now) == len(kept):
        return [_restored(a, b) for a, b in zip(now, kept, strict=True)]
    if isinstance(now, dict) and isinstance(kept, dict) and now.keys() == kept.keys():
        return {key: _restored(now[key], kept[key]) for key in kept}
    return copy.deepcopy(kept)
