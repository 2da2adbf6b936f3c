"""MATLAB's files, version 5 by SciPy and version 7.3 by h5py, and other HDF5 files with such names.

X (32, 32, 3, N), y (N, 1)             SVHN, where 10 means 0
dataset.train.images, .labels, ...     EMNIST, with its mapping, images column by column
data (784, N), label (1, N)            mnist-original
train_x, train_y, test_x, test_y       one column per class
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glasswork.data.sources.found import Found, Part
from glasswork.data.sources.limits import MOST_DEFLATED, SLACK, capacity, check_asked
from glasswork.data.sources.mat_sizes import check_sizes
from glasswork.data.sources.naming import part_of, role_of
from glasswork.data.sources.peek import Peek, decoded, open_unpacked, packing_of
from glasswork.errors import FileError, InputError, MissingLibraryError

_HDF5 = b"\x89HDF\r\n\x1a\n"


def recognise(source: Peek) -> str | None:
    """Return how the file was recognised, or None."""
    if source.head.startswith(b"MATLAB 5.0 MAT-file"):
        return "it begins with MATLAB 5.0 MAT-file"
    if source.head.startswith(b"MATLAB 7.3 MAT-file"):
        return "it begins with MATLAB 7.3 MAT-file"
    return "it begins with \\x89HDF" if source.head.startswith(_HDF5) else None


def read(source: Peek) -> Found:
    """Find the images and labels among the arrays of a file."""
    version_5 = source.head.startswith(b"MATLAB 5")
    arrays = _read_5(source.path) if version_5 else _read_hdf5(source.path)
    format_ = "MAT" if source.head.startswith(b"MATLAB") else "HDF5"
    found = Found(format_, "", {})
    pairs: dict[str, dict[str, NDArray[Any]]] = {}
    for name, array in arrays.items():
        role = role_of(name.rpartition(".")[2])
        if role is not None and "mapping" not in name:
            pairs.setdefault(part_of(name) or "all", {}).setdefault(role, array)
    for part, pair in pairs.items():
        if "images" in pair:
            images, labels = _aligned(pair["images"], pair.get("labels"))
            found.parts[part] = Part.of(images, labels)
    if not found.parts:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items()) or "no arrays"
        raise InputError(f"no images among its arrays: {shapes}; call them X and y")
    mapping = next((array for name, array in arrays.items() if name.endswith("mapping")), None)
    if mapping is not None and mapping.ndim == 2 and mapping.shape[1] >= 2:
        found.names = {int(row[0]): chr(int(row[1]) % (sys.maxunicode + 1)) for row in mapping}
        found.transposed = True
        found.note("EMNIST stores images column by column: rows and columns were swapped")
        found.note("class names come from the mapping in the file")
    return found


def _read_5(path: Path) -> dict[str, NDArray[Any]]:
    from scipy.io import loadmat

    with decoded(path), open_unpacked(path) as stream:
        check_sizes(stream, capacity(path, packing_of(path)))
        stream.seek(0)
        content = loadmat(stream, simplify_cells=True)
    return _flat({name: value for name, value in content.items() if not name.startswith("__")})


def _flat(tree: dict[str, Any], before: str = "") -> dict[str, NDArray[Any]]:
    found: dict[str, NDArray[Any]] = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{before}{name}.")
        elif isinstance(value, np.ndarray) and value.dtype.kind in "uifbUS" and value.ndim:
            found[before + name] = value
    return found


def _read_hdf5(path: Path) -> dict[str, NDArray[Any]]:
    try:
        import h5py
    except ImportError as error:
        raise MissingLibraryError(
            f"{path}: a MATLAB file of version 7.3, or HDF5; to read it: pip install 'glasswork[formats]'"
        ) from error
    found: dict[str, NDArray[Any]] = {}
    packing = packing_of(path)

    def collect(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "uifb" and item.ndim and "#refs#" not in name:
            if item.external or item.is_virtual:
                raise FileError(f"{path}: {name} keeps its numbers in other files; save them in this one")
            stored = min(item.id.get_storage_size(), capacity(path, packing))
            check_asked(path, name, item.shape, item.dtype.itemsize, holds=stored * MOST_DEFLATED + SLACK)
            array = item[()]
            # MATLAB writes arrays column by column, so their axes are in reverse order here
            found[name.replace("/", ".")] = array.T if "MATLAB_class" in item.attrs else array

    with decoded(path), open_unpacked(path) as stream, h5py.File(stream, "r") as file:
        file.visititems(collect)
    return found


def _aligned(images: NDArray[Any], labels: NDArray[Any] | None) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Return images and labels with the image's number as the first axis."""
    if labels is not None and 1 in labels.shape:
        labels = labels.reshape(-1)
    if labels is None:
        last = images.ndim == 4 and images.shape[2] in (1, 3)
        return (np.moveaxis(images, -1, 0) if last else images), None
    counts = set(labels.shape)
    if images.shape[-1] in counts and (images.ndim == 4 or images.shape[0] not in counts):
        images = np.moveaxis(images, -1, 0)
    if len(labels) != len(images) and labels.ndim == 2:
        labels = labels.T
    if len(labels) != len(images):
        raise InputError(f"expected as many labels as images, got images {images.shape} and labels {labels.shape}")
    return images, labels
