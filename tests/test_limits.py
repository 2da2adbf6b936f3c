"""A small file that asks for gigabytes is refused in words before memory is taken; large data are read as ever."""

import bz2
import gzip
import io
import lzma
import struct
import tracemalloc
import zipfile
import zlib
from contextlib import contextmanager

import h5py
import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sklearn.datasets import load_svmlight_file  # noqa: F401  (here, so that importing it does not count)

from glasswork import FileError, InputError, load_dataset, read_image
from glasswork.data.sources import SOURCES, limits
from glasswork.data.sources.idx import read_idx

#: What reading a file of a few kilobytes may take.
MEGABYTES = 64


@pytest.fixture(scope="module", autouse=True)
def _imported():
    """All that reads data, so that importing it does not count."""
    for source in SOURCES:
        source.load_module()


@contextmanager
def in_little_memory(megabytes=MEGABYTES):
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < megabytes * 2**20, f"{peak / 2**20:.0f} MB"


def refused(path, match="restore"):
    with in_little_memory(), pytest.raises(FileError, match=match) as error:
        load_dataset(path)
    assert str(path) in str(error.value)


# Headers that ask for more than there is -----------------------------------------------------------


def idx(shape, kind=8):
    return b"\0\0" + bytes([kind, len(shape)]) + struct.pack(f">{len(shape)}I", *shape)


def npy(shape, dtype="|u1", order=False):
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": dtype, "fortran_order": order, "shape": shape})
    return stream.getvalue()


def npz(member, method=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr("images.npy", member)
    return stream.getvalue()


def element(kind, content):
    return struct.pack("<II", kind, len(content)) + content + bytes(-len(content) % 8)


def matrix(kind, sizes, *rest):
    """Return a matrix of a MATLAB file: 1 a cell, 2 a structure, 4 text, 6 numbers."""
    flags, sizes = struct.pack("<II", kind, 0), struct.pack(f"<{len(sizes)}i", *sizes)
    return element(14, element(6, flags) + element(5, sizes) + element(1, b"X") + b"".join(rest))


def mat(*variables):
    return b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM" + b"".join(variables)


def packed(variable):
    return struct.pack("<II", 15, len(zlib.compress(variable))) + zlib.compress(variable)


HUGE = 10**9
FIELDS = element(5, struct.pack("<i", 32)) + element(1, b"a".ljust(32, b"\0"))
MATRICES = {
    "numbers": matrix(6, (HUGE, 2), element(9, bytes(8))),
    "text": matrix(4, (HUGE, 1), element(16, b"")),
    "cells": matrix(1, (HUGE, 1)),
    "structures": matrix(2, (HUGE, 1), FIELDS),
    "within": matrix(2, (1, 1), FIELDS, matrix(1, (HUGE, 1))),
    "negative": matrix(6, (-HUGE, -2), element(9, bytes(8))),
    "long": struct.pack("<II", 14, 2**31) + matrix(6, (2, 2))[8:56] + struct.pack("<II", 9, 2**31),
}
HOSTILE = {
    "idx": idx((HUGE, 28, 28)),
    "idx of floats": idx((2**28, 2, 2), 14),
    "idx of no rows": idx((0, 2**32 - 1, 2**32 - 1, 2**32 - 1)),
    "npy": npy((HUGE, 784)),
    "npy of no rows": npy((0, 2**62, 2**62)),
    "npy of long words": npy((2,), "<U500000000"),
    "npy of a long header": b"\x93NUMPY\2\0\xff\xff\xff\xff{",
    "npy by columns": npy((HUGE, 784), "<f8", order=True),
    "npz": npz(npy((HUGE, 784))),
    "npz, bz2": npz(npy((HUGE, 784), "<f8"), zipfile.ZIP_BZIP2),
    "npz, lzma": npz(npy((HUGE, 784)), zipfile.ZIP_LZMA),
    "libsvm": b"1 1:1\n2 2000000000:1\n",
    "libsvm, many rows": b"1 1:1\n" * 20_000 + b"2 1048576:1\n",
    **{f"mat, {name}": mat(variable) for name, variable in MATRICES.items()},
    **{f"mat, {name}, packed": mat(packed(variable)) for name, variable in MATRICES.items()},
}
PACKINGS = {"": lambda content: content, "gzip": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_small_file_that_asks_for_gigabytes(tmp_path, name, packing):
    if name.startswith("npz") and packing:
        packing = ""  # a packed NPZ is no format of its own
    (tmp_path / "data").write_bytes(PACKINGS[packing](HOSTILE[name]))
    refused(tmp_path / "data")


@pytest.mark.parametrize(
    "options",
    [{}, {"chunks": (1000, 784)}, {"chunks": (1000, 784), "compression": "gzip"}, {"fillvalue": 7}],
    ids=["whole", "in pieces", "packed", "filled"],
)
def test_hdf5_of_numbers_that_were_never_written(tmp_path, options):
    with h5py.File(tmp_path / "data", "w") as file:
        file.create_dataset("X", (10**8, 784), "u1", **options)
        file.create_dataset("y", data=np.zeros(3, np.uint8))
    assert (tmp_path / "data").stat().st_size < 10_000
    refused(tmp_path / "data")


def test_hdf5_of_numbers_in_another_file(tmp_path):
    """It could be any file of this machine."""
    (tmp_path / "other").write_bytes(bytes(1000))
    with h5py.File(tmp_path / "data", "w") as file:
        file.create_dataset("X", (10, 9), "u1", external=[(str(tmp_path / "other"), 0, 90)])
    refused(tmp_path / "data", "X keeps its numbers in other files")


def test_arff_of_empty_rows_and_many_columns(tmp_path):
    columns = "".join(f"@attribute p{k} numeric\n" for k in range(4000))
    text = f"@relation x\n{columns}@attribute class {{a,b}}\n@data\n" + "{0 1, 4000 b}\n{1 1, 4000 a}\n" * 5000
    (tmp_path / "data").write_text(text)
    assert (tmp_path / "data").stat().st_size < 300_000
    with pytest.raises(FileError, match=r"sparse rows of shape [\d,]+×4,001.*cannot hold that"):
        load_dataset(tmp_path / "data")


def test_a_table_of_short_rows_takes_memory_in_proportion(tmp_path):
    """A million rows of two cells are a few megabytes of text; labels of 65 letters each would be hundreds."""
    (tmp_path / "data").write_text("label,p0,p1,p2,p3\n" + "a,1,2,3,4\nb,4,3,2,1\n" * 50_000)
    with in_little_memory():
        assert len(load_dataset(tmp_path / "data")) == 100_000


def test_a_table_that_states_more_rows_than_it_has(tmp_path, monkeypatch):
    """As a made-up Parquet file can."""
    frame = pl.DataFrame({"label": [0, 1] * 20} | {f"pixel{k}": [k] * 40 for k in range(16)})
    frame.write_parquet(tmp_path / "data")
    monkeypatch.setattr(pl, "len", lambda: pl.lit(2**50))
    assert len(load_dataset(tmp_path / "data")) == 40


def outcome(path):
    try:
        return load_dataset(path).images
    except (FileError, InputError) as error:
        return str(error)


SIZES = st.lists(st.integers(0, 2**32 - 1) | st.integers(0, 12), min_size=1, max_size=4).map(tuple)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    SIZES, st.sampled_from([8, 9, 11, 12, 13, 14]), st.sampled_from(list(PACKINGS)), st.binary(max_size=200),
    st.sampled_from(["idx", "npy", "npz"]), st.booleans(),
)  # fmt: skip
def test_any_header_is_read_or_refused_in_little_memory(tmp_path, shape, kind, packing, content, form, order):
    """What it states and what follows it may be anything."""
    dtype = {8: "|u1", 9: "|i1", 11: "<i2", 12: "<i4", 13: "<f4", 14: "<f8"}[kind]
    made = {"idx": idx(shape, kind), "npy": npy(shape, dtype, order), "npz": npy(shape, dtype, order)}[form] + content
    path = tmp_path / "data"
    path.write_bytes(npz(made) if form == "npz" else PACKINGS[packing](made))
    with in_little_memory():
        came = outcome(path)
    assert isinstance(came, np.ndarray) or str(path) in came


# More than there is memory for ---------------------------------------------------------------------


def test_what_does_not_fit_into_memory_is_refused_with_the_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "free_memory", lambda: 10 << 20)
    np.save(tmp_path / "images.npy", np.zeros((30_000, 784), np.uint8))
    refused(tmp_path / "images.npy", r"shape 30,000×784, which take 22\.4 MiB; 10\.0 MiB of memory are free")
    (tmp_path / "data").write_bytes(b"1 1:1\n" * 20_000 + b"2 784:1\n")
    refused(tmp_path / "data", r"images of shape 20,001×784, which take 15\.0 MiB; 10\.0 MiB of memory are free")


def test_images_that_add_up_to_more_than_fits(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "free_memory", lambda: 1 << 20)
    monkeypatch.setattr("glasswork.data.sources.store.MAP_FROM", 1 << 18)
    rows = "".join(f"{k % 2},{','.join(['7'] * 784)}\n" for k in range(3000))
    (tmp_path / "data").write_text(rows)
    with pytest.raises(FileError, match=r"data: holds more than \d,\d+ images of 784 numbers; .* of memory are free"):
        load_dataset(tmp_path / "data")


def test_the_limit_of_the_process_counts(monkeypatch):
    import resource

    monkeypatch.setattr(resource, "getrlimit", lambda which: (1 << 20, resource.RLIM_INFINITY))
    assert limits.free_memory() == 0
    monkeypatch.undo()
    assert limits.free_memory() > 1 << 20


# What is large and right ---------------------------------------------------------------------------


def test_sparse_rows_of_a_usual_size_are_read_in_blocks(tmp_path):
    """As MNIST's 60,000 are; the numbers of a few rows at a time are in memory as floats."""
    rows = [f"{k % 10} {1 + k % 783}:{1 + k % 255} 784:1" for k in range(20_000)]
    (tmp_path / "data").write_text("\n".join(rows))
    with in_little_memory(120):
        data = load_dataset(tmp_path / "data")
    assert data.images.shape == (20_000, 784)
    assert data.images[5, 5] == 6
    assert data.images[-1].sum() == 1 + 1 + 19_999 % 255
    assert data.images[:, -1].all()


def test_a_large_array_is_mapped_and_not_read(tmp_path):
    images = np.lib.format.open_memmap(tmp_path / "images.npy", "w+", np.uint8, (400_000, 784))  # holes: no disk
    images[5, 5] = 255
    images.flush()
    np.save(tmp_path / "labels.npy", np.arange(400_000) % 2)
    with in_little_memory():
        data = load_dataset(tmp_path / "images.npy")
    assert data.images.shape == (400_000, 784)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress], ids=["gzip", "bz2", "xz"])
def test_what_packs_very_well_is_read(tmp_path, pack):
    (tmp_path / "data").write_bytes(pack(idx((40_000, 784)) + bytes(40_000 * 784)))
    assert read_idx(tmp_path / "data").shape == (40_000, 784)


# Text without an end -------------------------------------------------------------------------------


@pytest.mark.parametrize("start", [b"1,2,3", b"@relation x ", b'{"file_name": "', b"label\t"], ids=repr)
def test_a_packed_text_of_one_long_line(tmp_path, start):
    """Some kilobytes that would be a line of 100 MB."""
    (tmp_path / "data").write_bytes(gzip.compress(start + b"1" * 100_000_000, 1))
    with in_little_memory(80), pytest.raises((FileError, InputError), match="letters; no image has one that long"):
        load_dataset(tmp_path / "data")


LONG = b"1 " + b" ".join(b"%d:1" % k for k in range(1, 785)) + b"\n"


@pytest.mark.parametrize("text", [b"1 1:1" + b"1" * 50_000_000, LONG * 500], ids=["line", "lines"])
def test_a_packed_libsvm_of_far_more_than_such_texts_pack(tmp_path, monkeypatch, text):
    monkeypatch.setattr("glasswork.data.sources.libsvm._MOST_UNPACKED", 1 << 20)
    (tmp_path / "data").write_bytes(bz2.compress(text))
    with in_little_memory(160), pytest.raises(FileError, match=r"data: expands to more than|data: damaged"):
        load_dataset(tmp_path / "data")


@pytest.mark.parametrize(
    "text",
    ["0,1,2,3,4\n" * 30 + "1," + "5" * 200_000 + ",1,2,3\n",
     "@relation x\n@attribute a {}\n@attribute b numeric\n@data\n",
     "@relation x\n@attribute a {" + "5" * 200_000 + "}\n@data\n1\n", '{"file_name": ' + "[" * 100_000 + "\n"],
    ids=["a long cell", "no choices", "a long choice", "deep"],
)  # fmt: skip
def test_text_that_a_library_cannot_cut(tmp_path, text):
    (tmp_path / "data").write_text(text)
    with pytest.raises((FileError, InputError)) as error:
        load_dataset(tmp_path / "data")
    assert str(tmp_path / "data") in str(error.value)


# Pictures ------------------------------------------------------------------------------------------


def test_a_picture_that_states_a_part_of_gigabytes(tmp_path):
    """Where a part of a PNG says how long it is; Python would take that memory before it looks at the file."""
    from PIL import Image

    stream = io.BytesIO()
    Image.new("L", (20, 20)).save(stream, "png")
    content = bytearray(stream.getvalue())
    for part in (b"IDAT", b"IEND"):
        place = content.index(part) - 4
        content[place : place + 4] = struct.pack(">I", 2**31 - 1)
    (tmp_path / "a.png").write_bytes(content)
    with in_little_memory(), pytest.raises((FileError, InputError), match=r"a\.png"):
        read_image(tmp_path / "a.png")
