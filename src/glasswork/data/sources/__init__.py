"""Where images come from: one file a source, one line for each in the table `SOURCES`.

mnist                    a name
openml:NAME              a name and an argument
letters/, train.csv      a path: what it holds is recognised by its content, never by its suffix
"""

import hashlib
import importlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from glasswork.data.dataset import Dataset
from glasswork.data.sources.found import Found
from glasswork.errors import FileError, InputError

_HERE = "glasswork.data.sources"


@dataclass(frozen=True)
class Source:
    """A kind of source.

    Attributes
    ----------
    module : str
        Of this package. For a name it has ``load(argument) -> Dataset``; for a file format ``recognise(peek)``, which
        returns by what it is recognised, or None, and ``read(peek) -> Found``.
    form : str
        How it is written, such as ``openml:NAME``; empty for a format, which is written as a path.
    description : str
        One line for lists.
    """

    module: str
    form: str
    description: str

    def load_module(self) -> ModuleType:
        """Import what reads it."""
        return importlib.import_module(f"{_HERE}.{self.module}")

    @property
    def takes_argument(self) -> bool:
        """Whether something must follow a colon."""
        return ":" in self.form


#: Names first, then formats, in the order in which they are tried.
SOURCES = (
    Source("embedded", "mnist", "the 70,000 digits that come with glasswork"),
    Source("digits", "digits", "scikit-learn's 1,797 digits of 8×8 pixels"),
    Source("openml", "openml:NAME or openml:NAME@VERSION", "a dataset of openml.org, from the network"),
    Source("idx", "", "IDX: MNIST, Fashion-MNIST, KMNIST, EMNIST, QMNIST; one file or a folder"),
    Source("npz", "", "NPZ and NPY, NumPy's files: Keras, MedMNIST, KMNIST; Quick Draw's folder"),
    Source("parquet", "", "Parquet: Hugging Face's datasets, or a column for each pixel"),
    Source("mat", "", "MATLAB files and HDF5: SVHN, EMNIST, mnist-original"),
    Source("arff", "", "ARFF: Weka, OpenML"),
    Source("libsvm", "", "LIBSVM's format: USPS"),
    Source("table", "", "CSV: an image a row, with or without a header, any separator"),
    Source("folder", "", "pictures: a folder for each class, or a table that names their classes"),
    Source("files", "", "a folder of data files of these formats, called train and test"),
)

#: The word before the name of arrays that a user's program made; they are kept in the folder of the run.
ARRAYS = "arrays"

_NAMES = {source.form.partition(":")[0]: source for source in SOURCES if source.form}
_FORMATS = tuple(source for source in SOURCES if not source.form)


def check_source(source: str) -> tuple[Source | None, str]:
    """Return the named source that a text means and the argument after its colon, or None and the path; loads nothing.

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
    """Return how all sources are written, in one line."""
    names = ", ".join(source.form for source in SOURCES if source.form)
    return f"{names}, or the path of a file or folder"


def _is_path(text: str) -> bool:
    return text.startswith("~") or any(sign in text for sign in (os.sep, "/", ".")) or Path(text).exists()


def load_dataset(
    source: str | os.PathLike[str],
    *,
    cache: Path | None = None,
    shape: tuple[int, int] | None = None,
    prefer: tuple[float, float] | None = None,
) -> Dataset:
    """Load a dataset by its name, or from a file or folder.

    Parameters
    ----------
    source : str or path
        ``mnist``, which comes with glasswork; ``openml:NAME`` or ``openml:NAME@VERSION``, over the network; or the path
        of a file or folder in any of the formats of `SOURCES`, recognised by its content.
    cache : Path, optional
        A folder for copies of images that are too many for memory and that cannot be mapped as they are, such as those
        of a large CSV. They are made once.
    shape : (height, width), optional
        To which pictures are resized; by default the size that most of them have.
    prefer : (low, high), optional
        The values of ground and ink, for values that lie within; by default 0 and 255, or what the values show.

    Returns
    -------
    Dataset
        With what was found and done in its ``origin``.

    Raises
    ------
    InputError
        If there is no such source, or it holds nothing that can be trained on.
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
    if named is not None:
        dataset: Dataset = named.load_module().load(argument)
    else:
        dataset = _load_path(Path(argument).expanduser(), text, cache, shape, prefer)
    if dataset.origin.sha256:
        return dataset
    return replace(dataset, origin=replace(dataset.origin, source=dataset.source, sha256=dataset.fingerprint()))


def _load_path(
    path: Path,
    text: str,
    cache: Path | None,
    shape: tuple[int, int] | None,
    prefer: tuple[float, float] | None,
) -> Dataset:
    from glasswork.data.sources.gather import gather
    from glasswork.data.sources.store import read_dataset, write_dataset

    place = None if cache is None else cache / _key(path)
    if place is not None and (place / "dataset.json").exists():
        return read_dataset(place)
    try:
        found = find(path)
        if found.pictures and shape is not None:
            found.shape = shape
        dataset = gather(found, name=_title(path), source=str(path.absolute()), cache=place, prefer=prefer)
    except InputError as error:
        raise InputError(f"{text}: {error}") from None
    if place is not None and place.exists():
        write_dataset(dataset, place)
    return dataset


def find(path: Path) -> Found:
    """Recognise what a path holds, by its content, and open it; images are read when they are asked for.

    Raises
    ------
    InputError
        If it has no format that is known.
    FileError
        If it is missing or damaged.
    """
    from glasswork.data.sources.peek import Peek, peek

    first = peek(path) if path.exists() else Peek(path)
    for source in _FORMATS:
        module = source.load_module()
        if (how := module.recognise(first)) is not None:
            found: Found = module.read(first)
            found.recognised = found.recognised or how
            return found
    if not path.exists():
        raise FileError(f"{path}: there is no such file or folder; check the path")
    kinds = ", ".join(source.description.partition(":")[0] for source in _FORMATS)
    what = "nothing in this folder was recognised" if first.is_folder else f"it begins with {first.head[:16]!r}"
    raise InputError(f"not a format that is known here ({kinds}): {what}")


def _title(path: Path) -> str:
    return path.resolve().name.split(".", 1)[0] or path.name


def _key(path: Path) -> str:
    """Return the name of the copy of a source: another one as soon as a file of it changes."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    stats = [(str(file), file.stat()) for file in files if file.exists()]
    facts = [(name, stat.st_size, stat.st_mtime_ns, stat.st_ino) for name, stat in stats]
    return f"{_title(path)}-{hashlib.sha256(repr(facts).encode()).hexdigest()[:16]}"
