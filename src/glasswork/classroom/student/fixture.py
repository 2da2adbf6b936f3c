"""What a student's file finds in place of the network, of plots and of slow libraries.

``fetch_openml`` is answered from the embedded MNIST, in the types that scikit-learn gives: a DataFrame of int64 and a
categorical Series of strings. All 70,000 images are there; of each, unless the file needs whole images, every fourth
pixel in both directions: the checks of sections 1 and 2 ask for rows, ranges and pairs, not for pictures.
"""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import math
import sys
from collections.abc import Callable, Iterator, MutableSequence
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: The pixels that a thin image keeps, and the width of a whole one.
THIN = (np.arange(2, 28, 4)[:, None] * 28 + np.arange(2, 28, 4)).ravel()
WHOLE = np.arange(784)

#: Libraries that draw or show progress, or that belong to a hosted notebook: they do nothing here.
_SILENT = ("matplotlib", "seaborn", "plotly", "IPython", "google", "ipywidgets", "pylab", "mpl_toolkits")


class Silent:
    """Stands for whatever a plotting library returns: it accepts everything and does nothing."""

    def __call__(self, *_: Any, **__: Any) -> "Silent":
        """Do nothing."""
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, _: Any) -> "Silent":
        return self

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def __iter__(self) -> Iterator["Silent"]:
        return iter([self] * 100)

    def __enter__(self) -> "Silent":
        return self

    def __exit__(self, *_: object) -> None:
        pass


class _SilentModule(ModuleType):
    __path__: MutableSequence[str] = []  # noqa: RUF012

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name == "subplots":
            return lambda *_, **__: (Silent(), Silent())
        return Silent()


class _SilentFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds a silent module for every name below the given ones."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """Return a silent module's specification, or None."""
        if fullname.split(".", maxsplit=1)[0] in _SILENT:
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _SilentModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


class Mnist:
    """The embedded images as a student's file finds them.

    Parameters
    ----------
    images : (N, 784) uint8
    labels : (N,) int64
    columns : (K,) int
        The pixels that each image keeps.
    """

    def __init__(self, images: NDArray[np.uint8], labels: NDArray[np.int64], columns: NDArray[np.int64] = THIN) -> None:
        self.images = images
        self.pixels: NDArray[np.uint8] = images if columns is WHOLE else np.ascontiguousarray(images[:, columns])
        self.labels = labels
        self.columns = columns
        self.fetched = 0
        self.codes: dict[bytes, int] = {}

    def fetch_openml(self, name: Any = None, *, return_X_y: bool = False, as_frame: Any = "auto", **_: Any) -> Any:
        """Stand in for ``sklearn.datasets.fetch_openml``."""
        import pandas as pd

        self.fetched += 1
        data = self.pixels.astype(np.int64)
        words = np.array([str(digit) for digit in range(10)], dtype=object)[self.labels]
        names = [f"pixel{column + 1}" for column in self.columns]
        if as_frame in (True, "auto"):
            x: Any = pd.DataFrame(data, columns=names, copy=False)
            y: Any = pd.Series(pd.Categorical(words, categories=[str(d) for d in range(10)]), name="class")
        else:
            x, y = data, words
        if return_X_y:
            return x, y
        frame = pd.concat([x, y], axis=1) if as_frame in (True, "auto") else None
        return Bunch(data=x, target=y, frame=frame, feature_names=names, target_names=["class"], DESCR="", url="")

    def load_data(self, *_: Any, **__: Any) -> Any:
        """Stand in for ``keras.datasets.mnist.load_data``: whole images, as Keras gives them."""
        from glasswork.data.sources.embedded import load_mnist

        self.fetched += 1
        images, labels = load_mnist()
        images, small = images.reshape(-1, 28, 28), labels.astype(np.uint8)
        return (images[:60000], small[:60000]), (images[60000:], small[60000:])


class Bunch(dict[str, Any]):
    """A dictionary whose keys are attributes as well, as scikit-learn returns it."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def train_test_split(
    *arrays: Any,
    test_size: Any = None,
    train_size: Any = None,
    random_state: Any = None,
    shuffle: bool = True,
    stratify: Any = None,
) -> list[Any]:
    """Stand in for ``sklearn.model_selection.train_test_split``, which takes seconds to import."""
    if not arrays:
        raise ValueError("At least one array required as input")
    count = len(arrays[0])
    if any(len(array) != count for array in arrays):
        raise ValueError(f"Found input variables with inconsistent numbers of samples: {[len(a) for a in arrays]}")

    def rows(size: Any, rounded: Callable[[float], int], name: str) -> int:
        if isinstance(size, float | np.floating):
            if not 0 < size < 1:
                raise ValueError(f"The {name}={size} should be either positive and smaller than the number of samples")
            return rounded(float(size) * count)
        if not isinstance(size, int | np.integer) or isinstance(size, bool) or not 0 < size < count:
            raise ValueError(f"{name}={size!r} should be a number of the {count} samples or a fraction of them")
        return int(size)

    if test_size is None:
        test_size = 0.25 if train_size is None else None
    tests = rows(test_size, math.ceil, "test_size") if test_size is not None else -1
    trains = rows(train_size, math.floor, "train_size") if train_size is not None else count - tests
    tests = count - trains if tests < 0 else tests
    if trains + tests > count:
        raise ValueError(f"The sum of train_size and test_size = {trains + tests} should be smaller than {count}")
    if not shuffle:
        train, test = np.arange(trains), np.arange(trains, trains + tests)
    else:
        state = random_state if isinstance(random_state, np.random.RandomState) else None
        random = state or (np.random if random_state is None else np.random.RandomState(random_state))
        order = random.permutation(count)
        if stratify is not None:
            order = _interleaved(np.asarray(stratify), order)
        test, train = order[:tests], order[tests : tests + trains]
        if stratify is not None:  # interleaved by class: give the rows back in random order
            test, train = random.permutation(test), random.permutation(train)
    return [
        array.iloc[part] if hasattr(array, "iloc") else _take(array, part) for array in arrays for part in (train, test)
    ]


def _take(array: Any, rows: Any) -> Any:
    return [array[i] for i in rows] if isinstance(array, list | tuple) else array[rows]


def _interleaved(classes: NDArray[Any], order: NDArray[Any]) -> NDArray[Any]:
    """Order rows so that every stretch holds the classes in their proportions."""
    _, codes = np.unique(classes[order].astype(str), return_inverse=True)
    position = np.empty(len(order))
    for code in range(codes.max() + 1):
        members = np.flatnonzero(codes == code)
        position[members] = (np.arange(len(members)) + 0.5) / len(members)
    return np.asarray(order[np.argsort(position, kind="stable")])


def install(mnist: Mnist) -> None:
    """Make ``import`` find the stand-ins."""
    sys.modules["sklearn.datasets"] = _StandIn("sklearn.datasets", {"fetch_openml": mnist.fetch_openml})
    members = {"train_test_split": train_test_split}
    sys.modules["sklearn.model_selection"] = _StandIn("sklearn.model_selection", members)
    keras = {"load_data": mnist.load_data}
    for root in ("keras", "tensorflow.keras"):
        sys.modules[f"{root}.datasets.mnist"] = _module(f"{root}.datasets.mnist", keras)
        sys.modules[f"{root}.datasets"] = _module(f"{root}.datasets", {"mnist": sys.modules[f"{root}.datasets.mnist"]})
        sys.modules[root] = _module(root, {"datasets": sys.modules[f"{root}.datasets"]})
    sys.modules["tensorflow"] = _module("tensorflow", {"keras": sys.modules["tensorflow.keras"]})
    bar = {"tqdm": _tqdm, "trange": lambda *a, **_: range(*a)}
    for name in ("tqdm", "tqdm.auto", "tqdm.notebook"):
        sys.modules[name] = _module(name, bar)
    sys.meta_path.insert(0, _SilentFinder())


def _tqdm(iterable: Any = (), *_: Any, **__: Any) -> Any:
    return iterable


def _module(name: str, members: dict[str, Any]) -> ModuleType:
    module = ModuleType(name)
    module.__path__ = []
    vars(module).update(members)
    return module


class _StandIn(ModuleType):
    """A module that has its stand-ins at once and loads the real one when anything else is asked of it."""

    def __init__(self, name: str, members: dict[str, Any]) -> None:
        super().__init__(name)
        self.__path__: list[str] = []
        vars(self).update(members)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        own = self.__name__
        stand_in = sys.modules.pop(own)
        try:
            real = importlib.import_module(own)
        finally:
            sys.modules[own] = stand_in
        return getattr(real, name)
