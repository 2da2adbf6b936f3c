"""Sampling, compiled: what `glasswork.data.augment.sample` computes, image by image on all threads.

Each pixel is computed by the same formula from the same float32 numbers. Products may be fused with sums, so results
differ by up to 1e-5 from NumPy's; they do not depend on the number of threads.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numba import prange

from glasswork.data.augment.sampling import AFTER, BEFORE, Sample
from glasswork.engine.compiled.compiling import entry, has_openmp, note_compiled, one_process_compiles, threads_for
from glasswork.pixels import BYTES_FACTOR, BYTES_OFFSET

_AROUND = BEFORE + AFTER
_OFFSET, _FACTOR = np.float32(BYTES_OFFSET), np.float32(BYTES_FACTOR)


def _sample(padded: Any, matrices: Any, fields: Any, out: Any) -> None:
    n, full_height, full_width, channels = padded.shape
    height, width = full_height - _AROUND, full_width - _AROUND
    right, bottom = np.float32(width + BEFORE), np.float32(height + BEFORE)
    moved = fields.size > 0
    for i in prange(n):
        pixels = padded[i].reshape(-1)
        m = matrices[i]
        x = np.empty(width, np.float32)
        y = np.empty(width, np.float32)
        for r in range(height):
            for c in range(width):
                x[c] = m[0, 0] * np.float32(c) + m[0, 1] * np.float32(r) + m[0, 2] + np.float32(BEFORE)
                y[c] = m[1, 0] * np.float32(c) + m[1, 1] * np.float32(r) + m[1, 2] + np.float32(BEFORE)
            if moved:
                for c in range(width):
                    x[c] += fields[i, 0, r, c]
                    y[c] += fields[i, 1, r, c]
            for c in range(width):
                u = min(max(x[c], np.float32(0)), right)
                v = min(max(y[c], np.float32(0)), bottom)
                left, top = np.int32(u), np.int32(v)
                dx, dy = u - np.float32(left), v - np.float32(top)
                for k in range(channels):
                    at = (top * full_width + left) * channels + k
                    below = at + full_width * channels
                    a, b = np.float32(pixels[at]), np.float32(pixels[at + channels])
                    p, q = np.float32(pixels[below]), np.float32(pixels[below + channels])
                    upper = a + dx * (b - a)
                    lower = p + dx * (q - p)
                    out[i, (r * width + c) * channels + k] = (upper + dy * (lower - upper) - _OFFSET) * _FACTOR


_parallel = entry(_sample, parallel=True)


def sampler(threads: int, dtype: np.dtype[Any]) -> Sample:
    """Return the compiled `glasswork.data.augment.sample` for results of a dtype, which uses this many threads."""
    _load(str(dtype))

    def sample(padded: Any, matrices: Any, fields: Any, out: Any) -> None:
        with threads_for(threads):
            _parallel(padded, matrices, fields, out)

    return sample


@cache
def _load(dtype: str) -> None:
    """Compile the function, or read it from the cache, by calling it with no images."""
    has_openmp()  # selects OpenMP before Numba starts threads
    with one_process_compiles(f"sampling-{dtype}"):
        padded, floats = np.empty((0, 4, 4, 1), np.uint8), np.empty((0, 2, 3), np.float32)
        _parallel(padded, floats, np.empty((0, 2, 1, 1), np.float32), np.empty((0, 1), dtype))
    note_compiled(f"sampling-{dtype}")
