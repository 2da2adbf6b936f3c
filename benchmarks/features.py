"""Test accuracy on tables of features, against scikit-learn's MLPClassifier with StandardScaler: ``make features``.

    the same rows, network, optimiser, batches and epochs ──► 10 random splits ──► accuracies, split by split

Writes benchmarks/features.md. Both scale each column by its mean and standard deviation over the training rows.
"""

import math
import os
import platform
import statistics
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import sklearn
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from glasswork import MLP, Adam, CrossEntropyLoss, Dataset, ReLU, __version__, fit

SPLITS, HIDDEN, EPOCHS, BATCH, RATE = 10, 50, 200, 100, 0.002
DATA = {"wine": load_wine, "breast cancer": load_breast_cancer, "digits": load_digits}
WRITTEN = Path(__file__).with_suffix(".md")


def main() -> None:
    lines = [
        "# Tables of features: accuracy beside scikit-learn's",
        "",
        f"`make features`: {SPLITS} random splits, stratified, 70 % for training. Both networks have {HIDDEN} ReLU",
        f"neurons and cross-entropy; both are trained with Adam at {RATE:g} for {EPOCHS} epochs in batches of {BATCH},",
        "without a penalty on weights. The difference is glasswork's accuracy minus scikit-learn's on the same split;",
        "± is two standard errors of the mean.",
        "",
        "| data | rows × columns | scikit-learn | glasswork | difference, in points |",
        "|---|---|--:|--:|--:|",
        *(row(name, *load(return_X_y=True)) for name, load in DATA.items()),
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, NumPy {np.__version__}, scikit-learn {sklearn.__version__}, glasswork "
        f"{__version__}",
    ]
    WRITTEN.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(WRITTEN.read_text(encoding="utf-8"))


def row(name: str, x: NDArray[np.float64], y: NDArray[np.int64]) -> str:
    accuracies = {who: [] for who in (with_sklearn, with_glasswork)}
    for seed in range(SPLITS):
        parts = train_test_split(x, y, test_size=0.3, stratify=y, random_state=seed)
        for who, found in accuracies.items():
            found.append(100 * accuracy(who, *parts, seed))
    theirs, ours = accuracies.values()
    differences = [a - b for a, b in zip(ours, theirs, strict=True)]
    return f"| {name} | {x.shape[0]:,} × {x.shape[1]} | {mean(theirs)} | {mean(ours)} | {mean(differences, '+')} |"


def accuracy(who: Callable, x: NDArray, x_test: NDArray, y: NDArray, y_test: NDArray, seed: int) -> float:
    return float(np.mean(who(x, y, x_test, seed) == y_test))


def mean(values: list[float], sign: str = "") -> str:
    error = 2 * statistics.stdev(values) / math.sqrt(len(values))
    return f"{statistics.mean(values):{sign}.2f} ± {error:.2f}"


def with_sklearn(x: NDArray, y: NDArray, x_test: NDArray, seed: int) -> NDArray:
    network = MLPClassifier(
        (HIDDEN,), alpha=0, learning_rate_init=RATE, batch_size=BATCH, max_iter=EPOCHS, n_iter_no_change=EPOCHS,
        random_state=seed,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is the same for both
        return make_pipeline(StandardScaler(), network).fit(x, y).predict(x_test)


def with_glasswork(x: NDArray, y: NDArray, x_test: NDArray, seed: int) -> NDArray:
    train = Dataset.of(x, y, kind="features")  # `fit` takes it in batches of 100
    model = MLP(x.shape[1], [HIDDEN], len(np.unique(y)), activation=ReLU, output_activation=None, seed=seed)
    optimizer = Adam(model.parameters(), model.gradients(), lr=RATE)
    for _ in fit(model, train, train, optimizer, CrossEntropyLoss(), epochs=EPOCHS):
        pass
    return model.predict(x_test)


if __name__ == "__main__":
    main()
