"""Parts: what the ink is made of, and which of it belongs to digits.

    ┌──────────┐         each connected part is kept, or dropped for a reason:
    │  ▄▄   ·  │         ·  a speck             ┌─┐  a frame around other parts
    │   ▄▀     │──────   ── a ruled line       ▐   at the picture's edge
    └──────────┘         ░  fainter than the rest of the ink

The parts that are kept are grouped into digits: the bar of a five belongs to the five below it, but two parts side by
side are two digits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from glasswork.data.photos.gaps import join_hairlines
from glasswork.data.photos.ink import BESIDE, Cover, Ink, Mask, stroke_width

#: Reasons to drop a part.
EDGE, FRAME, LINE, FAINT, SPECK = "at the picture's edge", "a frame", "a line", "too faint", "a speck"

#: A picture with more parts shows texture or print: only the largest are examined.
MOST_PARTS = 1000

#: Shares of the tallest part: a smaller part is a fragment of a digit, or a bar.
_FRAGMENT, _BAR = 0.45, 0.9

#: A fragment belongs to ink that is no farther from it than this many times its length ...
_REACH = 1.5

#: ... and than this share of the tallest part.
_FARTHEST = 0.4

#: The most frequent strength of ink is 1. A part whose strongest ink is weaker than this is a shadow, a fold or print
#: that shows through.
_FAINT_PART = 0.62


@dataclass(frozen=True)
class Part:
    """A connected part of the ink.

    Attributes
    ----------
    label : int
        Its number in the array of labels.
    box : (int, int, int, int)
        Left, top, right and bottom, in pixels of the ink; right and bottom lie just outside.
    area : int
        The number of its pixels.
    dropped : str
        Why it is not part of a digit; empty if it is.
    """

    label: int
    box: tuple[int, int, int, int]
    area: int
    dropped: str = ""

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        return self.box[2] - self.box[0]

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return self.box[3] - self.box[1]

    @property
    def extent(self) -> int:
        """The longer of width and height."""
        return max(self.width, self.height)


def find_parts(mask: Mask) -> tuple[NDArray[np.int32], list[Part]]:
    """Number the connected parts of the ink; the pieces of a broken hairline count as connected.

    Parameters
    ----------
    mask : (height, width) bool

    Returns
    -------
    labels : (height, width) int32
        The number of each pixel's part; 0 is the ground.
    parts : list of Part
        The largest first, ``MOST_PARTS`` of them at most.
    """
    labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
    labels = join_hairlines(labels, mask)
    areas = np.bincount(labels.reshape(-1), minlength=count + 1)
    boxes = ndimage.find_objects(labels)
    largest = np.argsort(areas[1:], kind="stable")[::-1][:MOST_PARTS] + 1
    parts = []
    for label in largest[areas[largest] > 0]:
        rows, columns = boxes[label - 1]
        parts.append(Part(int(label), (columns.start, rows.start, columns.stop, rows.stop), int(areas[label])))
    return labels, parts


def judge(labels: NDArray[np.int32], parts: list[Part], ink: Ink) -> list[Part]:
    """Record for each part why it cannot belong to a digit, if so.

    Parameters
    ----------
    labels : (height, width) int32
    parts : list of Part
    ink : Ink
        A photograph may have shadows, faint ink and dark ground.

    Returns
    -------
    list of Part
        The same parts, with ``dropped`` filled in.
    """
    parts = _drop(parts, EDGE, _at_edge(labels, parts))
    parts = _drop(parts, FRAME, _frames(labels, parts))
    if ink.dark_ground is not None:
        parts = _drop(parts, FRAME, lead_into(ink.dark_ground, labels, parts))
    if ink.photo:
        parts = _drop(parts, FAINT, _faint(labels, parts, ink.cover))
    parts = _drop(parts, LINE, {p.label for p in parts if _is_line(p, labels.shape)})
    return _drop(parts, SPECK, _specks(labels, parts))


def group(labels: NDArray[np.int32], parts: list[Part]) -> list[list[Part]]:
    """Group the parts that were kept into digits, in reading order.

    Parameters
    ----------
    labels : (height, width) int32
    parts : list of Part

    Returns
    -------
    list of list of Part
        Row after row, each from left to right.
    """
    kept = [part for part in parts if not part.dropped]
    if not kept:
        return []
    tallest = max(part.extent for part in kept)
    main = [part for part in kept if not _is_fragment(part, tallest)]
    groups: list[list[Part]] = []
    for part in main:
        for there in groups:
            if any(_one_digit(part, other) for other in there):
                there.append(part)
                break
        else:
            groups.append([part])
    for part in kept:
        if _is_fragment(part, tallest):
            nearest = min(groups, key=lambda there: min(_gap(part, other) for other in there))
            nearest.append(part)
    return _reading_order(groups)


def box_of(parts: list[Part]) -> tuple[int, int, int, int]:
    """Return the box around several parts: left, top, right, bottom."""
    boxes = np.array([part.box for part in parts])
    left, top = boxes[:, :2].min(axis=0)
    right, bottom = boxes[:, 2:].max(axis=0)
    return int(left), int(top), int(right), int(bottom)


# Reasons to drop a part -----------------------------------------------------------------------------


def _drop(parts: list[Part], reason: str, which: set[int]) -> list[Part]:
    return [replace(p, dropped=reason) if p.label in which and not p.dropped else p for p in parts]


def _candidates(parts: list[Part]) -> list[Part]:
    return [part for part in parts if not part.dropped]


def _at_edge(labels: NDArray[np.int32], parts: list[Part]) -> set[int]:
    """Return the parts that lead out of the picture: they touch the border widely, or other parts lie inside."""
    rim = min(2, max(1, min(labels.shape) // 100))
    count = int(labels.max()) + 1
    sides = labels[:rim], labels[-rim:], labels[:, :rim].T, labels[:, -rim:].T
    contact = np.zeros(count, np.int64)  # border pixels of each part
    for side in sides:
        for row in side:
            contact = np.maximum(contact, np.bincount(row, minlength=count))
    outer = [part for part in parts if contact[part.label]]
    largest = max((part.extent for part in parts if not contact[part.label]), default=0)
    return {
        part.label
        for part in outer
        if largest >= 0.3 * part.extent or contact[part.label] > 0.7 * min(part.width, part.height)
    }


def _frames(labels: NDArray[np.int32], parts: list[Part]) -> set[int]:
    """Return the parts around other parts, and empty boxes: they have ink along most of all four sides of a box."""
    found = set()
    candidates = _candidates(parts)
    for part in candidates:
        left, top, right, bottom = part.box
        if min(part.width, part.height) < 8 or part.area > 0.6 * part.width * part.height:
            continue
        own = labels[top:bottom, left:right] == part.label
        inside = [
            p
            for p in candidates
            if p.label != part.label
            and p.box[0] > left
            and p.box[1] > top
            and p.box[2] < right
            and p.box[3] < bottom
            and p.extent > 0.2 * min(part.width, part.height)
        ]
        if inside:
            filled = ndimage.binary_fill_holes(own)
            around = any(filled[(p.box[1] + p.box[3]) // 2 - top, (p.box[0] + p.box[2]) // 2 - left] for p in inside)
            if around and part.area < 0.5 * filled.sum():
                found.add(part.label)
                continue
        if _is_box(own):
            found.add(part.label)
    return found


def lead_into(ground: Mask, labels: NDArray[np.int32], parts: list[Part]) -> set[int]:
    """Return the parts that lead into dark ground along as many pixels as they are wide, as bars between windows do."""
    beside = labels[ndimage.binary_dilation(ground, iterations=BESIDE)]
    contact = np.bincount(beside, minlength=int(labels.max()) + 1)
    touching = [part for part in _candidates(parts) if contact[part.label]]
    return {p.label for p in touching if contact[p.label] > 0.7 * BESIDE * stroke_width(own_pixels(labels, p))}


def own_pixels(labels: NDArray[np.int32], part: Part) -> Mask:
    """Mark the pixels of a part in its box."""
    left, top, right, bottom = part.box
    return np.asarray(labels[top:bottom, left:right] == part.label)


def _is_box(own: Mask) -> bool:
    """Return whether ink runs along four straight sides."""
    high, wide = own.shape
    deep_y, deep_x = max(2, round(0.14 * high)), max(2, round(0.14 * wide))
    sides = own[:deep_y].any(0), own[-deep_y:].any(0), own[:, :deep_x].any(1), own[:, -deep_x:].any(1)
    return min(float(side.mean()) for side in sides) > 0.93


def _faint(labels: NDArray[np.int32], parts: list[Part], cover: Cover) -> set[int]:
    candidates = _candidates(parts)
    if not candidates:
        return set()
    peaks = {}
    for part in candidates[:200]:
        left, top, right, bottom = part.box
        own = labels[top:bottom, left:right] == part.label
        peaks[part.label] = float(np.quantile(cover[top:bottom, left:right][own], 0.9))
    strongest = max(peaks[p.label] for p in candidates[:5])
    return {label for label, peak in peaks.items() if peak < _FAINT_PART * strongest}


def _is_line(part: Part, shape: tuple[int, ...]) -> bool:
    """Return whether a part runs straight through most of the picture and is very narrow."""
    along = part.width > 0.8 * shape[1] and part.height < 0.12 * part.width
    down = part.height > 0.9 * shape[0] and part.width < 0.06 * part.height
    return along or down or part.width > 15 * part.height


def _is_fragment(part: Part, tallest: int) -> bool:
    """Return whether a part is too small for a digit, or is a bar such as that of a five."""
    bar = part.width > 1.5 * part.height and part.extent < _BAR * tallest and part.height < 0.5 * tallest
    return bar or part.extent < _FRAGMENT * tallest


def _specks(labels: NDArray[np.int32], parts: list[Part]) -> set[int]:
    """Return the small parts that belong to no digit: they are thinner than the pen, or far from all digits.

    Fragments join one after the other, so that a digit is put together again if the pen skipped.
    """
    candidates = _candidates(parts)
    if not candidates:
        return set()
    tallest = max(part.extent for part in candidates)
    found = [part for part in candidates if not _is_fragment(part, tallest)]
    width = stroke_width(np.isin(labels, [part.label for part in found]))
    loose = [part for part in candidates if _is_fragment(part, tallest) and part.area >= 0.5 * width**2]
    while True:
        joined = [
            part
            for part in loose
            if min(_gap(part, other) for other in found) <= min(_REACH * part.extent, _FARTHEST * tallest)
        ]
        if not joined:
            break
        found += joined
        loose = [part for part in loose if part not in joined]
    kept = {part.label for part in found}
    return {part.label for part in candidates if part.label not in kept}


# Grouping -------------------------------------------------------------------------------------------


def _gap(a: Part, b: Part) -> int:
    """Pixels between two boxes; 0 if they overlap."""
    across = max(a.box[0], b.box[0]) - min(a.box[2], b.box[2])
    down = max(a.box[1], b.box[1]) - min(a.box[3], b.box[3])
    return max(across, down, 0)


def _one_digit(a: Part, b: Part) -> bool:
    """Return whether two large parts are strokes of one digit: almost touching one above the other, or one inside."""
    shared_x = min(a.box[2], b.box[2]) - max(a.box[0], b.box[0])
    shared_y = min(a.box[3], b.box[3]) - max(a.box[1], b.box[1])
    over = shared_x > 0.6 * min(a.width, b.width)
    beside = shared_y > 0.6 * min(a.height, b.height)
    near = _gap(a, b) < 0.12 * max(a.height, b.height)
    small = min(a.extent, b.extent) < 0.75 * max(a.extent, b.extent)
    return (over and beside) or (over and near and small)


def _reading_order(groups: list[list[Part]]) -> list[list[Part]]:
    """Sort digits by rows, then from left to right; digits share a row if their middles are level."""
    boxes = {id(there): box_of(there) for there in groups}
    rows: list[list[list[Part]]] = []
    for there in sorted(groups, key=lambda g: boxes[id(g)][1] + boxes[id(g)][3]):
        _, top, _, bottom = boxes[id(there)]
        if rows:
            last = [boxes[id(g)] for g in rows[-1]]
            middle = float(np.mean([(box[1] + box[3]) / 2 for box in last]))
            height = float(np.mean([box[3] - box[1] for box in last]))
            if abs((top + bottom) / 2 - middle) < 0.5 * max(height, bottom - top):
                rows[-1].append(there)
                continue
        rows.append([there])
    return [there for row in rows for there in sorted(row, key=lambda g: boxes[id(g)][0])]
