"""NPY and NPZ: NumPy's own files, one array or several.

x_train, y_train, x_test, y_test      Keras          train_images, train_labels, val_images, ...     MedMNIST
X, y      images, labels              arr_0, arr_1   numpy.savez without names; KMNIST's two files
cat.npy, dog.npy, ...                 Quick Draw: one class a file
"""

import functools
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.data.dataset import natural_order
from glasswork.data.mapped import MAP_FROM
from glasswork.data.sources.found import Block, Found, Part
from glasswork.data.sources.naming import dataset_of, part_of, role_of
from glasswork.data.sources.peek import Peek, explained, open_unpacked, peek
from glasswork.errors import FileError, InputError

_NPY, _ZIP = b"\x93NUMPY", b"PK\x03\x04"


def recognise(source: Peek) -> str | None:
    """Say by what a file or folder is recognised, or None."""
    if source.is_folder:
        count = len(_npy_files(source.path))
        return f"{count} files in it begin with \\x93NUMPY" if count >= 2 else None
    if source.head.startswith(_NPY):
        return "it begins with \\x93NUMPY"
    return "a zip of .npy files" if source.head.startswith(_ZIP) and not source.packing else None


def read(source: Peek) -> Found:
    """Find the images and labels of a file, or of a folder of files."""
    if source.is_folder:
        files = _npy_files(source.path)
        roles = {path: role_of(path.name) for path in files}
        if "labels" in roles.values():
            return _named({path.name: _load(path) for path in files}, "NPY", source)
        return _one_class_a_file(files, source)
    arrays = _load_npz(source.path) if source.head.startswith(_ZIP) else {"images": _load(source.path)}
    if len(arrays) == 1:
        return _with_labels_beside(next(iter(arrays.values())), source)
    return _named(arrays, "NPZ", source)


def _load(path: Path) -> NDArray[Any]:
    """Load an array, or map it where it is large."""
    return _guarded(path, path.name, lambda: _load_npy(path))


def _load_npy(path: Path) -> NDArray[Any]:
    with path.open("rb") as stream:
        packed = stream.read(6) != _NPY
    if packed:
        with open_unpacked(path) as stream:
            array: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
            return array
    large = path.stat().st_size >= MAP_FROM
    loaded: NDArray[Any] = np.load(path, mmap_mode="r" if large else None, allow_pickle=False)
    return loaded


def _load_npz(path: Path) -> dict[str, NDArray[Any]]:
    with explained(path), np.load(path, allow_pickle=False) as file:
        return {name: _guarded(path, name, functools.partial(file.__getitem__, name)) for name in file.files}


def _guarded(path: Path, name: str, load: Callable[[], NDArray[Any]]) -> NDArray[Any]:
    try:
        with explained(path):
            return load()
    except zipfile.BadZipFile as error:
        raise FileError(f"{path}: damaged ({error}); restore the file") from error
    except (ValueError, EOFError) as error:
        if "pickle" in str(error) or "Object arrays" in str(error):
            raise FileError(
                f"{path}: {name} is an array of Python objects, which can run any program when it is opened, so it is "
                "not opened here; save it as numbers: numpy.stack(images), numpy.asarray(labels, dtype=str)"
            ) from None
        raise FileError(f"{path}: {name} is damaged ({error}); restore the file") from error


def _named(arrays: dict[str, NDArray[Any]], format_: str, source: Peek) -> Found:
    """Find images and labels by the names of arrays; where names say nothing, by their shapes."""
    grouped: dict[str, dict[str, NDArray[Any]]] = {}
    medmnist = all(re.fullmatch(r"(train|val|test)_(images|labels)", name) for name in arrays)
    for name, array in arrays.items():
        role = role_of(name) or _role_by_shape(array, arrays)
        if role is None or array.ndim == 0:
            continue
        pair = grouped.setdefault(part_of(name) or "all", {})
        if role in pair:
            raise InputError(
                f"several arrays may be its {role}, {', '.join(arrays)}; save it as x_train, y_train, x_test, y_test"
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
    return Found(format_, by, parts, one_hot=not medmnist, shape=None)


def _role_by_shape(array: NDArray[Any], arrays: dict[str, NDArray[Any]]) -> str | None:
    """Say what an array is that is called ``arr_0`` or the like: the images are the largest."""
    largest = max(arrays.values(), key=lambda other: other.size)
    if array is largest and array.ndim >= 2:
        return "images"
    return "labels" if array.ndim >= 1 and len(array) == len(largest) else None


def _with_labels_beside(images: NDArray[Any], source: Peek) -> Found:
    """Find the labels of a file with one array in the file beside it that is called so."""
    path = source.path
    by = "it holds one array"
    labels = None
    if role_of(path.name) == "labels":
        raise InputError("only labels; give the file of the images, or the folder that holds both")
    for other in sorted(path.parent.iterdir()):
        same = part_of(other.name) == part_of(path.name) and dataset_of(other.name) == dataset_of(path.name)
        if other != path and other.is_file() and role_of(other.name) == "labels" and same:
            content = peek(other)
            if content.head.startswith(_ZIP):
                labels = next(iter(_load_npz(other).values()))
            elif content.head.startswith(_NPY):
                labels = _load(other)
            by = f"it holds one array, and {other.name} beside it the labels"
    if labels is not None and len(labels) != len(images):
        raise InputError(f"{len(images):,} images, and {len(labels):,} labels in the file beside; restore one of them")
    return Found(
        "NPY" if source.head.startswith(_NPY) else "NPZ", by, {part_of(path.name) or "all": Part.of(images, labels)}
    )


def _one_class_a_file(files: list[Path], source: Peek) -> Found:
    """Read a folder of Quick Draw's bitmaps: ``cat.npy`` holds cats."""
    stems = {re.sub(r"^full_numpy_bitmap_", "", path.name.split(".npy")[0]): path for path in files}
    classes = natural_order(stems)

    def blocks(name: str) -> Callable[[], Any]:
        def read_blocks() -> Any:
            for block in Part.of(_load(stems[name]), None).blocks():
                yield Block(block.images, np.full(len(block.images), name))

        return read_blocks

    part = Part.chain([Part(blocks(name)) for name in classes])
    notes = [f"each file is a class, called like the file: {', '.join(classes[:10])}"]
    return Found("NPY", "a folder of .npy files without labels", {"all": part}, classes, notes=notes)


def _npy_files(folder: Path) -> list[Path]:
    found = []
    for path in sorted(folder.iterdir()):
        if path.is_file() and not path.name.startswith("."):
            with path.open("rb") as stream:
                if stream.read(6) == _NPY:
                    found.append(path)
    return found
