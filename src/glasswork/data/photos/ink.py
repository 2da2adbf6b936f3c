"""Ink: how much of each pixel it covers.

    pixels, ground → 1 - pixel / ground in each channel → share of the ink's own colour, in every channel at once

The channel that shows the least ink decides how much a pixel is covered. Pale blue lines darken red but hardly blue, so
under black ink they count for little. Blue ink is measured in the channels that it darkens.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from glasswork.data.photos.ground import even_level, ground_of
from glasswork.data.photos.read import Pixels

#: (height, width) shares of full ink; about 1 in the middle of a stroke, 0 on the ground.
Cover: TypeAlias = NDArray[np.float32]
Mask: TypeAlias = NDArray[np.bool_]

#: Strokes are narrower than this share of the picture's shorter side.
_WIDEST_STROKE = 0.3

#: Ink is darker than the ground by at least this share of the ground's level.
_LEAST_DROP = 0.09

#: With more noise than this share of the ground's level, a picture is shrunk, which averages the noise away.
_GRAIN = 0.018


#: Distances at which the ground beside a stroke is measured, in pixels of a picture shrunk to about 120.
_APART = (3, 5, 8, 12)


#: Pixels from a part within which something is beside it.
BESIDE = 3


@dataclass(frozen=True, eq=False)
class Ink:
    """The ink of a picture.

    Attributes
    ----------
    cover : (height, width) float32
        Share of full ink.
    faint : float
        A pixel that is covered less than this is ground.
    clear : float
        A part is ink only if one of its pixels is covered at least this much.
    reduced : int
        One of these pixels stands for this many pixels of the picture, in each direction.
    photo : bool
        Whether the ground had to be estimated, so that shadows and faint marks may be left.
    dark_ground : (height, width) bool or None
        Ground that is as dark as the ink beside it. A part that leads into it is not a stroke.
    """

    cover: Cover
    faint: float
    clear: float
    reduced: int = 1
    photo: bool = True
    dark_ground: Mask | None = None

    def mask(self) -> Mask:
        """Mark the pixels that are ink: connected pixels above ``faint``, some of which are above ``clear``."""
        labels, count = ndimage.label(self.cover > self.faint, structure=np.ones((3, 3)))
        if not count:
            return np.zeros(self.cover.shape, bool)
        strong = np.zeros(count + 1, bool)
        strong[np.unique(labels[self.cover > self.clear])] = True
        strong[0] = False
        return np.asarray(strong[labels])


def ink_of(pixels: Pixels) -> Ink | None:
    """Find the ink of a picture.

    Parameters
    ----------
    pixels : (height, width, channels) float32
        Levels from 0 to 255.

    Returns
    -------
    Ink or None
        None if nothing stands out from the ground.
    """
    level = even_level(pixels)
    light = _is_light(pixels, level)
    if light:
        pixels = 255 - pixels
    if level is not None:
        return _on_even_ground(pixels, 255 - level if light else level)
    return _on_paper(pixels)


def _is_light(pixels: Pixels, level: NDArray[np.float32] | None) -> bool:
    """Return whether the ink is lighter than its ground, judged by the channel in which it differs most.

    Ink has ground on two opposite sides, at some distance and in some direction. The step of a shadow or of a sheet's
    edge has ground on one side only.
    """
    small = _reduced(pixels, max(1, min(pixels.shape[:2]) // 120))
    if level is not None:
        return float(max(((small - level) ** 3).sum(axis=(0, 1)), key=abs)) > 0
    channels = np.moveaxis(ndimage.gaussian_filter(small, (1, 1, 0), mode="nearest"), 2, 0)
    return max((_stands_out(channel) - _stands_out(-channel) for channel in channels), key=abs) > 0


def _stands_out(channel: NDArray[np.float32]) -> float:
    """Return how much lighter pixels are than the pixels on two opposite sides of them, as a sum of cubes."""
    rows, columns = channel.shape
    total = 0.0
    for far in _APART:
        padded = np.pad(channel, far, mode="edge")
        aslant = round(far * 0.7)
        lighter = np.zeros_like(channel)
        for down, right in ((0, far), (far, 0), (aslant, aslant), (aslant, -aslant)):
            one, other = (
                padded[far + y : far + y + rows, far + x : far + x + columns]
                for y, x in ((down, right), (-down, -right))
            )
            lighter = np.maximum(lighter, channel - np.maximum(one, other))
        total += float((lighter**3).sum())
    return total


def _on_even_ground(pixels: Pixels, level: NDArray[np.float32]) -> Ink | None:
    """Find ink that was drawn or scanned on one even level: nothing has to be estimated, and nothing is lost."""
    darker = np.maximum(level - pixels, 0)
    channel = int(darker.max(axis=(0, 1)).argmax())
    strength = darker[:, :, channel]
    if strength.max() < _LEAST_DROP * 255:
        return None
    full = float(np.quantile(strength[strength > 0.1 * strength.max()], 0.9))
    ripples = np.count_nonzero((strength > 0) & (strength < 0.1 * full)) > 0.5 * np.count_nonzero(strength > 0.5 * full)
    share = full / 255
    return Ink(strength / 255, (0.15 if ripples else 0.02) * share, 0.3 * share, photo=False)


def _on_paper(pixels: Pixels) -> Ink | None:
    """Find ink on unevenly lit paper: the second estimate of the ground uses a window that fits the strokes."""
    times = 2 if min(pixels.shape[:2]) >= 8 * 28 else 1
    coarse = _reduced(pixels, times)
    widest = int(_WIDEST_STROKE * min(coarse.shape[:2]))
    cover, noise = _cover(coarse, widest)
    if cover is None:
        return None
    reduced = times if noise > _GRAIN else 1
    window = min(3 * stroke_width(cover > 0.5) + 4, widest) * times / reduced
    pixels = _reduced(pixels, reduced)
    fine, _ = _cover(pixels, int(window))
    return None if fine is None else Ink(fine, 0.3, 0.5, reduced, dark_ground=_dark_ground(pixels, fine))


def _dark_ground(pixels: Pixels, cover: Cover) -> Mask:
    """Mark ground that is as dark as the ink beside it, such as a wide frame into which a bar leads."""
    grey = pixels.mean(axis=2)
    near = 4 * BESIDE + 1
    ink = ndimage.minimum_filter(np.where(cover > 0.5, grey, 255), near)
    paper = ndimage.maximum_filter(grey, 2 * near)
    return np.asarray((cover < 0.3) & (grey < ink + 0.25 * (paper - ink)))


def _cover(pixels: Pixels, window: int) -> tuple[Cover | None, float]:
    """Return the share of full ink in each pixel, or None if nothing is dark enough, and the noise of the ground."""
    smooth = ndimage.gaussian_filter(pixels, (0.8, 0.8, 0)) if min(pixels.shape[:2]) > 56 else pixels
    drop = 1 - smooth / np.maximum(ground_of(smooth, window), 12)
    sample = drop[::3, ::3]
    middle = np.median(sample, axis=(0, 1))  # the result of a closing lies a little above the grain of the paper
    noise = 1.4826 * float(np.median(np.abs(sample - middle), axis=(0, 1)).max())
    drop -= middle
    darkest = functools.reduce(np.maximum, np.moveaxis(drop, 2, 0))
    dark = darkest[darkest > max(_LEAST_DROP, 5 * noise)]
    if not dark.size:
        return None, noise
    colour = np.median(drop[darkest > 0.7 * np.quantile(dark, 0.95)], axis=0)
    shown = [drop[:, :, c] / colour[c] for c in range(len(colour)) if colour[c] > 0.5 * colour.max()]
    return functools.reduce(np.minimum, shown), noise


def _reduced(pixels: Pixels, times: int) -> Pixels:
    """Replace each square of ``times`` × ``times`` pixels by its mean; the remainder at the edge is dropped."""
    if times == 1:
        return pixels
    rows, columns = pixels.shape[0] // times, pixels.shape[1] // times
    total = sum(
        pixels[y : rows * times : times, x : columns * times : times] for y in range(times) for x in range(times)
    )
    return np.asarray(total / times**2, np.float32)


def stroke_width(mask: Mask) -> float:
    """Return the width of the strokes in pixels: in a strip of width w, mean squared depth / mean depth is w / 3."""
    if not mask.any():
        return 0.0
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    drawn = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    depth = ndimage.distance_transform_edt(np.pad(drawn, 1))
    return float(3 * (depth**2).sum() / depth.sum())
