"""Affine distortions: where each pixel of a turned, scaled, sheared and shifted image is sampled.

    sampled at  [x]   [cos θ  −sin θ] [sx  0 ] [u]   [h v]   [dx]
                [y] = [sin θ   cos θ] [0   sy] [v] + [ 0 ] + [dy]        u, v: from the middle of the image

θ, sx - 1, sy - 1, h, dx and dy are uniform between minus and plus the largest value, times the strength.
"""

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import FloatArray
from glasswork.data.augment.settings import Augmentation

#: Random numbers for an image: the angle, two scales, the shear and two shifts.
NUMBERS = 6


def affine_matrices(
    numbers: NDArray[np.float64],
    settings: Augmentation,
    strength: float,
    calm: NDArray[np.bool_],
    size: tuple[int, int],
) -> FloatArray:
    """Return the matrices that turn the column, row and 1 of a pixel into the column and row where it is sampled.

    Parameters
    ----------
    numbers : (n, 6)
        Random numbers from 0 to 1.
    settings : Augmentation
    strength : float
    calm : (n,) bool
        The images that turn half as far.
    size : (height, width)

    Returns
    -------
    (n, 2, 3) float32
    """
    angle, scale_x, scale_y, shear, shift_x, shift_y = ((2 * numbers - 1) * strength).T
    angle = np.radians(settings.rotation) * np.where(calm, 0.5, 1.0) * angle
    scale_x, scale_y = 1 + settings.scale * scale_x, 1 + settings.scale * scale_y
    cosine, sine = np.cos(angle), np.sin(angle)
    matrices = np.empty((len(numbers), 2, 3))
    matrices[:, 0, 0] = cosine * scale_x
    matrices[:, 0, 1] = -sine * scale_y + settings.shear * shear
    matrices[:, 1, 0] = sine * scale_x
    matrices[:, 1, 1] = cosine * scale_y
    middle = np.array([size[1] - 1, size[0] - 1]) / 2
    shifts = settings.shift * np.stack([shift_x, shift_y], axis=1)
    matrices[:, :, 2] = middle + shifts - matrices[:, :, :2] @ middle
    return matrices.astype(np.float32)
