"""Where images come from: one file per source, and one line for each in the table `SOURCES`.

mnist                    a name
openml:NAME              a name and an argument
letters/, train.csv      a path: what it holds is recognised by its content, never by its suffix
"""

from __future__ import annotations

import hashlib
import importlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from glasswork.data.dataset import Dataset
from glasswork.data.sources.arrange import Asked, in_equal_planes
from glasswork.data.sources.found import Found
from glasswork.data.sources.naming import dataset_of
from glasswork.errors import FileError, InputError
from glasswork.features import Missing
from glasswork.inputs import Inputs
from glasswork.paths import typed_path
from glasswork.reading import Colour

if TYPE_CHECKING:
    from glasswork.data.sources.peek import Peek

_HERE = "glasswork.data.sources"

#: Sources with at least this many bytes are copied by one process at a time; smaller ones rarely need a copy.
_LOCK_FROM = 16 << 20


@dataclass(frozen=True)
class Source:
    """A kind of source.

    Attributes
    ----------
    module : str
        A module of this package. A named source has ``load(argument, asked) -> Dataset``. A file format has
        ``recognise(peek)``, which returns how the file was recognised, or None, and ``read(peek) -> Found``.
    form : str
        How users write it, such as ``openml:NAME``; empty for a format, which is written as a path.
    description : str
        One line for lists.
    """

    module: str
    form: str
    description: str

    def load_module(self) -> ModuleType:
        """Import the module that reads this source."""
        return importlib.import_module(f"{_HERE}.{self.module}")

    @property
    def takes_argument(self) -> bool:
        """Whether the name needs an argument after a colon."""
        return ":" in self.form


#: Names first, then formats, in the order in which they are tried.
SOURCES = (
    Source("embedded", "mnist", "the 70,000 digits that come with glasswork"),
    Source("digits", "digits", "scikit-learn's 1,797 digits of 8×8 pixels"),
    Source("openml", "openml:NAME or openml:NAME@VERSION", "a dataset of openml.org, which is downloaded"),
    Source("idx", "", "IDX: MNIST, Fashion-MNIST, KMNIST, EMNIST, QMNIST; one file or a folder"),
    Source("npz", "", "NPZ and NPY, NumPy's files: Keras, MedMNIST, KMNIST; Quick Draw's folder"),
    Source("parquet", "", "Parquet: Hugging Face's datasets, or one column per pixel"),
    Source("mat", "", "MATLAB files and HDF5: SVHN, EMNIST, mnist-original"),
    Source("arff", "", "ARFF: Weka, OpenML"),
    Source("libsvm", "", "LIBSVM's format: USPS"),
    Source("listing", "", "a table of pictures, in CSV, TSV, words or JSON lines: their files and their classes"),
    Source("table", "", "CSV: one image per row, with or without a header, any separator"),
    Source("folder", "", "pictures: a folder for each class, or a table that names their classes"),
    Source("files", "", "a folder of data files of these formats, called train and test"),
)

#: The word before the name of arrays that a program made; they are stored in the folder of the run.
ARRAYS = "arrays"

_NAMES = {source.form.partition(":")[0]: source for source in SOURCES if source.form}
_FORMATS = tuple(source for source in SOURCES if not source.form)


def check_source(source: str) -> tuple[Source | None, str]:
    """Return the source that a text names and the argument after its colon, or None and the path; loads nothing.

    Raises
    ------
    InputError
        If it is neither the name of a source nor the path of a file or folder.
    """
    word, colon, argument = source.partition(":")
    if word == ARRAYS and argument:
        return Source("arrays", f"{ARRAYS}:NAME", "arrays of a program"), argument
    if word in _NAMES and _NAMES[word].takes_argument == bool(colon and argument):
        return _NAMES[word], argument
    if word not in _NAMES and source and _is_path(source):
        return None, source
    raise InputError(f"expected {forms()}, got {source!r}")


def forms() -> str:
    """Return one line that shows how to write each source."""
    names = ", ".join(source.form for source in SOURCES if source.form)
    return f"{names}, or the path of a file or folder"


def _is_path(text: str) -> bool:
    return text.startswith("~") or any(sign in text for sign in (os.sep, "/", ".")) or Path(text).exists()


def load_dataset(
    source: str | os.PathLike[str],
    *,
    cache: Path | None = None,
    shape: tuple[int, ...] | None = None,
    prefer: tuple[float, float] | None = None,
    data_range: tuple[float, float] | None = None,
    like: Inputs | None = None,
    missing: Missing = "refuse",
    colour: Colour = "grey",
) -> Dataset:
    """Load a dataset by its name, or from a file or folder.

    Parameters
    ----------
    source : str or path
        ``mnist``, which comes with glasswork; ``openml:NAME`` or ``openml:NAME@VERSION``, downloaded; or the path
        of a file or folder in any of the formats of ``SOURCES``, recognised by its content.
    cache : Path, optional
        A folder for copies, each made once, of images that neither fit into memory nor can be mapped, as of a large
        CSV.
    shape : (height, width), optional
        The size to which pictures are resized; by default the size that most of them have.
    prefer : (low, high), optional
        The values of background and ink, if all values lie between them; by default 0 and 255, or as the values show.
    data_range : (low, high), optional
        The values of black and white, where the source does not state them: 0 and 16, say.
    like : Inputs, optional
        What a network was trained on, to read a source as its own data were read: a table's columns are matched by
        their names, and pixels and features are not mixed up.
    missing : {"refuse", "median"}
        Missing features are an error, or NaN, for which a network takes the median of their column.
    colour : {"grey", "rgb"}
        What becomes of colours; ``like`` decides if it is given. With ``"rgb"``, images have three planes.

    Returns
    -------
    Dataset
        Its ``origin`` states what was found and done.

    Raises
    ------
    InputError
        If there is no such source, or no network can be trained on it.
    FileError
        If it cannot be fetched or read.
    MissingLibraryError
        If its format needs a library that is not installed.

    Examples
    --------
    >>> load_dataset("mnist")
    Dataset('MNIST', 70,000 images of 28×28, 10 classes)
    """
    text = os.fspath(source)
    try:
        named, argument = check_source(text)
    except InputError as error:
        raise InputError(f"load_dataset: {error}") from None
    asked = Asked(shape=shape, prefer=prefer, data_range=data_range, like=like, missing=missing, colour=colour)
    if named is not None:
        dataset: Dataset = named.load_module().load(argument, asked)
        if (colour if like is None else like.colour) == "rgb":
            dataset = in_equal_planes(dataset)
    else:
        dataset = _load_path(typed_path(argument), text, cache, asked)
    if dataset.origin.sha256:
        return dataset
    from glasswork.data.once import fingerprint_once

    return replace(dataset, origin=replace(dataset.origin, source=dataset.source, sha256=fingerprint_once(dataset)))


def _load_path(path: Path, text: str, cache: Path | None, asked: Asked) -> Dataset:
    from glasswork.data.sources.places import readable
    from glasswork.data.sources.store import read_dataset, write_dataset

    if any("\ud800" <= sign <= "\udfff" for sign in str(path.absolute())):
        raise InputError(
            f"{readable(text)}: a name that is not UTF-8 cannot be written into a recipe; rename the folder"
        )
    if cache is None:
        return _read(path, text, None, asked)
    files = _files_of(path)
    place = cache / _key(path, files, asked)
    large = sum(stat.st_size for _, stat in files) >= _LOCK_FROM
    with _alone(place) if large else nullcontext():
        if (place / "dataset.json").exists():
            return read_dataset(place)
        unfinished = place.with_name(f".{place.name}-{secrets.token_hex(4)}.unfinished")
        try:
            dataset = _read(path, text, unfinished, asked)
            if not unfinished.exists():  # they fit into memory
                return dataset
            write_dataset(dataset, unfinished)
            with suppress(OSError):  # another process was faster
                unfinished.rename(place)
            return read_dataset(place)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)


def _read(path: Path, text: str, folder: Path | None, asked: Asked) -> Dataset:
    """Read a source; images that do not fit into memory are written to a folder."""
    from glasswork.data.sources.gather import gather

    try:
        found = find(path)
        return gather(found, name=_title(path), source=str(path.absolute()), cache=folder, asked=asked)
    except InputError as error:
        raise InputError(f"{text}: {error}") from None


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Context manager: if files can be locked, one process makes the copy, and the others wait and then use it."""
    from glasswork.locks import Lock

    lock = Lock(place.with_name(f".{place.name}.lock"), timeout=-1)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError:  # no lock is possible there; copies are renamed when they are complete, so none is damaged
        yield
        return
    try:
        yield
    finally:
        lock.release()


class Recognised(NamedTuple):
    """A recognised path: the module that reads it, the first look at it, and how it was recognised."""

    path: Path
    module: ModuleType
    first: Peek
    how: str

    def open(self) -> Found:
        """Open it; images are read when they are needed."""
        from glasswork.data.sources.conventions import orient

        found: Found = self.module.read(self.first)
        found.recognised = found.recognised or self.how
        found.path = found.path or self.path
        orient(found)
        return found


def find(path: Path) -> Found:
    """Recognise a file or folder and open it; raises the errors of `recognise`."""
    return recognise(path).open()


def recognise(path: Path) -> Recognised:
    """Recognise the format of a file or folder by its content.

    Raises
    ------
    InputError
        If its format is unknown.
    FileError
        If it is missing or damaged.
    """
    from glasswork.data.sources.peek import Peek, peek

    first = peek(path) if path.exists() else Peek(path)
    for source in _FORMATS:
        module = source.load_module()
        if (how := module.recognise(first)) is not None:
            return Recognised(path, module, first, how)
    if path.is_symlink() and not path.exists():
        raise FileError(f"{path}: a link to {path.readlink()}, which is not there; correct the link")
    if not path.exists():
        raise FileError(f"{path}: there is no such file or folder; check the path")
    from glasswork.data.sources.unknown import describe_unknown

    kinds = ", ".join(source.description.partition(":")[0] for source in _FORMATS)
    raise InputError(f"this format is unknown: {describe_unknown(first)}. Known formats: {kinds}")


def _title(path: Path) -> str:
    return path.resolve().name.split(".", 1)[0] or path.name


def _files_of(path: Path) -> list[tuple[str, os.stat_result]]:
    """Return the files of a source with their sizes and times, including files beside it that belong to it."""
    if path.is_dir():
        files = list(path.rglob("*"))
    elif path.is_file() and _lists_pictures(path):
        files = list(path.parent.rglob("*"))
    else:  # labels and names beside it; a path may also be the common start of several file names
        beside = path.parent.iterdir() if path.parent.is_dir() else ()
        files = [file for file in beside if file.is_file() and _belongs(file.name, path.name)]
    return [(str(file), file.stat()) for file in sorted(files) if file.exists()]


def _belongs(name: str, to: str) -> bool:
    return dataset_of(name) == dataset_of(to) or "mapping" in name or name.startswith(to)


def _lists_pictures(path: Path) -> bool:
    from glasswork.data.sources import listing
    from glasswork.data.sources.peek import peek

    return listing.recognise(peek(path)) is not None


def _key(path: Path, files: list[tuple[str, os.stat_result]], asked: Asked) -> str:
    """Return the name of the copy of a source; it changes when one of its files changes, or the way it is read."""
    facts = [(name, stat.st_size, stat.st_mtime_ns, stat.st_ino) for name, stat in files]
    return f"{_title(path)}-{hashlib.sha256(repr((facts, asked)).encode()).hexdigest()[:16]}"
