"""The array types that the parts of glasswork pass to each other.

Axis order is always ``(batch, features)``.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from glasswork.errors import InputError

FloatArray: TypeAlias = NDArray[np.floating[Any]]
Images: TypeAlias = NDArray[np.uint8]
Labels: TypeAlias = NDArray[np.int64]


def even_array(who: object, what: str, values: object) -> NDArray[Any]:
    """Return values as an array.

    Raises
    ------
    InputError
        If their rows differ in length; the message names the object ``who`` and ``what`` the values are.
    """
    try:
        array: NDArray[Any] = np.asarray(values)
    except ValueError:
        raise InputError(f"{who}: expected {what} of one size, got rows of different lengths") from None
    return array
