"""The network that comes with glasswork: it fits 3 MB, and reads MNIST and digits as others write them."""

import json
import statistics
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from drawings import as_others_write, painted
from glasswork import load_model, predict_file, save_model
from glasswork.models.model_file import SHIPPED
from glasswork.recipes.shelf import measured, named_recipe

PICTURES = Path(__file__).parent / "pictures"
BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
STATED = json.loads((BENCHMARKS / "record-small-1.json").read_text())
DRAWN = list(as_others_write(100, seed=11))


@pytest.fixture(scope="module")
def record():
    return load_model("record")


@pytest.mark.parametrize("name", ["permutation", "record", "record-small"])
def test_recipes_state_what_the_runs_kept_have_measured(name):
    """And these runs had the recipe of today, whose seed, threads and engine may differ."""
    kept = [json.loads(path.read_text()) for path in sorted(BENCHMARKS.glob(f"{name}-[0-9].json"))]
    for run in kept:
        mine = json.loads(json.dumps(named_recipe(name).to_dict()))
        for part in (mine, run["recipe"]):
            del part["seed"], part["description"], part["training"]["threads"], part["training"]["engine"]
        assert run["recipe"] == mine
    accuracies = [run["test_accuracy"] for run in kept]
    figure, seeds = f"{statistics.fmean(accuracies):.2f}", f"{len(kept)} seed{'s' * (len(kept) > 1)}"
    if len(kept) > 1:
        figure += f" ± {statistics.stdev(accuracies):.2f}"
    assert measured()[name] == f"{figure} % of the test images, official split, {seeds}"


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
