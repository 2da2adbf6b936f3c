"""Datasets of OpenML, over the network, through scikit-learn; where there is no network, one clear error, soon.

scikit-learn keeps what it has fetched on disk, so that a dataset is downloaded once. It sets no limit on
the time that a server may take, and asks again, up to eight times, when one fails: here each address is
asked once, and a server that shows no sign of life is given up after ``SILENCE`` seconds.
"""

import contextlib
import importlib.util
import os
import re
import threading
import urllib.request
import warnings
from collections.abc import Iterator
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import OpenerDirector, Request

import numpy as np
from numpy.typing import NDArray

from glasswork.arrays import Images, Labels
from glasswork.errors import FileError, GlassworkError, InputError

#: Seconds without any sign of life after which a server is given up.
SILENCE = 6.0

#: What can be used instead.
_INSTEAD = "the MNIST that comes with glasswork needs no network: load_mnist(), or --data mnist"


def load_openml(
    name: str = "mnist_784", *, version: int = 1, data_home: str | os.PathLike[str] | None = None
) -> tuple[Images, Labels]:
    """Fetch a dataset of images from OpenML, or take it from the disk if it was fetched before.

    Parameters
    ----------
    name : str
        Its name at openml.org, such as ``mnist_784`` or ``Fashion-MNIST``.
    version : int
        OpenML counts the versions of a dataset from 1.
    data_home : path, optional
        Where scikit-learn keeps what it has fetched, ``~/scikit_learn_data`` unless told otherwise.

    Returns
    -------
    images : (N, F) uint8
        One image a row, in OpenML's order.
    labels : (N,) int64

    Raises
    ------
    FileError
        If OpenML cannot be reached, stops answering for ``SILENCE`` seconds, or sends what is no dataset;
        or if ``data_home`` cannot be used.
    InputError
        If OpenML has no such dataset, or if it is not one of images: values other than the integers
        0 to 255, labels other than integers.
    """
    if not re.fullmatch(r"[\w.,()-]+", name):
        raise InputError(f"load_openml: expected the name of a dataset at openml.org, such as mnist_784, got {name!r}")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise InputError(f"load_openml: expected a version, counted from 1, got {version!r}")
    data, target = _fetch(name, version, data_home)
    images, labels = _to_images(data, name), _to_labels(target, name)
    if len(images) != len(labels):
        raise FileError(f"OpenML's {name}: {len(images)} images but {len(labels)} labels; {_INSTEAD}")
    return images, labels


def _fetch(name: str, version: int, data_home: str | os.PathLike[str] | None) -> tuple[Any, Any]:
    from sklearn.datasets import fetch_openml, get_data_home

    home = None if data_home is None else os.fspath(data_home)
    parser = "auto" if importlib.util.find_spec("pandas") else "liac-arff"  # pandas takes seconds instead of a minute
    with _asking_once() as network, warnings.catch_warnings():
        for said_before_asking_again in ("A network error", "Invalid cache", "Downloaded file"):
            warnings.filterwarnings("ignore", said_before_asking_again)
        try:
            data, target = fetch_openml(
                name,
                version=version,
                data_home=home,
                as_frame=False,
                return_X_y=True,
                parser=parser,
                # Let pandas find the types itself: as categories, numbers break scikit-learn 1.9 with pandas 3.1
                # (https://github.com/scikit-learn/scikit-learn/pull/34902).
                read_csv_kwargs={"dtype": None},
            )
        except MemoryError:
            raise
        except Exception as error:  # garbage can break a parser in any way
            cause = network.cause(error)
            if isinstance(cause, HTTPError) and cause.code in (404, 412):  # 412 is OpenML's own "no such dataset"
                raise InputError(
                    f"OpenML has no dataset {name!r} of version {version} (HTTP {cause.code}); look its name and "
                    f"version up at openml.org; {_INSTEAD}"
                ) from error
            if isinstance(cause, URLError | TimeoutError | ConnectionError | HTTPException):
                reason = getattr(cause, "reason", None) or cause
                raise FileError(
                    f"OpenML's {name} cannot be fetched: {network.host} cannot be reached or stopped answering "
                    f"({reason}); {_INSTEAD}"
                ) from error
            with contextlib.suppress(OSError):
                home = get_data_home(home)
            home = home or "~/scikit_learn_data"
            raise FileError(
                f"OpenML's {name} cannot be loaded: what was fetched is damaged or is no table of numbers, or it "
                f"cannot be kept on disk ({type(cause).__name__}: {_start(cause)}); delete {home}/openml and try "
                f"again; {_INSTEAD}"
            ) from error
    return data, target


def _start(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0][:200]


# Network --------------------------------------------------------------------------------------------


class _GivenUpError(GlassworkError):
    """An address has failed; unlike the errors of urllib, this one makes scikit-learn neither wait nor ask again."""


class _AskingOnce(OpenerDirector):
    """Opens each address once, and waits for ``SILENCE`` seconds at most, the look-up of its name included.

    Parameters
    ----------
    opener : OpenerDirector
        Does the work, for this thread with the limits and for all others as ever.
    """

    def __init__(self, opener: OpenerDirector) -> None:
        super().__init__()
        self.opener = opener
        self.host = "openml.org"
        self._thread = threading.get_ident()
        self._asked: set[str] = set()
        self._failure: Exception | None = None

    def open(self, fullurl: str | Request, data: Any = None, timeout: Any = None) -> Any:
        if threading.get_ident() != self._thread:
            return self.opener.open(fullurl, data) if timeout is None else self.opener.open(fullurl, data, timeout)
        request = fullurl if isinstance(fullurl, Request) else Request(fullurl)
        if request.full_url in self._asked:
            raise _GivenUpError(request.full_url)
        self._asked.add(request.full_url)
        self.host = request.host
        try:
            response = self._open(request)
        except Exception as error:
            self._failure = error
            if isinstance(error, HTTPError):
                error.close()
                if error.code == 412:  # OpenML's "nothing found": scikit-learn has another question to ask
                    raise
            raise _GivenUpError(request.full_url) from error
        self._failure = None
        return response

    def cause(self, error: Exception) -> BaseException:
        """Return what went wrong first, of which ``error`` is what scikit-learn made."""
        if self._failure is not None:
            return self._failure
        return error.__context__ or error if isinstance(error, _GivenUpError) else error

    def _open(self, request: Request) -> Any:
        # In a thread of its own, as a look-up of a name heeds no timeout and a host can have many addresses.
        outcome: list[Any] = []
        lock = threading.Lock()
        given_up = False

        def work() -> None:
            try:
                result: Any = self.opener.open(request, timeout=SILENCE)
            except Exception as error:
                result = error
            with lock:
                outcome.append(result)
                if given_up and hasattr(result, "close"):
                    result.close()

        thread = threading.Thread(target=work, name="glasswork-openml", daemon=True)
        thread.start()
        thread.join(SILENCE)
        with lock:
            if not outcome:
                given_up = True
                raise TimeoutError(f"no answer within {SILENCE:g} seconds")
        if isinstance(outcome[0], Exception):
            raise outcome[0]
        return outcome[0]


@contextlib.contextmanager
def _asking_once() -> Iterator[_AskingOnce]:
    """Give the network manners while scikit-learn uses it: ``fetch_openml`` has no argument for them."""
    before: OpenerDirector | None = getattr(urllib.request, "_opener", None)
    network = _AskingOnce(before or urllib.request.build_opener())
    urllib.request.install_opener(network)
    try:
        yield network
    finally:
        urllib.request.install_opener(before)  # None: the default, built when needed


# Arrays ---------------------------------------------------------------------------------------------


def _to_images(data: Any, name: str) -> Images:
    values: NDArray[Any] = np.asarray(data.toarray() if hasattr(data, "toarray") else data)
    if values.ndim != 2 or values.dtype.kind not in "uif":
        raise InputError(
            f"OpenML's {name}: expected images, a table of numbers, got an array of {values.shape} of {values.dtype}; "
            "choose a dataset whose features are pixels"
        )
    images: Images = np.empty(values.shape, np.uint8)
    for start in range(0, len(values), 1000):  # in pieces: half a gigabyte of floats is not copied whole
        piece = values[start : start + 1000]
        with np.errstate(invalid="ignore"):
            images[start : start + 1000] = piece.astype(np.uint8)
        wrong = np.argwhere(images[start : start + 1000] != piece)
        if len(wrong):
            row, column = (int(i) for i in wrong[0])
            raise InputError(
                f"OpenML's {name}: expected pixels, integers from 0 to 255, got {piece[row, column]} in row "
                f"{start + row}, column {column}; choose a dataset whose features are pixels"
            )
    return images


def _to_labels(target: Any, name: str) -> Labels:
    labels: NDArray[Any] = np.asarray(target, dtype=object)
    if labels.ndim != 1:
        raise InputError(
            f"OpenML's {name}: expected one label an image, got labels of shape {labels.shape}; choose a dataset with "
            "one target column"
        )
    numbers: dict[Any, int] = {}
    for label in dict.fromkeys(labels.tolist()):
        try:
            number = int(label.strip("'")) if isinstance(label, str) else int(label)  # ARFF allows '5' in quotes
            whole = isinstance(label, str) or (number == label and not isinstance(label, bool))
        except (TypeError, ValueError, OverflowError):
            whole = False
        if not whole:
            raise InputError(
                f"OpenML's {name}: expected labels that are integers, got {label!r}; choose a dataset whose classes "
                "are numbered"
            )
        numbers[label] = number
    return np.array([numbers[label] for label in labels.tolist()], np.int64)
