"""Dataset: what images and labels are, from arrays of any sensible kind, and what is refused."""

from functools import partial

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, strategies as st

from glasswork import Dataset, InputError, load_dataset, split

PIXELS = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


@pytest.mark.parametrize(
    "images",
    [PIXELS, PIXELS[..., None], PIXELS.astype(np.int64), PIXELS.astype(np.float32), PIXELS.tolist(), PIXELS[:, ::1]],
    ids=["bytes", "one channel", "integers", "floats", "lists", "a view"],
)
def test_images_of_any_kind(images):
    data = Dataset.of(images, [0, 1])
    assert (data.images.dtype, data.labels.dtype) == (np.uint8, np.int64)
    np.testing.assert_array_equal(data.images, PIXELS.reshape(2, 12))
    assert data.shape == (3, 4)


@pytest.mark.parametrize(
    ("features", "given", "shape"),
    [(64, None, (8, 8)), (12, None, (1, 12)), (12, (3, 4), (3, 4)), (16, (2, 8), (2, 8))],
)
def test_shape_of_rows(features, given, shape):
    assert Dataset.of(np.zeros((2, features)), [0, 1], shape=given).shape == shape


@pytest.mark.parametrize(
    ("labels", "numbers", "classes"),
    [
        ([2, 0], [2, 0], ("0", "1", "2")),
        (np.array([2.0, 0.0]), [2, 0], ("0", "1", "2")),
        (np.array([1, 0], dtype=object), [1, 0], ("0", "1")),
        (np.array([1, 0], dtype=np.uint8), [1, 0], ("0", "1")),
        (["dog", "cat"], [1, 0], ("cat", "dog")),
        (np.array(["dog", "cat"], dtype=object), [1, 0], ("cat", "dog")),
        (["10", "9"], [1, 0], ("9", "10")),  # words that are numbers, as fetch_openml has them
    ],
)
def test_labels_of_any_kind(labels, numbers, classes):
    data = Dataset.of(PIXELS, labels)
    assert (data.labels.tolist(), data.classes) == (numbers, classes)


@pytest.mark.parametrize("classes", [("a", "b", "c"), ["a", "b", "c"]])
def test_classes_that_no_image_shows(classes):
    assert Dataset.of(PIXELS, [0, 2], classes=classes).classes == ("a", "b", "c")
    assert Dataset.of(PIXELS, ["c", "a"], classes=classes).labels.tolist() == [2, 0]
    assert Dataset.of(PIXELS, [0, 2], classes=26).classes == tuple(map(str, range(26)))


@given(st.lists(st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=5).filter(str.strip), min_size=1))
def test_words_come_back_from_labels(words):
    data = Dataset.of(np.zeros((len(words), 4)), words)
    assert [data.classes[label] for label in data.labels] == words
    assert len(set(data.classes)) == len(data.classes)


def test_mnist_by_its_name(mnist):
    data = load_dataset("mnist")
    np.testing.assert_array_equal(data.images, mnist[0])
    np.testing.assert_array_equal(data.labels, mnist[1])
    assert (data.classes, data.shape, data.name, data.source) == (tuple("0123456789"), (28, 28), "MNIST", "mnist")
    assert repr(data) == "Dataset('MNIST', 70,000 images of 28×28, 10 classes)"


# Fingerprints --------------------------------------------------------------------------------------


def test_a_fingerprint_is_that_of_what_is_learnt_and_not_of_its_name():
    data = Dataset.of(PIXELS, [0, 1], name="a")
    assert data.fingerprint() == Dataset.of(PIXELS.copy(), ["0", "1"], name="b", source="mnist").fingerprint()
    changed = PIXELS.copy()
    changed[1, 2, 3] ^= 1
    others = [
        Dataset.of(changed, [0, 1]),
        Dataset.of(PIXELS, [1, 0]),
        Dataset.of(PIXELS, [0, 1], classes=3),
        Dataset.of(PIXELS, [0, 1], classes=["0", "one"]),
        Dataset.of(PIXELS, [0, 1], shape=(4, 3)),
        Dataset.of(PIXELS[:1], [0], classes=2),
    ]
    assert len({data.fingerprint(), *(other.fingerprint() for other in others)}) == 7


def test_a_split_has_the_datas_meaning_and_a_fingerprint_of_its_own():
    data = Dataset.of(np.arange(140 * 6).reshape(140, 2, 3) % 256, np.arange(140) % 2, classes=["a", "b"], name="x")
    parts = split(data, seed=1)
    assert (parts.classes, parts.shape, parts.name) == (("a", "b"), (2, 3), "x")
    for part in (parts.train, parts.valid, parts.test):
        np.testing.assert_array_equal(part.images, data.images[part.indices])
        np.testing.assert_array_equal(part.labels, data.labels[part.indices])
    assert parts.fingerprint() == split(data, seed=1).fingerprint() != split(data, seed=2).fingerprint()
    words = split(data.images, [data.classes[label] for label in data.labels], seed=1)
    assert words.classes == ("a", "b")
    np.testing.assert_array_equal(words.test.labels, parts.test.labels)


def test_pixels_in_another_range_are_rescaled():
    bytes_ = np.array([[0, 51, 102, 255], [255, 204, 153, 0]], np.uint8)
    for images, options in (
        (bytes_ / 255, {}),
        (bytes_ / 127.5 - 1, {}),
        (bytes_.astype(np.uint16) * 257, {}),
        (bytes_ // 51 * 3, {"data_range": (0, 15)}),
        (bytes_ * 2.0 + 7, {"data_range": (7, 517)}),
    ):
        data = Dataset.of(images.reshape(2, 2, 2), [0, 1], **options)
        np.testing.assert_array_equal(data.images, bytes_)
        assert data.origin.notes[0].startswith(f"values from {data.origin.low:g} to {data.origin.high:g} became pixels")


# What is refused -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("images", "labels", "options", "message"),
    [
        (PIXELS / 16, [0, 1], {"kind": "pixels"}, r"whole numbers.*got 0\.0625.* in image 0; state their range"),
        (PIXELS, [0, 1], {"data_range": (0, 16)}, "expected 0 to 16, got 17; correct or remove it, or state the range"),
        (PIXELS, [0, 1], {"data_range": (5, 5)}, "expected low below high, got 5 to 5"),
        (PIXELS.astype(int) * 100, [0, 1], {}, "whole numbers.*got 300 in image 0; state their range"),
        (PIXELS.astype(int) - 1, [0, 1], {}, "got -1 in image 0"),
        (np.full((2, 4), np.nan), [0, 1], {}, "got nan in image 0"),
        ([["a"], ["b"]], [0, 1], {}, "got an array of <U1"),
        (np.zeros((2, 3, 4, 3)), [0, 1], {}, r"got \(2, 3, 4, 3\); of images in colour, Dataset.of"),
        (np.zeros(2), [0, 1], {}, r"images of shape \(N, features\)"),
        (np.zeros((2, 0)), [0, 1], {}, r"images of shape \(N, features\)"),
        (PIXELS, [0], {}, "as many labels as images and at least one, got 2 images and 1 labels"),
        (PIXELS[:0], [], {}, "at least one, got 0 images and 0 labels"),
        (PIXELS, [[0], [1]], {}, r"one label per image, of shape \(N,\), got shape \(2, 1\)"),
        (PIXELS, [0.5, 1], {}, "expected integers or words, got float64"),
        (PIXELS, [True, False], {}, "expected integers or words, got bool"),
        (PIXELS, [None, "a"], {}, "expected integers or words, got None among them"),
        (PIXELS, [-1, 0], {}, "expected 0 to 0, got -1 at row 0; labels count from 0"),
        (PIXELS, list(range(10_001)), {}, "at most 10,000 classes"),
        (PIXELS, [1, 2], {"classes": 2}, "got 2 at row 1; labels count from 0: subtract 1"),
        (PIXELS, ["a", "x"], {"classes": ["a", "b"]}, "one of the classes a, b, got 'x' at row 1"),
        (PIXELS, [0, 1], {"classes": ["a", "a"]}, "each name once, got 'a' twice"),
        (PIXELS, [0, 1], {"classes": ["a", " "]}, "the name of each class"),
        (PIXELS, [0, 1], {"classes": {"a", "b"}}, "names of the classes in order, or their number, got {"),
        (PIXELS, [0, 1], {"classes": True}, "names of the classes in order, or their number, got True"),
        (PIXELS, [0, 1], {"classes": 0}, "classes to be an integer of at least 1, got 0"),
        (PIXELS, [-5, -1], {}, "expected 0 to 0, got -5 at row 0 and 1 more like it; labels count from 0"),
        (PIXELS, [0, 1], {"kind": "tabular"}, "expected kind to be 'pixels' or 'features', got 'tabular'"),
        (PIXELS, [0, 1], {"missing": "mean"}, "expected missing to be 'refuse' or 'median', got 'mean'"),
        (PIXELS, [0, 1], {"colour": "red"}, "expected colour to be 'grey' or 'rgb', got 'red'"),
        (np.ma.masked_less(PIXELS, 5), [0, 1], {}, "Dataset: expected images, got a masked array"),
        (PIXELS, [0, 1], {"kind": "features", "shape": (3, 4)}, r"shape=\(3, 4\) is of images; leave it out"),
        (PIXELS / 16, [0, 1], {"shape": (3, 4)}, r"whole numbers.*got 0\.0625.* in image 0; state their range"),
        (PIXELS, [0, 1], {"shape": (3, 5)}, r"images of 12 pixels, got \(3, 5\)"),
        (PIXELS, [0, 1], {"shape": (-3, -4)}, r"images of 12 pixels, got \(-3, -4\)"),
    ],
)
def test_what_is_not_a_dataset(images, labels, options, message):
    with pytest.raises(InputError, match=message):
        Dataset.of(images, labels, **options)


@pytest.mark.parametrize("kind", [int, str])
@pytest.mark.parametrize("way", ["arrays", "file"])
def test_ten_thousand_classes_are_the_most(tmp_path, kind, way):
    for count in (10_000, 10_001):
        images, labels = np.zeros((count, 4), np.uint8), np.arange(count).astype(kind)
        images[0] = 255
        np.savez(tmp_path / "data.npz", images=images, labels=labels)
        load = partial(Dataset.of, images, labels) if way == "arrays" else partial(load_dataset, tmp_path / "data.npz")
        if count == 10_000:
            assert len(load().classes) == count
        else:
            with pytest.raises(InputError, match=r"expected at most 10,000 classes, got 10,001"):
                load()


def test_names_of_classes_may_be_an_array():
    names = Dataset.of(PIXELS, [0, 1], classes=np.array(["a", "b"])).classes
    assert [(type(name), name) for name in names] == [(str, "a"), (str, "b")]


def test_arrays_that_were_not_converted():
    with pytest.raises(InputError, match="expected kind to be 'pixels' or 'features', got 'image'"):
        Dataset(PIXELS, np.zeros(2, np.int64), ("a",), (3, 4), "x", kind="image")
    with pytest.raises(InputError, match=r"of bytes \(uint8\), got float64.*Dataset\.of converts"):
        Dataset(np.zeros((2, 4)), np.array([0, 1]), ("a", "b"), (2, 2), "x")
    with pytest.raises(InputError, match=r"labels \(N,\) of int64, got int32.*Dataset\.of converts"):
        Dataset(np.zeros((2, 4), np.uint8), np.array([0, 1], np.int32), ("a", "b"), (2, 2), "x")
    with pytest.raises(InputError, match="a Dataset has its own labels"):
        split(Dataset.of(PIXELS, [0, 1]), [0, 1])
    with pytest.raises(InputError, match="expected labels"):
        split(PIXELS)


# Data frames ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_data_frames(library):
    columns = {"kind": ["b", "a"], **{f"p{k}": PIXELS.reshape(2, 12)[:, k] for k in range(12)}}
    make = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}[library]
    frame = make(columns)
    data = Dataset.of(frame, "kind", shape=(3, 4))
    np.testing.assert_array_equal(data.images, PIXELS.reshape(2, 12))
    assert (data.classes, data.labels.tolist()) == (("a", "b"), [1, 0])
    pixels = make({name: values for name, values in columns.items() if name != "kind"})
    assert Dataset.of(pixels, frame["kind"], shape=(3, 4)).fingerprint() == data.fingerprint()
    with pytest.raises(InputError, match=r"no column 'label' in the data frame, which has \['kind'"):
        Dataset.of(frame, "label")
    missing = make({"x": [1.0, None], "y": [2.0, 3.0]})
    with pytest.raises(InputError, match="got nan in row 1, column 'x'"):
        Dataset.of(missing, [0, 1])


@pytest.mark.parametrize("make", [np.asfortranarray, lambda x: x[::-1][::-1], lambda x: x.astype(">i8"), np.float16])
def test_arrays_of_any_layout(make):
    images = make(PIXELS)
    images.flags.writeable = False
    np.testing.assert_array_equal(Dataset.of(images, [0, 1]).images, PIXELS.reshape(2, 12))


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ((1, 2, 3), ("1", "2", "3")),
        ((0, 2), ("0", "1", "2")),
        ((0, 100, 200), ("0", "100", "200")),
        ((5, 5, 10), ("5", "10")),
        (tuple(k for k in range(20) if k != 13), tuple(str(k) for k in range(20))),
    ],
)
def test_numbers_are_the_same_classes_by_every_way(tmp_path, labels, classes):
    values = np.tile(labels, 3)
    images = np.random.default_rng(0).integers(0, 256, (len(values), 16))
    names = [f"p{k}" for k in range(16)]
    frame = pd.DataFrame(images, columns=names).assign(label=values)
    frame.to_csv(tmp_path / "a.csv", index=False)
    np.savez(tmp_path / "a.npz", X=images, y=values)
    of_arrays, of_frame = Dataset.of(images, values), Dataset.of(frame, "label")
    read = [load_dataset(tmp_path / name) for name in ("a.csv", "a.npz")]
    for data in (of_arrays, of_frame, *read):
        assert data.classes == classes
        assert [data.classes[k] for k in data.labels] == [str(value) for value in values]


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        ([np.zeros((8, 8)), np.zeros((9, 9))], [0, 1], "Dataset: expected images of one size"),
        (np.array([np.zeros(4), np.zeros(5)], object), [0, 1], "Dataset: expected images of one size"),
        ([[1, 2], [3]], [0, 1], "Dataset: expected images of one size"),
        ([[1, 2], [3, 4]], [[0, 1], [1]], "labels: expected labels of one size"),
        (None, [0], "expected images of numbers"),
        (["a.png", "b.png"], [0, 1], "expected images of numbers"),
    ],
)
def test_what_is_no_array_is_refused_in_words(images, labels, message):
    with pytest.raises(InputError, match=message):
        Dataset.of(images, labels)


@pytest.mark.parametrize(("largest", "noted"), [(16, True), (200, False)])
def test_whole_numbers_far_below_255_are_noted(largest, noted):
    data = Dataset.of([[0, largest, 3, 1]] * 2, [0, 1])
    assert data.images.max() == largest
    assert [f"the largest value is {largest} of 255" in note for note in data.origin.assumed] == [True] * noted
    assert all("data_range=(low, high)" in note for note in data.origin.assumed)
