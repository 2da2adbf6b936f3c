"""Datasets of OpenML, downloaded by scikit-learn; without a network, one clear error appears soon.

scikit-learn keeps downloaded datasets on disk, so a dataset is downloaded only once.
"""

from __future__ import annotations

import importlib.util
import os
import re
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import Images, Labels
from glasswork.data.dataset import Dataset
from glasswork.data.labels import check_lengths
from glasswork.data.origin import Pictures
from glasswork.data.sources.arrange import Asked
from glasswork.errors import FileError, InputError
from glasswork.features import Missing

#: Seconds to wait for a server that sends nothing.
SILENCE = 6.0

#: The alternative, for messages.
_INSTEAD = "the MNIST that comes with glasswork needs no network: load_mnist(), or --data mnist"


def load_openml(
    name: str = "mnist_784", *, version: int = 1, data_home: str | os.PathLike[str] | None = None
) -> tuple[Images, Labels]:
    """Download a dataset of images from OpenML, or read it from disk if it was downloaded before.

    Parameters
    ----------
    name : str
        Its name at openml.org, such as ``mnist_784`` or ``Fashion-MNIST``.
    version : int
        OpenML counts the versions of a dataset from 1.
    data_home : path, optional
        The folder where scikit-learn keeps downloads, ``~/scikit_learn_data`` by default.

    Returns
    -------
    images : (N, features) uint8
        One image per row, in OpenML's order.
    labels : (N,) int64
        From 0, in the order of the classes' names: for MNIST, the digits.

    Raises
    ------
    FileError
        If OpenML cannot be reached, stops answering, or sends something other than a dataset; or if
        ``data_home`` cannot be used.
    InputError
        If OpenML has no such dataset, its features are not pixels, or its labels are not classes.
    """
    dataset = openml_dataset(name, version=version, data_home=data_home)
    return dataset.images, dataset.labels


def openml_dataset(
    name: str,
    *,
    version: int = 1,
    data_home: str | os.PathLike[str] | None = None,
    data_range: tuple[float, float] | None = None,
    missing: Missing = "refuse",
) -> Dataset:
    """Return the same as a `Dataset`, with the names of its classes; features keep the names of their columns.

    ``data_range`` and ``missing`` are those of `glasswork.load_dataset`.
    """
    if not re.fullmatch(r"[\w.,()-]+", name):
        raise InputError(f"load_openml: expected the name of a dataset at openml.org, such as mnist_784, got {name!r}")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise InputError(f"load_openml: expected a version, counted from 1, got {version!r}")
    data, target, columns = _fetch(name, version, data_home)
    source = f"openml:{name}" + (f"@{version}" if version != 1 else "")
    try:
        values = data.toarray() if hasattr(data, "toarray") else data
        words = _to_words(target)
        check_lengths("Dataset", values, words)
        dataset = Dataset.of(
            values, words, columns=columns, data_range=data_range, missing=missing, name=name, source=source
        )
    except InputError as error:
        raise InputError(
            f"OpenML's {name} is not a dataset of images with classes: {error}; choose another one, or version"
        ) from error
    digits = dataset.shape == (28, 28) and dataset.classes == tuple("0123456789")
    pictures: Pictures = "digits" if digits else "as they are"
    origin = replace(dataset.origin, format="OpenML", recognised="its name", pictures=pictures)
    # Pixels have a place in their image, so their names, which differ between sources of one dataset, do not matter.
    return replace(dataset, origin=origin, columns=dataset.columns if dataset.kind == "features" else ())


def load(argument: str, asked: Asked) -> Dataset:
    """Load the dataset that follows ``openml:``."""
    name, version = parse_name(argument)
    return openml_dataset(name, version=version, data_range=asked.data_range, missing=asked.missing_features)


def parse_name(argument: str) -> tuple[str, int]:
    """Return the name and version of ``NAME`` or ``NAME@VERSION``."""
    name, at, version = argument.partition("@")
    if at and not version.isdecimal():
        raise InputError(f"openml: expected NAME or NAME@VERSION, such as mnist_784@1, got {argument!r}")
    return name, int(version) if at else 1


def _fetch(name: str, version: int, data_home: str | os.PathLike[str] | None) -> tuple[Any, Any, list[str]]:
    """Return the features, the target column and the names of the features, as scikit-learn returns them."""
    from sklearn.datasets import fetch_openml

    home = None if data_home is None else os.fspath(data_home)
    parser = "auto" if importlib.util.find_spec("pandas") else "liac-arff"  # pandas takes seconds instead of a minute
    with _impatience():
        try:
            bunch = fetch_openml(
                name,
                version=version,
                data_home=home,
                as_frame=False,
                parser=parser,
                # Let pandas find the types itself: as categories, numbers break scikit-learn 1.9 with pandas 3.1
                # (https://github.com/scikit-learn/scikit-learn/pull/34902).
                read_csv_kwargs={"dtype": None},
            )
        except MemoryError:
            raise
        except Exception as error:  # bad data can make a parser raise anything
            raise _explain(error, name, version, home) from error
    return bunch.data, bunch.target, bunch.feature_names


@contextmanager
def _impatience() -> Iterator[None]:
    """Context manager: a socket that is silent for ``SILENCE`` seconds fails, and requests are not repeated.

    scikit-learn tries again at least once, and most of its requests three times, whatever ``n_retries`` says; it
    warns before it does, and here that warning is an error. The time limit holds for new sockets of the whole
    process, and is restored on exit.
    """
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SILENCE)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", "A network error occurred")
            warnings.filterwarnings("ignore", "Invalid cache")  # a damaged file on disk is downloaded again
            warnings.filterwarnings("ignore", "Downloaded file")
            yield
    finally:
        socket.setdefaulttimeout(before)


def _explain(error: Exception, name: str, version: int, home: str | None) -> InputError | FileError:
    """Return the error to raise in place of an error from scikit-learn or its libraries."""
    chain: list[BaseException] = [error]
    while (earlier := chain[-1].__context__) is not None:
        chain.append(earlier)
    network = next((e for e in chain if isinstance(e, URLError | TimeoutError | ConnectionError | HTTPException)), None)
    status = network.code if isinstance(network, HTTPError) else None
    for answer in chain:
        if isinstance(answer, HTTPError):
            answer.close()
    if status in (404, 412) or type(error).__name__ == "OpenMLError":  # scikit-learn's name for "nothing found"
        return InputError(
            f"OpenML has no dataset {name!r} of version {version}; look its name and version up at openml.org; "
            f"{_INSTEAD}"
        )
    if network is not None:
        reason = getattr(network, "reason", None) or network
        return FileError(
            f"OpenML's {name} cannot be downloaded: openml.org cannot be reached or stopped answering ({reason}); "
            f"{_INSTEAD}"
        )
    first_line = (str(error).splitlines() or [""])[0][:200]
    return FileError(
        f"OpenML's {name} cannot be loaded: the download is damaged or is not a table of numbers, or it cannot be "
        f"stored on disk ({type(error).__name__}: {first_line}); delete {home or '~/scikit_learn_data'}/openml and try "
        f"again; {_INSTEAD}"
    )


def _to_words(target: Any) -> NDArray[np.str_]:
    """Return the target column as words: categories unchanged, whole numbers without a decimal point."""
    labels: NDArray[Any] = np.asarray(target, dtype=object)
    if labels.ndim != 1:
        raise InputError(f"labels: expected one target column, got labels of shape {labels.shape}")
    words: dict[Any, str] = {}
    for label in dict.fromkeys(labels.tolist()):
        if isinstance(label, str):
            words[label] = label.strip("'")  # ARFF allows '5' in quotes
        elif isinstance(label, int | float) and not isinstance(label, bool) and label == label // 1:
            words[label] = str(int(label))
        else:
            raise InputError(f"labels: expected words or whole numbers, got {label!r}")
    return np.array([words[label] for label in labels.tolist()], np.str_)
