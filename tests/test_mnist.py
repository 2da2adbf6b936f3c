"""The embedded MNIST is the published one, and a damaged file never passes for it."""

import gzip
import hashlib
import struct

import numpy as np
import pytest
from hypothesis import example, given, strategies as st

from glasswork import FileError, normalize
from glasswork.data.sources.idx import read_idx

TRAIN, TEST = slice(0, 60_000), slice(60_000, 70_000)


# As published ------------------------------------------------------------------------------------


def test_shapes_and_dtypes(mnist):
    images, labels = mnist
    assert (images.shape, images.dtype) == ((70_000, 784), np.uint8)
    assert (labels.shape, labels.dtype) == ((70_000,), np.int64)


def test_first_labels(mnist):
    assert mnist[1][TRAIN][:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert mnist[1][TEST][:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]


def test_class_counts(mnist):
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(mnist[1][TRAIN]).tolist() == counts
    assert np.bincount(mnist[1][TEST]).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_published_mean_and_spread_of_pixels(mnist):
    """0.1307 and 0.3081 of the training set, the numbers of many tutorials."""
    counts = np.bincount(mnist[0][TRAIN].ravel(), minlength=256)
    values = np.arange(256) / 255
    mean = counts @ values / counts.sum()
    assert round(mean, 4) == 0.1307
    assert round(np.sqrt(counts @ (values - mean) ** 2 / counts.sum()), 4) == 0.3081


def test_first_training_image_is_a_five_in_the_middle(mnist):
    """The digit fills 20×20 pixels, inside a frame of ground four pixels wide."""
    image = mnist[0][0].reshape(28, 28)
    assert image[4:24, 4:24].any()
    assert not image[:4].any()
    assert not image[24:, 24:].any()
    assert image.max() == 255
    assert image[5].tolist()[12:24] == [3, 18, 18, 18, 126, 136, 175, 26, 166, 255, 247, 127]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_normalize(dtype):
    pixels = np.arange(256, dtype=np.uint8)
    got = normalize(pixels, dtype=dtype)
    assert got.dtype == dtype
    assert got[[0, 255]].tolist() == [-1, 1]
    handout = ((pixels / 255.0) - 0.5) * 2
    np.testing.assert_allclose(got, handout, rtol=0, atol=2 * np.finfo(dtype).eps)
    assert (np.diff(got) > 0).all()
    assert pixels.tolist() == list(range(256))
    out = np.empty(256, dtype)
    assert normalize(pixels, out=out) is out
    np.testing.assert_array_equal(out, got)
    np.testing.assert_array_equal(normalize(pixels.astype(np.float64), dtype=dtype), got)


# The file format ---------------------------------------------------------------------------------

ARRAY = np.arange(5 * 4 * 3, dtype=np.uint8).reshape(5, 4, 3)
CONTENT = b"\0\0\x08\x03" + struct.pack(">III", 5, 4, 3) + ARRAY.tobytes()
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def damaged(path, **options):
    """Read a file that must be refused, by name; return the message."""
    with pytest.raises(FileError) as error:
        read_idx(path, **options)
    assert str(path) in str(error.value)
    return str(error.value)


@pytest.fixture(params=["digits", "digits.gz"])
def path(request, tmp_path):
    return tmp_path / request.param


def write(path, content):
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def test_good_file(path):
    write(path, CONTENT)
    np.testing.assert_array_equal(read_idx(path), ARRAY)
    np.testing.assert_array_equal(read_idx(str(path)), ARRAY)
    out = np.zeros_like(ARRAY)
    assert read_idx(path, sha256=SHA256, out=out) is out
    np.testing.assert_array_equal(out, ARRAY)


@pytest.mark.parametrize("length", range(len(CONTENT)))
def test_content_that_ends_too_early(tmp_path, length):
    """At every byte at which it may end: in the magic number, in the header, in the pixels."""
    for path in (tmp_path / "digits", tmp_path / "digits.gz"):
        write(path, CONTENT[:length])
        message = damaged(path)
        if length >= 16:
            assert f"ends after {length - 16} of its 60 bytes" in message


def test_compressed_file_that_ends_too_early(tmp_path):
    path, whole = tmp_path / "digits.gz", gzip.compress(CONTENT)
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        damaged(path)


def test_content_that_goes_on(path):
    write(path, CONTENT + b"\0")
    assert "holds more than the 60 bytes that its header states" in damaged(path)


@pytest.mark.parametrize("magic", [b"\0\0\x0a\3", b"\0\1\x08\3", b"\0\0\x08\0", b"\0\0\x08\5", b"\x89PNG"])
def test_wrong_magic_number(path, magic):
    write(path, magic + CONTENT[4:])
    assert f"a type (8 for bytes) and 1 to 4 dimensions, got {magic!r}" in damaged(path)


def test_wrong_checksum(path):
    write(path, CONTENT[:-1] + b"\x07")
    assert f"expected {SHA256[:12]}" in damaged(path, sha256=SHA256)


def test_other_shape_than_asked_for(path):
    write(path, CONTENT)
    assert "expected an array of (5, 12), but its header states (5, 4, 3)" in damaged(
        path, out=np.empty((5, 12), np.uint8)
    )


def test_header_that_asks_for_too_much(path):
    write(path, b"\0\0\x08\x03" + b"\xff" * 12 + b"abc")
    assert "4,294,967,295×4,294,967,295×4,294,967,295" in damaged(path)


def test_missing_file(path):
    assert "there is no such file or folder" in damaged(path)


def test_folder_in_place_of_a_file(path):
    path.mkdir()
    damaged(path)


def test_a_bare_file_is_read_whatever_its_name_says(tmp_path):
    path = tmp_path / "digits.gz"
    path.write_bytes(CONTENT)
    bare = tmp_path / "digits"
    bare.write_bytes(CONTENT)
    np.testing.assert_array_equal(read_idx(path), read_idx(bare))


PIXELS = np.random.default_rng(0).integers(0, 256, (30, 9), dtype=np.uint8)
COMPRESSED = gzip.compress(b"\0\0\x08\x02" + struct.pack(">II", 30, 9) + PIXELS.tobytes())


@given(st.integers(0, len(COMPRESSED) - 1), st.integers(1, 255))
@example(3, 1)  # a flag that means nothing
@example(len(COMPRESSED) - 1, 1)  # the length, which comes last
def test_any_damaged_byte_is_found(tmp_path_factory, position, change):
    """Or it is one of those of gzip's header that say nothing of the content, such as the time."""
    path = tmp_path_factory.mktemp("damaged") / "digits.gz"
    content = bytearray(COMPRESSED)
    content[position] ^= change
    path.write_bytes(content)
    if 4 <= position < 10 or (position == 3 and not change & 0b11110):
        np.testing.assert_array_equal(read_idx(path), PIXELS)
    else:
        damaged(path)
