"""NPY and NPZ as a source: the names that Keras, MedMNIST, KMNIST and people give, and what is refused."""

import gzip
import pickle

import numpy as np
import pytest

from glasswork import FileError, InputError, load_dataset

DRAW = np.random.default_rng(0)
PIXELS = DRAW.integers(0, 256, (30, 4, 5), dtype=np.uint8)
LABELS = np.arange(30) % 3
HALF = slice(0, 20), slice(20, 30)


def same(data, pixels=PIXELS, labels=LABELS):
    np.testing.assert_array_equal(data.images.reshape(pixels.shape), pixels)
    np.testing.assert_array_equal(data.labels, labels)


@pytest.mark.parametrize(
    ("names", "sizes"),
    [
        (("x_train", "y_train", "x_test", "y_test"), {"train": 20, "test": 10}),
        (("train_images", "train_labels", "val_images", "val_labels"), {"train": 20, "valid": 10}),
        (("X_train", "Y_train", "X_test", "Y_test"), {"train": 20, "test": 10}),
        (("xtrain", "ytrain", "xtest", "ytest"), {"train": 20, "test": 10}),
        (("training_images", "training_labels", "test_images", "test_labels"), {"train": 20, "test": 10}),
    ],
)
def test_four_arrays(tmp_path, names, sizes):
    first, second = HALF
    values = (PIXELS[first], LABELS[first][:, np.newaxis], PIXELS[second], LABELS[second][:, np.newaxis])
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "data.npz", **dict(zip(names, values, strict=True)))
        data = load_dataset(tmp_path / "data.npz")
        same(data)
        assert dict(data.origin.sizes) == sizes


@pytest.mark.parametrize(
    "names", [("X", "y"), ("images", "labels"), ("data", "target"), ("arr_0", "arr_1"), ("a", "b")]
)
def test_two_arrays(tmp_path, names):
    np.savez(tmp_path / "file.bin.npz", **dict(zip(names, (PIXELS, LABELS), strict=True)))
    (tmp_path / "file.bin.npz").rename(tmp_path / "file.csv")  # whatever it is called
    data = load_dataset(tmp_path / "file.csv")
    same(data)
    assert data.origin.sizes == {}


@pytest.mark.parametrize("suffix", ["npz", "npy"])
def test_two_files_of_one_array(tmp_path, suffix):
    for name, array in (("kmnist-train-imgs", PIXELS), ("kmnist-train-labels", LABELS)):
        np.savez(tmp_path / f"{name}.npz", array) if suffix == "npz" else np.save(tmp_path / f"{name}.npy", array)
    same(load_dataset(tmp_path / f"kmnist-train-imgs.{suffix}"))
    same(load_dataset(tmp_path)) if suffix == "npy" else None


def test_packed_npy(tmp_path):
    np.save(tmp_path / "images.npy", PIXELS)
    np.save(tmp_path / "labels.npy", LABELS)
    (tmp_path / "images.npy").write_bytes(gzip.compress((tmp_path / "images.npy").read_bytes()))
    same(load_dataset(tmp_path / "images.npy"))


def test_quick_draw_has_one_class_a_file(tmp_path):
    for k, name in enumerate(("full_numpy_bitmap_bird", "full_numpy_bitmap_cat", "full_numpy_bitmap_ant")):
        np.save(tmp_path / f"{name}.npy", PIXELS[10 * k : 10 * k + 10].reshape(10, 20))
    data = load_dataset(tmp_path)
    assert data.classes == ("ant", "bird", "cat")
    np.testing.assert_array_equal(data.labels, np.repeat([0, 1, 2], 10))
    np.testing.assert_array_equal(data.images[:10], PIXELS[20:].reshape(10, 20))
    with pytest.raises(InputError, match="no labels"):
        load_dataset(tmp_path / "full_numpy_bitmap_cat.npy")


@pytest.mark.parametrize(
    "images",
    [
        PIXELS.astype(">i4"), PIXELS.astype(float), np.asfortranarray(PIXELS), PIXELS[..., np.newaxis],
        PIXELS.astype(np.uint16) * 257, (PIXELS / 255).astype(np.float32), PIXELS / 127.5 - 1,
        np.repeat(PIXELS[..., np.newaxis], 3, axis=3), np.repeat(PIXELS[:, np.newaxis], 3, axis=1),
    ],
    ids=["big-endian", "floats", "Fortran", "a channel", "16 bits", "0 to 1", "-1 to 1", "colour", "channels first"],
)  # fmt: skip
def test_pixels_of_any_range(tmp_path, images):
    np.savez(tmp_path / "data.npz", X=images, y=LABELS)
    same(load_dataset(tmp_path / "data.npz"))


def test_bits_become_ink(tmp_path):
    for bits in (PIXELS > 127, (PIXELS > 127).astype(np.uint8)):
        np.savez(tmp_path / "data.npz", X=bits, y=LABELS)
        data = load_dataset(tmp_path / "data.npz")
        same(data, (PIXELS > 127) * np.uint8(255))
        assert data.origin.high == 1


@pytest.mark.parametrize(
    ("labels", "numbers", "classes"),
    [
        (np.array(["b", "a", "c"])[LABELS], np.array([1, 0, 2])[LABELS], ("a", "b", "c")),
        (np.array([b"10", b"9", b"1"])[LABELS], np.array([2, 1, 0])[LABELS], ("1", "9", "10")),
        (np.eye(3)[LABELS], LABELS, ("0", "1", "2")),
        (LABELS + 1, LABELS, ("1", "2", "3")),
        (LABELS * 100, LABELS, ("0", "100", "200")),
        (LABELS.astype(np.float32), LABELS, ("0", "1", "2")),
    ],
)
def test_labels_of_any_form(tmp_path, labels, numbers, classes):
    np.savez(tmp_path / "data.npz", X=PIXELS, y=labels)
    data = load_dataset(tmp_path / "data.npz")
    same(data, labels=numbers)
    assert data.classes == classes


MANY = np.zeros((30, 14), int)
MANY[:, [1, 5]] = 1


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"train_images": PIXELS, "train_labels": MANY}, r"\(30, 14\).*multi-label"),
        ({"train_images": PIXELS, "train_labels": np.eye(14, dtype=int)[LABELS]}, r"\(30, 14\).*multi-label"),
        ({"X": PIXELS, "y": MANY}, r"image 0 has 2.*multi-label"),
        ({"X": PIXELS, "y": LABELS[:-1]}, "30 images and 29 labels"),
        ({"X": PIXELS, "y": LABELS + 0.5}, "whole numbers or words, got 0.5 at row 0"),
        ({"X": PIXELS, "y": LABELS * 0}, "only one class, 0"),
        ({"X": PIXELS * 2.5, "y": LABELS}, "image 0, value .*: expected 0 to 255, 0 to 1 or -1 to 1"),
        ({"X": np.where(PIXELS > 250, np.nan, PIXELS), "y": LABELS}, "a missing value"),
        ({"X": PIXELS, "y": LABELS, "images": PIXELS}, "several arrays may hold the images"),
        ({"X": np.zeros((0, 4)), "y": LABELS[:0]}, "no images"),
    ],
)
def test_what_cannot_be_trained_on(tmp_path, arrays, message):
    np.savez(tmp_path / "data.npz", **arrays)
    with pytest.raises(InputError, match=message):
        load_dataset(tmp_path / "data.npz")


def test_objects_and_pickles_are_never_opened(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "exploded"), "w"))

    np.savez(tmp_path / "objects.npz", X=PIXELS, y=np.array([Bomb()] * 30, dtype=object))
    np.save(tmp_path / "object.npy", np.array([Bomb()], dtype=object))
    for protocol in (0, 2, 4):
        (tmp_path / f"mnist{protocol}.pkl.gz").write_bytes(gzip.compress(pickle.dumps((PIXELS, Bomb()), protocol)))
    for path in list(tmp_path.iterdir()):
        with pytest.raises(FileError, match=r"can run any program when it is opened, so glasswork does not open it"):
            load_dataset(path)
    assert not (tmp_path / "exploded").exists()


def test_a_bunch_of_scikit_learn(tmp_path):
    bunch = {
        "data": PIXELS.reshape(30, 20), "images": PIXELS, "target": LABELS, "feature_names": [*"abcdefghijklmnopqrst"],
        "target_names": ["cat", "dog", "emu"], "DESCR": "Thirty images.", "frame": None, "weights": np.ones(7),
    }  # fmt: skip
    np.savez(tmp_path / "all.npz", **bunch)
    np.savez(tmp_path / "some.npz", **{name: bunch[name] for name in ("data", "target", "feature_names")})
    data = load_dataset(tmp_path / "all.npz")
    same(data)
    assert (data.classes, data.shape) == (("cat", "dog", "emu"), (4, 5))
    assert any("weights: an array of shape (7,)" in text for text in data.origin.left_out)
    same(load_dataset(tmp_path / "some.npz"))


@pytest.mark.parametrize(
    ("labels", "classes"),
    [(("01", "1"), ("01", "1")), (("NA", "none"), ("NA", "none")), (("inf", "x"), ("inf", "x")), ((b"a", b"b"), "ab")],
)
def test_words_of_labels_are_classes_as_they_are_written(tmp_path, labels, classes):
    np.savez(tmp_path / "data.npz", X=PIXELS, y=np.array(labels)[np.arange(30) % 2])
    assert load_dataset(tmp_path / "data.npz").classes == tuple(classes)
