"""Habits of well-known datasets, in every format: how EMNIST lies, SVHN's 10, USPS's 1, QMNIST's columns, ARFF."""

import io
import struct

import numpy as np
import polars as pl
import pytest
import scipy.io
from PIL import Image, ImageDraw, ImageFont
from sklearn.datasets import dump_svmlight_file

from glasswork import InputError, load_dataset

CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def letters(words=CAPITALS, each=6):
    """Upright letters of 28×28, a little off their places, and their numbers from 0."""
    draw, images = np.random.default_rng(0), []
    for word in words:
        for _ in range(each):
            image = Image.new("L", (28, 28))
            place = tuple(14 + draw.uniform(-2, 2, 2))
            ImageDraw.Draw(image).text(place, word, fill=255, font=ImageFont.load_default(20), anchor="mm")
            images.append(np.asarray(image))
    images = np.stack(images)
    images[0, -1, -1] = 1  # LIBSVM's files leave out the last pixels if all of them are 0
    return images, np.repeat(np.arange(len(words)), each)


def shuffled(images, labels):
    order = np.random.default_rng(1).permutation(len(images))
    return images[order], labels[order]


def as_csv(path, images, labels):
    np.savetxt(path, np.column_stack([labels, images.reshape(len(images), -1)]), fmt="%d", delimiter=",")


def as_csv_with_header(path, images, labels):
    rows = images.reshape(len(images), -1)
    frame = pl.DataFrame({"label": labels} | {f"pixel{k}": rows[:, k] for k in range(rows.shape[1])})
    frame.write_csv(path)


def as_npz(path, images, labels):
    with path.open("wb") as stream:
        np.savez(stream, X=images, y=labels)


def as_mat(path, images, labels):
    with path.open("wb") as stream:
        scipy.io.savemat(stream, {"X": images.reshape(len(images), -1), "y": labels[:, np.newaxis]})


def as_libsvm(path, images, labels):
    dump_svmlight_file(images.reshape(len(images), -1).astype(float), labels, str(path), zero_based=False)


def as_parquet(path, images, labels):
    rows = images.reshape(len(images), -1)
    pl.DataFrame({"label": labels} | {f"p{k}": rows[:, k] for k in range(rows.shape[1])}).write_parquet(path)


def as_idx(path, images, labels):
    header = b"\0\0\x08\3" + struct.pack(">3I", *images.shape)
    (path.parent / f"{path.name}-images-idx3-ubyte").write_bytes(header + images.astype(np.uint8).tobytes())
    content = b"\0\0\x08\1" + struct.pack(">I", len(labels)) + labels.astype(np.uint8).tobytes()
    (path.parent / f"{path.name}-labels-idx1-ubyte").write_bytes(content)


def as_arff(path, images, labels):
    rows = images.reshape(len(images), -1)
    head = "@relation x\n" + "".join(f"@attribute p{k} numeric\n" for k in range(rows.shape[1]))
    kinds = ",".join(map(str, sorted(set(labels.tolist()))))
    lines = [f"{','.join(map(str, row))},{label}" for row, label in zip(rows.tolist(), labels.tolist(), strict=True)]
    path.write_text(f"{head}@attribute class {{{kinds}}}\n@data\n" + "\n".join(lines))


def as_pictures(path, images, labels):
    cells = []
    for image in images:
        Image.fromarray(image).save(stream := io.BytesIO(), "PNG")
        cells.append({"bytes": stream.getvalue(), "path": None})
    pl.DataFrame({"image": cells, "label": labels}).write_parquet(path)


FORMATS = [as_csv, as_csv_with_header, as_npz, as_mat, as_libsvm, as_parquet, as_idx, as_arff]


def written(folder, name, write, images, labels):
    write(folder / name, images, labels)
    return load_dataset(folder / (f"{name}-images-idx3-ubyte" if write is as_idx else name))


def upright(data):
    return data.images.reshape(-1, *data.shape)


@pytest.mark.parametrize("write", [*FORMATS, as_pictures])
def test_emnist_letters_stand_upright_and_have_names(tmp_path, write):
    images, numbers = shuffled(*letters())
    data = written(tmp_path, "emnist-letters-train", write, images.swapaxes(1, 2), numbers + 1)
    np.testing.assert_array_equal(upright(data), images)
    assert data.classes == tuple(CAPITALS)
    np.testing.assert_array_equal(data.labels, numbers)
    assert any("swapped back" in note for note in data.origin.notes)
    assert any("the letters A to Z" in note for note in data.origin.notes)


@pytest.mark.parametrize("write", [as_npz, as_idx, as_pictures])
def test_emnist_that_somebody_turned_already_stays_as_it_is(tmp_path, write, few):
    images, numbers = shuffled(*letters())
    np.testing.assert_array_equal(upright(written(tmp_path, "emnist-letters", write, images, numbers + 1)), images)
    digits, labels = few.train.images[:400].reshape(-1, 28, 28), few.train.labels[:400]
    np.testing.assert_array_equal(upright(written(tmp_path, "emnist-digits", write, digits, labels)), digits)
    turned = written(tmp_path, "emnist-mnist", write, digits.swapaxes(1, 2), labels)
    np.testing.assert_array_equal(upright(turned), digits)


def test_the_classes_of_emnist_balanced(tmp_path):
    names = "0123456789" + CAPITALS + "abdefghnqrt"
    images, numbers = shuffled(*letters(names, each=4))
    as_csv(tmp_path / "emnist-balanced-train.csv", images.swapaxes(1, 2), numbers)
    data = load_dataset(tmp_path / "emnist-balanced-train.csv")
    np.testing.assert_array_equal(upright(data), images)
    assert data.classes == tuple(names)
    mapping = "".join(f"{k} {0x3B1 + k}\n" for k in range(47))
    (tmp_path / "emnist-balanced-mapping.txt").write_text(mapping)
    assert load_dataset(tmp_path / "emnist-balanced-train.csv").classes[:3] == ("α", "β", "γ")


def test_images_that_lie_are_said_to_lie_and_stay_as_a_network_will_see_others(tmp_path, few):
    digits, labels = few.train.images[:400].reshape(-1, 28, 28), few.train.labels[:400]
    data = written(tmp_path, "train.npz", as_npz, digits.swapaxes(1, 2), labels)
    np.testing.assert_array_equal(upright(data), digits.swapaxes(1, 2))
    assert any("lie on their side" in note for note in data.origin.notes)
    data = written(tmp_path, "upright.npz", as_npz, digits, labels)
    assert not any("lie on their side" in note for note in data.origin.notes)


@pytest.mark.parametrize("write", FORMATS)
@pytest.mark.parametrize(("words", "shift"), [("10 means the digit 0", 0), ("1 to 10 mean the digits 0 to 9", 1)])
def test_labels_from_1_to_10_are_the_digits_that_the_images_show(tmp_path, write, words, shift, few):
    digits, labels = few.train.images[:200].reshape(-1, 28, 28), few.train.labels[:200]
    stated = labels + 1 if shift else np.where(labels == 0, 10, labels)
    data = written(tmp_path, "digits", write, digits, stated)
    assert data.classes == tuple("0123456789")
    np.testing.assert_array_equal(data.labels, labels)
    assert any(words in note for note in data.origin.notes)


@pytest.mark.parametrize("swapped", [False, True])
def test_letters_from_1_to_26_without_a_name(tmp_path, swapped):
    images, numbers = shuffled(*letters())
    data = written(tmp_path, "train.csv", as_csv, images.swapaxes(1, 2) if swapped else images, numbers + 1)
    assert data.classes == tuple(CAPITALS)
    assert swapped == any("lie on their side" in note for note in data.origin.notes)


def test_digits_from_matlab_lie_and_have_ten_for_zero(tmp_path, few):
    digits, labels = few.train.images[:300].reshape(-1, 28, 28)[:, 4:24, 4:24], few.train.labels[:300]
    stated = np.where(labels == 0, 10, labels)
    data = written(tmp_path, "ex3data1.mat", as_mat, digits.swapaxes(1, 2) / 255, stated)
    np.testing.assert_array_equal(data.labels, labels)
    assert any("lie on their side" in note for note in data.origin.notes)


def test_where_images_do_not_tell_names_and_sizes_do(tmp_path):
    noise, numbers = np.random.default_rng(0).integers(0, 256, (60, 32, 32, 3), dtype=np.uint8), np.arange(60) % 10
    svhn = written(tmp_path, "x.npz", as_npz, noise, np.where(numbers == 0, 10, numbers))
    assert (svhn.classes, svhn.labels.tolist()) == (tuple("0123456789"), numbers.tolist())
    usps = written(tmp_path, "x.libsvm", as_libsvm, noise[:, ::2, ::2, 0], numbers + 1)
    assert (usps.classes, usps.labels.tolist()) == (tuple("0123456789"), numbers.tolist())
    other = written(tmp_path, "x.csv", as_csv, noise[:, :20, :20, 0], numbers + 1)
    assert other.classes == tuple(str(k) for k in range(1, 11))


def test_qmnists_eight_columns_in_an_npz(tmp_path, few):
    columns = np.random.default_rng(0).integers(0, 5000, (100, 8))
    columns[:, 0] = few.train.labels[:100]
    data = written(tmp_path, "qmnist.npz", as_npz, few.train.images[:100].reshape(-1, 28, 28), columns)
    np.testing.assert_array_equal(data.labels, few.train.labels[:100])
    assert any("QMNIST" in note for note in data.origin.notes)


@pytest.mark.parametrize("names", [("cat", "dog", "emu"), ("1", "2", "3"), ("1", "2", "0"), ("a, b", "c", "d")])
def test_a_sparse_arff_row_without_a_class_is_of_the_first(tmp_path, names):
    quoted = [f"'{name}'" for name in names]
    rows = []
    for k in range(30):
        cells = [f"{place} {20 * (k % 3) + place}" for place in range(1, 9)] + [f"9 {quoted[k % 3]}"] * (k % 3 > 0)
        rows.append("{" + ", ".join(cells) + "}")
    head = "@relation x\n" + "".join(f"@attribute p{k} numeric\n" for k in range(9))
    (tmp_path / "x.arff").write_text(f"{head}@attribute class {{{','.join(quoted)}}}\n@data\n" + "\n".join(rows))
    data = load_dataset(tmp_path / "x.arff")
    assert [data.classes[k] for k in data.labels] == [names[k % 3] for k in range(30)]
    assert data.classes == names
    weighted = "\n".join(f"{row}, {{{k + 1}}}" for k, row in enumerate(rows))
    (tmp_path / "w.arff").write_text(f"{head}@attribute class {{{','.join(quoted)}}}\n@data\n{weighted}")
    again = load_dataset(tmp_path / "w.arff")
    np.testing.assert_array_equal(again.labels, data.labels)
    assert "the weights of the rows, in braces, are not used" in again.origin.notes
    (tmp_path / "s.arff").write_text(f"{head}@attribute class string\n@data\n" + "\n".join(rows))
    with pytest.raises(InputError, match=r"row 1, column 10 \('class'\): a missing label"):
        load_dataset(tmp_path / "s.arff")
