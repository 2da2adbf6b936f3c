"""From a user's own data to a network, its answers and its figures, by the installed command and from Python."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image, ImageDraw, ImageFont

from glasswork import (
    MLP,
    SGD,
    CrossEntropyLoss,
    Dataset,
    InputError,
    ReLU,
    Run,
    fit,
    load_dataset,
    load_model,
    named_recipe,
    split,
)
from glasswork.models.answer import KEYS
from glasswork.models.model_file import read_model_file
from glasswork.runs.folder import RunFolder

COMMAND = Path(sys.executable).with_name("glasswork")
LETTERS = [chr(65 + k) for k in range(26)]


def letter(name, draw):
    """A letter in a fixed font, 32 pixels each way, moved, with noise."""
    image = Image.new("L", (32, 32), 0)
    ImageDraw.Draw(image).text(draw.uniform(7, 8.5, 2), name, 255, font=ImageFont.load_default(18))
    return np.clip(np.asarray(image) + draw.normal(0, 10, (32, 32)), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def home(glasswork, tmp_path_factory):
    """A folder of 26 named classes of 32×32, divided into train and test, and a run on it."""
    folder, draw = tmp_path_factory.mktemp("letters"), np.random.default_rng(0)
    for part, each in (("train", 14), ("test", 3)):
        for name in LETTERS:
            (folder / "letters" / part / name).mkdir(parents=True)
            for k in range(each):
                Image.fromarray(letter(name, draw)).save(folder / "letters" / part / name / f"{k}.png")
    (folder / "letters" / "test" / "Q" / "1.png").write_bytes(b"not a picture")
    words = ("--hidden", "64,48", "--epochs", 25, "--batch-size", 26, "--lr", 0.1, "--set", "data.scaling=standardize")
    printed = glasswork("train", "relu", "--data", "letters", *words, "--out", "run", folder=folder)
    (folder / "printed.txt").write_text(printed)
    return folder


def test_training_on_a_folder(home):
    printed = (home / "printed.txt").read_text()
    assert "source split: 334 train, 30 valid, 77 test" in printed
    assert "1 images cannot be read and are left out, the first: " in printed
    assert "1.png" in printed
    assert float(printed.split("Test accuracy: ")[1].split("%")[0]) > 90
    recipe = RunFolder(home / "run").recipe()
    assert (recipe.data.source, recipe.data.split) == (str(home / "letters"), "source")
    read = read_model_file(home / "run")
    assert (read.classes, read.image_shape, read.reading.pictures) == (tuple(LETTERS), (32, 32), "as they are")
    assert {path.stem for path in (home / "run" / "figures").iterdir()} >= {"curves", "weights", "digits", "diagram"}


def test_strict_training_refuses_what_cannot_be_read(home, glasswork):
    printed = glasswork("train", "--data", "letters", "--strict", "--out", "x", folder=home, status=1)
    assert "1 images cannot be read" in printed
    assert not (home / "x").exists()


def test_the_network_holds_its_scaling(home):
    model, parts = load_model(home / "run"), split(load_dataset(home / "letters"), scheme="source")
    x = model.named_layers["scale"](np.asarray(parts.train.images / 127.5 - 1, np.float32))
    assert abs(x.mean()) < 1e-3
    assert abs(x.std() - 1) < 1e-3


def test_predicting_a_folder(home, glasswork):
    printed = glasswork("predict", "run", "letters/test", "--json", folder=home, status=1)
    entries = json.loads(printed[: printed.rindex("]") + 1].partition("[")[2].join(["[", ""]))
    good = [entry for entry in entries if "label" in entry]
    assert len(good) == 77
    assert len(entries) == 78
    assert all("Q/1.png" in entry["error"] for entry in entries if "error" in entry)
    right = np.mean([entry["label"] == entry["item"].split("/")[0] for entry in good])
    assert right > 0.9
    assert "digit" not in good[0]


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet"])
def test_predictions_in_a_file(home, glasswork, suffix):
    glasswork("predict", "run", "letters/test", "-o", f"out.{suffix}", "--scores", folder=home, status=1)
    path = home / f"out.{suffix}"
    if suffix == "json":
        entries = [entry for entry in json.loads(path.read_text()) if "label" in entry]
        assert len(entries) == 77
        assert all(abs(sum(entry["scores"].values()) - 1) < 1e-4 for entry in entries)
        return
    frame = pl.read_csv(path) if suffix == "csv" else pl.read_parquet(path)
    keys = [key for key in KEYS[:-1] if key != "agreement"]  # which only a committee gives
    assert frame.columns == [*keys, *LETTERS, "error"]
    assert len(frame) == 78
    assert frame["error"].drop_nulls().len() == 1
    good = frame.filter(pl.col("label").is_not_null() & (pl.col("label") != ""))
    np.testing.assert_allclose(good.select(LETTERS).to_numpy().astype(float).sum(axis=1), 1, atol=1e-4)


def test_evaluating_runs_and_comparing(home, glasswork):
    own = glasswork("evaluate", "run", folder=home)
    other = glasswork("evaluate", "run", "--data", "letters/test", folder=home)
    accuracy = own.split("Test accuracy: ")[1].split("%")[0]
    assert f"Test accuracy: {accuracy}% (" in other
    assert "of 77 images, source split; 95 % confidence" in own
    assert "of 77 images, letters/test; 95 % confidence" in other
    assert "run" in glasswork("runs", ".", folder=home)
    shutil.copytree(home / "run", home / "run2")
    glasswork("compare", "run", "run2", "--out", "compare.png", folder=home)
    printed = glasswork("evaluate", "run", "--data", "digits", folder=home, status=1)
    assert "images of 8×8, but this network takes 1,024 numbers" in printed


def test_inspecting(home, glasswork):
    facts = json.loads(glasswork("data", "inspect", "letters", "--json", "-o", "picture.png", folder=home))
    assert (facts["format"], facts["images"], facts["shape"]) == ("pictures", 441, [32, 32])
    assert facts["splits"] == {"train": 364, "test": 77}
    assert facts["classes"][0] == {"name": "A", "count": 17}
    assert len(facts["problems"]) == 1
    with Image.open(home / "picture.png") as picture:
        assert min(picture.size) > 100
    printed = glasswork("data", "inspect", "letters", folder=home)
    assert "364 train, 77 test" in printed
    assert Path(printed.split("Figure of samples saved to ")[1].strip()).is_file()
    glasswork("data", "inspect", "letters", "--strict", folder=home, status=1)
    printed = glasswork("data", "inspect", "letters/test/Q", "--json", folder=home, status=1)
    facts = json.loads(printed)
    assert (facts["format"], facts["images"], facts["trainable"]) == ("pictures", 2, False)
    facts = json.loads(glasswork("data", "inspect", "nowhere.csv", "--json", folder=home, status=1))
    assert "there is no such file or folder" in facts["problems"][0]


def test_duplicates_are_reported(glasswork, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (30, 16), dtype=np.uint8)
    labels = np.arange(30) % 3
    pixels[25], pixels[7], pixels[9] = pixels[1], pixels[4], pixels[10]  # across (with the same label), within, mixed
    np.savez(tmp_path / "x.npz", x_train=pixels[:20], y_train=labels[:20], x_test=pixels[20:], y_test=labels[20:])
    facts = json.loads(glasswork("data", "inspect", "x.npz", "--json", folder=tmp_path))
    assert facts["duplicates"] == {"within": 2, "across": 1}
    assert "1 images are in more than one part: the test accuracy will be too good" in facts["problems"]
    assert "1 images occur with different labels" in facts["problems"]


# Kaggle ---------------------------------------------------------------------------------------------


def test_kaggles_whole_path(glasswork, tmp_path, mnist):
    images, labels = mnist[0][:3000], mnist[1][:3000]
    names = ",".join(f"pixel{k}" for k in range(784))
    np.savetxt(tmp_path / "train.csv", np.c_[labels, images], "%d", ",", header=f"label,{names}", comments="")
    np.savetxt(tmp_path / "test.csv", mnist[0][5000:5300], "%d", ",", header=names, comments="")
    glasswork("train", "relu", "--data", "train.csv", "--epochs", 6, "--out", "run", folder=tmp_path)
    glasswork("predict", "run", "test.csv", "--submission", "kaggle", "-o", "submission.csv", folder=tmp_path)
    rows = list(csv.reader((tmp_path / "submission.csv").read_text().splitlines()))
    assert rows[0] == ["ImageId", "Label"]
    assert [row[0] for row in rows[1:]] == [str(k) for k in range(1, 301)]
    assert np.mean(np.array([int(row[1]) for row in rows[1:]]) == mnist[1][5000:5300]) > 0.8
    lines = (tmp_path / "test.csv").read_text().splitlines()
    lines[7] += ","
    (tmp_path / "test.csv").write_text("\n".join(lines))
    printed = glasswork(
        "predict", "run", "test.csv", "--submission", "kaggle", "-o", "no.csv", folder=tmp_path, status=1
    )
    assert "row 7, column 785" in printed
    assert not (tmp_path / "no.csv").exists()
    printed = glasswork("predict", "run", "test.csv", folder=tmp_path, status=1)  # one bad row does not stop the rest
    assert printed.count(" sure") == 299
    answer = subprocess.run(
        [COMMAND, "predict", "run", "-", "--json"], cwd=tmp_path, input="\n".join(lines[:3]), capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    entries = json.loads(answer.stdout)
    assert [entry["item"] for entry in entries] == ["1", "2"]
    assert entries[0]["digit"] == int(entries[0]["label"])


# From Python ----------------------------------------------------------------------------------------


@pytest.fixture
def data():
    draw = np.random.default_rng(0)
    labels = np.arange(140) % 2
    pixels = draw.integers(0, 100, (140, 4, 4)) + 100 * labels[:, np.newaxis, np.newaxis]
    return Dataset.of(pixels.astype(">i2"), np.array(["dark", "bright"])[labels], name="squares")


def recipe(**changes):
    return named_recipe("relu").override(
        {"training.epochs": 3, "training.batch_size": 20, "network.hidden": [6], **changes}
    )


def test_a_run_on_arrays_can_be_resumed_and_evaluated(data, tmp_path, monkeypatch, glasswork):
    monkeypatch.chdir(tmp_path)
    stop = iter([False] * 4 + [True] * 9)
    with Run(recipe(), data, should_stop=lambda: next(stop)) as run:
        list(run.epochs())
    folder = run.folder.resolve()
    assert run.test_accuracy is None
    assert RunFolder(folder).recipe().data.source == "arrays:squares"
    glasswork("resume", folder, folder=tmp_path)
    with Run(recipe(), tmp_path / "straight", dataset=data) as straight:
        list(straight.epochs())
    assert (folder / "model.safetensors").read_bytes() == (tmp_path / "straight" / "model.safetensors").read_bytes()
    assert "20 images, handout split" in glasswork("evaluate", folder, folder=tmp_path)
    shutil.rmtree(folder / "data")
    assert "pass them again" in glasswork("evaluate", folder, folder=tmp_path, status=1)
    with Run.resume(folder, dataset=data) as again:
        list(again.epochs())
    assert again.test_accuracy == straight.test_accuracy


def test_a_run_on_other_arrays_is_not_resumed(data, tmp_path):
    with Run(recipe(), tmp_path / "run", dataset=data) as run:
        list(run.epochs())
    other = Dataset.of(data.images ^ 1, data.labels, classes=data.classes, shape=data.shape, name="squares")
    with pytest.raises(OSError, match="have changed since it was trained"):
        Run.resume(tmp_path / "run", dataset=other)


def test_a_loaded_dataset_keeps_its_path(data, tmp_path):
    np.savez(tmp_path / "squares.npz", X=data.images.reshape(-1, 4, 4), y=data.labels)
    with Run(recipe(), tmp_path / "run", dataset=load_dataset(tmp_path / "squares.npz")) as run:
        list(run.epochs())
    assert run.recipe.data.source == str(tmp_path / "squares.npz")
    assert not (tmp_path / "run" / "data").exists()


def test_shares_and_parts_of_the_source(tmp_path):
    draw = np.random.default_rng(0)
    x, y = draw.integers(0, 256, (100, 3, 3), dtype=np.uint8), np.arange(100) % 4
    np.savez(
        tmp_path / "x.npz", x_train=x[:60], y_train=y[:60], x_val=x[60:72], y_val=y[60:72], x_test=x[72:], y_test=y[72:]
    )
    dataset = load_dataset(tmp_path / "x.npz")
    parts = split(dataset, scheme="source")
    assert [part.indices.tolist() for part in (parts.train, parts.valid, parts.test)] == [
        list(range(60)), list(range(60, 72)), list(range(72, 100)),
    ]  # fmt: skip
    parts = split(dataset, test=0.4, valid=0.2)
    assert [len(part) for part in (parts.train, parts.valid, parts.test)] == [40, 20, 40]
    with pytest.raises(InputError, match="got one set of images; use 'handout'"):
        split(Dataset.of(x, y), scheme="source")
    with pytest.raises(InputError, match="determines the sizes of its parts"):
        split(dataset, scheme="source", test=0.2)


def test_a_broken_output_leaves_nothing(home, glasswork):
    printed = glasswork("predict", "run", "letters/test/A", "-o", "nowhere/out.csv", folder=home, status=1)
    assert "cannot be written" in printed
    glasswork("predict", "run", "letters/test/A", "-o", "out.xlsx", folder=home, status=2)
    assert not list(home.glob(".out*"))


def test_fit_takes_a_dataset_and_its_parts(data):
    parts = split(data)
    model = MLP(16, 6, 2, activation=ReLU, output_activation=None, rng=np.random.default_rng(0))
    optimizer = SGD(model.parameters(), model.gradients(), lr=0.1)
    results = list(fit(model, parts.train, parts.valid, optimizer, CrossEntropyLoss(), epochs=30))
    assert results[-1].train_loss < results[0].train_loss
    whole = list(fit(model, data, data, optimizer, CrossEntropyLoss(), epochs=1))
    assert whole[0].valid_accuracy > 80
