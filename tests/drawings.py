"""Drawings of letters, shapes and scribbles to test with; they are other drawings than the sceptic learns from."""

import numpy as np

#: Letters that no digit looks like, as people draw them with a mouse: corner to corner.
LETTERS = {
    "A": [[(0.1, 1), (0.5, 0), (0.9, 1)], [(0.27, 0.58), (0.73, 0.58)]],
    "C": [[(0.95, 0.15), (0.6, 0), (0.25, 0.1), (0.05, 0.45), (0.15, 0.8), (0.5, 1), (0.9, 0.85)]],
    "E": [[(0, 0), (0, 1)], [(0, 0), (0.7, 0)], [(0, 0.5), (0.6, 0.5)], [(0, 1), (0.7, 1)]],
    "F": [[(0, 0), (0, 1)], [(0, 0), (0.7, 0)], [(0, 0.45), (0.55, 0.45)]],
    "H": [[(0, 0), (0, 1)], [(0.7, 0), (0.7, 1)], [(0, 0.5), (0.7, 0.5)]],
    "K": [[(0, 0), (0, 1)], [(0.65, 0), (0, 0.5), (0.7, 1)]],
    "M": [[(0, 1), (0, 0), (0.45, 0.7), (0.9, 0), (0.9, 1)]],
    "N": [[(0, 1), (0, 0), (0.75, 1), (0.75, 0)]],
    "P": [[(0, 1), (0, 0), (0.45, 0), (0.6, 0.12), (0.6, 0.38), (0.45, 0.5), (0, 0.5)]],
    "R": [[(0, 1), (0, 0), (0.45, 0), (0.6, 0.12), (0.6, 0.38), (0.45, 0.5), (0, 0.5)], [(0.2, 0.5), (0.65, 1)]],
    "T": [[(0, 0), (0.9, 0)], [(0.45, 0), (0.45, 1)]],
    "U": [[(0, 0), (0, 0.75), (0.2, 0.97), (0.5, 0.97), (0.7, 0.75), (0.7, 0)]],
    "V": [[(0, 0), (0.42, 1), (0.85, 0)]],
    "W": [[(0, 0), (0.25, 1), (0.5, 0.35), (0.75, 1), (1, 0)]],
    "X": [[(0, 0), (0.75, 1)], [(0.75, 0), (0, 1)]],
    "Y": [[(0, 0), (0.4, 0.48)], [(0.8, 0), (0.4, 0.48), (0.4, 1)]],
}

_ROUND = np.radians(np.arange(0, 361, 12))
SHAPES = {
    "square": [[(0.05, 0), (0.95, 0), (0.95, 0.9), (0.05, 0.9), (0.05, 0)]],
    "triangle": [[(0.5, 0.1), (0.05, 0.9), (0.95, 0.9), (0.5, 0.1)]],
    "plus": [[(0.5, 0), (0.5, 1)], [(0, 0.5), (1, 0.5)]],
    "heart": [np.stack([np.sin(_ROUND) ** 3, np.cos([1, 2, 3] * _ROUND[:, np.newaxis]) @ [-0.8, 0.3, 0.12]], axis=1)],
    "star": [[(0.5, 0), (0.8, 0.95), (0, 0.37), (1, 0.37), (0.2, 0.95), (0.5, 0)]],
    "arrow": [[(0, 0.5), (1, 0.5)], [(0.65, 0.2), (1, 0.5), (0.65, 0.8)]],
}  # fmt: skip


def kinds(each, seed):
    """Return drawings of each kind, by its name: lists of strokes, which are lists of points in board units, y down."""
    rng = np.random.default_rng(seed)
    letters = list(LETTERS.values())
    found = {"letter": [_by_hand(letters[k % len(letters)], rng) for k in range(4 * each)]}
    found |= {name: [_by_hand(strokes, rng) for _ in range(each)] for name, strokes in SHAPES.items()}
    found["curl"] = [_by_hand([_curl(rng)], rng) for _ in range(each)]
    found["word"] = [_by_hand(_word(letters, rng), rng) for _ in range(each)]
    found["scribble"] = [[rng.random((rng.integers(20, 60), 2))] for _ in range(each)]
    found["hatching"] = [[_hatching(rng)] for _ in range(each)]
    found["few points"] = [[rng.random((1, 2)) for _ in range(rng.integers(8, 13))] for _ in range(each)]
    return {name: [_on_board(strokes, rng) for strokes in drawings] for name, drawings in found.items()}


def noise(each, seed):
    """Return images of noise, dense and sparse: (n, 784) uint8."""
    rng = np.random.default_rng(seed)
    dense = rng.integers(0, 256, (each, 784))
    sparse = 255 * (rng.random((each, 784)) < rng.uniform(0.02, 0.2, (each, 1)))
    return np.concatenate([dense, sparse]).astype(np.uint8)


def painted(strokes, pen=1.95):
    """Paint strokes as the report page does: (784,) uint8."""
    if not strokes:
        return np.zeros(784, np.uint8)
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = (20 - pen) / max((high - low).max(), 0.04)
    boxed = [(np.asarray(stroke) - (low + high) / 2) * scale + 14 for stroke in strokes]
    ink = _ink(boxed, pen).astype(float)
    mass = np.array([ink.sum(axis=0), ink.sum(axis=1)]) @ np.arange(28) / ink.sum()
    return _ink([stroke + np.clip(14 - mass, -4, 4) for stroke in boxed], pen).reshape(-1)


def _ink(strokes, pen):
    """How much of each pixel a round pen covers: (28, 28) uint8."""
    places = np.stack(np.meshgrid(np.arange(28), np.arange(28)), axis=-1) + 0.5
    distance = np.full((28, 28), np.inf)
    for stroke in strokes:
        for start, end in zip(np.concatenate([stroke[:1], stroke]), stroke, strict=False):
            along = np.clip((places - start) @ (end - start) / max((end - start) @ (end - start), 1e-12), 0, 1)
            away = np.linalg.norm(places - start - along[..., np.newaxis] * (end - start), axis=-1)
            distance = np.minimum(distance, away)
    return np.rint(255 * np.clip(pen / 2 - distance + 0.5, 0, 1)).astype(np.uint8)


def _by_hand(strokes, rng):
    """Move each corner and each stroke a little; turn, slant and stretch the whole; in any order."""
    turn, slant, stretch = rng.normal(0, 0.08), rng.normal(0, 0.1), np.exp(rng.normal(0, 0.15))
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ [[stretch, slant], [0, 1]]
    moved = []
    for stroke in strokes:
        points = np.asarray(stroke, float)
        jitter = 0.02 if len(points) < 12 else 0.008
        moved.append((points + rng.normal(0, jitter, points.shape) + rng.normal(0, 0.015, 2)) @ matrix.T)
    rng.shuffle(moved)
    return moved


def _curl(rng):
    along = np.linspace(0, 1, 50)
    angle = rng.uniform(0, 6.3) + rng.choice([-1, 1]) * rng.uniform(14, 22) * along
    return (0.1 + 0.4 * along)[:, np.newaxis] * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _hatching(rng):
    count = rng.integers(10, 20)
    return np.stack([np.linspace(0, 1, count), np.arange(count) % 2 * rng.uniform(0.5, 1)], axis=1)


def _word(letters, rng):
    return [
        np.asarray(stroke, float) * (0.8, 1) + (1.1 * place, 0)
        for place in range(rng.integers(3, 6))
        for stroke in letters[rng.integers(len(letters))]
    ]


def _on_board(strokes, rng):
    """Put a drawing anywhere on the board, in any size."""
    points = np.concatenate(strokes)
    low, extent = points.min(axis=0), np.ptp(points, axis=0).max()
    size = rng.uniform(0.3, 0.85)
    corner = rng.uniform(0.02, 0.98 - size, 2)
    return [((stroke - low) / extent * size + corner).tolist() for stroke in strokes]


def as_others_write(each, seed):
    """Return drawings of digits that MNIST hardly has: (name, label, drawings), in board units, y down."""
    rng = np.random.default_rng(seed)
    kinds = {
        "9 with a hook": (9, _hooked_nine),
        "1 with a flag": (1, _flagged_one),
        "1 with a foot": (1, _footed_one),
        "0 with a slash": (0, _slashed_zero),
        "narrow 8": (8, _narrow_eight),
        "5 with a big belly": (5, _big_five),
    }
    for name, (label, draw) in kinds.items():
        yield name, label, [_on_board(_by_hand(draw(rng), rng), rng) for _ in range(each)]


def _oval(x, y, wide, high, start=0.0, end=360.0):
    """Points of an oval around (x, y), clockwise by the clock's degrees."""
    angle = np.radians(np.linspace(start, end, 25))
    return np.stack([x + wide * np.sin(angle), y - high * np.cos(angle)], axis=1)


def _hooked_nine(rng):
    wide, end = rng.uniform(0.2, 0.28), rng.uniform(0.38, 0.5)
    right = 0.5 + wide
    tail = [(right, 0.25), (right, 0.8), (right - 0.05, 0.93), (right - 0.2, 1), (right - end, rng.uniform(0.85, 0.95))]
    return [_oval(0.5, 0.27, wide, 0.25), np.array(tail)]


def _flagged_one(rng):
    out, down = rng.uniform(0.2, 0.35, 2)
    return [np.array([(0.6 - out, down), (0.6, 0), (0.6, 1)])]


def _footed_one(rng):
    foot = rng.uniform(0.15, 0.28)
    upright = _flagged_one(rng) if rng.random() < 0.6 else [np.array([(0.6, 0), (0.6, 1)])]
    return [*upright, np.array([(0.6 - foot, 1), (0.6 + foot, 1)])]


def _slashed_zero(rng):
    wide, long = rng.uniform(0.28, 0.38), rng.uniform(0.8, 1.15)
    slash = [(0.5 - wide * long, 0.5 + 0.45 * long), (0.5 + wide * long, 0.5 - 0.45 * long)]
    return [_oval(0.5, 0.5, wide, 0.5), np.array(slash)]


def _narrow_eight(rng):
    top, below = rng.uniform(0.1, 0.16), rng.uniform(0.11, 0.18)
    return [np.concatenate([_oval(0.5, 0.23, top, 0.23, 180, -180), _oval(0.5, 0.73, below, 0.27)])]


def _big_five(rng):
    wide, neck = rng.uniform(0.35, 0.48), rng.uniform(0.28, 0.38)
    left = 0.5 - 0.5 * wide
    belly = _oval(left, neck + (1 - neck) / 2, wide, (1 - neck) / 2, 0, 215)
    return [np.array([(left + rng.uniform(0.35, 0.5), 0), (left, 0), (left, neck)]), belly]
