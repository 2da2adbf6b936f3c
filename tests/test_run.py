"""A run, as the library gives it: what is in its folder however it is left."""

import json
import os
import signal

import numpy as np
import pytest
from glasswork.runs.reading import PastRun

from glasswork import InputError, RecipeError, Run, StateError, load_model, named_recipe
from glasswork.files import uninterrupted, write_whole
from glasswork.runs.history import read_history


@pytest.fixture
def recipe():
    return named_recipe("relu").override({"training.epochs": 3, "network.hidden": [8], "training.batch_size": 500})


def state(run):
    return json.loads((run.folder / "result.json").read_text())["state"]


def test_a_run_that_ends_is_finished_and_can_be_read_again(recipe, tmp_path):
    with Run(recipe, tmp_path / "run") as run:
        assert state(run) == "running"
        results = list(run.epochs())
    past = PastRun(tmp_path / "run")
    assert past.recipe == recipe
    assert past.history == results == run.history
    assert (past.result.state, past.result.epochs, past.result.test_accuracy) == ("finished", 3, run.test_accuracy)
    images = run.parts.test.images[:50]
    np.testing.assert_array_equal(past.model.scores(images), run.model.scores(images))
    with pytest.raises(StateError, match="this run was trained already"):
        next(run.epochs())


def test_a_run_that_is_left_early_is_interrupted(recipe, tmp_path):
    with Run(recipe, tmp_path / "run") as run:
        for _ in run.epochs():
            break
    assert state(run) == "interrupted"
    assert len(read_history(tmp_path / "run" / "history.csv")) == 1


@pytest.mark.parametrize("settings", [{"training.average": 0.999}, {"training.early_stopping": 9}])
def test_an_interrupted_run_keeps_what_was_validated(settings, recipe, tmp_path):
    """The average, or the best epoch, and not where the weights happened to be."""
    recipe = recipe.override({**settings, "training.epochs": 6, "optimizer.learning_rate": 0.8})
    run = Run(recipe, tmp_path / "run")
    with pytest.raises(KeyboardInterrupt), run:  # noqa: PT012
        for result in run.epochs(watch=lambda loader: interrupting(loader, run)):
            last = result.valid_accuracy
    assert state(run) == "interrupted"
    expected = max(r.valid_accuracy for r in run.history) if "training.early_stopping" in settings else last
    valid = run.parts.valid
    kept = 100 * (load_model(tmp_path / "run").predict(valid.images) == valid.labels).mean()
    assert kept == pytest.approx(expected)


def interrupting(loader, run):
    """Loop over a loader's batches; in the third epoch Ctrl-C comes after twenty of them."""

    class Interrupting:
        def __iter__(self):
            for i, batch in enumerate(loader):
                if len(run.history) == 2 and i == 20:
                    raise KeyboardInterrupt
                yield batch

    return Interrupting()


def test_a_run_that_cannot_save_its_network_says_so(recipe, tmp_path):
    run = Run(recipe, tmp_path / "run")
    with pytest.raises(OSError, match=r"model\.safetensors: cannot be written"), run:
        (tmp_path / "run" / "model.safetensors").mkdir()
    assert state(run) == "failed"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"training.batch_size": 55_001}, r"training\.batch_size: expected 1 to 55,000, .* \(given: 55,001\)"),
        ({"network.hidden": [1_000_000]}, r"network\.hidden: expected at most 200,000,000 weights, got 794,000,000"),
        ({"data.source": "openml:no name"}, r"expected the name of a dataset at openml\.org"),
    ],
)
def test_what_the_data_do_not_allow_is_refused_before_anything_is_written(settings, message, recipe, tmp_path):
    with pytest.raises(RecipeError, match=message):
        Run(recipe.override(settings), tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_wait_until_what_must_not_be_torn_is_done(number):
    before = signal.signal(number, signal.default_int_handler)
    done = []
    try:
        with pytest.raises(KeyboardInterrupt), uninterrupted():  # noqa: PT012
            os.kill(os.getpid(), number)
            done.append("all of it")
    finally:
        signal.signal(number, before)
    assert done == ["all of it"]


def test_files_have_the_permissions_that_the_user_wants(tmp_path):
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "file", b"content")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    "row", ["2,1,1,50,1,0.1", "1,nan,1,50,1,0.1", "1,1,1,101,1,0.1", "1,1,1", "one,1,1,50,1,0.1"], ids=str
)
def test_a_history_that_cannot_be_is_refused(row, tmp_path):
    path = tmp_path / "history.csv"
    path.write_text(f"epoch,train_loss,valid_loss,valid_accuracy,seconds,learning_rate\n{row}\n")
    with pytest.raises(OSError, match=r"history\.csv: not the history of a run"):
        read_history(path)


def test_scores_that_are_no_numbers_are_no_prediction(recipe, tmp_path):
    run = Run(recipe, tmp_path / "run")
    with pytest.raises(InputError, match="its scores are not finite"):
        run.model.predict(np.full((2, 784), np.nan))
