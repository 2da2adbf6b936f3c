"""NPY and NPZ: NumPy's own files, one array or several.

x_train, y_train, x_test, y_test      Keras          train_images, train_labels, val_images, ...     MedMNIST
X, y      images, labels              arr_0, arr_1   numpy.savez without names; KMNIST's two files
cat.npy, dog.npy, ...                 Quick Draw: one file per class
"""

import functools
import io
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from glasswork.data.foreign import foreign
from glasswork.data.labels import natural_order
from glasswork.data.mapped import MAP_FROM
from glasswork.data.sources.found import Block, Found, Part
from glasswork.data.sources.limits import MOST_DEFLATED, SLACK, capacity, check_asked, length_of
from glasswork.data.sources.naming import dataset_of, part_of, role_of
from glasswork.data.sources.peek import Peek, decoded, open_unpacked, packing_of, peek
from glasswork.data.sources.places import Folder
from glasswork.errors import FileError, InputError

#: A header has fewer bytes than this.
_HEADER = 1 << 16

_NPY, _ZIP = b"\x93NUMPY", b"PK\x03\x04"


def recognise(source: Peek) -> str | None:
    """Return how the file or folder was recognised, or None."""
    if source.is_folder:
        count = len(_npy_files(Folder(source.path))[0])
        return f"{count} files in it begin with \\x93NUMPY" if count >= 2 else None
    if source.head.startswith(_NPY):
        return "it begins with \\x93NUMPY"
    return "a zip of .npy files" if source.head.startswith(_ZIP) and not source.packing else None


def read(source: Peek) -> Found:
    """Find the images and labels of a file, or of a folder of files."""
    if source.is_folder:
        folder = Folder(source.path)
        files, wrong = _npy_files(folder)
        if any(role_of(path.name) == "labels" for path in files):
            found = _named({path.name: _load(path) for path in files}, "NPY", [])
        else:
            found = _one_class_a_file(files)
        found.skipped += [
            f"{path}: {foreign(_head(path)) or 'not an array of NumPy, as its name says'}" for path in wrong
        ]
        for place in [*folder.files, *(inner.path for inner in folder.folders)]:
            if place not in files and place not in wrong:
                folder.leave_out(place, "not an array of NumPy")
        found.left_out += folder.left_out
        return found
    left_out: list[str] = []
    arrays = _load_npz(source.path, left_out) if source.head.startswith(_ZIP) else {"images": _load(source.path)}
    if len(arrays) == 1:
        return _with_labels_beside(next(iter(arrays.values())), source)
    return _named(arrays, "NPZ", left_out)


def _load(path: Path) -> NDArray[Any]:
    """Load an array, or map it if it is large."""
    return _guarded(path, path.name, lambda: _load_npy(path))


def _load_npy(path: Path) -> NDArray[Any]:
    packing = packing_of(path)
    with open_unpacked(path) as stream:
        shape, dtype = _header(stream)
    large = not packing and path.stat().st_size >= MAP_FROM
    holds = capacity(path, packing) + SLACK
    check_asked(path, "an array", shape, dtype.itemsize, holds=holds, mapped=large)
    if packing:
        with open_unpacked(path) as stream:
            array: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
            return array
    loaded: NDArray[Any] = np.load(path, mmap_mode="r" if large else None, allow_pickle=False)
    return loaded


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return the shape and the dtype that the header of an NPY file states."""
    start = io.BytesIO(stream.read(_HEADER))  # a header may claim to be gigabytes long
    version = np.lib.format.read_magic(start)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(start)
    return shape, dtype


def _load_member(path: Path, file: Any, name: str) -> NDArray[Any]:
    member = next(info for info in file.zip.infolist() if info.filename in (name, f"{name}.npy"))
    with file.zip.open(member) as stream:
        shape, dtype = _header(stream)
    most = min(member.file_size, member.compress_size * MOST_DEFLATED)
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        with file.zip.open(member) as stream:
            most = length_of(stream)
    check_asked(path, f"the array {name}", shape, dtype.itemsize, holds=most + SLACK)
    array: NDArray[Any] = file[name]
    return array


def _load_npz(path: Path, left_out: list[str]) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file, without arrays of Python objects that are not needed, judging by their names."""
    arrays = {}
    with decoded(path), np.load(path, allow_pickle=False) as file:
        for name in file.files:
            try:
                arrays[name] = _guarded(path, name, functools.partial(_load_member, path, file, name))
            except _ObjectsError:
                if role_of(name) is not None or len(file.files) <= 2:
                    raise
                left_out.append(f"{name}: an array of Python objects, which is not opened")
    return arrays


class _ObjectsError(FileError):
    """Raised for an array that holds Python objects."""


def _guarded(path: Path, name: str, load: Callable[[], NDArray[Any]]) -> NDArray[Any]:
    with decoded(path):
        try:
            return load()
        except ValueError as error:
            if "pickle" not in str(error) and "Object arrays" not in str(error):
                raise ValueError(f"{name}: {error}") from error
            raise _ObjectsError(
                f"{path}: {name} is an array of Python objects, which can run any program when it is opened, so "
                "glasswork does not open it; save it as numbers: numpy.stack(images), numpy.asarray(labels, dtype=str)"
            ) from None


def _named(arrays: dict[str, NDArray[Any]], format_: str, left_out: list[str]) -> Found:
    """Find images and labels by the names of arrays, or by their shapes if the names tell nothing."""
    grouped: dict[str, dict[str, NDArray[Any]]] = {}
    medmnist = all(re.fullmatch(r"(train|val|test)_(images|labels)", name) for name in arrays)
    names, columns = _words(arrays, "target|class|label"), _words(arrays, "feature|column")
    for name, array in arrays.items():
        if re.search(r"(?i)(names|descr|filename|data_module|frame)$", name):  # scikit-learn's datasets have them
            continue
        role = role_of(name) or _role_by_shape(array, arrays)
        if role is None or array.ndim == 0:
            left_out.append(f"{name}: an array of shape {array.shape}, which is neither images nor labels")
            continue
        pair = grouped.setdefault(part_of(name) or "all", {})
        if role == "images" and role in pair and _same_as_rows(array, pair[role]):
            pair[role] = max(pair[role], array, key=lambda one: one.ndim)
            continue
        if role in pair:
            raise InputError(
                f"several arrays may hold the {role}: {', '.join(arrays)}; save them as x_train, y_train, x_test, "
                "y_test"
            )
        pair[role] = array
    parts = {}
    for name, pair in grouped.items():
        if "images" not in pair:
            continue
        images, labels = pair["images"], pair.get("labels")
        if labels is not None and len(labels) != len(images) and labels.size != len(images):
            raise InputError(
                f"the part {name!r} has {len(images):,} images and {len(labels):,} labels; restore the file"
            )
        parts[name] = Part.of(images, labels)
    if not parts:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise InputError(f"no array in it looks like images: {shapes}; save it as x_train, y_train, x_test, y_test")
    by = f"the names of its arrays: {', '.join(arrays)}"
    found = Found(format_, by, parts, one_hot=not medmnist, left_out=left_out)
    if all(part.whole is not None and part.whole.shape[1:] == (len(columns),) for part in parts.values()):
        found.columns = tuple(columns)
    if names and _name_all(names, parts.values()):
        found.names = names
        found.note("class names come from the array of names in the file")
    return found


def _words(arrays: dict[str, NDArray[Any]], what: str) -> list[str]:
    """Return the words of the array that names classes, or columns."""
    found = [array for name, array in arrays.items() if re.search(rf"(?i)({what})_?names$", name) and array.ndim == 1]
    return [str(word) for word in found[-1].tolist()] if found else []


def _same_as_rows(array: NDArray[Any], other: NDArray[Any]) -> bool:
    """Return whether two arrays may be the same images, once as rows, as in scikit-learn's digits."""
    return len(array) == len(other) and array.size == other.size and array.ndim != other.ndim


def _name_all(names: list[str], parts: Iterable[Part]) -> bool:
    """Return whether all labels are numbers from 0, each with a name."""
    labels = [part.labels for part in parts if part.labels is not None]
    return bool(labels) and all(
        array.dtype.kind in "ui" and array.size and array.min() >= 0 and array.max() < len(names) for array in labels
    )


def _role_by_shape(array: NDArray[Any], arrays: dict[str, NDArray[Any]]) -> str | None:
    """Return what an array named ``arr_0`` or similar holds: the largest one holds the images."""
    largest = max(arrays.values(), key=lambda other: other.size)
    if array is largest and array.ndim >= 2:
        return "images"
    return "labels" if array.ndim >= 1 and len(array) == len(largest) else None


def _with_labels_beside(images: NDArray[Any], source: Peek) -> Found:
    """Find the labels for a file with one array: in the file beside it whose name says so."""
    path = source.path
    by = "it holds one array"
    labels = None
    if role_of(path.name) == "labels":
        raise InputError("only labels; use the file of the images, or the folder that holds both")
    for other in sorted(path.parent.iterdir()):
        same = part_of(other.name) == part_of(path.name) and dataset_of(other.name) == dataset_of(path.name)
        if other != path and other.is_file() and role_of(other.name) == "labels" and same:
            content = peek(other)
            if content.head.startswith(_ZIP):
                labels = next(iter(_load_npz(other, []).values()))
            elif content.head.startswith(_NPY):
                labels = _load(other)
            by = f"it holds one array, and {other.name} beside it the labels"
    if labels is not None and len(labels) != len(images):
        raise InputError(
            f"{len(images):,} images, but {len(labels):,} labels in the file beside it; restore one of the files"
        )
    return Found(
        "NPY" if source.head.startswith(_NPY) else "NPZ", by, {part_of(path.name) or "all": Part.of(images, labels)}
    )


def _one_class_a_file(files: list[Path]) -> Found:
    """Read a folder of Quick Draw bitmaps: ``cat.npy`` holds cats."""
    found = Found("NPY", "a folder of .npy files without labels", {})
    arrays: dict[str, NDArray[Any]] = {}
    for path in files:
        try:
            arrays[re.sub(r"^full_numpy_bitmap_", "", path.name.split(".npy")[0])] = _load(path)
        except FileError as error:
            found.skipped.append(f"{error}; this class was left out")
    shapes = Counter(array.shape[1:] for array in arrays.values())
    usual = shapes.most_common(1)[0][0] if shapes else ()
    classes = []
    for name in natural_order(arrays):
        if arrays[name].shape[1:] == usual and arrays[name].ndim > 1 and len(arrays[name]):
            classes.append(name)
        else:
            found.skipped.append(
                f"{name}: an array of shape {arrays[name].shape}, but the others hold images of shape "
                f"{usual}; this class was left out"
            )
    ends = np.cumsum([len(arrays[name]) for name in classes])

    def where(row: int, place: int) -> str:
        k = int(np.searchsorted(ends, row, "right"))
        return f"{classes[k]}.npy, image {row - (int(ends[k - 1]) if k else 0):,}, value {place}"

    def blocks(name: str) -> Callable[[], Any]:
        def read_blocks() -> Any:
            for block in Part.of(arrays[name], None).blocks():
                yield Block(block.images, np.full(len(block.images), name))

        return read_blocks

    found.where = where
    found.parts = {"all": Part.chain([Part(blocks(name)) for name in classes])} if classes else {}
    found.names = classes
    found.note(f"each file is a class with the name of the file: {', '.join(classes[:10])}")
    return found


def _npy_files(folder: Folder) -> tuple[list[Path], list[Path]]:
    """Return the files of a folder that hold an array, and those that are named like one but hold something else."""
    arrays, wrong = [], []
    for path in folder.files:
        if _head(path).startswith(_NPY):
            arrays.append(path)
        elif path.suffix == ".npy":
            wrong.append(path)
    return arrays, wrong


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(4096)
