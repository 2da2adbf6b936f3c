"""What a student's file finds in place of the network and of plots.

``fetch_openml`` is answered from the embedded MNIST, in the types that scikit-learn gives: a DataFrame of int64 and a
categorical Series of strings, with all 70,000 images. The rest of scikit-learn is the real one.
"""

import functools
import importlib
import importlib.abc
import importlib.machinery
import re
import sys
from collections.abc import Iterator, MutableSequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: The number of mnist_784 at OpenML.
_OPENML_ID = 554

#: How many rounds the file's loop over epochs had, if it had all of them: the length of what it plots.
whole_rounds: list[int] = []

#: What matplotlib says of a curve whose two lists do not fit.
UNEQUAL = "x and y must have same first dimension"

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
        if name == "subplots":  # of a figure
            return lambda *args, **named: _subplots(*args, **named)[1]
        return _CHECKED.get(name, self)

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


def _plot(*args: Any, **_: Any) -> Silent:
    """Replace ``plot``: draw nothing, and refuse two lists of unequal length, as matplotlib does."""
    curve = [np.shape(values) for values in args[:2] if not isinstance(values, str | Silent)]
    if len(curve) == 2 and all(curve):
        lengths = {shape[0] for shape in curve}
        if len(lengths) == 2 and lengths & set(whole_rounds):
            raise ValueError(f"{UNEQUAL}, but have shapes {curve[0]} and {curve[1]}")
    return Silent()


def _imshow(picture: Any = None, *_: Any, **__: Any) -> Silent:
    """Replace ``imshow``: draw nothing, and refuse what matplotlib refuses to show as a picture."""
    shape = picture.shape if isinstance(picture, np.ndarray) else (1, 1)
    if len(shape) != 2 and not (len(shape) == 3 and shape[-1] in (1, 3, 4)):
        raise TypeError(f"Invalid shape {shape} for image data")
    return Silent()


def _subplots(nrows: int = 1, ncols: int = 1, *, squeeze: bool = True, **_: Any) -> tuple[Silent, Any]:
    """Stand for ``subplots``: a figure, and axes in an array of the shape that matplotlib gives it."""
    axes = np.empty((nrows, ncols), dtype=object)
    axes.fill(Silent())
    return Silent(), (axes.item() if axes.size == 1 else axes.squeeze()) if squeeze else axes


#: What looks at its arguments, although nothing is drawn.
_CHECKED = {"plot": _plot, "imshow": _imshow, "subplots": _subplots}


class _SilentModule(ModuleType):
    __path__: MutableSequence[str] = []  # noqa: RUF012

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if self.__name__ == "matplotlib.pyplot" and name not in _pyplot_names():
            raise AttributeError(f"module '{self.__name__}' has no attribute '{name}'", name=name, obj=self)
        if (self.__name__, name) == ("matplotlib", "pyplot"):  # from matplotlib import pyplot
            return importlib.import_module("matplotlib.pyplot")
        return _CHECKED.get(name, Silent())

    def __dir__(self) -> list[str]:
        return sorted(_pyplot_names())


@functools.cache
def _pyplot_names() -> frozenset[str]:
    """Return the names that matplotlib.pyplot has, read from its text: importing it takes long."""
    place = importlib.machinery.PathFinder.find_spec("matplotlib")
    folders = place.submodule_search_locations if place is not None else None
    text = Path(folders[0], "pyplot.py").read_text("utf-8") if folders else ""
    return frozenset(re.findall(r"\w+", text))


class _SilentFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds a silent module for every name below the given ones."""

    def __init__(self, *roots: str) -> None:
        self._roots = roots

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """Return a silent module's specification, or None."""
        if fullname.split(".", maxsplit=1)[0] in self._roots:
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
    """

    def __init__(self, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> None:
        self.images = images
        self.labels = labels
        self.fetched = 0

    def fetch_openml(self, name: Any = None, *, return_X_y: bool = False, as_frame: Any = "auto", **other: Any) -> Any:
        """Stand in for ``sklearn.datasets.fetch_openml``."""
        import pandas as pd
        from sklearn.utils import Bunch

        if other.get("data_id") != _OPENML_ID and str(name).lower() != "mnist_784":
            raise ValueError(f"No active dataset {name} found.")
        self.fetched += 1
        data = self.images.astype(np.int64)
        words = np.array([str(digit) for digit in range(10)], dtype=object)[self.labels]
        names = [f"pixel{column + 1}" for column in range(data.shape[1])]
        if as_frame in (True, "auto"):
            x: Any = pd.DataFrame(data, columns=names, copy=False)
            y: Any = pd.Series(pd.Categorical(words, categories=[str(d) for d in range(10)]), name="class")
        else:
            x, y = data, words
        if return_X_y:
            return x, y
        frame = pd.concat([x, y], axis=1) if as_frame in (True, "auto") else None
        return Bunch(data=x, target=y, frame=frame, feature_names=names, target_names=["class"], DESCR="", url="")

    def load_mnist(self) -> Any:
        """Stand in for ``glasswork.load_mnist``."""
        self.fetched += 1
        return self.images.copy(), self.labels.copy()

    def load_data(self, *_: Any, **__: Any) -> Any:
        """Stand in for ``keras.datasets.mnist.load_data``: whole images, as Keras gives them."""
        self.fetched += 1
        images, small = self.images.reshape(-1, 28, 28).copy(), self.labels.astype(np.uint8)
        return (images[:60000], small[:60000]), (images[60000:], small[60000:])


def install(mnist: Mnist) -> None:
    """Make ``import`` find the stand-ins."""
    import sklearn.datasets
    import sklearn.model_selection  # what every file asks for

    sklearn.datasets.fetch_openml = mnist.fetch_openml
    keras = {"load_data": mnist.load_data}
    for root in ("keras", "tensorflow.keras"):
        sys.modules[f"{root}.datasets.mnist"] = _module(f"{root}.datasets.mnist", keras)
        sys.modules[f"{root}.datasets"] = _module(f"{root}.datasets", {"mnist": sys.modules[f"{root}.datasets.mnist"]})
        sys.modules[root] = _module(root, {"datasets": sys.modules[f"{root}.datasets"]})
    sys.modules["tensorflow"] = _module("tensorflow", {"keras": sys.modules["tensorflow.keras"]})
    bar = {"tqdm": _tqdm, "trange": lambda *a, **_: range(*a)}
    for name in ("tqdm", "tqdm.auto", "tqdm.notebook"):
        sys.modules[name] = _module(name, bar)
    sys.meta_path.insert(0, _SilentFinder(*_SILENT))


def hide_glasswork(mnist: Mnist) -> None:
    """Make ``import`` find, in the place of glasswork, a package that loads the images and does nothing else."""
    for name in [name for name in sys.modules if name.split(".", maxsplit=1)[0] == "glasswork"]:
        del sys.modules[name]
    sys.meta_path.insert(0, _SilentFinder("glasswork"))
    vars(importlib.import_module("glasswork"))["load_mnist"] = mnist.load_mnist


def _tqdm(iterable: Any = (), *_: Any, **__: Any) -> Any:
    return iterable


def _module(name: str, members: dict[str, Any]) -> ModuleType:
    module = ModuleType(name)
    module.__path__ = []
    vars(module).update(members)
    return module
