"""A dataset on disk, as arrays that need not fit into memory, and the store that collects them.

folder/
  images.npy     (N, height * width) uint8, mapped into memory when it is large
  labels.npy     (N,) int64
  dataset.json   classes, shape, name, source, origin
"""

import secrets
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from glasswork.data.dataset import Dataset, Kind
from glasswork.data.mapped import MAP_FROM
from glasswork.data.origin import Origin
from glasswork.data.sources.limits import check_fits
from glasswork.errors import FileError
from glasswork.files import write_whole


class PixelStore:
    """Collects images block by block: in memory, and from `MAP_FROM` bytes on in a file that is mapped at the end.

    Parameters
    ----------
    folder : Path, optional
        The folder for the file; without one, everything stays in memory.
    source : str
        Where the images come from, for messages.
    """

    def __init__(self, folder: Path | None, source: str = "") -> None:
        self._folder, self._source = folder, source
        self._checked = MAP_FROM
        self._blocks: list[NDArray[Any]] = []
        self._row = ("|u1", 0)  # the dtype of the stored numbers, and how many are in a row
        self._stream: Any = None
        self.rows = self.features = 0  # images, and the bytes of each

    def append(self, rows: NDArray[Any]) -> None:
        """Take some images, ``(n, height * width)`` bytes, or rows of features, ``(n, columns)`` float64."""
        self.rows, self.features = self.rows + len(rows), rows.shape[1] * rows.itemsize
        if self._stream is not None:
            self._stream.write(np.ascontiguousarray(rows).data)
            return
        self._blocks.append(rows)
        if self._folder is None and self.rows * self.features > self._checked:  # joining them will copy them once
            what = f"{self._source}: holds more than {self.rows:,} images of {rows.shape[1]:,} numbers"
            check_fits(self.rows * self.features, what)
            self._checked = 2 * self.rows * self.features
        if self._folder is not None and self.rows * self.features > MAP_FROM:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._stream = (self._folder / "images.npy").open("wb+")
            self._row = rows.dtype.str, rows.shape[1]
            self._write_header()
            for block in self._blocks:
                self._stream.write(np.ascontiguousarray(block).data)
            self._blocks = []

    def finish(self) -> NDArray[Any]:
        """Return all images, or rows of features."""
        if self._stream is None:
            return self._blocks[0] if len(self._blocks) == 1 else np.concatenate(self._blocks)
        assert self._folder is not None
        self._stream.seek(0)
        self._write_header()
        self._stream.close()
        return np.load(self._folder / "images.npy", mmap_mode="r")  # type: ignore[no-any-return]

    def _write_header(self) -> None:
        """Write the header of an array with this many rows; its length is the same for any number of rows."""
        kind, width = self._row
        facts = {"descr": kind, "fortran_order": False, "shape": (self.rows, width)}
        np.lib.format.write_array_header_1_0(self._stream, facts)


class _Facts(msgspec.Struct):
    classes: list[str]
    shape: tuple[int, ...]
    name: str
    source: str
    origin: dict[str, Any]
    columns: list[str] = []
    kind: Kind = "pixels"


def write_dataset(dataset: Dataset, folder: Path) -> None:
    """Write a dataset into a folder, completely or not at all; images that are in it already are not changed.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    classes, columns = list(dataset.classes), list(dataset.columns)
    facts = _Facts(classes, dataset.shape, dataset.name, dataset.source, asdict(dataset.origin), columns, dataset.kind)
    temporary = folder.with_name(f".{folder.name}-{secrets.token_hex(4)}.unfinished")
    try:
        if folder.exists():
            temporary = folder
        else:
            temporary.mkdir(parents=True)
        if not (temporary / "images.npy").exists():
            np.save(temporary / "images.npy", dataset.images)
        np.save(temporary / "labels.npy", dataset.labels)
        write_whole(temporary / "dataset.json", msgspec.json.encode(facts))
        if temporary != folder:
            temporary.rename(folder)
    except OSError as error:
        if temporary != folder:
            shutil.rmtree(temporary, ignore_errors=True)
        raise FileError(
            f"{folder}: the data cannot be written there ({error}); check free space and permissions"
        ) from error


def read_dataset(folder: Path) -> Dataset:
    """Read what `write_dataset` wrote; large images are mapped.

    Raises
    ------
    FileError
        If it is missing or damaged.
    """
    try:
        facts = msgspec.json.decode((folder / "dataset.json").read_bytes(), type=_Facts)
        images = np.load(folder / "images.npy", mmap_mode="r")
        if images.nbytes < MAP_FROM:
            images = np.array(images)
        labels = np.load(folder / "labels.npy")
        origin = msgspec.convert(facts.origin, Origin)
        meaning = (tuple(facts.classes), facts.shape, facts.name, facts.source, origin)
        return Dataset(images, labels, *meaning, columns=tuple(facts.columns), kind=facts.kind)
    except (OSError, ValueError, TypeError, KeyError, msgspec.MsgspecError) as error:
        raise FileError(f"{folder}: the data kept there are missing or damaged ({error})") from error
