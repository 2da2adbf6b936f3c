"""Do runs differ on the same test images? McNemar's test for each pair of them, in words.

run ──its test images──► which it gets right ──┐
run ──the same images──► which it gets right ──┴──► the images that only one gets right ──► p value
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import Labels
from glasswork.data import Split
from glasswork.data.kinds import noun
from glasswork.data.mapped import in_blocks
from glasswork.errors import GlassworkError
from glasswork.models.loaded import ModelFile
from glasswork.models.model_file import read_model_file
from glasswork.runs.data import data_of_run
from glasswork.runs.folder import RunFolder
from glasswork.statistics import Disagreement, interval_in_words, significant


@dataclass(frozen=True)
class Tested:
    """Which test images a run gets right, ``(N,)``, and the data that they are part of."""

    right: NDArray[np.bool_]
    parts: Split

    @classmethod
    def of(cls, run: RunFolder) -> "Tested":
        """Ask a run's network about its test images; raise a GlassworkError if either is missing."""
        parts = data_of_run(run).parts
        return cls(labels_given(read_model_file(run.path), parts.test.images) == parts.test.labels, parts)


def labels_given(read: ModelFile, images: NDArray[Any]) -> Labels:
    """Return the labels that a network gives to the images of a `Dataset`, ``(N,)``."""
    return np.concatenate([read.probabilities(block).argmax(axis=1) for block in in_blocks(images)])


def same_test_images(one: Split, two: Split) -> bool:
    """Return whether two divisions have the same test images, in the same order."""
    return (
        (one.classes, one.columns) == (two.classes, two.columns)
        and one.test.images.shape == two.test.images.shape
        and np.array_equal(one.test.labels, two.test.labels)
        and all(
            np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
            for a, b in zip(in_blocks(one.test.images), in_blocks(two.test.images), strict=True)
        )
    )


def differences_in_words(runs: Mapping[str, RunFolder]) -> list[str]:
    """Return, line by line, the confidence interval of each run's test accuracy, and which runs differ."""
    tested: dict[str, Tested] = {}
    lines = []
    for name, run in runs.items():
        try:
            one = tested[name] = Tested.of(run)
        except GlassworkError as error:
            lines.append(f"{name} could not be tested again: {error}")
            continue
        right, count = int(one.right.sum()), len(one.right)
        what = f"{right:,} of {count:,} test {noun(one.parts.kind)}, {one.parts.division}"
        lines.append(f"{name}: {what}; 95 % confidence: {interval_in_words(right, count)}")
    pairs = [
        (one, two) for one, two in combinations(tested, 2) if same_test_images(tested[one].parts, tested[two].parts)
    ]
    found = [Disagreement.of(tested[one].right, tested[two].right) for one, two in pairs]
    if pairs:
        corrected = f", Holm's correction for {len(pairs)} pairs" if len(pairs) > 1 else ""
        lines.append(f"On the same test images (McNemar's exact test{corrected}):")
    claims = significant([one.p_value for one in found])
    lines += [
        f"  {one.in_words(*pair, claimed=claimed)}" for pair, one, claimed in zip(pairs, found, claims, strict=True)
    ]
    if len(pairs) < len(tested) * (len(tested) - 1) // 2:
        lines.append("Runs that were tested on different images are not compared.")
    if pairs:
        lines.append("This compares these networks; to compare recipes, train each with several seeds.")
    return lines
