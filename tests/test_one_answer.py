"""One set of answers, however it is written: on the screen, in JSON, CSV and Parquet, with and without scores."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from glasswork import MLP, SGD, Batches, CrossEntropyLoss, ReLU, fit, save_model
from glasswork.models.answer import KEYS
from glasswork.models.answers import answers
from glasswork.models.doubt import ReferenceSet
from glasswork.models.model_file import Reading, read_model_file

COMMAND = Path(sys.executable).with_name("glasswork")
FIRST_TEST = 60_000


@pytest.fixture(scope="module")
def home(mnist, tmp_path_factory):
    """A model of MNIST's digits with a small reference set, and sources of every kind of the same test digits."""
    folder = tmp_path_factory.mktemp("home")
    images, labels = mnist
    model = MLP(784, [40], 10, activation=ReLU, output_activation=None, rng=np.random.default_rng(0))
    loader = Batches(images[:4000], labels[:4000], 50, seed=0)
    optimizer = SGD(model.parameters(), model.gradients(), lr=0.1)
    for _ in fit(model, loader, loader, optimizer, CrossEntropyLoss(), epochs=2):
        pass
    reference = ReferenceSet.choose(images[:400], labels[:400], images[4000:4400])
    save_model(
        model, folder / "m.safetensors", reference=reference, image_shape=(28, 28), reading=Reading(pictures="digits")
    )
    digits = images[FIRST_TEST : FIRST_TEST + 12]
    (folder / "folder").mkdir()
    for k, digit in enumerate(digits[:6]):
        Image.fromarray(255 - digit.reshape(28, 28)).resize((140, 140)).save(folder / "folder" / f"{k}.png")
    (folder / "folder" / "3.png").write_bytes(b"\x89PNG\r\n damaged")
    page = np.full((200, 420), 255, np.uint8)
    for k in range(3):
        page[30:170, 140 * k : 140 * k + 140] = np.asarray(Image.open(folder / "folder" / f"{k}.png"))
    Image.fromarray(page).save(folder / "three.png")
    rows = [",".join(map(str, digit)) for digit in digits]
    head = ",".join(f"pixel{k}" for k in range(784))
    (folder / "whole.csv").write_text("\n".join([head, *rows]))
    rows[4] = rows[4].replace(",0,", ",?,", 1)
    rows[7] += ",1"
    (folder / "bad.csv").write_text("\n".join([head, *rows]))
    (folder / "named.csv").write_text("\n".join([f"id,{head}", *(f"{100 + k},{row}" for k, row in enumerate(rows))]))
    np.save(folder / "plain.npy", digits)
    np.savez(folder / "labelled.npz", x_train=digits[:8], y_train=range(8), x_test=digits[8:], y_test=range(4))
    return folder


def listed(printed):
    """The list that is printed before anything else."""
    return json.loads(printed[: printed.index("\n]\n") + 3])


SOURCES = ["three.png", "folder", "bad.csv", "named.csv", "plain.npy", "labelled.npz"]


@pytest.fixture(scope="module")
def written(home, glasswork):
    """What the command says about all sources, in each form."""
    ask = ("predict", "m.safetensors", *SOURCES)
    outputs = {}
    outputs["screen"] = glasswork(*ask, folder=home, status=1)
    for name, words in {"json": (), "json-scores": ("--scores",)}.items():
        printed = glasswork(*ask, "--json", *words, folder=home, status=1)
        outputs[name] = listed(printed)
    for suffix in ("csv", "json", "parquet"):
        glasswork(*ask, "-o", f"out.{suffix}", "--scores", folder=home, status=1)
    with (home / "out.csv").open(newline="") as stream:
        outputs["out.csv"] = list(csv.DictReader(stream))
    outputs["out.json"] = json.loads((home / "out.json").read_text())
    outputs["out.parquet"] = pl.read_parquet(home / "out.parquet").to_dicts()
    return outputs


def flat(entries):
    """The rows of a table for entries of JSON."""
    for entry in entries:
        yield from ({**entry, **digit} for digit in entry.get("digits", [entry]))


def essence(rows):
    """What is to be equal everywhere, as text and rounded numbers."""
    words = ("file", "item", "row", "position", "label", "unlike", "resembles", "error")
    numbers = ("confidence", "strangeness")
    return [
        [str("" if row.get(key) is None else row[key]).lower() for key in words]
        + [round(float(row[key]), 5) if row.get(key) not in (None, "") else None for key in numbers]
        for row in rows
    ]


def test_every_output_holds_the_same_answers(written):
    expected = essence(flat(written["json"]))
    assert len(expected) == 3 + 6 + 12 + 12 + 12 + 12
    for name in ("json-scores", "out.json"):
        assert essence(flat(written[name])) == expected
    for name in ("out.csv", "out.parquet"):
        assert essence(written[name]) == expected


def test_the_screen_tells_the_same_labels(written):
    lines = [line for line in written["screen"].splitlines() if "% sure" in line]
    good = [row for row in flat(written["json"]) if "error" not in row]
    assert len(lines) == len(good)
    for line, row in zip(lines, good, strict=True):
        label, percent = re.search(r"(\d)  ([\d.]+)% sure", line).groups()
        assert label == row["label"]
        assert abs(min(row["confidence"], 0.999) - float(percent) / 100) < 6e-4
        assert ("unlike anything" in line) == row["unlike"]


def test_keys_are_those_that_are_documented(written, home):
    keys = [key for key in KEYS if key != "agreement"]  # that is a committee's
    columns = [*keys[:-1], *map(str, range(10)), "error"]
    assert list(written["out.csv"][0]) == columns
    assert list(written["out.parquet"][0]) == columns
    for row in flat(written["json-scores"]):
        assert set(row) - {"digits", "digit", "note", "probabilities", "scores"} <= set(KEYS)
        if "error" not in row:
            assert set(keys) - set(row) == {"error"}
    table = (Path(__file__).parent.parent / "docs" / "lookup" / "data.md").read_text()
    assert all(f"| `{key}` |" in table for key in KEYS)


def test_probabilities_are_those_of_the_answer(written):
    by_table = [row for row in written["out.csv"] if not row["error"]]
    by_json = [row for row in flat(written["json-scores"]) if "error" not in row]
    for cells, entry in zip(by_table, by_json, strict=True):
        shares = [float(cells[str(k)]) for k in range(10)]
        assert shares == list(entry["scores"].values()) == entry["probabilities"]
        assert abs(sum(shares) - 1) < 1e-4
        assert max(shares) == entry["confidence"]


def test_a_picture_of_several_digits_is_read_whole_everywhere(written):
    three = [row for row in written["out.csv"] if row["file"] == "three.png"]
    assert [row["position"] for row in three] == ["1", "2", "3"]
    assert "".join(row["label"] for row in three) == "".join(
        str(digit["digit"]) for digit in written["json"][0]["digits"]
    )
    assert re.search(rf"three\.png +{' '.join(row['label'] for row in three)}\n", written["screen"])
    lefts = [int(row["box"].split()[0]) for row in three]
    assert lefts == sorted(lefts)


@pytest.mark.parametrize("source", ["bad.csv", "named.csv"])
def test_a_bad_row_keeps_its_number_and_shifts_no_other(written, home, source):
    whole = list(answers(read_model_file(home / "m.safetensors"), [str(home / "whole.csv")]))
    rows = [row for row in written["out.csv"] if row["file"] == source]
    assert [row["row"] for row in rows] == [str(k) for k in range(1, 13)]
    assert [row["item"] for row in rows] == [str(k + (99 if source == "named.csv" else 0)) for k in range(1, 13)]
    assert [k for k, row in enumerate(rows) if row["error"]] == [4, 7]
    assert "row 5, column" in rows[4]["error"]
    assert "row 8, column" in rows[7]["error"]
    for row, right in zip(rows, whole, strict=True):
        if not row["error"]:
            np.testing.assert_allclose([float(row[str(k)]) for k in range(10)], right.probabilities, atol=1e-6)


def test_a_value_out_of_range_is_named_by_its_own_row(home, glasswork):
    lines = (home / "bad.csv").read_text().splitlines()
    lines[10] = lines[10].replace(",0,", ",300,", 1)
    (home / "range.csv").write_text("\n".join(lines))
    entries = listed(glasswork("predict", "m.safetensors", "range.csv", "--json", folder=home, status=1))
    assert [(entry["row"], "error" in entry) for entry in entries if "error" in entry] == [
        (5, True),
        (8, True),
        (10, True),
    ]
    assert "row 10, column" in entries[9]["error"]


def test_a_damaged_picture_keeps_its_place_in_the_folder(written):
    rows = [row for row in written["out.csv"] if row["file"] == "folder"]
    assert [(row["row"], row["item"]) for row in rows] == [(str(k + 1), f"{k}.png") for k in range(6)]
    assert [bool(row["error"]) for row in rows] == [False, False, False, True, False, False]


def test_parts_of_a_labelled_source_are_numbered_on(written):
    rows = [row for row in written["out.csv"] if row["file"] == "labelled.npz"]
    plain = [row for row in written["out.csv"] if row["file"] == "plain.npy"]
    assert [row["row"] for row in rows] == [str(k) for k in range(1, 13)]
    assert [row["label"] for row in rows] == [row["label"] for row in plain]


def test_a_folder_of_tables_is_answered_file_by_file(home, glasswork, tmp_path):
    for name in ("train.csv", "test.csv"):
        (tmp_path / name).write_text((home / "bad.csv").read_text())
    printed = glasswork("predict", home / "m.safetensors", ".", "--json", folder=tmp_path, status=1)
    entries = listed(printed)
    assert [(entry["file"], entry["row"]) for entry in entries] == [
        (name, k) for name in ("test.csv", "train.csv") for k in range(1, 13)
    ]


@pytest.mark.parametrize("source", ["bad.csv", "three.png"])
def test_the_standard_input_gives_the_same_answers(home, written, source):
    done = subprocess.run(
        [COMMAND, "predict", "m.safetensors", "-", "--json"], cwd=home, input=(home / source).read_bytes(),
        capture_output=True, check=False,
    )  # fmt: skip
    got = [(row["row"], row.get("label"), row.get("confidence")) for row in flat(json.loads(done.stdout))]
    assert got == [
        (row["row"], row.get("label"), row.get("confidence")) for row in flat(written["json"]) if row["file"] == source
    ]
    assert b"/tmp" not in done.stderr
    assert b"glasswork-" not in done.stdout


def test_print_is_trusted_in_no_output(home, glasswork):
    """A page of letters of which some look like digits: no part of it is more than 89 % sure, however it is asked."""
    from PIL import ImageDraw, ImageFont

    page = Image.new("L", (900, 220), 255)
    ImageDraw.Draw(page).text((30, 20), "W A M E X R", 0, font=ImageFont.load_default(130))
    page.save(home / "letters.png")
    printed = glasswork("predict", "m.safetensors", "letters.png", "--json", "-o", "letters.csv", folder=home)
    entries = list(flat(listed(printed)))
    with (home / "letters.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(entries) >= 4
    assert sum(row["unlike"] == "true" for row in rows) / len(rows) > 0.3
    assert max(float(row["confidence"]) for row in rows) <= 0.89
    assert [float(row["confidence"]) for row in rows] == [entry["confidence"] for entry in entries]


def test_classes_called_like_keys_have_columns_of_their_own(tmp_path, glasswork):
    model = MLP(9, 4, 3, rng=np.random.default_rng(0))
    save_model(model, tmp_path / "m.safetensors", classes=["label", "row", "x"])
    np.save(tmp_path / "a.npy", np.arange(18, dtype=np.uint8).reshape(2, 9))
    glasswork("predict", "m.safetensors", "a.npy", "--scores", "-o", "out.csv", folder=tmp_path)
    with (tmp_path / "out.csv").open(newline="") as stream:
        (first, _) = csv.DictReader(stream)
    assert set(first) == {*KEYS, "class label", "class row", "x"} - {"agreement"}
    assert first["row"] == "1"


def test_answers_come_block_by_block(home):
    """The first answer is there before the source has been read to its end."""
    first = next(answers(read_model_file(home / "m.safetensors"), [str(home / "whole.csv")]))
    assert (first.row, first.item, first.error) == (1, "1", "")


def test_a_narrow_terminal_and_a_file_beside_a_terminal(home):
    """With its lines in a file, the command's bar on the terminal takes none of them."""
    import pty

    ours, theirs = pty.openpty()
    with (home / "lines.txt").open("w") as stdout:
        process = subprocess.Popen(
            [COMMAND, "predict", "m.safetensors", "whole.csv"], cwd=home, stdout=stdout, stderr=theirs,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "40"},
        )  # fmt: skip
        assert process.wait(timeout=120) == 0
    os.close(theirs)
    os.close(ours)
    assert len((home / "lines.txt").read_text().splitlines()) == 12
