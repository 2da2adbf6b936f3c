"""Changes while a run is trained: a rerun, or a run that was killed and resumed, makes them at the same steps."""

import shutil

import numpy as np
import pytest

from glasswork import SGD, FileError, RecipeError, Run, StateError, fit, load_model, named_recipe
from glasswork.recipes.experiment import assemble
from glasswork.recipes.recipe import Recipe
from glasswork.recipes.shelf import read_recipe

#: What is changed, before which step: the 22 steps of an epoch are in the middle and at the ends of some changes.
CHANGES = {7: {"learning_rate": 0.02}, 22: {"dropout": 0.6}, 30: {"learning_rate": 0.2, "dropout": 0.1}}


@pytest.fixture
def recipe(few_file):
    """1,100 images in batches of 50, for three epochs."""
    return named_recipe("relu").override(
        {
            "training.epochs": 3, "training.batch_size": 50, "network.hidden": [20], "network.dropout": 0.3,
            "network.input_dropout": 0.1, "optimizer.learning_rate": 0.1, "data.source": str(few_file),
        }
    )  # fmt: skip


def train(run, changes=(), also=lambda progress: None):
    """Train a run to its end; ``changes`` are made before the steps that they name."""

    def change(progress):
        if progress.step in changes:
            run.change(**changes[progress.step])
        also(progress)

    with run:
        list(run.epochs(after_step=change if changes else ()))
    return run


def left_by(folder):
    """What a rerun has to reproduce: the bytes of the weights, and the history but for its times."""
    rows = [line.split(",") for line in (folder / "history.csv").read_text().splitlines()]
    column = rows[0].index("seconds")
    weights = {name: array.tobytes() for name, array in load_model(folder).state().items()}
    return weights, [row[:column] + row[column + 1 :] for row in rows]


@pytest.mark.parametrize(
    "how",
    [
        {"training.engine": "numpy"},
        {"training.engine": "compiled"},
        {"training.engine": "numpy", "schedule.name": "cosine", "optimizer.momentum": 0.9},
        {"training.engine": "compiled", "optimizer.name": "adam", "training.average": 0.9},
    ],
    ids=lambda how: "-".join(map(str, how.values())),
)
def test_a_rerun_makes_the_same_changes(how, recipe, tmp_path, kernels):
    plain = train(Run(recipe.override(how), tmp_path / "plain"))
    first = train(Run(recipe.override(how), tmp_path / "first"), CHANGES)
    assert left_by(first.folder)[0] != left_by(plain.folder)[0]
    assert [change[:2] for change in first.recipe.training.changes] == [
        (7, "learning_rate"), (22, "dropout"), (30, "learning_rate"), (30, "dropout"),
    ]  # fmt: skip
    assert left_by(train(Run(first.folder, tmp_path / "again")).folder) == left_by(first.folder)
    alone = Recipe.from_dict(read_recipe(first.folder / "recipe.toml").to_dict())  # the recipe is enough
    assert left_by(train(Run(alone, tmp_path / "from-toml")).folder) == left_by(first.folder)


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
@pytest.mark.parametrize("at", [21, 25, 40])
def test_a_run_that_was_killed_makes_the_rest_of_them(engine, at, recipe, tmp_path, kernels):
    """The folder is copied as a kill would leave it; the last checkpoint is that of an epoch's end, before changes."""

    def copy(progress):
        if progress.step == at:
            shutil.copytree(run.folder, tmp_path / "killed", ignore=shutil.ignore_patterns(".lock"))

    run = Run(recipe.override({"training.engine": engine}), tmp_path / "run", checkpoint_every=1e9)
    train(run, CHANGES, copy)
    killed = read_recipe(tmp_path / "killed" / "recipe.toml")
    assert len(killed.training.changes) == len([c for c in run.recipe.training.changes if c[0] <= at])
    resumed = Run.resume(tmp_path / "killed")
    train(resumed, {step: change for step, change in CHANGES.items() if step > at} or {10**9: {}})
    assert left_by(resumed.folder) == left_by(run.folder)
    assert resumed.recipe.training.changes == run.recipe.training.changes


def test_a_change_does_what_setting_the_rate_by_hand_does(recipe, tmp_path):
    """At the end of an epoch, as a user of the library would: `fit`, another rate, `fit`."""
    recipe = recipe.override({"training.engine": "numpy", "network.dropout": 0.0, "network.input_dropout": 0.0})
    parts = assemble(recipe)
    optimizer = SGD(parts.model.parameters(), parts.model.gradients(), lr=0.1)
    for epochs, optimizer.lr in ((1, 0.1), (2, 0.01)):
        list(fit(parts.model, parts.train_loader, parts.valid_loader, optimizer, parts.loss, epochs=epochs))
    run = train(Run(recipe, tmp_path / "run"), {22: {"learning_rate": 0.01}})
    for mine, hand in zip(run.model.parameters(), parts.model.parameters(), strict=True):
        assert np.array_equal(mine, hand)
    assert [epoch.learning_rate for epoch in run.history] == [0.1, 0.01, 0.01]


def test_a_slider_leaves_one_change_for_a_step(recipe, tmp_path):
    run = Run(recipe, tmp_path / "run")

    def slide(progress):
        for rate in (0.3, 0.4, 0.5) if progress.step == 5 else ():
            run.change(learning_rate=rate)

    with run:
        list(run.epochs(after_step=slide))
    assert run.recipe.training.changes == ((5, "learning_rate", 0.5),)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"learning_rate": -1}, "learning_rate to be a finite number, at least 0, got -1"),
        ({"learning_rate": float("nan")}, "learning_rate to be a finite number"),
        ({"dropout": 1}, "dropout to be a finite number, at least 0 and at most 0.99, got 1"),
        ({"momentum": 0.5}, "a step, learning_rate or dropout, and its new value, got 'momentum'"),
    ],
)
def test_a_change_that_is_refused_changes_nothing(settings, why, recipe, tmp_path):
    run = Run(recipe, tmp_path / "run")
    with run:
        epochs = run.epochs()
        next(epochs)
        with pytest.raises(RecipeError, match=why):
            run.change(**settings)
        assert run.recipe.training.changes == ()
    assert read_recipe(run.folder / "recipe.toml").training.changes == ()


def test_only_a_run_that_is_trained_and_has_dropout(recipe, tmp_path):
    run = Run(recipe.override({"network.dropout": 0.0}), tmp_path / "run")
    with pytest.raises(StateError, match="being trained"):
        run.change(learning_rate=0.5)
    with run:
        next(run.epochs())
        with pytest.raises(RecipeError, match=r"no dropout to change; set network\.dropout above 0"):
            run.change(dropout=0.5)


def test_a_recipe_whose_past_was_changed_by_hand_is_refused(recipe, tmp_path):
    run = train(Run(recipe, tmp_path / "run"), CHANGES)
    path = run.folder / "recipe.toml"
    path.write_text(path.read_text().replace("0.02", "0.03"))
    with pytest.raises(FileError, match=r"does not belong to the recipe\.toml beside it"):
        Run.resume(run.folder, epochs=4)
    with pytest.raises(RecipeError, match=r"changes\[1\]: its step, 3, is before"):
        recipe.override({"training.changes": [[5, "learning_rate", 0.1], [3, "learning_rate", 0.2]]})
    with pytest.raises(RecipeError, match=r'a change such as \[3912, "learning_rate", 0.05\]: .*, got '):
        recipe.override({"training.changes": [["five", "learning_rate", 0.1]]})


def test_the_command_repeats_a_run_with_its_changes(recipe, tmp_path, glasswork):
    run = train(Run(recipe, tmp_path / "run"), CHANGES)
    printed = glasswork("train", "run", "--out", "again", "--no-figures", "--no-report", folder=tmp_path)
    assert "Reproduced run byte for byte" in printed
    assert left_by(tmp_path / "again") == left_by(run.folder)
