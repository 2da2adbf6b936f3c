"""IDX as a source: six types, any packing under any name, folders, EMNIST, QMNIST, and what is not IDX."""

import bz2
import gzip
import io
import lzma
import shutil
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import glasswork
from glasswork import FileError, InputError, load_dataset
from glasswork.data.sources.idx import read_idx

CODES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}
MNIST = Path(glasswork.__file__).parent / "data" / "sources" / "mnist"
PACK = {"": bytes, "gz": gzip.compress, "xz": lzma.compress, "bz2": bz2.compress}
PIXELS = np.random.default_rng(0).integers(0, 256, (12, 3, 4), dtype=np.uint8)
LABELS = (np.arange(12) % 3).astype(np.uint8)


def idx(array):
    """An array as the format's description has it."""
    code = CODES[array.dtype.str[1:]]
    header = bytes([0, 0, code, array.ndim]) + b"".join(struct.pack(">I", n) for n in array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def pair(folder, prefix="train", pixels=PIXELS, labels=LABELS):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{prefix}-images-idx3-ubyte").write_bytes(idx(pixels))
    (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(idx(labels))
    return folder


@given(
    st.sampled_from(sorted(CODES)).flatmap(
        lambda code: arrays(
            code, array_shapes(max_dims=4, max_side=4), elements={"allow_nan": False} if code[0] == "f" else None
        )
    ),
    st.sampled_from(sorted(PACK)),
)
def test_any_array_comes_back(tmp_path_factory, array, packing):
    path = tmp_path_factory.mktemp("idx") / "file"
    path.write_bytes(PACK[packing](idx(array)))
    back = read_idx(path)
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)


@given(st.binary(max_size=60))
def test_damaged_files_are_refused_and_nothing_else(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("idx") / "train-images-idx3-ubyte"
    path.write_bytes(b"\0\0\x08\x01" + content)
    whole = len(content) >= 4 and int.from_bytes(content[:4], "big") == len(content) - 4
    if whole:
        assert read_idx(path).size == len(content) - 4
    else:
        with pytest.raises(FileError, match="train-images-idx3-ubyte"):
            read_idx(path)


@pytest.mark.parametrize("suffix", ["", ".gz", ".bin"])
@pytest.mark.parametrize("packing", PACK)
def test_the_suffix_is_never_asked(tmp_path, packing, suffix):
    for name, array in (("t10k-images", PIXELS), ("t10k-labels", LABELS)):
        (tmp_path / f"{name}{suffix}").write_bytes(PACK[packing](idx(array)))
    for source in (tmp_path, tmp_path / f"t10k-images{suffix}"):
        data = load_dataset(source)
        np.testing.assert_array_equal(data.images.reshape(PIXELS.shape), PIXELS)
        np.testing.assert_array_equal(data.labels, LABELS)
        assert (data.shape, data.origin.format, dict(data.origin.sizes)) == ((3, 4), "IDX", {"test": 12})


def test_the_real_mnist_as_a_folder(mnist):
    data = load_dataset(MNIST)
    np.testing.assert_array_equal(data.images, mnist[0])
    np.testing.assert_array_equal(data.labels, mnist[1])
    assert (dict(data.origin.sizes), data.origin.pictures) == ({"train": 60_000, "test": 10_000}, "digits")


def test_a_raw_folder_with_both_the_packed_and_the_unpacked_file(tmp_path):
    raw = pair(tmp_path / "FashionMNIST" / "raw")
    for path in list(raw.iterdir()):
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
    pair(raw, "t10k", PIXELS[:3], LABELS[:3])
    data = load_dataset(tmp_path / "FashionMNIST")
    assert (len(data), dict(data.origin.sizes)) == (15, {"train": 12, "test": 3})


def test_emnist_letters(tmp_path):
    letters = (np.arange(52) % 26 + 1).astype(np.uint8)
    upright = np.random.default_rng(1).integers(0, 256, (52, 28, 28), dtype=np.uint8)
    folder = tmp_path / "gzip"
    for name in ("emnist-letters", "emnist-digits"):
        labels = letters if "letters" in name else letters % 10
        pair(folder, f"{name}-train", upright.swapaxes(1, 2), labels)
    with pytest.raises(InputError, match=r"holds 2 datasets: emnist-digits, emnist-letters; name the one you mean"):
        load_dataset(folder)
    data = load_dataset(folder / "emnist-letters-train-images-idx3-ubyte")
    np.testing.assert_array_equal(data.images.reshape(-1, 28, 28), upright)
    assert data.classes == tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    np.testing.assert_array_equal(data.labels, letters - 1)
    (folder / "emnist-letters-mapping.txt").write_text("".join(f"{k} {64 + k} {96 + k}\n" for k in range(1, 27)))
    assert load_dataset(folder / "emnist-letters").classes[:3] == ("A", "B", "C")
    assert load_dataset(folder / "emnist-digits").classes == tuple("0123456789")
    assert any("swapped" in note for note in data.origin.notes)


def test_emnist_balanced_by_its_mapping(tmp_path):
    pair(tmp_path, "emnist-balanced-train", labels=LABELS)
    (tmp_path / "emnist-balanced-mapping.txt").write_text("0 48\n1 65\n2 97\n")
    assert load_dataset(tmp_path).classes == ("0", "A", "a")


def test_qmnist_labels_of_eight_columns(tmp_path):
    (tmp_path / "qmnist-train-images-idx3-ubyte").write_bytes(idx(PIXELS))
    labels = np.arange(96, dtype=np.int32).reshape(12, 8)
    labels[:, 0] = LABELS
    (tmp_path / "qmnist-train-labels-idx2-int").write_bytes(idx(labels))
    data = load_dataset(tmp_path)
    np.testing.assert_array_equal(data.labels, LABELS)
    np.testing.assert_array_equal(data.images.reshape(PIXELS.shape), PIXELS)


def zip_with_a_damaged_name(damage=b"\x9b\x9b"):
    """A zip whose one file has a name that says that it is UTF-8, and is not, or that begins with its end."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("é", idx(PIXELS))
    return packed.getvalue().replace("é".encode(), damage)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<!DOCTYPE html>\n<html>Not found</html>", r"a web page \(HTML\), not data.*download the file itself again"),
        (gzip.compress(b"<html>"), r"a web page \(HTML\)"),
        (gzip.compress(b"\x80\x02cnumpy\n"), "a Python pickle, which can run any program.*savez_compressed"),
        (gzip.compress(idx(PIXELS))[:-9], "cannot be read.*download it again"),
        (zip_with_a_damaged_name(), "cannot be read.*download it again"),
        (zip_with_a_damaged_name(b"\0x"), "a zip without a file; pack it again"),
        (b"", "an empty file"),
        (idx(PIXELS)[:-1], "ends after 143 of its 144 bytes"),
        (idx(PIXELS) + b"0", "holds more than the 144 bytes"),
    ],  # named, since gzip writes the time into its bytes
    ids=["page", "packed page", "pickle", "torn", "damaged name", "no name", "empty", "short", "long"],
)
def test_what_is_no_idx_file(tmp_path, content, message):
    pair(tmp_path)
    path = tmp_path / "train-images-idx3-ubyte"
    path.unlink()
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(content)
    for source in (tmp_path, path):
        with pytest.raises(FileError, match=message):
            load_dataset(source)


def test_lengths_that_do_not_fit(tmp_path):
    pair(tmp_path, labels=LABELS[:-1])
    with pytest.raises(
        InputError, match="train-labels-idx1-ubyte has 11 labels, but train-images-idx3-ubyte has 12 images"
    ):
        load_dataset(tmp_path)


def test_images_alone_and_labels_alone(tmp_path):
    pair(tmp_path)
    shutil.move(tmp_path / "train-labels-idx1-ubyte", tmp_path / "elsewhere-labels")
    with pytest.raises(InputError, match=r"there are no labels in it; to ask a network.*glasswork predict"):
        load_dataset(tmp_path / "train-images-idx3-ubyte")
    with pytest.raises(InputError, match="only labels, and no images"):
        load_dataset(tmp_path / "elsewhere-labels")


def test_other_types_of_pixels(tmp_path):
    for scale, low, high in ((np.float32(255), 0, 1), (np.float64(1), 0, 255)):
        (tmp_path / "train-images").write_bytes(idx(PIXELS.astype(scale.dtype) / scale))
        (tmp_path / "train-labels").write_bytes(idx(LABELS.astype(np.int16)))
        data = load_dataset(tmp_path)
        np.testing.assert_array_equal(data.images.reshape(PIXELS.shape), PIXELS)
        assert (data.origin.low, data.origin.high) == (low, high)
