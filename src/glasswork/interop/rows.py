"""Random rows to compare the answers of two networks on, within the range that a network accepts."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.nn import MLP


def random_rows(model: MLP, *, prepared: bool = False) -> NDArray[Any]:
    """Return 1,000 random rows in float32: raw ones within the training range, or prepared ones from -1 to 1."""
    inputs, random, size = model.inputs, np.random.default_rng(0), (1000, model.in_features)
    rows = random.uniform(-1, 1, size)
    if inputs is not None and inputs.features is not None and not prepared:
        rows = random.uniform(inputs.features.low, inputs.features.high, size)
        if inputs.features.missing is not None:
            rows[random.random(size) < 0.1] = np.nan
    elif inputs is not None and inputs.low is not None and inputs.high is not None and not prepared:
        rows = random.uniform(inputs.low, inputs.high, size)
        rows = np.rint(rows) if inputs.are_bytes else rows
    return rows.astype(np.float32)
