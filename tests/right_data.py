"""Right data of many kinds, for a rule: a training on right data is never told that something is wrong with it.

``make findings`` trains three recipes on each, with three seeds. A network that learns nothing from images that are
hard to learn from may be told to scale them; anything else is a false finding.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from glasswork import Dataset, Run, load_dataset, named_recipe
from glasswork.training.health import LUCK

#: What may be said of images that differ little: it is true, and it helps.
ALLOWED = {"images-not-standardised"}

Made = tuple[Any, Any]
RNG = np.random.default_rng


def shapes(count: int, *, size: int = 12, classes: int = 3, moving: bool = False, seed: int = 0) -> Made:
    """White pictures of lines: upright, level, slanted; in one place each, or anywhere."""
    rng, labels = RNG(seed), RNG(seed + 1).integers(0, classes, count)
    images = rng.integers(0, 60, (count, size, size))
    for image, label in zip(images, labels, strict=True):
        at = rng.integers(1, size - 1) if moving else size // 2
        if label == 2:
            np.fill_diagonal(np.roll(image, at, axis=1), 0)
            image[np.arange(size), (np.arange(size) + at) % size] = 255
        else:
            image[(slice(None), at) if label == 0 else (at, slice(None))] = 255
    return images.astype(np.uint8), labels


def digits(high: int = 16) -> Made:
    from sklearn.datasets import load_digits

    found = load_digits()
    return (found.images * (high / 16)).astype(np.uint8), found.target


def imbalanced() -> Made:
    images, labels = shapes(600, classes=2)
    kept = (labels == 0) | (np.arange(600) % 10 == 0)
    return images[kept], labels[kept]


def weak_signal() -> Made:
    """Two classes of which not even the best rule tells more than about two thirds apart."""
    images, labels = shapes(500, classes=2)
    return images, np.where(RNG(2).random(500) < 0.33, 1 - labels, labels)


#: Arrays: what `Dataset.of` takes.
ARRAYS: dict[str, Callable[[], Made]] = {
    "digits, 0 to 255": lambda: digits(255),
    "digits, 0 to 16": digits,
    "black on white": lambda: (255 - shapes(400)[0], shapes(400)[1]),
    "two classes": lambda: shapes(300, classes=2),
    "lines anywhere": lambda: shapes(900, moving=True),
    "imbalanced": imbalanced,
    "weak signal": weak_signal,
    "noise in two strengths": lambda: (
        (RNG(0).random((600, 10, 10)) * np.where(np.arange(600) % 2, 255, 120)[:, None, None]).astype(np.uint8),
        np.arange(600) % 2,
    ),
    "tiny": lambda: shapes(36),
    "thirty": lambda: shapes(30, classes=2),
    "many classes": lambda: (
        (np.eye(40)[np.arange(800) % 40].reshape(800, 5, 8) * 200 + RNG(0).integers(0, 50, (800, 5, 8))).astype(
            np.uint8
        ),
        np.arange(800) % 40,
    ),
}


def fine_levels(folder: Path) -> None:
    """16-bit TIFF, dark and light."""
    for name, level in (("dark", 8_000), ("light", 15_000)):
        for k in range(80):
            pixels = (level + RNG(k).normal(0, 3_000, (16, 16))).clip(0, 65_535).astype(np.uint16)
            _save(folder / name / f"{k}.tif", pixels)


def coloured(folder: Path) -> None:
    """Red and green squares of one brightness, which grey cannot tell apart."""
    for name, colour in (("red", (200, 40, 60)), ("green", (40, 122, 60))):
        for k in range(400):
            rng = RNG(k)
            pixels = np.clip(np.array(colour) + rng.normal(0, 15, (12, 12, 1)), 0, 255).astype(np.uint8)
            _save(folder / name / f"{k}.png", pixels)


def shaded(folder: Path) -> None:
    """Colour pictures whose shapes tell the classes apart."""
    for k, (image, label) in enumerate(zip(*shapes(300), strict=True)):
        _save(folder / "abc"[label] / f"{k}.png", image[..., None] // np.array([1, 2, 3], np.uint8))


def table(name: str) -> Callable[[Path], None]:
    """A table of features with a column of labels, as scikit-learn has it."""

    def fill(folder: Path) -> None:
        import sklearn.datasets

        folder.mkdir(parents=True)
        frame = getattr(sklearn.datasets, f"load_{name}")(as_frame=True).frame
        frame.rename(columns={"target": "label"}).to_csv(folder / f"{name}.csv", index=False)

    return fill


#: Folders of pictures, and of tables.
FOLDERS: dict[str, Callable[[Path], None]] = {
    "wine": table("wine"),
    "breast cancer": table("breast_cancer"),
    "iris": table("iris"),
    "16-bit pictures": fine_levels,
    "colours alone": coloured,
    "colour pictures": shaded,
    "colours in three planes": coloured,
}


def told(name: str, run: Run, found: set[str]) -> set[str]:
    """Return which findings are false: not that a loss does not move, in a run that ends no better than by guessing."""
    chance = 100 * np.bincount(run.parts.test.labels).max() / len(run.parts.test)
    at_chance = run.test_accuracy is not None and run.test_accuracy < chance + LUCK * (100 - chance)
    true = {"loss-does-not-move"} if at_chance else set()
    return found - ALLOWED - true - ({"colours-needed"} if name == "colours alone" else set())


def _save(path: Path, pixels: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def load(name: str, folder: Path) -> Dataset:
    """Return right data by name; files are written into a folder."""
    if name in ARRAYS:
        return Dataset.of(*ARRAYS[name]())
    FOLDERS[name](folder)
    return load_dataset(str(folder), colour="rgb" if name.endswith("three planes") else "grey")


def findings_on(data: Dataset, recipe: str, seed: int, folder: Path, **settings: Any) -> tuple[Run, set[str]]:
    """Train a recipe; return the run, and the names of what was found."""
    asked = named_recipe(recipe).override({"seed": seed, "training.engine": "numpy", **settings})
    with Run(asked, folder, dataset=data) as run:
        for _ in run.epochs():
            pass
    return run, {finding.name for finding in run.findings}


def main() -> int:
    """Train everything, print a line each, and return how many false findings there were."""
    false = 0
    with tempfile.TemporaryDirectory() as temporary:
        for name in [*ARRAYS, *FOLDERS]:
            data = load(name, Path(temporary) / name)
            for recipe in ("classwork", "relu", "adam"):
                for seed in (1, 2, 3):
                    run, found = findings_on(data, recipe, seed, Path(temporary) / f"{name}-{recipe}-{seed}")
                    wrong = told(name, run, found)
                    false += len(wrong)
                    words = ", ".join(sorted(found)) or "nothing found"
                    print(
                        f"{name:24} {recipe:10} {seed}  {run.test_accuracy:6.2f} %  {words}{' FALSE' * bool(wrong)}",
                        flush=True,
                    )
                    for finding in run.findings if wrong else ():
                        print(f"    {finding.message}", flush=True)
    print(f"{false} false findings")
    return false


if __name__ == "__main__":
    sys.exit(main() > 0)
