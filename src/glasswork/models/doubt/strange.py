"""Random things that are not training images; the sceptic learns to tell the two apart.

figures   letters and shapes, drawn by unsteady hands
strokes   lines, corners, curves and arcs between random places; scribbles; dots; curls
pieces    two training images mixed together, or one that is mirrored, turned, or has an extra stroke or a hole
specks    from a few dots to dense noise
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from glasswork.models.doubt.paint import SIDE, Floats, paint
from glasswork.models.doubt.shapes import FIGURES, NEAR, Stroke

#: Strokes in a drawing, and points on each stroke.
_MOST, _STEPS = 4, 56

#: Shares of figures, strokes, pieces and specks.
_SHARES = (0.64, 0.24, 0.05, 0.07)

_ALONG = np.linspace(0, 1, _STEPS, dtype=np.float32)

#: How a hand departs from a stroke, as functions along it (moved, longer, bent, wavy), and the size of each effect.
_WAVES = np.stack([np.ones(_STEPS), _ALONG, *(np.sin(k * np.pi * _ALONG) for k in (0.5, 1, 2, 3))]).astype(np.float32)
_UNSTEADY = np.array([0.04, 0.06, 0.04, 0.04, 0.03, 0.02], np.float32)

#: Weights that turn four points into points along the broken line through them, or along their Bézier curve.
_BROKEN = np.maximum(0, 1 - np.abs(3 * _ALONG - np.arange(4)[:, np.newaxis])).astype(np.float32)
_CURVED = np.stack([(1 - _ALONG) ** (3 - k) * _ALONG**k * (1, 3, 3, 1)[k] for k in range(4)]).astype(np.float32)


def strange_things(images: Floats, n: int, rng: np.random.Generator) -> Floats:
    """Make random things that are not training images.

    Parameters
    ----------
    images : (m, 784) float32
        Training images, from 0 to 1, which pieces are made from.
    n : int
        The number of things.
    rng : Generator

    Returns
    -------
    (n, 784) float32
        0 is the ground, 1 is full ink; in random order.
    """
    figures, strokes, pieces = (int(share * n) for share in _SHARES[:3])
    return np.concatenate(
        [
            draw_figures(figures, rng),
            draw_strokes(strokes, rng),
            mash(images[rng.integers(0, len(images), pieces)], rng),
            make_specks(n - figures - strokes - pieces, rng),
        ]
    )


# Figures --------------------------------------------------------------------------------------------


def draw_figures(n: int, rng: np.random.Generator) -> Floats:
    """Draw figures from the table with an unsteady hand: bent, turned, slanted, stretched; (n, 784) float32."""
    which = _OFTEN[rng.integers(0, len(_OFTEN), n)]
    used = _USED[which]
    amount = rng.uniform(0.1, 1.1, (n, 1, 1)).astype(np.float32)
    bends = rng.standard_normal((2, n, _MOST, len(_WAVES)), np.float32) * (_UNSTEADY * amount)
    last = bends[:, np.arange(n), used.sum(axis=1) - 1][:, :, np.newaxis]
    bends = np.where(used[..., np.newaxis], bends, last)  # strokes that repeat the last one are bent in the same way
    x, y = _FIGURES[:, which] + bends @ _WAVES
    turn, slant, stretch = rng.normal(0, [[0.15], [0.2], [0.25]], (3, n)).astype(np.float32).reshape(3, n, 1, 1)
    x = x * np.exp(stretch) + y * slant
    return paint(np.stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)]), used, rng)


def _spread(stroke: Stroke) -> NDArray[np.float64]:
    """Return points at equal distances along a stroke: (2, steps)."""
    corners = np.array(stroke, float)
    along = np.concatenate([[0], np.hypot(*np.diff(corners, axis=0).T).cumsum()])
    places = np.linspace(0, along[-1], _STEPS)
    return np.stack([np.interp(places, along, corners[:, axis]) for axis in (0, 1)])


_FIGURES = np.array(
    [[_spread(figure[min(k, len(figure) - 1)]) for k in range(_MOST)] for figure in FIGURES.values()], np.float32
).transpose(2, 0, 1, 3)  # (2, figures, strokes, steps)
_USED = np.array([[k < len(figure) for k in range(_MOST)] for figure in FIGURES.values()])
_OFTEN = np.repeat(np.arange(len(FIGURES)), [3 if name in NEAR else 1 for name in FIGURES])


# Strokes --------------------------------------------------------------------------------------------


def draw_strokes(n: int, rng: np.random.Generator) -> Floats:
    """Draw strokes between random places, scribbles, dots and curls: (n, 784) float32."""
    kind = rng.random(n)
    scribble, dots, curl = kind < 0.2, (kind >= 0.5) & (kind < 0.75), kind >= 0.75
    corners = _corners(n, rng)
    free = scribble | dots
    corners[:, free] = rng.random((2, free.sum(), _MOST, 4))
    corners[:, scribble, 1:, 0] = corners[:, scribble, :-1, 3]  # the pen is not lifted
    form = rng.random((n, _MOST, 1))
    form[scribble] = rng.choice([0.65, 0.9], (scribble.sum(), 1, 1))
    start, end = corners[..., :1], corners[..., 3:]
    ends = start + (end - start) * np.linspace(0, 1, 4, dtype=np.float32)
    lines = np.where(form < 0.45, ends, corners)
    points = np.where(form < 0.7, lines @ _BROKEN, lines @ _CURVED)
    round_ = (rng.random((n, _MOST, 1)) < 0.25) & ~scribble[:, np.newaxis, np.newaxis]
    points = np.where(round_, _arcs(start, rng), points)
    points[:, dots] = np.repeat(corners[:, dots], _STEPS // 4, axis=-1)
    points[:, curl] = _curls(curl.sum(), rng)
    count = np.minimum(1 + (rng.random(n) ** 0.7 * _MOST).astype(int), _MOST)
    count[free] = rng.integers(2, _MOST + 1, free.sum())
    count[curl] = _MOST
    return paint(*_first(points, count), rng)


def _corners(n: int, rng: np.random.Generator) -> Floats:
    """Return four points for each stroke, chosen from a few places that the strokes of a drawing share."""
    free = rng.random((2, n, 6))
    on_grid = rng.integers(0, 4, (2, n, 6)) / 3
    places = np.where(rng.random((n, 1)) < 0.5, on_grid, free)
    chosen = (rng.random((n, _MOST, 4)) * rng.integers(2, 7, (n, 1, 1))).astype(int)
    corners = places[:, np.arange(n)[:, np.newaxis, np.newaxis], chosen]
    return np.asarray(corners + rng.normal(0, 0.03, corners.shape), np.float32)


def _arcs(centre: Floats, rng: np.random.Generator) -> Floats:
    """Return parts of ellipses around centres: (2, n, strokes, 1) to (2, n, strokes, steps)."""
    shape = centre.shape[1:]
    sweep = rng.uniform(0.8, 6.6, shape) * rng.choice([-1, 1], shape)
    angle = (rng.uniform(0, 2 * np.pi, shape) + sweep * _ALONG).astype(np.float32)
    radius = rng.uniform(0.12, 0.5, centre.shape).astype(np.float32)
    return np.asarray(centre + radius * np.stack([np.cos(angle), np.sin(angle)]), np.float32)


def _curls(n: int, rng: np.random.Generator) -> Floats:
    """Return spirals and rows of loops, each divided into consecutive strokes: (2, n, strokes, steps)."""
    shape = (n, 1, 1)
    along = (np.arange(_MOST)[:, np.newaxis] + _ALONG) / _MOST
    angle = rng.uniform(0, 2 * np.pi, shape) + rng.uniform(9, 24, shape) * rng.choice([-1, 1], shape) * along
    radius = rng.uniform(0.35, 0.5, (2, *shape)) * (0.15 + 0.85 * along)
    drift = rng.normal(0, 0.3, (2, *shape)) * along
    return np.asarray(drift + radius * np.stack([np.cos(angle), np.sin(angle)]), np.float32)


def _first(points: Floats, count: NDArray[np.int64]) -> tuple[Floats, NDArray[np.bool_]]:
    """Keep the first strokes of each drawing; the others repeat the last one and leave no ink."""
    each = np.arange(_MOST)
    kept = np.minimum(each, count[:, np.newaxis] - 1)
    return points[:, np.arange(len(count))[:, np.newaxis], kept], each < count[:, np.newaxis]


# Pieces and specks ----------------------------------------------------------------------------------


def mash(images: Floats, rng: np.random.Generator) -> Floats:
    """Turn right images into wrong ones, an eighth of them in each of eight ways: (n, 784) to (n, 784)."""
    n = len(images)
    one = images.reshape(n, SIDE, SIDE)
    other = one[rng.permutation(n)]
    cut = rng.integers(SIDE // 3, 2 * SIDE // 3, (n, 1, 1))
    right = np.arange(SIDE)
    down = right[:, np.newaxis]
    middle = rng.uniform(6, 22, (2, n, 1, 1))
    outside = np.hypot(down - middle[0], right - middle[1]) > rng.uniform(3, 6, (n, 1, 1))
    strokes = draw_strokes(n, rng).reshape(one.shape)
    ways = [
        np.where(down < cut, one, other),
        np.where(right < cut, one, other),
        np.maximum(one, other),
        one[:, :, ::-1],
        one[:, ::-1],
        one.swapaxes(1, 2),
        np.maximum(one, strokes),
        np.where(outside, one, 0),
    ]
    return np.stack([ways[k % len(ways)][k] for k in range(n)]).reshape(n, -1) if n else images


def make_specks(n: int, rng: np.random.Generator) -> Floats:
    """Scatter ink on three pixels up to most pixels; half of the images are smoothed, half stay within the box."""
    share = np.exp(rng.uniform(np.log(0.004), np.log(0.7), (n, 1, 1)))
    strength = rng.uniform(0.3, 1, (n, 1, 1))
    ink = np.where(rng.random((n, SIDE, SIDE)) < share, strength, 0).astype(np.float32)
    inside = np.zeros((SIDE, SIDE), np.float32)
    inside[4:-4, 4:-4] = 1
    ink[: n // 2] *= inside
    near = np.abs(np.subtract.outer(np.arange(SIDE), np.arange(SIDE)))
    blur = np.select([near == 0, near == 1], [0.5, 0.25], 0).astype(np.float32)
    ink[::2] = np.minimum(4 * (blur @ ink[::2] @ blur), 1)
    return ink.reshape(n, -1)
