"""The network that comes with glasswork: it fits 3 MB, and reads MNIST and digits as others write them."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from drawings import as_others_write, painted
from glasswork import load_model, predict_file, save_model
from glasswork.models.model_file import SHIPPED

PICTURES = Path(__file__).parent / "pictures"
STATED = json.loads((Path(__file__).parents[1] / "benchmarks" / "record-small-1.json").read_text())
DRAWN = list(as_others_write(100, seed=11))


@pytest.fixture(scope="module")
def record():
    return load_model("record")


def test_its_numbers_fit_three_megabytes(record):
    assert 2 * sum(array.size for array in record.state().values()) <= 3_000_000
    with safe_open(SHIPPED["record"], framework="numpy") as file:
        assert {file.get_tensor(name).dtype.name for name in record.state()} == {"float16"}


def test_it_reads_the_official_test_images_as_well_as_stated(record, mnist):
    """As many as before its weights were rounded to half precision, but for two images."""
    images, labels = mnist
    right = int((record.predict(images[-10_000:]) == labels[-10_000:]).sum())
    assert right == pytest.approx(100 * STATED["test_accuracy"], abs=2)


@pytest.mark.parametrize(("label", "drawn"), [row[1:] for row in DRAWN], ids=[row[0] for row in DRAWN])
def test_it_reads_digits_as_others_write_them(record, label, drawn):
    images = np.stack([painted([np.asarray(stroke) for stroke in strokes]) for strokes in drawn])
    assert (record.predict(images) == label).mean() >= 0.9


def test_it_reads_photographs_at_once(glasswork, tmp_path):
    """All that show one digit, but the JPEG file of 28×28 pixels: its 3 is 8 to networks that know distorted digits."""
    pictures = [path for path in sorted(PICTURES.glob("*-is-[0-9].png")) if "two-digits" not in path.name]
    printed = glasswork("predict", "record", *pictures, "--json", folder=tmp_path)
    assert [answer["label"] for answer in json.loads(printed)] == [path.stem[-1] for path in pictures]
    assert len(pictures) > 10
    assert list(tmp_path.iterdir()) == []


def test_an_answer_is_shown_in_a_line():
    picture = PICTURES / "05-shadow-row0-is-7.png"
    [answer] = predict_file("record", picture)
    assert repr(answer) == f"Answer('{picture}', label='7', {100 * answer.confidence:.1f}% sure)"


def test_a_file_of_that_name_goes_before(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mine = load_model("record")
    mine.linear1.weight[...] = 0
    save_model(mine, "record")
    assert not load_model("record").linear1.weight.any()
