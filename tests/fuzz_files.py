"""One small file of each kind that is read, and how it is read: what `fuzz` damages."""

import gzip
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import polars as pl
import scipy.io
from PIL import Image

from glasswork import Run, load_dataset, load_mnist, named_recipe, read_image, read_recipe, save_model
from glasswork.data.sources.idx import read_idx
from glasswork.models.model_file import read_model_file
from glasswork.runs.checkpoint import Checkpoints
from glasswork.runs.folder import RunFolder
from glasswork.runs.snapshots import _read as read_snapshots


@dataclass(frozen=True)
class Reader:
    """A file that is read, and how.

    Attributes
    ----------
    path : Path
    read : callable
        Returns something that can be compared.
    sealed : bool
        Whether any change must be found, or leave the answer as it is; a text without a seal may say another thing.
    seal : str
        How it is sealed anew after its content was changed: ``arrays``, ``json`` or ``history``; packed anew, ``gzip``
        or ``zip``; empty if any change reaches the reader.
    """

    path: Path
    read: Callable[[Path], Any]
    sealed: bool
    seal: str = ""


def readers(folder: Path) -> dict[str, Reader]:
    """Make one file of each kind; return how each is read."""
    return {**_of_a_run(folder), **_of_data(folder / "data")}


def _of_a_run(folder: Path) -> dict[str, Reader]:
    recipe = named_recipe("dropout").override(
        {"network.hidden": [5], "training.epochs": 2, "training.batch_size": 500, "training.average": 0.9,
         "network.batch_norm": True}
    )  # fmt: skip
    with Run(recipe, folder / "run") as run:
        list(run.epochs())
    run.save()
    (folder / "settings.toml").write_text(recipe.to_toml())

    def model(path: Path) -> bytes:
        read = read_model_file(path)
        save_model(  # what can be read can be written again
            read.model, folder / "again", classes=read.classes, image_shape=read.image_shape,
            reference=read.reference, reading=read.reading,
        )  # fmt: skip
        kept = {} if read.reference is None else read.reference.to_arrays()
        arrays = [*read.model.state().values(), *kept.values()]
        return b"".join(array.tobytes() for array in arrays) + repr((read.classes, read.image_shape)).encode()

    def checkpoint(path: Path) -> bytes:
        one, made, progress = Checkpoints(path.parent), run.experiment, run.progress
        one.paths = [path]
        facts, _ = one.load(made, progress)
        assert facts is not None
        assert made.average is not None
        state = [*made.model.state().values(), *made.optimizer.state().values(), *progress.last_good]
        state += made.average.averages
        return b"".join(array.tobytes() for array in state) + repr((facts.position, facts.history)).encode()

    def snapshots(path: Path) -> str:
        facts, arrays = read_snapshots(path)
        return repr((facts.epochs, [(name, array.tobytes()) for name, array in arrays.items()]))

    place = folder / "run"
    return {
        "model": Reader(place / "model.safetensors", model, True, "arrays"),
        "checkpoint": Reader(place / "checkpoint-1.safetensors", checkpoint, True, "arrays"),
        "snapshots": Reader(place / "snapshots.safetensors", snapshots, True, "arrays"),
        "recipe": Reader(folder / "settings.toml", read_recipe, False),
        "recipe of a run": Reader(place / "recipe.toml", lambda path: RunFolder(path.parent).recipe(), False),
        "history": Reader(place / "history.csv", lambda path: RunFolder(path.parent).history(), True, "history"),
        "result": Reader(place / "result.json", lambda path: RunFolder(path.parent).result(), True, "json"),
    }


def _of_data(folder: Path) -> dict[str, Reader]:
    """Write the same 40 images in every format, each in a folder of its own."""
    images, labels = load_mnist()
    images, labels = images[:40].reshape(40, 28, 28)[:, ::4, ::4].reshape(40, 49), labels[:40]
    made: dict[str, Reader] = {}

    def add(name: str, file: str, content: bytes, read: Callable[[Path], Any] | None = None, seal: str = "") -> None:
        path = folder / name / file
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        made[name] = Reader(path, read or _dataset, False, seal)

    header = b"\0\0\x08\x03" + np.array([40, 7, 7], ">u4").tobytes()
    add("idx", "images.gz", gzip.compress(header + images.tobytes()), lambda path: read_idx(path).tobytes(), "gzip")
    add("idx of labels", "labels", b"\0\0\x08\x01" + np.array([40], ">u4").tobytes() + bytes(labels.tolist()),
        lambda path: read_idx(path).tobytes())  # fmt: skip
    add("npz", "a.npz", _written(lambda stream: np.savez(stream, images=images, labels=labels)), seal="zip")
    add(
        "npz, packed",
        "a.npz",
        _written(lambda stream: np.savez_compressed(stream, images=images, labels=labels)),
        seal="zip",
    )
    add("npy", "images.npy", _written(lambda stream: np.save(stream, images)))
    np.save(folder / "npy" / "labels.npy", labels)
    text = "".join(f"{label},{','.join(map(str, row))}\n" for label, row in zip(labels, images.tolist(), strict=True))
    names = ["label", *(f"pixel{k}" for k in range(49))]
    add("csv", "a.csv", (",".join(names) + "\n" + text).encode())
    add("csv, packed", "a.csv.gz", gzip.compress(text.encode()), seal="gzip")
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", text)
    add("csv in a zip", "a.zip", zipped.getvalue(), seal="zip")
    declared = "@relation x\n@attribute class {0,1,2,3,4,5,6,7,8,9}\n" + "".join(
        f"@attribute {name} numeric\n" for name in names[1:]
    )
    sparse = [[(k, value) for k, value in enumerate(row, 1) if value] for row in images.tolist()]
    add("arff", "a.arff", (declared + "@data\n" + text).encode())
    rows = [", ".join([f"0 {label}", *(f"{k} {value}" for k, value in row)])
            for label, row in zip(labels, sparse, strict=True)]  # fmt: skip
    add("arff, sparse", "a.arff", (declared + "@data\n" + "".join(f"{{{row}}}\n" for row in rows)).encode())
    lines = [" ".join([str(label), *(f"{k}:{value}" for k, value in row)])
             for label, row in zip(labels, sparse, strict=True)]  # fmt: skip
    add("libsvm", "a.libsvm", "\n".join(lines).encode())
    table = {"X": images, "y": labels[:, np.newaxis].astype(np.uint8)}
    add("mat", "a.mat", _written(lambda stream: scipy.io.savemat(stream, table)))
    add("mat, packed", "a.mat", _written(lambda stream: scipy.io.savemat(stream, table, do_compression=True)))
    nested = {"dataset": {"train": {"images": images, "labels": labels[:, np.newaxis]}}}
    add("mat, nested", "a.mat", _written(lambda stream: scipy.io.savemat(stream, nested, do_compression=True)))
    add("hdf5", "a.h5", _written(_hdf5(images, labels)))
    frame = pl.DataFrame({"label": labels} | {f"pixel{k}": images[:, k] for k in range(49)})
    add("parquet", "a.parquet", _written(frame.write_parquet))
    digit = Image.fromarray(load_mnist()[0][0].reshape(28, 28)).resize((60, 60))
    for kind in ("png", "jpeg", "gif", "bmp", "tiff"):
        add(kind, f"digit.{kind}", _written(lambda stream, kind=kind: digit.save(stream, kind)),
            lambda path: read_image(path).tobytes())  # fmt: skip
    for label in "ab":
        (folder / "pictures" / label).mkdir(parents=True)
        for k in range(3):
            digit.resize((8, 8)).save(folder / "pictures" / label / f"{k}.png")
    made["pictures"] = Reader(folder / "pictures" / "a" / "1.png", lambda path: _dataset(path.parent.parent), False)
    return made


def _written(write: Callable[[io.BytesIO], Any]) -> bytes:
    stream = io.BytesIO()
    write(stream)
    return stream.getvalue()


def _hdf5(images: Any, labels: Any) -> Callable[[io.BytesIO], None]:
    def write(stream: io.BytesIO) -> None:
        with h5py.File(stream, "w") as file:
            file.create_dataset("X", data=images, compression="gzip")
            file.create_dataset("y", data=labels)

    return write


def _dataset(path: Path) -> bytes:
    data = load_dataset(path)
    return data.images.tobytes() + data.labels.tobytes() + repr(data.classes).encode()
