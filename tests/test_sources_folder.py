"""Folders of pictures, and folders of data files, as a source."""

import csv

import numpy as np
import pytest
from PIL import Image

from glasswork import FileError, InputError, load_dataset

DRAW = np.random.default_rng(0)


def picture(path, pixels=None, mode=None, **options):
    """Write a picture and return the grey levels that it shows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = DRAW.integers(0, 256, (6, 5), dtype=np.uint8) if pixels is None else pixels
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(path, **options)
    return pixels


def letters(folder, names=("A", "B", "C"), each=4):
    return {f"{name}/{k}": picture(folder / name / f"{k}.png") for name in names for k in range(each)}


def test_a_folder_for_each_class(tmp_path):
    written = letters(tmp_path)
    data = load_dataset(tmp_path)
    assert (data.classes, data.shape, len(data)) == (("A", "B", "C"), (6, 5), 12)
    np.testing.assert_array_equal(data.images.reshape(-1, 6, 5), np.stack(list(written.values())))
    np.testing.assert_array_equal(data.labels, np.repeat([0, 1, 2], 4))
    assert (data.origin.format, data.origin.pictures) == ("pictures", "as they are")


def test_numbers_are_ordered_as_people_count(tmp_path):
    letters(tmp_path, [str(k) for k in range(12)], each=3)
    (tmp_path / "5" / "0.png").rename(tmp_path / "5" / "10.png")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / "__MACOSX" / "0").mkdir(parents=True)
    (tmp_path / "3" / "._0.png").write_bytes(b"\0\5\x16\7")
    (tmp_path / "3" / "Thumbs.db").write_bytes(b"junk")
    (tmp_path / ".DS_Store").write_bytes(b"junk")
    for hidden in (tmp_path / ".ipynb_checkpoints", tmp_path / "__MACOSX" / "0", tmp_path / "3" / ".ipynb_checkpoints"):
        picture(hidden / "0.png")
    (tmp_path / "12").mkdir()
    data = load_dataset(tmp_path)
    assert data.classes == tuple(str(k) for k in range(13))
    assert np.bincount(data.labels, minlength=13).tolist() == [3] * 12 + [0]
    assert "the class '12' has no pictures" in data.origin.notes


def test_pictures_of_every_mode(tmp_path):
    grey = np.full((6, 5), 255, np.uint8)
    grey[1:4, 2] = 0
    colour = np.zeros((6, 5, 3), np.uint8)
    colour[..., 0] = 200
    folder = tmp_path / "a"
    picture(folder / "0.png", grey)
    picture(folder / "1.png", grey, "P")
    picture(folder / "2.png", grey, "1")
    picture(folder / "3.png", grey.astype(np.uint16) * 257)
    picture(folder / "4.png", np.dstack([np.zeros((6, 5, 3), np.uint8), 255 - grey]))  # black on a transparent ground
    picture(folder / "5.png", np.dstack([grey, np.full((6, 5), 255, np.uint8)]))
    picture(folder / "6.tiff", grey, "CMYK")
    picture(folder / "7.gif", grey)
    picture(folder / "8.bmp", grey)
    exif = Image.Exif()
    exif[0x0112] = 6  # its camera was held upright
    picture(folder / "9.png", np.rot90(grey), exif=exif)
    picture(tmp_path / "b" / "0.png", colour)
    data = load_dataset(tmp_path)
    for k, image in enumerate(data.images[:10]):
        np.testing.assert_array_equal(image.reshape(6, 5), grey, err_msg=str(k))
    np.testing.assert_array_equal(data.images[10], round(0.299 * 200))
    assert any("colours were converted" in note for note in data.origin.notes)


def test_white_ink_on_a_transparent_ground_stays_visible(tmp_path):
    ink = np.zeros((6, 5), np.uint8)
    ink[2] = 255
    picture(tmp_path / "a" / "0.png", np.dstack([np.full((6, 5, 3), 255, np.uint8), ink]))
    picture(tmp_path / "b" / "0.png")
    np.testing.assert_array_equal(load_dataset(tmp_path).images[0].reshape(6, 5), ink)


def test_damaged_pictures_are_skipped_and_named(tmp_path):
    letters(tmp_path)
    whole = (tmp_path / "B" / "1.png").read_bytes()
    (tmp_path / "B" / "1.png").write_bytes(whole[:-30])
    (tmp_path / "C" / "2.png").write_bytes(b"not a picture")
    (tmp_path / "A" / "3.jpg").write_bytes(b"")
    data = load_dataset(tmp_path)
    assert (len(data), np.bincount(data.labels).tolist()) == (10, [4, 3, 3])
    assert len(data.origin.skipped) == 3
    for name, problem in zip(("A/3.jpg", "B/1.png", "C/2.png"), data.origin.skipped, strict=True):
        assert name in problem


def test_train_and_test_folders(tmp_path):
    letters(tmp_path / "train", "AB", 5)
    letters(tmp_path / "test", "AB", 2)
    letters(tmp_path / "val", "AB", 1)
    data = load_dataset(tmp_path)
    assert dict(data.origin.sizes) == {"train": 10, "valid": 2, "test": 4}
    assert data.labels.tolist() == [0] * 5 + [1] * 5 + [0, 1] + [0, 0, 1, 1]


def test_a_folder_around_everything(tmp_path):
    letters(tmp_path / "dataset")
    assert load_dataset(tmp_path).classes == ("A", "B", "C")


@pytest.mark.parametrize(
    ("table", "columns", "suffix"),
    [("metadata.csv", ("file_name", "label"), ".png"), ("labels.csv", ("id", "class"), "")],
)
def test_a_table_beside_the_pictures(tmp_path, table, columns, suffix):
    written = [picture(tmp_path / "images" / f"{k}.png") for k in range(6)]
    rows = [(f"{k}{suffix}", ("cat", "dog")[k % 2]) for k in (5, 0, 3, 2, 1, 4)]
    with (tmp_path / table).open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    data = load_dataset(tmp_path)
    assert data.classes == ("cat", "dog")
    np.testing.assert_array_equal(data.images.reshape(-1, 6, 5), np.stack([written[k] for k in (5, 0, 3, 2, 1, 4)]))
    assert data.labels.tolist() == [1, 0, 1, 0, 1, 0]
    with (tmp_path / table).open("a") as file:
        file.write("../../etc/passwd,cat\n")
    data = load_dataset(tmp_path)
    assert len(data) == 6
    assert data.origin.skipped == (f"{table}, row 7: there is no picture '../../etc/passwd'",)


def test_other_sizes_are_resized_and_counted(tmp_path):
    letters(tmp_path)
    picture(tmp_path / "A" / "9.png", np.full((12, 10), 80, np.uint8))
    data = load_dataset(tmp_path)
    assert data.shape == (6, 5)
    assert "1 of 13 pictures have another size than 6×5 and are resized" in data.origin.notes
    np.testing.assert_array_equal(data.images[4], 80)


def test_what_cannot_be_trained_on(tmp_path):
    picture(tmp_path / "flat" / "0.png")
    with pytest.raises(InputError, match="there are no labels in it"):
        load_dataset(tmp_path / "flat")
    with pytest.raises(InputError, match="there are no labels in it"):
        load_dataset(tmp_path / "flat" / "0.png")
    letters(tmp_path / "one", "A")
    with pytest.raises(InputError, match="only one class, A"):
        load_dataset(tmp_path / "one")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="nothing in this folder was recognised"):
        load_dataset(tmp_path / "empty")
    with pytest.raises(FileError, match="there is no such file or folder"):
        load_dataset(tmp_path / "missing")


def test_a_folder_of_tables(tmp_path):
    """Kaggle's: train.csv with labels, test.csv without, and a sample of what to hand in."""
    pixels = DRAW.integers(0, 256, (30, 16), dtype=np.uint8)
    names = [f"pixel{k}" for k in range(16)]
    for name, columns, header in (
        ("train", np.column_stack([np.arange(30) % 3, pixels]), ["label", *names]),
        ("test", pixels[:9], names),
        ("sample_submission", [[1, 0], [2, 0]], ["ImageId", "Label"]),
    ):
        with (tmp_path / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([header, *np.asarray(columns).tolist()])
    data = load_dataset(tmp_path)
    np.testing.assert_array_equal(data.images, pixels)
    assert dict(data.origin.sizes) == {"train": 30}
    assert any("test.csv: it has no labels" in text for text in data.origin.left_out)
    assert any("sample_submission.csv" in text for text in data.origin.left_out)
