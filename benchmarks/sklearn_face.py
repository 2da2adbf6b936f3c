"""The estimators of glasswork.sklearn beside scikit-learn's own: accuracy, speed with one thread, time to import.

    the same arguments, rows and random_state ──► both, in turns ──► accuracies and seconds, pair by pair

Prints a table and writes it to benchmarks/sklearn_face.md. Run it on a quiet machine: python benchmarks/sklearn_face.py
"""

import math
import os
import platform
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import sklearn
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier as Theirs
from sklearn.preprocessing import StandardScaler

from glasswork import __version__, load_mnist
from glasswork.sklearn import MLPClassifier as Ours

SEEDS, ROUNDS = 10, 7
THREADS = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
KERNELS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
DATA = {"iris": load_iris, "wine": load_wine, "breast cancer": load_breast_cancer, "digits": load_digits}
WRITTEN = Path(__file__).with_suffix(".md")


def main() -> None:
    if not THREADS.items() <= os.environ.items() or set(KERNELS) & os.environ.keys():  # BLAS reads them when it loads
        kept = {name: value for name, value in os.environ.items() if name not in KERNELS}
        os.execve(sys.executable, [sys.executable, *sys.argv], kept | THREADS)
    warnings.simplefilter("ignore")
    load = os.getloadavg()[0]
    lines = [
        "# The estimators beside scikit-learn's MLPClassifier",
        "",
        f"Accuracy: default arguments but `max_iter=300`, {SEEDS} random splits, a quarter for testing, columns scaled",
        "by `StandardScaler`, the same `random_state`. The difference is ours minus theirs, split by split; ± is two",
        "standard errors of the mean.",
        "",
        "| data | rows × columns | scikit-learn | glasswork | difference, in points |",
        "|---|---|--:|--:|--:|",
        *(accuracy(name, *load_data(return_X_y=True)) for name, load_data in DATA.items()),
        "",
        f"Speed: seconds of CPU time for a fit with one thread and a fixed number of epochs, medians of {ROUNDS}",
        "rounds in turns; the ratio is theirs divided by ours, the median of the rounds with their range.",
        "",
        "| data | dtype | epochs | engine | scikit-learn | glasswork | ratio | aim |",
        "|---|---|--:|---|--:|--:|--:|--:|",
        *speeds(),
        "",
        imports(),
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores, load {load:.1f} at the start and "
        f"{os.getloadavg()[0]:.1f} at the end, Python {platform.python_version()}, NumPy {np.__version__}, "
        f"scikit-learn {sklearn.__version__}, glasswork {__version__}; neither of `OPENBLAS_CORETYPE` and "
        "`OPENBLAS_L2_SIZE` was set",
    ]
    WRITTEN.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(WRITTEN.read_text(encoding="utf-8"))


def accuracy(name: str, x: np.ndarray, y: np.ndarray) -> str:
    found: dict[type, list[float]] = {Theirs: [], Ours: []}
    for seed in range(SEEDS):
        x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.25, stratify=y, random_state=seed)
        scaler = StandardScaler().fit(x_train)
        for kind, accuracies in found.items():
            model = kind(max_iter=300, random_state=seed).fit(scaler.transform(x_train), y_train)
            accuracies.append(100 * model.score(scaler.transform(x_test), y_test))
    theirs, ours = found.values()
    difference = [a - b for a, b in zip(ours, theirs, strict=True)]
    return f"| {name} | {x.shape[0]:,} × {x.shape[1]} | {mean(theirs)} | {mean(ours)} | {mean(difference, '+')} |"


def mean(values: list[float], sign: str = "") -> str:
    return f"{statistics.mean(values):{sign}.2f} ± {2 * statistics.stdev(values) / math.sqrt(len(values)):.2f}"


def speeds() -> list[str]:
    digits, labels = load_digits(return_X_y=True)
    images, numbers = load_mnist()
    return [
        speed("digits", digits / 16, labels, "float64", 100, "numpy", 1.2),
        speed("digits", digits / 16, labels, "float32", 100, "numpy", 1.5),
        speed("MNIST, 60,000 images", images[:60_000] / 255, numbers[:60_000], "float32", 3, "compiled", 2.5),
    ]


def speed(name: str, x: np.ndarray, y: np.ndarray, dtype: str, epochs: int, engine: str, aim: float) -> str:
    x = x.astype(dtype)
    same = {"max_iter": epochs, "n_iter_no_change": epochs, "random_state": 0}
    makers: list[Callable] = [lambda: Theirs(**same), lambda: Ours(engine=engine, threads=1, **same)]
    for make in makers:
        make().set_params(max_iter=1).fit(x, y)
    rounds = [[seconds(make(), x, y) for make in makers] for _ in range(ROUNDS)]
    theirs, ours = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratios = sorted(a / b for a, b in rounds)
    span = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
    return f"| {name} | {dtype} | {epochs} | {engine} | {theirs:.2f} | {ours:.2f} | {span} | {aim} |"


def seconds(model: object, x: np.ndarray, y: np.ndarray) -> float:
    start = time.process_time()
    model.fit(x, y)
    return time.process_time() - start


def imports() -> str:
    """Return how long the two modules take to import, each in processes of its own."""
    program = "import time; start = time.process_time(); import {}; print(time.process_time() - start)"
    found: dict[str, list[float]] = {"glasswork.sklearn": [], "sklearn.neural_network": []}
    for _ in range(ROUNDS):
        for module, times in found.items():
            printed = subprocess.run([sys.executable, "-c", program.format(module)], capture_output=True, check=True)
            times.append(float(printed.stdout))
    ours, theirs = map(statistics.median, found.values())
    return (
        f"Import: {ours:.2f} s of CPU time, {ours / theirs:.2f} of `import sklearn.neural_network` (aim: at most 1.2)."
    )


if __name__ == "__main__":
    main()
