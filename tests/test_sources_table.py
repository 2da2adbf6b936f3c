"""CSV as a source: headers, labels, indices, separators, packings, and cells that are wrong, by row and column."""

import bz2
import contextlib
import gzip
import io
import lzma
import zipfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from glasswork import FileError, InputError, load_dataset

DRAW = np.random.default_rng(0)
PIXELS = DRAW.integers(0, 256, (40, 16), dtype=np.uint8)
PIXELS[:, [0, 3, 12, 15]] = 0  # corners are paper
LABELS = np.arange(40) * 7 % 10
NAMES = [f"pixel{k}" for k in range(16)]


def zipped(text):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("train.csv", text)
        archive.writestr("__MACOSX/._train.csv", b"\0\5")
    return content.getvalue()


def written(*columns, sep=",", header=None, end="\n"):
    lines = [sep.join(map(str, row)) for row in np.column_stack([np.asarray(c, object) for c in columns])]
    return end.join([*([sep.join(header)] if header else []), *lines, ""]).encode()


def load(tmp_path, content, name="data.csv"):
    (tmp_path / name).write_bytes(content)
    return load_dataset(tmp_path / name)


def same(data, labels=LABELS, pixels=PIXELS, classes=tuple("0123456789")):
    np.testing.assert_array_equal(data.images, pixels)
    np.testing.assert_array_equal(data.labels, labels)
    assert data.classes == classes


@pytest.mark.parametrize("sep", [",", ";", "\t", "|", " "])
@pytest.mark.parametrize(
    ("columns", "header"),
    [
        ((LABELS, PIXELS), ["label", *NAMES]),
        ((PIXELS, LABELS), [*NAMES, "class"]),
        ((LABELS, PIXELS), None),
        ((PIXELS, LABELS), None),
        ((PIXELS[:, :5], LABELS, PIXELS[:, 5:]), [*NAMES[:5], "Digit", *NAMES[5:]]),
        ((np.arange(40), LABELS, PIXELS), ["id", "label", *NAMES]),
        ((np.arange(40), LABELS, PIXELS), None),
        ((PIXELS, LABELS), [*NAMES, "what_it_shows"]),
        ((LABELS, PIXELS), ["label", *(f"{h}x{w}" for h in range(1, 5) for w in range(1, 5))]),
        ((LABELS, PIXELS), [str(k) for k in range(17)]),
        ((PIXELS, np.eye(10, dtype=int)[LABELS]), None),
        ((np.eye(10, dtype=int)[LABELS], PIXELS), [*(f"is_{k}" for k in range(10)), *NAMES]),
    ],
    ids=["first", "last", "no header", "no header, last", "within", "id", "index", "odd name", "1x1",
         "0,1,2", "one-hot", "one-hot first"],
)  # fmt: skip
def test_where_the_labels_are(tmp_path, columns, header, sep):
    same(load(tmp_path, written(*columns, sep=sep, header=header)))


@pytest.mark.parametrize("index", [True, False])
@pytest.mark.parametrize("names", [["label", *NAMES], list(range(17))])
def test_as_pandas_writes_it(tmp_path, names, index):
    frame = pd.DataFrame(np.column_stack([LABELS, PIXELS]), columns=names)
    frame.to_csv(tmp_path / "data.csv", index=index)
    same(load_dataset(tmp_path / "data.csv"))


def test_a_header_that_pandas_made_of_a_row(tmp_path):
    text = written(PIXELS, LABELS)
    pd.read_csv(io.BytesIO(text)).to_csv(tmp_path / "data.csv", index=False)
    assert ".1," in (tmp_path / "data.csv").read_text().splitlines()[0]
    data = load_dataset(tmp_path / "data.csv")
    np.testing.assert_array_equal(data.images, PIXELS[1:])
    np.testing.assert_array_equal(data.labels, LABELS[1:])
    assert "that image is lost" in data.origin.notes[0]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress, zipped])
@pytest.mark.parametrize("name", ["train.csv", "train", "train.csv.gz", "train.bin"])
def test_packed_under_any_name(tmp_path, pack, name):
    same(load(tmp_path, pack(written(LABELS, PIXELS, header=["label", *NAMES])), name))


def test_marks_line_ends_quotes_and_blank_lines(tmp_path):
    text = written(LABELS, PIXELS, header=["label", *NAMES])
    same(load(tmp_path, b"\xef\xbb\xbf" + text))
    same(load(tmp_path, text.replace(b"\n", b"\r\n")))
    same(load(tmp_path, text.decode().encode("utf-16")))
    same(load(tmp_path, text.rstrip() + b"\n\n\n"))
    same(load(tmp_path, text.rstrip()))
    quoted = b"\n".join(b",".join(b'"' + cell + b'"' for cell in line.split(b",")) for line in text.split())
    same(load(tmp_path, quoted))
    same(load(tmp_path, text.replace(b",", b", ")))


def test_words_as_labels(tmp_path):
    words = np.array(["zero", "one, or so", "two"])[LABELS % 3]
    frame = pd.DataFrame(PIXELS, columns=NAMES)
    for place in (0, 16):
        frame.insert(place, "kind", words)
        frame.to_csv(tmp_path / "data.csv", index=False)
        del frame["kind"]
        data = load_dataset(tmp_path / "data.csv")
        assert data.classes == ("one, or so", "two", "zero")
        assert [data.classes[k] for k in data.labels] == words.tolist()
        np.testing.assert_array_equal(data.images, PIXELS)


def test_the_shape_that_a_header_states(tmp_path):
    names = [f"{h}x{w}" for h in range(1, 3) for w in range(1, 9)]
    assert load(tmp_path, written(LABELS, PIXELS, header=["label", *names])).shape == (2, 8)
    assert load(tmp_path, written(LABELS, PIXELS[:, :15], header=["label", *NAMES[:15]])).shape == (1, 15)


def test_floats(tmp_path):
    same(load(tmp_path, written(LABELS, PIXELS.astype(float), header=["label", *NAMES])))
    data = load(tmp_path, written(LABELS, PIXELS / 255, header=["label", *NAMES]))
    same(data)
    assert (data.origin.low, data.origin.high) == (0, 1)


def test_rows_sorted_by_class(tmp_path):
    order = np.sort(np.tile(LABELS, 100))
    pixels = np.tile(PIXELS, (100, 1))
    for columns in ((order, pixels), (pixels, order)):
        same(load(tmp_path, written(*columns)), order, pixels)


def broken(row, column, cell):
    table = np.column_stack([LABELS, PIXELS]).astype(object)
    table[row, column] = cell
    return [",".join(map(str, line)) for line in table]


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("row", [2, 30])
@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("256", "256"), ("-1", "-1"), ("nan", "a missing value"), ("", "a missing value"),
        ("1.5", "got 1.5"), ("x", "expected a number, got 'x'"), ("inf", "'inf'"), ("1e3", "1000"),
    ],
)  # fmt: skip
def test_a_wrong_cell_is_named(tmp_path, cell, message, row, header):
    lines = [",".join(["label", *NAMES])] * header + broken(row, 7, cell)
    with pytest.raises(InputError, match=rf"data\.csv: row {row + 1}, column 8( \('pixel6'\))?: .*{message}"):
        load(tmp_path, "\n".join(lines).encode())


@pytest.mark.parametrize("row", [1, 35])
def test_rows_of_another_length_are_named(tmp_path, row):
    lines = broken(0, 1, 0)
    whole = lines[row]
    lines[row] = whole.rsplit(",", 1)[0]
    with pytest.raises(InputError, match=rf"row {row + 1}, column 17 is missing: expected 17 columns, got 16"):
        load(tmp_path, "\n".join(lines).encode())
    lines[row] = whole + ","
    with pytest.raises(InputError, match=rf"row {row + 1}, column 18 \(empty: a separator at the end.*got 18"):
        load(tmp_path, "\n".join(lines).encode())
    lines[row] = whole + ",7"
    with pytest.raises(InputError, match=rf"row {row + 1}, column 18 \('7'\)"):
        load(tmp_path, "\n".join(lines).encode())


def test_a_missing_label_is_named(tmp_path):
    for cell in ("", " ", "nan"):
        text = "\n".join([",".join(["label", *NAMES]), *broken(4, 0, cell)]).encode()
        with pytest.raises(InputError, match=r"row 5, column 1 \('label'\): a missing label"):
            load(tmp_path, text)


@pytest.mark.parametrize("words", [("01", "1", "2"), ("NA", "none", "null"), ("inf", "sup", "-inf"), ("nan", "a", "b"),
                                   ("1.5", "1.50", "2"), ("0", "00", "000"), ("1e5", "x", "1")])  # fmt: skip
@pytest.mark.parametrize("header", [True, False])
def test_labels_are_the_words_that_are_written(tmp_path, words, header):
    labels = np.array(words)[np.arange(40) % 3]
    if not header and words[0] == "1.5":
        return  # without a header, such numbers may as well be pixels
    data = load(tmp_path, written(labels, PIXELS, header=["label", *NAMES] if header else None))
    assert [data.classes[k] for k in data.labels] == labels.tolist()
    assert set(data.classes) == set(words)


@pytest.mark.parametrize("form", ["{:d}", "{:.1f}", "{:.18e}"])
def test_numbers_as_programs_write_them_are_one_class(tmp_path, form):
    same(load(tmp_path, written([form.format(label) for label in LABELS], PIXELS, header=["label", *NAMES])))


def excel(cells, *, head="", end="\r\n"):
    return head + end.join(";".join(row) for row in cells) + end


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("head", ["", "sep=;\r\n", "SEP=;\r\n"])
@pytest.mark.parametrize("decimal", [False, True])
def test_as_a_european_excel_saves_it(tmp_path, encoding, head, decimal):
    shown = [[f"{v / 255:.4f}".rstrip("0").rstrip(".").replace(".", ",") if decimal else str(v) for v in row]
             for row in PIXELS]  # fmt: skip
    words = np.array(["Käse", "Brot"])[np.arange(40) % 2]
    cells = [["Größe", *NAMES], *([word, *row] for word, row in zip(words, shown, strict=True))]
    data = load(tmp_path, excel(cells, head=head).encode(encoding))
    np.testing.assert_array_equal(data.images, PIXELS)
    assert [data.classes[k] for k in data.labels] == words.tolist()
    assert decimal == any("decimal comma" in note for note in data.origin.notes)
    assert (encoding == "cp1252") == any("encoding of Windows" in note for note in data.origin.notes)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("1,000", "expected a number with a decimal point and without thousands separators"),
        ("1.000,5", "expected a number"),
    ],
)
def test_commas_that_may_mean_two_things(tmp_path, cell, message):
    cells = [["label", *NAMES], *([str(k % 2), *map(str, row)] for k, row in enumerate(PIXELS))]
    cells[5][3] = cell
    with pytest.raises(InputError, match=rf"row 5, column 4 \('pixel2'\): {message}, got '{cell}'"):
        load(tmp_path, excel(cells).encode())


def test_commas_as_decimal_signs_and_as_separators(tmp_path):
    rows = [[str(k % 2), *(f"{v / 255:.3f}".replace(".", ",") for v in row)] for k, row in enumerate(PIXELS)]
    with pytest.raises(InputError, match="expected 17 columns, got 33; are commas both decimal signs and separators"):
        load(tmp_path, "\n".join(",".join(row) for row in [["label", *NAMES], *rows]).encode())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda cells: [["My pixels"], *cells], "most lines have 17 columns, but not 'My pixels'; remove this line"),
        (lambda cells: [["# by me", "x"], *cells], "but not '# by me,x'; remove this line"),
        (
            lambda cells: [cells[0], *([row[0], *(f"{cell}%" for cell in row[1:])] for row in cells[1:])],
            r"a table of 17 columns, but most of its cells are not numbers, such as '\d+%'",
        ),
        (
            lambda cells: [["label", "pixels"], *([row[0], f"[{' '.join(row[1:])}]"] for row in cells[1:])],
            r"column 2 \('pixels'\): several numbers in a cell, such as .*write each into a column of its own",
        ),
    ],
)
def test_tables_that_a_program_decorated(tmp_path, change, message):
    cells = change([["label", *NAMES], *([str(k % 2), *map(str, row)] for k, row in enumerate(PIXELS))])
    with pytest.raises(InputError, match=message):
        load(tmp_path, "\n".join(",".join(row) for row in cells).encode())


def test_separators_at_the_end_of_every_line(tmp_path):
    text = written(LABELS, PIXELS, header=["label", *NAMES], sep=";")
    data = load(tmp_path, text.replace(b"\n", b";\n"))
    same(data)
    assert "column 18 is empty" in data.origin.notes


@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize("name", ["id", "ImageId", "my_row", None])
def test_a_column_that_counts_the_rows_is_not_a_pixel(tmp_path, start, name):
    counted, pixels = np.arange(160) + start, np.tile(PIXELS, (4, 1))
    labels = np.tile(LABELS, 4)
    header = [name, "label", *NAMES] if name else None
    same(load(tmp_path, written(counted, labels, pixels, header=header)), labels, pixels)
    (tmp_path / "data.csv").write_bytes(written(counted, pixels, header=[name, *NAMES] if name else None))
    with pytest.raises(InputError, match="there are no labels in it"):
        load_dataset(tmp_path / "data.csv")


def test_what_is_no_table(tmp_path):
    for content in (b"hello\nworld\n", bytes(range(200)) * 3, b"label,pixel0,pixel1\n", b"%PDF-1.4\n1,2\n"):
        with pytest.raises((InputError, FileError)):
            load(tmp_path, content)
    with pytest.raises(InputError, match="there are no labels in it"):
        load(tmp_path, written(PIXELS, header=NAMES))


@given(
    st.integers(2, 40).flatmap(
        lambda n: st.tuples(
            st.lists(st.integers(0, 9), min_size=n, max_size=n).filter(lambda x: len(set(x)) > 1),
            st.lists(st.lists(st.integers(0, 255), min_size=9, max_size=9), min_size=n, max_size=n),
        )
    ),
    st.sampled_from([",", ";", "\t"]),
    st.booleans(),
    st.sampled_from(["\n", "\r\n"]),
)
def test_any_table_with_a_header_comes_back(tmp_path_factory, rows, sep, last, end):
    labels, pixels = rows
    header = [f"p{k}" for k in range(9)]
    columns, names = ((pixels, labels), [*header, "label"]) if last else ((labels, pixels), ["label", *header])
    path = tmp_path_factory.mktemp("csv") / "data.csv"
    path.write_bytes(written(*columns, sep=sep, header=names, end=end))
    data = load_dataset(path, data_range=(0, 255))
    assert [int(data.classes[k]) for k in data.labels] == labels
    np.testing.assert_array_equal(data.images, np.array(pixels))


@given(st.binary(max_size=300))
def test_no_content_breaks_it(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("csv")
    (folder / "data").write_bytes(content)
    with contextlib.suppress(InputError, FileError):
        load_dataset(folder / "data")


@pytest.mark.parametrize("content", [b"\x1f", b"\n\n", b"a", b",", b"\xef\xbb\xbf"])
def test_a_text_of_hardly_anything_is_refused_in_words(tmp_path, content):
    with pytest.raises((InputError, FileError), match=r"unknown|no columns|empty"):
        load(tmp_path, content)
