"""Tables of pictures and their classes, in every form in which people have them."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from glasswork import InputError, load_dataset

DRAW = np.random.default_rng(0)
WORDS = ("cat", "dog", "emu")


def pictures(folder, count=12, suffix="png"):
    folder.mkdir(parents=True, exist_ok=True)
    written = DRAW.integers(0, 256, (count, 6, 5), dtype=np.uint8)
    for k, pixels in enumerate(written):
        Image.fromarray(pixels).save(folder / f"v-{k:03d}.{suffix}")
    return written


def rows(prefix="", suffix=".png", count=12):
    return [(f"{prefix}v-{k:03d}{suffix}", k) for k in range(count)]


def json_lines(pairs, file="file_name", label="label"):
    return "\n".join(json.dumps({file: name, label: WORDS[k % 3], "note": None}) for name, k in pairs)


def columns(pairs, separator, header, cells):
    return "\n".join(separator.join(map(str, row)) for row in (header, *(cells(name, k) for name, k in pairs)) if row)


FORMS = {
    "hasy-data-labels.csv": columns(
        rows("data/"), ",", ("path", "symbol_id", "latex", "user_id"), lambda n, k: (n, 31 + k % 3, WORDS[k % 3], k % 5)
    ),
    "train.txt": columns(rows("data/"), " ", (), lambda n, k: (n, k % 3)),
    "with spaces.txt": columns(rows("data/./"), "  ", (), lambda n, k: (n, k % 3)),
    "in a folder with spaces.txt": columns(rows("my data/"), " ", (), lambda n, k: (n, k % 3)),
    "metadata.jsonl": json_lines(rows("data/")),
    "metadata.csv": columns(rows("data/"), ",", ("file_name", "label"), lambda n, k: (n, WORDS[k % 3])),
    "labels.tsv": columns(rows("data\\"), "\t", ("image", "class"), lambda n, k: (n, WORDS[k % 3])),
    "excel.csv": columns(rows(), ";", ("sep=;\nDatei", "Tier"), lambda n, k: (n, WORDS[k % 3])),
    "train.csv": columns(rows(suffix=""), ",", ("id", "breed"), lambda n, k: (n, WORDS[k % 3])),
    "elsewhere.lst": columns(rows("/home/someone/set/"), "\t", (), lambda n, k: (n, k % 3)),
    "one column a class.csv": columns(
        rows(), ",", ("filename", *WORDS), lambda n, k: (n, *(int(k % 3 == j) for j in range(3)))
    ),
    "open images.csv": columns(
        rows(suffix=""), ",", ("ImageID", "Source", "LabelName", "Confidence"), lambda n, k: (n, "v", WORDS[k % 3], 1)
    ),
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("whole_folder", [False, True])
def test_a_table_of_pictures(tmp_path, name, whole_folder, monkeypatch):
    written = pictures(tmp_path / ("my data" if "my data" in FORMS[name] else "data"))
    (tmp_path / name).write_text(FORMS[name] + "\n")
    (tmp_path / "README.txt").write_text("Twelve pictures.\n")
    monkeypatch.chdir(tmp_path.parent)
    folder = Path(tmp_path.name)
    data = load_dataset(folder if whole_folder else folder / name)
    assert data.shape == (6, 5)
    np.testing.assert_array_equal(data.images.reshape(-1, 6, 5), written)
    np.testing.assert_array_equal(data.labels, np.arange(12) % 3)
    assert data.classes in (WORDS, ("0", "1", "2"))
    assert any(name in note for note in data.origin.notes)
    assert data.origin.skipped == ()
    assert not any("not in" in text for text in data.origin.left_out)


def test_names_of_classes_in_a_file_beside_and_a_packed_table(tmp_path):
    pictures(tmp_path / "data")
    (tmp_path / "train.txt.gz").write_bytes(gzip.compress(FORMS["train.txt"].encode()))
    (tmp_path / "labels.txt").write_text("cat\ndog\nemu\n")
    for source in (tmp_path, tmp_path / "train.txt.gz"):
        data = load_dataset(source)
        assert (data.classes, data.labels.tolist()) == (WORDS, [k % 3 for k in range(12)])
    (tmp_path / "labels.txt").write_text("cat\ndog\n")  # too few
    assert load_dataset(tmp_path).classes == ("0", "1", "2")


def test_one_table_for_each_part(tmp_path):
    pictures(tmp_path / "images")
    for part, start in (("train", 0), ("val", 6), ("test", 9)):
        lines = [f"images/{name} {k % 3}" for name, k in rows()[start : start + (6 if part == "train" else 3)]]
        (tmp_path / f"{part}.txt").write_text("\n".join(lines))
    assert dict(load_dataset(tmp_path).origin.sizes) == {"train": 6, "valid": 3, "test": 3}
    table = [("file", "label", "split"), *((n, WORDS[k % 3], "train" if k < 8 else "test") for n, k in rows("images/"))]
    (tmp_path / "all.csv").write_text("\n".join(",".join(row) for row in table))
    assert dict(load_dataset(tmp_path / "all.csv").origin.sizes) == {"train": 8, "test": 4}


def test_a_table_in_each_part_of_a_folder_within(tmp_path):
    for part in ("train", "test"):
        pictures(tmp_path / "data" / part)
        (tmp_path / "data" / part / "metadata.jsonl").write_text(json_lines(rows()))
    data = load_dataset(tmp_path)
    assert (data.classes, dict(data.origin.sizes)) == (WORDS, {"train": 12, "test": 12})
    (tmp_path / "data" / "test").rename(tmp_path / "elsewhere")
    assert load_dataset(tmp_path / "data").classes == WORDS


def test_a_table_one_level_beside_its_pictures_and_two_above(tmp_path):
    written = pictures(tmp_path / "set" / "pictures")
    (tmp_path / "set" / "lists" / "fold-1").mkdir(parents=True)
    for place, up in (("lists", "../"), ("lists/fold-1", "../../")):
        lines = [f"{up}pictures/{name},{WORDS[k % 3]}" for name, k in rows()]
        (tmp_path / "set" / place / "train.csv").write_text("path,label\n" + "\n".join(lines))
        data = load_dataset(tmp_path / "set" / place / "train.csv")
        np.testing.assert_array_equal(data.images.reshape(-1, 6, 5), written)


def test_missing_pictures_and_labels_are_named_and_counted(tmp_path):
    pictures(tmp_path, count=14)
    lines = [f"{name},{WORDS[k % 3]}" for name, k in rows()] + ["gone.png,cat", "v-012.png,"]
    (tmp_path / "labels.csv").write_text("file,label\n" + "\n".join(lines))
    data = load_dataset(tmp_path)
    assert len(data) == 12
    assert data.origin.skipped == (
        "labels.csv, row 13: there is no picture 'gone.png'", "labels.csv, row 14: a missing label",
    )  # fmt: skip
    assert data.origin.left_out == ("v-012.png: 2 pictures are not listed in labels.csv",)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("path,a,b\nv-000.png,1,5\nv-001.png,2,5\nv-002.png,1,6\n", "several columns may hold the labels"),
        ("path,label\nv-000.png,cat\nv-000.png,dog\nv-001.png,dog\n", "another label in an earlier row"),
        ("path,label\nx/0.png,cat\nx/1.png,dog\n", "names 2 pictures in the column 'path', but none of them exists"),
        ("path,label\n../../../../v-000.png,cat\n/etc/v-1.png,dog\n", "none of them exists"),
    ],
)
def test_a_table_that_is_not_clear(tmp_path, table, message):
    pictures(tmp_path)
    (tmp_path / "list.csv").write_text(table)
    with pytest.raises(InputError, match=message):
        load_dataset(tmp_path / "list.csv")


def test_several_tables_that_do_not_say_which_is_meant(tmp_path):
    pictures(tmp_path)
    for name in ("one.csv", "other.csv"):
        (tmp_path / name).write_text("file,label\n" + "\n".join(f"{n},{WORDS[k % 3]}" for n, k in rows()))
    with pytest.raises(InputError, match=r"several tables name pictures: one\.csv, other\.csv; name the one you mean"):
        load_dataset(tmp_path)
    (tmp_path / "other.csv").rename(tmp_path / "labels.csv")
    data = load_dataset(tmp_path)
    assert data.origin.left_out == (f"{'one.csv'}: labels.csv names the pictures",)


def test_numbers_of_pictures_are_not_their_labels(tmp_path):
    for k in range(12):
        pictures(tmp_path / "images" / WORDS[k % 3], count=4)
    names = [f"{word}/v-{k:03d}.png" for word in WORDS for k in range(4)]
    for name, words in {"images.txt": range(1, 13), "hashes.csv": (f"a{k}b" for k in range(12))}.items():
        separator = "," if name.endswith("csv") else " "
        lines = [separator.join((str(word), f"images/{path}")) for word, path in zip(words, names, strict=True)]
        (tmp_path / name).write_text("\n".join(lines))
        with pytest.raises(InputError, match="there are no labels in it"):
            load_dataset(tmp_path / name)
    assert load_dataset(tmp_path).classes == WORDS


def test_a_list_whose_pictures_are_elsewhere(tmp_path):
    (tmp_path / "train.txt").write_text("\n".join(f"images/{name} {k % 3}" for name, k in rows()))
    for source in (tmp_path, tmp_path / "train.txt"):
        with pytest.raises(
            InputError, match=r"train\.txt names 12 pictures in column 1, but none of them exists, such"
        ):
            load_dataset(source)


@pytest.mark.parametrize("text", ['[{"file_name": "v-000.png", "label": "cat"}]', '{"v-000.png": "cat"}', "{\n}"])
def test_json_that_is_not_in_lines(tmp_path, text):
    (tmp_path / "labels.json").write_text(text)
    with pytest.raises(InputError, match=r'one object on each line: \{"file_name": "1\.png"|expected a JSON object'):
        load_dataset(tmp_path / "labels.json")


def test_pictures_whose_table_is_one_level_up(tmp_path):
    pictures(tmp_path / "data")
    with pytest.raises(InputError, match=r"folder with the name of the class, or add a table labels\.csv"):
        load_dataset(tmp_path / "data")
    (tmp_path / "symbols.csv").write_text(FORMS["hasy-data-labels.csv"])
    with pytest.raises(InputError, match=r"symbols\.csv names the classes of these pictures: use that file"):
        load_dataset(tmp_path / "data")


def test_a_table_of_words_and_few_numbers_is_not_one_of_images(tmp_path):
    for cells, message in (
        (
            ("p{k}", "{word}", "{k}"),
            r"a table with the columns name, label, a;.*a column file_name with the names of existing files",
        ),
        (
            ("{k}", "{word}", "7"),
            r"expected larger images than 1×2 pixels.*a column file_name with the names of existing files",
        ),
    ):
        rows = [",".join(cells).format(k=k * k, word=WORDS[k % 3]) for k in range(9)]
        names = ["name,label,a"] if cells[0] == "p{k}" else []
        (tmp_path / "people.csv").write_text("\n".join([*names, *rows]))
        with pytest.raises(InputError, match=message):
            load_dataset(tmp_path / "people.csv")
