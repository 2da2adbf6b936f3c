"""Parquet, MATLAB, LIBSVM, ARFF and scikit-learn's digits as sources, each written by the tool that usually does."""

import bz2
import gzip
import io
import json

import h5py
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.io
from PIL import Image
from scipy.io import arff as scipy_arff
from sklearn.datasets import dump_svmlight_file, load_digits

from glasswork import FileError, InputError, load_dataset

DRAW = np.random.default_rng(0)
PIXELS = DRAW.integers(0, 256, (30, 16), dtype=np.uint8)
LABELS = np.arange(30) % 10


def same(data, pixels=PIXELS, labels=LABELS, classes=tuple("0123456789")):
    np.testing.assert_array_equal(data.images, pixels.reshape(len(pixels), -1))
    np.testing.assert_array_equal(data.labels, labels)
    assert data.classes == classes


# Parquet --------------------------------------------------------------------------------------------


def png(pixels):
    stream = io.BytesIO()
    Image.fromarray(pixels.reshape(4, 4)).save(stream, "PNG")
    return stream.getvalue()


def hugging_face(path, rows=range(30), damaged=(), metadata=True):
    """As the library `datasets` writes it: pictures as PNG, types in the metadata; written by pyarrow."""
    cells = [{"bytes": png(PIXELS[k])[: 40 if k in damaged else None], "path": f"{k}.png"} for k in rows]
    table = pa.table({"Bild": cells, "Klasse": [int(LABELS[k]) for k in rows], "writer": [f"w{k % 5}" for k in rows]})
    features = {
        "Bild": {"_type": "Image"},
        "Klasse": {"names": [f"digit {k}" for k in range(10)], "_type": "ClassLabel"},
        "writer": {"dtype": "string", "_type": "Value"},
    }
    if metadata:
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)


def test_hugging_face(tmp_path):
    hugging_face(tmp_path / "train-00000-of-00001.parquet")
    data = load_dataset(tmp_path / "train-00000-of-00001.parquet")
    same(data, classes=tuple(f"digit {k}" for k in range(10)))
    assert (data.origin.format, data.shape) == ("Parquet", (4, 4))


def test_shards_of_parts(tmp_path):
    hugging_face(tmp_path / "data" / "train-00000-of-00002.parquet", range(10))
    hugging_face(tmp_path / "data" / "train-00001-of-00002.parquet", range(10, 20))
    hugging_face(tmp_path / "data" / "test-00000-of-00001.parquet", range(20, 30))
    (tmp_path / "README.md").write_text("# A dataset\n")
    data = load_dataset(tmp_path)
    same(data, classes=tuple(f"digit {k}" for k in range(10)))
    assert dict(data.origin.sizes) == {"train": 20, "test": 10}


FRONT_MATTER = """---
license: mit
dataset_info:
  features:
  - name: Bild
    dtype: image
  - name: Klasse
    dtype:
      class_label:
        names:
          '0': zero
          '1': one
"""


CLONES = ["data/train-00000-of-00001", "mnist/train-00000-of-00001", "train", "data/train/0000", "default/train/0000"]


@pytest.mark.parametrize("shard", CLONES)
def test_the_root_of_a_clone(tmp_path, shard):
    path = tmp_path / f"{shard}.parquet"
    hugging_face(path, metadata=False)
    pq.write_table(pq.read_table(path).drop_columns(["writer"]), path)
    names = "".join(f"          '{k}': number {k}\n" for k in range(2, 10))
    (tmp_path / "README.md").write_text(FRONT_MATTER + names + "---\n# Digits\n")
    (tmp_path / ".gitattributes").write_text("*.parquet filter=lfs\n")
    (tmp_path / "assets").mkdir()
    for picture in ("logo.png", "assets/example.png"):
        (tmp_path / picture).write_bytes(png(PIXELS[0]))
    data = load_dataset(tmp_path)
    same(data, classes=("zero", "one", *(f"number {k}" for k in range(2, 10))))
    assert (data.origin.format, dict(data.origin.sizes)) == ("Parquet", {"train": 30})


def test_a_clone_with_two_configurations_or_pointers_only(tmp_path):
    for name in ("digits", "letters"):
        hugging_face(tmp_path / name / "train-00000-of-00001.parquet")
    with pytest.raises(InputError, match=r"holds several datasets: digits, letters; name the one you mean: glasswork"):
        load_dataset(tmp_path)
    for path in tmp_path.glob("*/*.parquet"):
        path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    with pytest.raises(InputError, match="git lfs pull"):
        load_dataset(tmp_path / "digits")


def test_the_size_of_most_pictures_and_what_damaged_shards_leave_out(tmp_path):
    shapes = [(2, 2), *[(4, 4)] * 19]
    cells = []
    for k, (high, wide) in enumerate(shapes):
        stream = io.BytesIO()
        Image.fromarray(PIXELS[k, : high * wide].reshape(high, wide)).save(stream, "PNG")
        cells.append({"bytes": stream.getvalue()[: 30 if k == 7 else None], "path": None})
    for part, chosen in (("train", slice(0, 10)), ("test", slice(10, 20))):
        table = pa.table({"image": cells[chosen], "label": LABELS[:20][chosen]})
        pq.write_table(table, tmp_path / f"{part}-00000-of-00001.parquet")
    data = load_dataset(tmp_path)
    assert (data.shape, len(data)) == ((4, 4), 19)
    assert any("1 of 9 pictures have another size than 4×4 and are resized" in note for note in data.origin.notes)
    assert [text.split(":")[0] for text in data.origin.skipped] == ["train-00000-of-00001.parquet, row 8"]


def test_damaged_pictures_in_it(tmp_path):
    hugging_face(tmp_path / "x", damaged=(3, 7))
    data = load_dataset(tmp_path / "x")
    assert len(data) == 28
    assert [text.split(":")[0] for text in data.origin.skipped] == ["x, row 4", "x, row 8"]


def test_without_metadata_the_label_must_be_clear(tmp_path):
    hugging_face(tmp_path / "x", metadata=False)
    with pytest.raises(InputError, match="several columns may be the label: Klasse, writer"):
        load_dataset(tmp_path / "x")
    table = pq.read_table(tmp_path / "x").drop_columns(["writer"])
    pq.write_table(table, tmp_path / "x")
    same(load_dataset(tmp_path / "x"))


def test_a_column_for_each_pixel(tmp_path):
    frame = pl.DataFrame({"label": LABELS} | {f"pixel{k}": PIXELS[:, k] for k in range(16)})
    frame.write_parquet(tmp_path / "train.parquet")
    same(load_dataset(tmp_path / "train.parquet"))
    frame.with_columns(pixel3=pl.when(pl.col("label") == 4).then(None).otherwise(pl.col("pixel3"))).write_parquet(
        tmp_path / "train.parquet"
    )
    with pytest.raises(InputError, match="row 5, column 'pixel3': a missing value"):
        load_dataset(tmp_path / "train.parquet")


def test_a_damaged_file(tmp_path):
    hugging_face(tmp_path / "x")
    (tmp_path / "x").write_bytes((tmp_path / "x").read_bytes()[:-20])
    with pytest.raises(FileError, match="damaged"):
        load_dataset(tmp_path / "x")


# MATLAB ---------------------------------------------------------------------------------------------

SVHN = DRAW.integers(0, 256, (32, 32, 3, 30), dtype=np.uint8)
EMNIST = {
    "dataset": {
        part: {
            "images": np.stack([PIXELS[k].reshape(4, 4).T.ravel() for k in rows]),
            "labels": (LABELS[rows] + 1)[:, np.newaxis].astype(np.uint8),
            "writers": np.zeros((len(rows), 1)),
        }
        for part, rows in (("train", range(20)), ("test", range(20, 30)))
    }
    | {"mapping": np.array([[k + 1, 65 + k, 97 + k] for k in range(10)])}
}


def write_73(path, tree):
    """As MATLAB writes version 7.3: HDF5 behind a block of 512 bytes, axes in reverse order; written by h5py."""

    def fill(group, tree):
        for name, value in tree.items():
            if isinstance(value, dict):
                fill(group.create_group(name), value)
            else:
                group.create_dataset(name, data=np.asarray(value).T).attrs["MATLAB_class"] = np.bytes_("uint8")

    with h5py.File(path, "w", userblock_size=512) as file:
        fill(file, tree)
    with path.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: today HDF5 schema 1.00 .".ljust(124))
        stream.write(b"\0\2IM")


@pytest.fixture(params=["5", "7.3"])
def write_mat(request):
    return scipy.io.savemat if request.param == "5" else write_73


def test_svhn(tmp_path, write_mat):
    labels = np.where(LABELS == 0, 10, LABELS)[:, np.newaxis].astype(np.uint8)
    write_mat(tmp_path / "train_32x32.mat", {"X": SVHN, "y": labels})
    data = load_dataset(tmp_path / "train_32x32.mat")
    grey = np.stack([np.asarray(Image.fromarray(SVHN[..., k]).convert("L")) for k in range(30)])
    assert np.abs(data.images.reshape(grey.shape).astype(int) - grey).max() <= 1
    np.testing.assert_array_equal(data.labels, LABELS)
    assert data.classes == tuple("0123456789")


def test_emnists_struct(tmp_path, write_mat):
    write_mat(tmp_path / "emnist-letters.mat", EMNIST)
    data = load_dataset(tmp_path / "emnist-letters.mat")
    same(data, classes=tuple("ABCDEFGHIJ"))
    assert dict(data.origin.sizes) == {"train": 20, "test": 10}


def test_images_in_columns(tmp_path, write_mat):
    write_mat(tmp_path / "mnist-original.mat", {"data": PIXELS.T, "label": LABELS[np.newaxis].astype(float)})
    same(load_dataset(tmp_path / "mnist-original.mat"))


def test_one_column_a_class(tmp_path, write_mat):
    one_hot = np.eye(10, dtype=np.uint8)[LABELS]
    write_mat(
        tmp_path / "mnist_uint8.mat",
        {"train_x": PIXELS[:20], "train_y": one_hot[:20], "test_x": PIXELS[20:], "test_y": one_hot[20:]},
    )
    same(load_dataset(tmp_path / "mnist_uint8.mat"))


def test_hdf5_without_matlab(tmp_path):
    with h5py.File(tmp_path / "usps.h5", "w") as file:
        for part, rows in (("train", slice(0, 20)), ("test", slice(20, 30))):
            file.create_dataset(f"{part}/data", data=PIXELS[rows] / np.float32(255))
            file.create_dataset(f"{part}/target", data=LABELS[rows])
    same(load_dataset(tmp_path / "usps.h5"))


@pytest.mark.parametrize("kind", [0, 8, 10, 11, 14, 15, 19, 258, 65_535])
def test_an_element_of_a_type_that_matlab_does_not_write(tmp_path, kind):
    """SciPy 1.17 looks such a type up behind the end of a table, and the process ends."""
    stream = io.BytesIO()
    scipy.io.savemat(stream, {"X": PIXELS, "y": LABELS[:, np.newaxis]})
    content = bytearray(stream.getvalue())
    at = content.index(PIXELS.tobytes(order="F")) - 8
    assert content[at : at + 4] == (2).to_bytes(4, "little")  # an array of bytes
    content[at : at + 4] = kind.to_bytes(4, "little")
    (tmp_path / "x.mat").write_bytes(content)
    with pytest.raises(FileError, match=f"an element of the type {kind} where MATLAB writes none"):
        load_dataset(tmp_path / "x.mat")


def test_a_mat_without_images(tmp_path):
    scipy.io.savemat(tmp_path / "x.mat", {"speed": np.arange(9.0)})
    with pytest.raises(InputError, match=r"no images among its arrays: speed \(9,\)"):
        load_dataset(tmp_path / "x.mat")
    (tmp_path / "x.mat").write_bytes((tmp_path / "x.mat").read_bytes()[:150])
    with pytest.raises(FileError, match=r"x\.mat"):
        load_dataset(tmp_path / "x.mat")


# LIBSVM, ARFF, digits -------------------------------------------------------------------------------


@pytest.mark.parametrize("pack", [bytes, bz2.compress, gzip.compress])
def test_libsvm_as_usps(tmp_path, pack):
    values = PIXELS / 127.5 - 1
    dump_svmlight_file(values, LABELS + 1, str(tmp_path / "usps"), zero_based=False)
    (tmp_path / "usps").write_bytes(pack((tmp_path / "usps").read_bytes()))
    data = load_dataset(tmp_path / "usps")
    same(data)  # the classes 1 to 10 are the digits 0 to 9
    assert (data.origin.format, data.origin.low, data.origin.high) == ("LIBSVM", -1, 1)


def test_libsvm_leaves_out_the_last_pixels(tmp_path):
    pixels = np.zeros((30, 784), np.uint8)
    pixels[:, :780] = DRAW.integers(1, 256, (30, 780))
    dump_svmlight_file(pixels.astype(float), LABELS, str(tmp_path / "mnist"), zero_based=False)
    data = load_dataset(tmp_path / "mnist")
    same(data, pixels)
    assert data.shape == (28, 28)


@pytest.mark.parametrize("sparse", [False, True])
def test_arff(tmp_path, sparse):
    head = "% made for a test\n@relation letters\n"
    head += "".join(f"@attribute pixel{k} numeric\n" for k in range(16))
    head += "@ATTRIBUTE class {'c','a','b'}\n@data\n"
    rows = []
    for pixels, label in zip(PIXELS, LABELS % 3, strict=True):
        cells = [*map(str, pixels), f"'{'abc'[label]}'"]
        rows.append(
            "{" + ", ".join(f"{k} {c}" for k, c in enumerate(cells) if c != "0") + "}" if sparse else ",".join(cells)
        )
    (tmp_path / "x.arff").write_text(head + "\n".join(rows) + "\n")
    same(load_dataset(tmp_path / "x.arff"), labels=np.array([1, 2, 0])[LABELS % 3], classes=("c", "a", "b"))
    if not sparse:  # an independent reader takes the file as well
        table, _ = scipy_arff.loadarff(tmp_path / "x.arff")
        assert [int(value) for value in table[5].tolist()[:16]] == PIXELS[5].tolist()
        (tmp_path / "x.arff").write_text((head + "\n".join(rows)).replace(rows[6], "?" + rows[6][rows[6].index(",") :]))
        with pytest.raises(InputError, match=r"row 7, column 1 \('pixel0'\): a missing value"):
            load_dataset(tmp_path / "x.arff")


def test_digits_of_scikit_learn():
    data, bunch = load_dataset("digits"), load_digits()
    np.testing.assert_array_equal(data.images, np.rint(bunch.data * 255 / 16))
    np.testing.assert_array_equal(data.labels, bunch.target)
    assert (data.shape, data.source) == ((8, 8), "digits")
