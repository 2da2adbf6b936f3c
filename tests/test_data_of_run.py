"""The data of a run: every way that loads them again notices when they are not what it was trained on."""

import dataclasses
import subprocess
import sys

import msgspec
import numpy as np
import pytest
from PIL import Image

from glasswork import Dataset, FileError, InputError, Run, load_dataset, named_recipe
from glasswork.runs.data import data_of_run
from glasswork.runs.folder import RunFolder
from glasswork.runs.ladder import climb, run_folder

DRAW = np.random.default_rng(7)
LABELS = np.arange(240) % 4
IMAGES = (DRAW.integers(0, 90, (240, 8, 8)) + 40 * LABELS[:, np.newaxis, np.newaxis]).astype(np.uint8)

#: Every command that needs the data of a run; each is to end with an error when they have changed.
COMMANDS = {
    "evaluate": ("evaluate", "run"),
    "show": ("show", "run", "confusion", "-o", "x.png"),
    "report": ("report", "run"),
    "resume": ("resume", "run", "--epochs", 3),
    "train RUN": ("train", "run", "--out", "again"),
    "train RUN, divided differently": ("train", "run", "--set", "data.split_seed=5", "--out", "again"),
}


def recipe(**more):
    return named_recipe("classwork").override(
        {"network.hidden": [5], "training.epochs": 2, "training.batch_size": 20, **more}
    )


def write_npz(folder, images=IMAGES, labels=LABELS):
    np.savez(folder / "mine.npz", images=images, labels=labels)


def write_folder(folder, images=IMAGES, labels=LABELS, names="abcd"):
    for k, (image, label) in enumerate(zip(images, labels, strict=True)):
        place = folder / "mine.npz" / names[label]  # a folder, in spite of its name
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(place / f"{k:03}.png")


def relabelled():
    labels = LABELS.copy()
    labels[17] = 0
    return labels


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A finished run on arrays in a file, and one on a folder of pictures."""
    for write in (write_npz, write_folder):
        home = tmp_path_factory.mktemp(write.__name__)
        write(home)
        with Run(recipe(**{"data.source": str(home / "mine.npz")}), home / "run") as run:
            list(run.epochs())
    return tmp_path_factory.getbasetemp()


def restored(trained, write, folder):
    """A copy of a run whose source is beside it, at a path of its own."""
    home = next(trained.glob(f"{write.__name__}*"))
    subprocess.run(["cp", "-r", home / "run", folder / "run"], check=True)
    place = RunFolder(folder / "run")
    place.write_recipe(place.recipe().override({"data.source": str(folder / "mine.npz")}))
    for checkpoint in place.path.glob("checkpoint-*"):  # they state the recipe
        checkpoint.unlink()
    return place


CHANGES = {
    "images added": lambda folder: write_npz(
        folder, np.concatenate([IMAGES, IMAGES[:8] ^ 1]), np.concatenate([LABELS, LABELS[:8]])
    ),
    "images removed": lambda folder: write_npz(folder, IMAGES[:-4], LABELS[:-4]),
    "rows in another order": lambda folder: write_npz(folder, IMAGES[::-1], LABELS[::-1]),
    "one label": lambda folder: write_npz(folder, IMAGES, relabelled()),
    "one pixel": lambda folder: write_npz(folder, IMAGES ^ (np.arange(IMAGES.size) == 5000).reshape(IMAGES.shape)),
    "a new class": lambda folder: write_npz(folder, IMAGES, np.where(np.arange(240) % 60 < 1, 4, LABELS)),
}
FOLDER_CHANGES = {
    "a folder for a new class": lambda folder: write_folder(folder, IMAGES[:4], LABELS[:4] * 0, names="0"),
    "a folder called in another way": lambda folder: (folder / "mine.npz" / "a").rename(folder / "mine.npz" / "z"),
    "a picture moved to another class": lambda folder: (folder / "mine.npz" / "a" / "000.png").rename(
        folder / "mine.npz" / "b" / "000.png"
    ),
}


@pytest.mark.parametrize("change", [*CHANGES, *FOLDER_CHANGES])
def test_a_source_that_has_changed_is_noticed(trained, tmp_path, change):
    write = write_npz if change in CHANGES else write_folder
    place = restored(trained, write, tmp_path)
    write(tmp_path)
    parts, notes = data_of_run(place.path)
    assert (len(parts.train) + len(parts.valid) + len(parts.test), notes) == (240, [])
    (CHANGES | FOLDER_CHANGES)[change](tmp_path)
    with pytest.raises(FileError, match=r"mine\.npz, have changed since it was trained.*Restore the old data") as e:
        data_of_run(place.path)
    said = str(e.value)
    assert ("240 images then" in said) == (change in ("images added", "images removed", "a folder for a new class"))
    new_classes = ("a new class", "a folder for a new class", "a folder called in another way")
    assert ("the classes" in said) == (change in new_classes)
    with pytest.raises(FileError, match="have changed"):
        Run.resume(place.path)


def test_a_checkpoint_of_other_data_is_refused(tmp_path):
    """It lies in the folder of a run of the same recipe, whose own data are as they were."""
    for name, labels in (("first", LABELS), ("second", relabelled())):
        write_npz(tmp_path, labels=labels)
        with Run(recipe(**{"data.source": str(tmp_path / "mine.npz")}), tmp_path / name) as run:
            next(run.epochs())
    for checkpoint in (tmp_path / "second").glob("checkpoint-*"):
        checkpoint.unlink()
    for checkpoint in (tmp_path / "first").glob("checkpoint-*"):
        (tmp_path / "second" / checkpoint.name).write_bytes(checkpoint.read_bytes())
    with pytest.raises(FileError, match=r"checkpoint-\d\.safetensors: the data .* are not those that the run was"):
        Run.resume(tmp_path / "second")


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_notices(trained, glasswork, tmp_path, command):
    restored(trained, write_npz, tmp_path)
    CHANGES["images added"](tmp_path)
    printed = glasswork(*COMMANDS[command], folder=tmp_path, status=1)
    assert "have changed since it was trained: 240 images then, 248 now" in printed
    assert "accuracy" not in printed
    assert not (tmp_path / "again").exists()


@pytest.mark.slow
def test_other_data_can_be_tested_and_trained_on(trained, glasswork, tmp_path):
    restored(trained, write_npz, tmp_path)
    CHANGES["images added"](tmp_path)
    assert "248 images" in glasswork("evaluate", "run", "--data", "mine.npz", folder=tmp_path)
    glasswork("train", "run", "--data", "mine.npz", "--no-report", "--out", "again", folder=tmp_path)
    printed = glasswork("compare", "run", "again", folder=tmp_path)
    assert "Their data differ, although the source is the same" in printed
    assert "240 images" in printed
    assert "248 images" in printed


def test_a_run_that_records_nothing_says_so(trained, tmp_path):
    place = restored(trained, write_npz, tmp_path)
    write_npz(tmp_path)
    place.write_result(msgspec.structs.replace(place.result(), data=None))
    assert "does not record which data" in data_of_run(place).notes[0]


def test_an_older_run_is_compared_with_its_checkpoint(trained, tmp_path):
    home = next(trained.glob("write_npz*"))
    place = RunFolder(home / "run")
    result = place.result()
    place.write_result(msgspec.structs.replace(result, data=None))
    try:
        assert data_of_run(place).notes == []
        write_npz(home, IMAGES, relabelled())
        with pytest.raises(FileError, match=r"SHA-256 \w{12}… then"):
            data_of_run(place)
    finally:
        write_npz(home)
        place.write_result(result)


def test_a_recipe_that_divides_in_another_way_is_noticed(trained, tmp_path):
    place = restored(trained, write_npz, tmp_path)
    write_npz(tmp_path)
    place.write_recipe(place.recipe().override({"data.split_seed": 9}))
    with pytest.raises(FileError, match="divided differently"):
        data_of_run(place)


def test_a_ladder_does_not_keep_runs_on_other_data(tmp_path):
    write_npz(tmp_path)
    rung = recipe(**{"data.source": str(tmp_path / "mine.npz")})
    list(climb([rung], tmp_path / "ladder", seeds=1, jobs=1))
    assert len(list(climb([rung], tmp_path / "ladder", seeds=1, jobs=1))) == 1
    CHANGES["one label"](tmp_path)
    with pytest.raises(FileError, match="was trained on other data"):
        list(climb([rung], tmp_path / "ladder", seeds=1, jobs=1))
    assert RunFolder(run_folder(tmp_path / "ladder", rung, 1)).result().state == "finished"


# Data that a program hands in ----------------------------------------------------------------------


def in_place(data):
    data.images[:] = 255 - data.images
    return data


HANDED_IN = {
    "arrays": lambda data: Dataset.of(data.images, data.labels, classes=data.classes, shape=data.shape),
    "arrays that claim a source": lambda data: Dataset.of(data.images, data.labels, source="mnist"),
    "inverted": lambda data: dataclasses.replace(data, images=255 - data.images),
    "changed in place": in_place,
    "other labels": lambda data: dataclasses.replace(data, labels=(data.labels + 1) % 4),
    "half of them": lambda data: dataclasses.replace(data, images=data.images[:120], labels=data.labels[:120]),
    "renamed classes": lambda data: dataclasses.replace(data, classes=tuple("abcd")),
    "another source": lambda data: dataclasses.replace(data, source="mnist"),
}


@pytest.mark.parametrize("kind", HANDED_IN)
def test_data_that_no_source_gives_again_are_kept(tmp_path, kind):
    write_npz(tmp_path)
    data = HANDED_IN[kind](load_dataset(tmp_path / "mine.npz"))
    with Run(recipe(), tmp_path / "run", dataset=data) as run:
        list(run.epochs())
    assert run.recipe.data.source == f"arrays:{data.name}"
    parts, notes = data_of_run(tmp_path / "run")
    assert notes == []
    for name in ("train", "valid", "test"):
        np.testing.assert_array_equal(getattr(parts, name).images, getattr(run.parts, name).images)
        np.testing.assert_array_equal(getattr(parts, name).labels, getattr(run.parts, name).labels)
    with Run.resume(tmp_path / "run", epochs=3) as again:
        assert len(list(again.epochs())) == 1
        assert again.recipe.description.endswith("extended from 2 to 3 epochs")


def test_data_as_they_were_loaded_are_not_kept(tmp_path):
    write_npz(tmp_path)
    data = dataclasses.replace(load_dataset(tmp_path / "mine.npz"), name="called in another way")
    with Run(recipe(), tmp_path / "run", dataset=data) as run:
        list(run.epochs())
    assert run.recipe.data.source == str(tmp_path / "mine.npz")
    assert not (tmp_path / "run" / "data").exists()
    assert data_of_run(tmp_path / "run").notes == []


@pytest.mark.slow
def test_the_commands_find_kept_arrays(glasswork, tmp_path):
    write_npz(tmp_path)
    data = HANDED_IN["inverted"](load_dataset(tmp_path / "mine.npz"))
    with Run(recipe(), tmp_path / "run", dataset=data) as run:
        list(run.epochs())
    assert f"{run.test_accuracy:.2f}%" in glasswork("evaluate", "run", folder=tmp_path)
    glasswork("show", "run", "digits", "-o", "x.png", folder=tmp_path)
    glasswork("report", "run", folder=tmp_path)
    glasswork("train", "run", "--epochs", 1, "--no-figures", "--no-report", "--out", "again", folder=tmp_path)
    assert RunFolder(tmp_path / "again").result().data == RunFolder(tmp_path / "run").result().data
    np.save(tmp_path / "run" / "data" / "labels.npy", (data.labels + 1) % 4)
    assert "have changed" in glasswork("evaluate", "run", folder=tmp_path, status=1)


def test_arrays_that_are_not_kept_have_to_be_handed_in_again(tmp_path, monkeypatch):
    monkeypatch.setattr("glasswork.runs.run.MAP_FROM", 1000)
    data = Dataset.of(IMAGES, LABELS, name="mine")
    with Run(recipe(), tmp_path / "run", dataset=data) as run:
        list(run.epochs())
    with pytest.raises(InputError, match="pass them again"):
        data_of_run(tmp_path / "run")
    assert len(data_of_run(tmp_path / "run", data).parts.test) == len(run.parts.test)
    with pytest.raises(FileError, match="have changed"):
        data_of_run(tmp_path / "run", dataclasses.replace(data, images=255 - data.images))


# Classes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [["1", "01", "2"], ["-1", "-01", "001", "1"], ["b", "B", "ß", "b1"]])
def test_every_process_gives_classes_the_same_order(words):
    code = f"import glasswork as g; print(g.Dataset.of([[0]] * {len(words)}, {words!r}).classes)"
    orders = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": str(seed)}, capture_output=True, text=True, check=True
        ).stdout
        for seed in range(4)
    }
    assert len(orders) == 1
    assert sorted(eval(orders.pop())) == sorted(words)


@pytest.mark.parametrize("kind", [int, np.int64, np.uint8])
def test_classes_may_be_any_whole_number(kind):
    assert Dataset.of(np.zeros((3, 4), np.uint8), [0, 1, 2], classes=kind(3)).classes == ("0", "1", "2")


def test_a_fingerprint_does_not_depend_on_numpy_words_for_shape_and_classes():
    data = Dataset.of(IMAGES[:4], list("abcd"))
    side = np.int64(8)
    same = dataclasses.replace(data, shape=(side, side), classes=tuple(np.array(data.classes)))
    assert same.fingerprint() == data.fingerprint()
