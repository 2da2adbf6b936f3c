"""What lies beside data and in place of data: named, never a class, never waited for, with a remedy in the message."""

import gzip
import os
import socket
import zipfile

import numpy as np
import pytest
from PIL import Image

from glasswork import FileError, GlassworkError, InputError, load_dataset
from glasswork.data.inspect import inspect

DRAW = np.random.default_rng(0)


def picture(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(DRAW.integers(0, 256, (6, 5), dtype=np.uint8)).save(path)


def classes(folder, names="ABC", each=3):
    for name in names:
        for k in range(each):
            picture(folder / name / f"{k}.png")
    return folder


# Folders --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["$RECYCLE.BIN", "@eaDir", "__MACOSX", ".ipynb_checkpoints", "#recycle", "lost+found", "@__thumb", "FOUND.000",
     "$WinREAgent", ".thumbnails", "Network Trash Folder", "~snapshot"],
)  # fmt: skip
def test_folders_of_the_system_are_not_classes(tmp_path, name):
    classes(tmp_path)
    picture(tmp_path / name / "0.png")
    picture(tmp_path / "A" / name / "0.png")
    for file in ("Thumbs.db", "desktop.ini", ".DS_Store", "._0.png"):
        (tmp_path / "B" / file).write_bytes(b"x")
    picture(tmp_path / "C" / ".hidden.png")
    data = load_dataset(tmp_path)
    assert (data.classes, np.bincount(data.labels).tolist()) == (tuple("ABC"), [3, 3, 3])
    named = [text.partition(":")[0] for text in data.origin.left_out]
    assert {name, f"A/{name}", "C/.hidden.png"} <= set(named)


@pytest.mark.parametrize(("around", "within"), [("", ""), ("English/Hnd", ""), ("", "v2/images/all")])
def test_classes_some_levels_down_beside_another_folder(tmp_path, around, within):
    classes(tmp_path / around / "Dataset" / within)
    picture(tmp_path / around / "Examples" / "e.png")
    (tmp_path / around / "Trj" / "Trj001").mkdir(parents=True)
    (tmp_path / around / "Trj" / "Trj001" / "t.m").write_text("strokes\n")
    found = inspect(str(tmp_path))
    assert found.dataset.classes == tuple("ABC")
    left_out = "\n".join(found.left_out)
    assert "Examples: it lies beside Dataset" in left_out
    assert "Trj: it lies beside Dataset" in left_out
    assert found.to_dict()["left_out"] == list(found.left_out)


def test_several_folders_that_may_hold_the_classes(tmp_path):
    classes(tmp_path / "Hnd")
    classes(tmp_path / "Fnt")
    with pytest.raises(InputError, match=r"Fnt, Hnd: only folders with pictures in them.*data inspect .*Fnt; if"):
        load_dataset(tmp_path)
    for k in range(20):
        picture(tmp_path / "Img" / f"{k}.png")
        picture(tmp_path / "Img2" / f"{k}.png")
    with pytest.raises(InputError, match="only folders with pictures"):
        load_dataset(tmp_path)
    for name in ("Hnd", "Fnt"):
        classes(tmp_path / "set" / name, each=1)
    classes(tmp_path / "set" / "Scan")
    with pytest.raises(InputError, match=r"Fnt, Hnd, Scan: only.*data inspect \S+/Scan; if Fnt, Hnd, Scan are classes"):
        load_dataset(tmp_path / "set")


def test_a_class_with_its_pictures_in_one_more_folder(tmp_path):
    classes(tmp_path)
    (tmp_path / "C").rename(tmp_path / "scans")
    (tmp_path / "scans").rename(tmp_path / "C2")
    (tmp_path / "C").mkdir()
    (tmp_path / "C2").rename(tmp_path / "C" / "scans")
    data = load_dataset(tmp_path)
    assert np.bincount(data.labels).tolist() == [3, 3, 3]
    assert "the pictures of C lie in the folder scans in it" in data.origin.notes


def test_parts_beside_other_folders_and_without_labels(tmp_path):
    classes(tmp_path / "train")
    classes(tmp_path / "val", each=1)
    classes(tmp_path / "docs", "x")
    picture(tmp_path / "test" / "0.png")
    data = load_dataset(tmp_path)
    assert dict(data.origin.sizes) == {"train": 9, "valid": 3}
    assert any("docs" in text for text in data.origin.left_out)
    assert any("test: 1 pictures without labels" in text for text in data.origin.left_out)


def test_pictures_and_files_without_a_class_are_named(tmp_path):
    classes(tmp_path)
    picture(tmp_path / "overview.png")
    (tmp_path / "A" / "notes.txt").write_text("x")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "todo.txt").write_text("x")
    left_out = "\n".join(load_dataset(tmp_path).origin.left_out)
    for text in ("overview.png: it lies beside", "1 files of A are not pictures", "notes: no pictures in it"):
        assert text in left_out


def test_drawings_and_pages_among_pictures_are_named_with_the_remedy(tmp_path):
    classes(tmp_path)
    for name, content in {
        "a.svg": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "b.pdf": b"%PDF-1.4\n",
        "c.png": b"<!DOCTYPE html><html></html>", "d.jpg": b"version https://git-lfs.github.com/spec/v1\n",
        "e.png": b"",
    }.items():  # fmt: skip
        (tmp_path / "A" / name).write_bytes(content)
    skipped = "\n".join(load_dataset(tmp_path).origin.skipped)
    for text in ("an SVG drawing; export it as PNG", "a PDF document", "a web page", "git lfs pull", "an empty file"):
        assert text in skipped


def test_a_second_page_is_noted(tmp_path):
    classes(tmp_path)
    pages = [Image.fromarray(DRAW.integers(0, 256, (6, 5), dtype=np.uint8)) for _ in range(3)]
    pages[0].save(tmp_path / "A" / "scan.tif", save_all=True, append_images=pages[1:])
    data = load_dataset(tmp_path)
    assert any("1 pictures have several pages or frames, such as scan.tif" in note for note in data.origin.notes)
    np.testing.assert_array_equal(data.images[3].reshape(6, 5), np.asarray(pages[0]))


# Links, pipes, names --------------------------------------------------------------------------------


def test_links_and_pipes_are_named_and_nothing_waits(tmp_path):
    root = classes(tmp_path / "set")
    elsewhere = classes(tmp_path / "elsewhere", "X")
    (root / "A" / "all").symlink_to("..")
    (root / "B" / "up").symlink_to(tmp_path)
    (root / "C" / "self").symlink_to("self")
    (root / "C" / "b").symlink_to("../B")
    (root / "A" / "9.png").symlink_to("/nowhere/9.png")
    (root / "D").symlink_to(elsewhere / "X")
    (root / "E").symlink_to(elsewhere / "X")
    os.mkfifo(root / "A" / "pipe.png")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(root / "B" / "s"))
        data = load_dataset(root)
    assert (data.classes, np.bincount(data.labels).tolist()) == (tuple("ABCD"), [3, 3, 3, 3])
    left_out = "\n".join(data.origin.left_out)
    for text in (
        "A/all: a link that leads back", "B/up: a link that leads back", "C/self: a link that leads nowhere",
        "C/b: a link that leads back", "A/9.png: a link that leads nowhere", "E: a link to a folder that another link",
        "A/pipe.png: a named pipe", "B/s: a socket",
    ):  # fmt: skip
        assert text in left_out


def test_folders_of_data_files_do_not_wait_for_pipes_either(tmp_path):
    os.mkfifo(tmp_path / "a.npy")
    os.mkfifo(tmp_path / "train-images-idx3-ubyte")
    for name in ("cat", "dog"):
        np.save(tmp_path / f"{name}.npy", DRAW.integers(0, 256, (5, 9)))
    assert load_dataset(tmp_path).classes == ("cat", "dog")
    with pytest.raises(FileError, match="a named pipe, which cannot be read twice; save what comes out of it"):
        load_dataset(tmp_path / "a.npy")


def test_a_source_that_is_a_link(tmp_path):
    (tmp_path / "link").symlink_to(classes(tmp_path / "set"))
    assert len(load_dataset(tmp_path / "link")) == 9
    (tmp_path / "dead").symlink_to("nowhere")
    (tmp_path / "circle").symlink_to("circle")
    for name in ("dead", "circle"):
        with pytest.raises(FileError, match=rf"{name}: a link to \w+, which is not there"):
            load_dataset(tmp_path / name)


def test_names_that_are_not_utf8(tmp_path):
    classes(tmp_path)
    (tmp_path / "A").rename(tmp_path / os.fsdecode(b"caf\xe9"))
    (tmp_path / "B").rename(tmp_path / "e\u0301")  # as macOS writes é
    data = load_dataset(tmp_path)
    assert data.classes == ("C", "café", "é")
    str(data.origin).encode()
    tmp_path.joinpath(os.fsdecode(b"s\xe9t")).symlink_to(".")
    with pytest.raises(InputError, match="sét: a name that is not UTF-8 cannot be written into a recipe; rename"):
        load_dataset(tmp_path / os.fsdecode(b"s\xe9t"))


# Files ----------------------------------------------------------------------------------------------


def archive(path, names, *, locked=False):
    with zipfile.ZipFile(path, "w") as file:
        for name in names:
            file.writestr(name, "1,2,3\n")
    if locked:  # the bit that says so, in both headers of the first file
        content = bytearray(path.read_bytes())
        content[6] |= 1
        content[content.index(b"PK\1\2") + 8] |= 1
        path.write_bytes(content)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"%PDF-1.7\n1,2,3\n", "a PDF document.*export it as PNG"),
        (b"<svg xmlns='x'></svg>", "an SVG drawing; export it as PNG"),
        (b"<?xml version='1.0'?>\n<!-- Inkscape -->\n<svg></svg>", "an SVG drawing"),
        (b"%!PS-Adobe-3.0 EPSF\n", "PostScript.*as PNG"),
        (b"\n  <!doctype html>", "a web page"),
        (b"<?xml version='1.0'?><!DOCTYPE html><html/>", "a web page"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "a server's error message"),
        (b"404: Not Found", "a server's error message"),
        (b'{"message": "Not Found"}', "a server's error message"),
        (b"<annotation/>", "an XML file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (b"", "an empty file"),
        (gzip.compress(b"", mtime=0), "an empty file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an old Excel.*as CSV"),
        (b"Rar!\x1a\x07\0", r"an archive \(RAR or 7z\); unpack it"),
        (gzip.compress(bytes(257) + b"ustar\0" + bytes(300), mtime=0), r"an archive \(tar\); unpack it"),
        (b"\xef\xbb\xbf<table><tr><td>1</td></tr></table>", "a web page.*save it as CSV"),
        (b"<meta charset='utf-8'><style></style>", "a web page"),
        ("<!DOCTYPE html><html>".encode("utf-16"), "a web page"),
        ("\ufeff<?xml version='1.0'?><svg/>".encode("utf-16"), "an SVG drawing"),
        (b"Quota exceeded. Try again later.\n", "a server's error message"),
        (b"Not Found", "a server's error message"),
        (b"HTTP header\r\n%PDF-1.4\n", "a PDF document"),
        (b"{\\rtf1\\ansi 1,2,3}", r"\(RTF\); save the table as CSV, or its pictures as PNG"),
        (b"\xff\x0a" + bytes(30), "JPEG XL.*export it as PNG"),
        (b"\xd7\xcd\xc6\x9a" + bytes(30), "metafile.*as PNG"),
        (b"gimp xcf v011\0", "as PNG"),
        (bytes(128) + b"DICM" + bytes(30), "DICOM.*as PNG"),
        (b"\0\0\0\x18ftypmp42" + bytes(30), "a video; save its frames as PNG"),
        (b"\x28\xb5\x2f\xfd" + bytes(30), "Zstandard or LZ4; unpack it"),
        (gzip.compress(b"RDX3\nX\n", mtime=0), "data of R.*as CSV"),
    ],
)
def test_what_is_not_data_is_called_by_its_name(tmp_path, content, message):
    for name in ("data.csv", "1.png"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(FileError, match=message):
            load_dataset(tmp_path / name)


def test_zips_that_cannot_be_opened(tmp_path):
    for name, members, locked, message in (
        ("sheet.csv", ["[Content_Types].xml", "xl/workbook.xml"], False, "save the table as CSV"),
        ("sheet.ods", ["mimetype", "META-INF/manifest.xml", "content.xml"], False, "save the table as CSV"),
        ("report.docx", ["word/document.xml", "[Content_Types].xml"], False, "or its pictures as PNG"),
        ("sheet.numbers", ["Index/Document.iwa", "preview.jpg"], False, "save the table as CSV"),
        ("weights.pt", ["archive/data.pkl", "archive/data/0"], False, "a Python pickle"),
        ("secret.zip", ["train.csv"], True, "a zip with a password; unpack it with its password"),
        ("many.zip", ["a.png", "b.png"], False, "a zip of 2 files.*unpack it"),
    ):
        archive(tmp_path / name, members, locked=locked)
        with pytest.raises(FileError, match=message):
            load_dataset(tmp_path / name)


# Folders of data files ------------------------------------------------------------------------------


def table(path, count=30, *, index=None, labels=True):
    pixels = DRAW.integers(0, 256, (count, 16))
    columns = ([index + np.arange(count)] if index is not None else []) + ([np.arange(count) % 3] if labels else [])
    header = ["id"] * (index is not None) + ["label"] * labels + [f"p{k}" for k in range(16)]
    np.savetxt(path, np.column_stack([*columns, pixels]), fmt="%d", delimiter=",", header=",".join(header), comments="")


def test_files_beside_train_are_named(tmp_path):
    table(tmp_path / "train.csv")
    table(tmp_path / "test.csv", index=0, labels=False)
    table(tmp_path / "Dig-MNIST.csv")
    (tmp_path / "sample_submission.csv").write_text("id,label\n0,0\n1,0\n")
    (tmp_path / "broken.csv").write_bytes(b"%PDF-1.4")
    data = load_dataset(tmp_path)
    assert dict(data.origin.sizes) == {"train": 30}
    left_out = "\n".join(data.origin.left_out)
    for text in ("test.csv: it has no labels", "Dig-MNIST.csv: its name does not say", "submission", "a PDF document"):
        assert text in left_out


@pytest.mark.parametrize("suffix", ["csv", "txt"])
def test_every_file_and_folder_beside_data_files_is_named(tmp_path, suffix):
    table(tmp_path / f"train.{suffix}")
    table(tmp_path / f"test.{suffix}")
    table(tmp_path / "more.txt")
    (tmp_path / "extra").mkdir()
    table(tmp_path / "extra" / "more.csv")
    (tmp_path / "README.txt").write_text("Two tables.\n")
    data = load_dataset(tmp_path)
    assert dict(data.origin.sizes) == {"train": 30, "test": 30}
    assert [text.partition(":")[0] for text in data.origin.left_out] == ["more.txt", "extra"]


def test_tables_beside_the_folders_of_classes_are_named(tmp_path):
    classes(tmp_path)
    table(tmp_path / "train.csv")
    (tmp_path / "labels.csv").write_text("name,age\nx,1\ny,2\n")
    assert load_dataset(tmp_path).origin.left_out == ("labels.csv: not a picture; nor train.csv",)


def test_a_part_with_other_classes_than_train_is_left_out(tmp_path):
    classes(tmp_path / "train")
    classes(tmp_path / "test", ["unknown"])
    data = load_dataset(tmp_path)
    assert (data.classes, dict(data.origin.sizes)) == (tuple("ABC"), {"train": 9})
    assert data.origin.left_out == ("test: its folders are not classes of train: unknown",)


def test_data_files_that_are_not_shards_are_not_joined(tmp_path):
    for name in ("letters.csv", "digits.csv"):
        table(tmp_path / name)
    with pytest.raises(InputError, match=r"holds several data files \(digits\.csv, letters\.csv\).*data inspect"):
        load_dataset(tmp_path)
    (tmp_path / "letters.csv").rename(tmp_path / "part-2.csv")
    (tmp_path / "digits.csv").rename(tmp_path / "part-1.csv")
    assert len(load_dataset(tmp_path)) == 60


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (b"<!DOCTYPE html>", r"cat\.npy: a web page"),
        (b"", r"cat\.npy: an empty file"),
        (b"hello", r"cat\.npy: not an array"),
        (np.zeros((5, 16)), r"cat: an array of shape \(5, 16\), but the others hold images of shape \(9,\)"),
        (np.zeros(9), "cat: an array of shape"),
        (np.zeros((0, 9)), r"cat: an array of shape \(0, 9\)"),
        (b"PK\3\4 and no more", r"cat\.npy: not an array"),
        (gzip.compress(bytes(500), mtime=0)[:-9], r"cat\.npy: not an array"),
        (b"\x93NUMPY\1\0v\0{'descr'", r"cat\.npy.* this class was left out"),
    ],
)
def test_a_wrong_file_among_quick_draws_is_named(tmp_path, wrong, message):
    for name in ("ant", "bird", "dog"):
        np.save(tmp_path / f"{name}.npy", DRAW.integers(0, 256, (5, 9)))
    if isinstance(wrong, bytes):
        (tmp_path / "cat.npy").write_bytes(wrong)
    else:
        np.save(tmp_path / "cat.npy", wrong)
    data = load_dataset(tmp_path)
    assert data.classes == ("ant", "bird", "dog")
    (problem,) = data.origin.skipped
    with pytest.raises(GlassworkError, match=message):
        raise GlassworkError(problem)


def test_what_else_lies_among_quick_draws_is_named(tmp_path):
    for name in ("ant", "bird"):
        np.save(tmp_path / f"{name}.npy", DRAW.integers(0, 256, (5, 9)))
    (tmp_path / "more").mkdir()
    np.save(tmp_path / "more" / "cow.npy", DRAW.integers(0, 256, (5, 9)))
    (tmp_path / "dog.npy.part").write_bytes(b"x")
    named = [text.partition(":")[0] for text in load_dataset(tmp_path).origin.left_out]
    assert named == ["dog.npy.part", "more"]
    np.save(tmp_path / "cow.npy", np.full((4, 9), 300))
    with pytest.raises(InputError, match=r"cow\.npy, image 0, value 0: expected 0 to 255, got 300"):
        load_dataset(tmp_path)


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 1)])
def test_one_or_two_pixels_are_not_an_image(tmp_path, size):
    for name in "AB":
        for k in range(3):
            (tmp_path / "set" / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(DRAW.integers(0, 256, size, dtype=np.uint8)).save(tmp_path / "set" / name / f"{k}.png")
    np.savez(tmp_path / "set.npz", X=DRAW.integers(0, 256, (6, *size), dtype=np.uint8), y=np.arange(6) % 2)
    with pytest.raises(InputError, match=rf"expected larger images than {size[0]}×{size[1]} pixels: use the pictures"):
        load_dataset(tmp_path / "set")
    with pytest.raises(InputError, match=r"expected larger images than .*: a table of images has a column for each"):
        load_dataset(tmp_path / "set.npz")


def test_damaged_archives_beside_classes_do_not_matter(tmp_path):
    classes(tmp_path)
    for name, content in {
        "a.zip": b"PK\3\4 and no more", "b.xz": b"\xfd7zXZ\0 and no more", "c.bz2": b"BZh9 and no more",
        "d.gz": gzip.compress(bytes(500), mtime=0)[:-9],
    }.items():  # fmt: skip
        (tmp_path / name).write_bytes(content)
    assert load_dataset(tmp_path).classes == tuple("ABC")
