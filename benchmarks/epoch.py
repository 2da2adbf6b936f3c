"""One epoch of the default run against one of the handout's listing, taking turns in one process.

python benchmarks/epoch.py [rounds]
"""

import datetime
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from glasswork import Run, named_recipe, normalize

sys.path.append(str(Path(__file__).parents[1] / "tests"))
import listing  # the handout's listing, transcribed plainly


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    recipe = named_recipe("classwork").override({"training.epochs": rounds + 1})
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder, Run(recipe, Path(folder) / "run") as run:
        X, y = normalize(run.parts.train.images, dtype=np.float64), run.parts.train.labels
        X_valid, y_valid = normalize(run.parts.valid.images, dtype=np.float64), run.parts.valid.labels
        model, criterion = listing.MLP(784, 50, 10), listing.loss_fn
        optimizer = listing.SGD(model.parameters(), model.gradients())
        for result in run.epochs():
            start = time.perf_counter()
            listing.train(model, listing.minibatch_generator(X, y, 100), optimizer, criterion)
            listing.valid(model, listing.minibatch_generator(X_valid, y_valid, 100), criterion)
            theirs.append(time.perf_counter() - start)
            ours.append(result.seconds)
    ratios = sorted(a / b for a, b in zip(ours[1:], theirs[1:], strict=True))
    print(f"{datetime.date.today()}, {platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}")
    print(f"epoch of the listing, float64: median {statistics.median(theirs[1:]):.3f} s")
    print(f"epoch of glasswork, float32:   median {statistics.median(ours[1:]):.3f} s")
    print(f"ratio: median {statistics.median(ratios):.3f}, {ratios[0]:.3f} to {ratios[-1]:.3f} in {rounds} rounds")


if __name__ == "__main__":
    main()
