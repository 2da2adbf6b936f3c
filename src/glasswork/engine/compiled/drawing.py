"""Masks and noise: the same random bits as the NumPy engine's, drawn row by row inside the kernel.

    (seed, purpose), (block, 0, step, layer)  ──Philox──►  four words  ──►  16 chances of dropout, or 8 normal numbers

A row's numbers depend only on its position (`glasswork.randomness`), so any thread can draw any part of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from glasswork.engine.compiled.compiling import kernel
from glasswork.engine.compiled.formulas import cos_and_sin, log
from glasswork.engine.compiled.native import high_product, matrix, same, vector
from glasswork.nn import Dropout, GaussianNoise
from glasswork.nn.dropout import PARTS
from glasswork.randomness import WORDS_PER_BLOCK

_MULTIPLIERS = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
_WEYL = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)
_ROUNDS = 10

_DROPOUT, _NOISE = np.uint64(Dropout.purpose), np.uint64(GaussianNoise.purpose)
_CHANCES_PER_BLOCK = Dropout.numbers_per_word * WORDS_PER_BLOCK
_NORMALS_PER_BLOCK = GaussianNoise.numbers_per_word * WORDS_PER_BLOCK


@kernel
def philox(words: Any, blocks: int, key: Any, purpose: Any, first: int, step: int, index: int) -> None:
    """Fill four words per block: Philox 4×64 with 10 rounds (Salmon et al. 2011).

    A round maps a, b, c, d to ``high(M1 c) ^ b ^ key1, low(M1 c), high(M0 a) ^ d ^ key2, low(M0 a)``; the keys grow
    by a Weyl constant each round. As in NumPy, the counter is incremented before it is used.
    """
    for block in range(blocks):
        a, b = np.uint64(first + block + 1), np.uint64(0)
        c, d = np.uint64(step), np.uint64(index)
        key1, key2 = np.uint64(key), np.uint64(purpose)
        for _ in range(_ROUNDS):
            a, b, c, d = (
                high_product(_MULTIPLIERS[1], c) ^ b ^ key1,
                _MULTIPLIERS[1] * c,
                high_product(_MULTIPLIERS[0], a) ^ d ^ key2,
                _MULTIPLIERS[0] * a,
            )
            key1 += _WEYL[0]
            key2 += _WEYL[1]
        words[4 * block] = a
        words[4 * block + 1] = b
        words[4 * block + 2] = c
        words[4 * block + 3] = d


@kernel
def drop(layer: Any, top: int, bottom: int, left: int, right: int, words: Any, one: Any) -> None:
    """Dropout's forward: the mask holds 0 or ``1 / (1 - p)``, and ``y = x mask`` (`glasswork.nn.dropout`)."""
    n = layer.outputs
    in_row = -(-n // _CHANCES_PER_BLOCK)
    skipped = left // _CHANCES_PER_BLOCK  # blocks of other columns
    blocks = -(-right // _CHANCES_PER_BLOCK) - skipped
    dropped = np.int64(layer.constant)
    kept = same(PARTS / (PARTS - layer.constant), one)
    chances = words.view(np.uint16)[left - skipped * _CHANCES_PER_BLOCK :]
    for i in range(top, bottom):
        philox(words, blocks, layer.seed, _DROPOUT, (layer.row + i) * in_row + skipped, layer.step, layer.index)
        begin, end = i * n + left, i * n + right
        x, y = vector(layer.x, begin, end, one), vector(layer.y, begin, end, one)
        mask = vector(layer.mask, begin, end, one)
        for j in range(y.size):
            factor = kept if np.int64(chances[j]) >= dropped else same(0.0, one)
            mask[j] = factor
            y[j] = x[j] * factor


@kernel
def add_noise(layer: Any, begin: int, end: int, words: Any, normal: Any, one: Any) -> None:
    """Gaussian noise: ``y ← y + std z``, y being a copy of the input (`glasswork.nn.noise`)."""
    n = layer.outputs
    y = matrix(layer.y, begin, end, n, one)
    blocks = -(-n // _NORMALS_PER_BLOCK)
    std = same(layer.constant, one)
    for i in range(end - begin):
        philox(words, blocks, layer.seed, _NOISE, (layer.row + begin + i) * blocks, layer.step, layer.index)
        box_muller(words.view(np.uint32), WORDS_PER_BLOCK * blocks, normal)
        for j in range(n):
            y[i, j] += std * normal[j]


@kernel
def box_muller(halves: Any, count: int, normal: Any) -> None:
    """Turn ``2 count`` uniform numbers u, v into normal ones: ``√(-2 log u)`` times ``cos 2πv`` and ``sin 2πv``."""
    one = normal[0]
    for j in range(count):
        u = (same(halves[j], one) + same(0.5, one)) * same(2.0**-32, one)
        angle = same(halves[count + j], one) * same(2 * np.pi * 2.0**-32, one)
        radius = np.sqrt(same(-2.0, one) * log(u))
        cosine, sine = cos_and_sin(angle)
        normal[j] = radius * cosine
        normal[count + j] = radius * sine


@kernel
def word_scratch(address: int, thread: int, length: int) -> Any:
    """Return a thread's own array of random words, ``(length,)``."""
    return vector(address, thread * length, (thread + 1) * length, np.uint64(1))
