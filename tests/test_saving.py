"""What a reader refuses, no writer writes: a run names the fault where it happens, and what it leaves can be read."""

import json
import tracemalloc

import msgspec
import numpy as np
import pytest

from containers import rewrite
from glasswork import (
    MLP,
    SGD,
    Batches,
    Dataset,
    DivergedError,
    FileError,
    MSELoss,
    Run,
    fit,
    load_model,
    named_recipe,
)
from glasswork.recipes.experiment import assemble
from glasswork.runs.checkpoint import Checkpoints, Machine
from glasswork.runs.folder import RunFolder
from glasswork.training.progress import Progress
from soak import outcome


def small(n=140, classes=4, side=8):
    rng = np.random.default_rng(0)
    prototypes, labels = rng.integers(0, 256, (classes, side * side)), np.arange(n) % classes
    images = np.clip(prototypes[labels] + rng.normal(0, 40, (n, side * side)), 0, 255).astype(np.uint8)
    return Dataset.of(images, labels, shape=(side, side), name="small")


def recipe(**settings):
    usual = {"network.hidden": [6], "training.epochs": 3, "training.batch_size": 10}
    return named_recipe("classwork").override({**usual, **settings})


OVERFLOWING = {
    "adam": {"optimizer.name": "adam", "optimizer.learning_rate": 1e6},
    "rmsprop": {"optimizer.name": "rmsprop", "optimizer.learning_rate": 1e6},
}


@pytest.mark.parametrize("settings", OVERFLOWING.values(), ids=OVERFLOWING)
def test_moments_that_overflow_are_named_and_the_run_can_go_on(tmp_path, settings):
    """Its weights are numbers, so it goes on; but some of them no longer move, which the epoch says."""
    asked = recipe(**settings, **{"network.activation": "relu", "network.output_activation": "none"})
    with Run(asked, tmp_path / "run", dataset=small()) as run:
        for _ in run.epochs():
            pass
    found = {finding.where for finding in run.findings if finding.name == "moments-not-finite"}
    broken = {name for name, array in run.experiment.optimizer.moments().items() if not np.isfinite(array).all()}
    assert found == broken != set()
    assert RunFolder(run.folder).result().state == "finished"
    load_model(run.folder)
    with Run(asked.override({"training.epochs": 5}), tmp_path / "unbroken", dataset=small()) as unbroken:
        list(unbroken.epochs())
    with Run.resume(run.folder, epochs=5, dataset=small()) as resumed:
        list(resumed.epochs())
    assert outcome(resumed.folder) == outcome(unbroken.folder)


def break_weights(model, value, *, after):
    """Return a callable for after_step that makes a bias infinite or NaN after so many steps: an output is ruled out.

    A sigmoid of it is 0 or 1, and the loss a number.
    """

    def spoil(progress):
        if progress.step == after:
            model.layers[-2].bias[0] = value

    return spoil


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_weights_that_overflow_end_a_run_with_what_was_good(tmp_path, value):
    def train(run):
        with run:
            steps = len(run.experiment.train_loader)
            return list(run.epochs(after_step=break_weights(run.model, value, after=2 * steps)))

    run = Run(recipe(), tmp_path / "run", dataset=small())
    with pytest.raises(DivergedError, match=r"epoch 2: weights became infinite or NaN, with a learning rate of 0\.1"):
        train(run)
    result = RunFolder(run.folder).result()
    assert (result.state, result.epochs) == ("failed", 1)
    assert "weights became infinite or NaN" in result.reason
    assert all(np.isfinite(array).all() for array in load_model(run.folder).state().values())
    with Run.resume(run.folder, dataset=small()) as resumed:
        assert resumed.progress.epoch == 1
        list(resumed.epochs())
    with Run(recipe(), tmp_path / "unbroken", dataset=small()) as unbroken:
        list(unbroken.epochs())
    assert outcome(resumed.folder) == outcome(unbroken.folder)


def test_a_loop_of_ones_own_is_told_too():
    data = small()
    model = MLP(64, 6, 4, rng=np.random.default_rng(0))
    loader = Batches(data.images, data.labels, 20, classes=4, seed=0)
    optimizer = SGD(model.parameters(), model.gradients(), 0.1)
    epochs = fit(
        model, loader, loader, optimizer, MSELoss(), epochs=3,
        after_step=break_weights(model, -np.inf, after=2 * len(loader)),
    )  # fmt: skip
    next(epochs)
    good = [array.copy() for array in model.state().values()]
    with pytest.raises(DivergedError, match="epoch 2: weights became infinite or NaN"):
        next(epochs)
    for array, kept in zip(model.state().values(), good, strict=True):
        np.testing.assert_array_equal(array, kept)


@pytest.fixture
def experiment(tmp_path):
    settings = {"network.hidden": [1000, 300], "optimizer.name": "adam", "training.average": 0.9}
    return assemble(recipe(**settings), small())


def test_a_checkpoint_takes_little_memory_to_write(tmp_path, experiment):
    """Little more than its largest array, whatever else there is: weights, moments, an average, weights to keep."""
    progress = Progress(last_good=[array.copy() for array in experiment.model.state().values()])
    largest = max(array.nbytes for array in progress.last_good)
    tracemalloc.start()
    try:
        Checkpoints(tmp_path).save(experiment, progress, machine=Machine.here(1), history=[])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1.5 * largest
    assert (tmp_path / "checkpoint-1.safetensors").stat().st_size > 6 * largest


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
@pytest.mark.parametrize("which", ["model", "average", "last_good"])
def test_a_checkpoint_that_could_not_be_read_is_not_written(tmp_path, experiment, which, wrong):
    progress = Progress(last_good=[array.copy() for array in experiment.model.state().values()])
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(experiment, progress, machine=Machine.here(1), history=[])
    checkpoints.save(experiment, progress, machine=Machine.here(1), history=[])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    spoilt = {
        "model": list(experiment.model.state().values()), "average": experiment.average.averages,
        "last_good": progress.last_good,
    }  # fmt: skip
    spoilt[which][0].flat[3] = wrong
    with pytest.raises(FileError, match=rf"checkpoint-1.safetensors: cannot be written: {which}\.\S+ holds NaN or inf"):
        checkpoints.save(experiment, progress, machine=Machine.here(1), history=[])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("field", ["total_loss", "seconds", "best_accuracy"])
def test_a_position_that_is_no_number_is_not_written(tmp_path, experiment, field):
    progress = Progress(last_good=[array.copy() for array in experiment.model.state().values()], **{field: np.nan})
    with pytest.raises(FileError, match=r"checkpoint-1.safetensors: .*position.*"):
        Checkpoints(tmp_path).save(experiment, progress, machine=Machine.here(1), history=[])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wrong", [-1, 2**60, 10**30, True, 1.5, None, "1", [1]])
@pytest.mark.parametrize("field", ["epoch", "batch", "num_samples", "step", "best_epoch"])
def test_positions_that_cannot_be_are_refused(tmp_path, experiment, field, wrong):
    progress = Progress(last_good=[array.copy() for array in experiment.model.state().values()])
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(experiment, progress, machine=Machine.here(1), history=[])
    path = tmp_path / "checkpoint-1.safetensors"
    rewrite(path, lambda facts: {**facts, "position": {**facts["position"], field: wrong}})
    with pytest.raises(FileError, match=rf"not a checkpoint of glasswork \(.*position\.{field}"):
        checkpoints.load(experiment, progress)


@pytest.mark.parametrize("field", ["valid_accuracy", "test_accuracy", "seconds"])
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_result_that_is_no_number_is_not_written(tmp_path, field, wrong):
    """JSON would say null, which means that it is not known."""
    with Run(recipe(**{"training.epochs": 1}), tmp_path / "run", dataset=small()) as run:
        list(run.epochs())
    place = RunFolder(run.folder)
    before = (run.folder / "result.json").read_bytes()
    with pytest.raises(FileError, match=r"result\.json: "):
        place.write_result(msgspec.structs.replace(place.result(), **{field: wrong}))
    assert (run.folder / "result.json").read_bytes() == before
    assert json.loads(before)["state"] == "finished"


@pytest.mark.parametrize(
    "content",
    [b'epoch\n"1"2\n', b"epoch\n" + b"1" * 200_000, b'epoch,x\n1,"\n', b"\xff", b"epoch,findings\n1," + b"[" * 100_000],
    ids=["quotes", "a long cell", "no end", "no text", "deep"],
)
def test_a_history_that_is_no_table(tmp_path, content):
    with Run(recipe(**{"training.epochs": 1}), tmp_path / "run", dataset=small()) as run:
        list(run.epochs())
    (run.folder / "history.csv").write_bytes(content)
    with pytest.raises(FileError, match=r"history\.csv: expected the history of a run"):
        RunFolder(run.folder).history()
