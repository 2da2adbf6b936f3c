"""Do runs differ on the same test images? McNemar's test for each pair of them, in words.

run ──its test images──► which it gets right ──┐
run ──the same images──► which it gets right ──┴──► the images that only one gets right ──► p value
"""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import Labels
from glasswork.data import Split
from glasswork.data.dataset import fingerprint
from glasswork.data.kinds import noun
from glasswork.data.mapped import in_blocks
from glasswork.errors import GlassworkError
from glasswork.models.loaded import ModelFile
from glasswork.models.model_file import read_model_file
from glasswork.runs.data import data_of_run
from glasswork.runs.folder import RunFolder
from glasswork.statistics import Disagreement, interval_in_words, significant


def labels_given(read: ModelFile, images: NDArray[Any]) -> Labels:
    """Return the labels that a network gives to the images of a `Dataset`, ``(N,)``."""
    return np.concatenate([read.probabilities(block).argmax(axis=1) for block in in_blocks(images)])


def fingerprint_of_test(parts: Split) -> str:
    """Return the fingerprint of the test images, with their labels and classes, in their order."""
    test = parts.test
    return fingerprint([test.images, test.labels], parts.classes, parts.shape, parts.columns)


def differences_in_words(runs: Mapping[str, RunFolder]) -> list[str]:
    """Return, line by line, the confidence interval of each run's test accuracy, and which runs differ."""
    tested: dict[str, tuple[str, NDArray[np.bool_]]] = {}
    lines = []
    for name, run in runs.items():
        try:
            parts = data_of_run(run).parts
            right = labels_given(read_model_file(run.path), parts.test.images) == parts.test.labels
        except GlassworkError as error:
            lines.append(f"{name} could not be tested again: {error}")
            continue
        tested[name] = fingerprint_of_test(parts), right
        what = f"{right.sum():,} of {len(right):,} test {noun(parts.kind)}, {parts.division}"
        lines.append(f"{name}: {what}; 95 % confidence: {interval_in_words(int(right.sum()), len(right))}")
    pairs = [(one, two) for one, two in combinations(tested, 2) if tested[one][0] == tested[two][0]]
    found = [Disagreement.of(tested[one][1], tested[two][1]) for one, two in pairs]
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
