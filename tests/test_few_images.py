"""Few images: all of them are trained on, and a run says what they are too few for."""

import numpy as np
import pytest

from glasswork import Dataset, Run, named_recipe
from glasswork.runs.folder import RunFolder


def pictures(count, classes=2, seed=0):
    """Noise with a bright stripe, whose place is the class."""
    labels = np.arange(count) % classes
    images = np.random.default_rng(seed).integers(0, 100, (count, 8, 8)).astype(np.uint8)
    images[np.arange(count), labels] = 255
    return Dataset.of(images, labels)


def recipe(**training):
    settings = {"epochs": 3, "batch_size": 100, "engine": "numpy"} | training
    return named_recipe("adam").override({"network.hidden": [8]} | {f"training.{k}": v for k, v in settings.items()})


def noted(words, run):
    return [note for note in run.notes if words in note]


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
@pytest.mark.parametrize(("count", "steps"), [(253, [100, 99]), (120, [94]), (26, [20]), (128, [100])])
def test_every_training_image_is_used_once_an_epoch(count, steps, engine, tmp_path):
    seen = []
    with Run(recipe(engine=engine), tmp_path / "run", dataset=pictures(count)) as run:
        for _ in run.epochs(after_step=lambda progress: seen.append((progress.epoch, progress.num_samples))):
            pass
    ends = np.cumsum(steps).tolist()
    assert seen == [(epoch, end) for epoch in range(3) for end in ends]
    assert run.experiment.optimizer.total_steps == 3 * len(steps) == run.progress.step
    left_out = len(run.parts.train) - ends[-1]
    assert len(noted("leaves out 1 of 101", run)) == left_out == (count == 128)  # no step on a single image


def test_a_short_last_batch_is_dropped_where_the_recipe_asks_for_it(tmp_path):
    with Run(recipe(drop_last=True), tmp_path / "run", dataset=pictures(253)) as run:
        assert len(run.experiment.train_loader) == 1
    assert noted("each epoch leaves out 99 of 199 training images, others each time, as training.drop_last is", run)
    with Run(recipe(drop_last=True), tmp_path / "few", dataset=pictures(60)) as run:
        assert (len(run.experiment.train_loader), run.experiment.train_loader.samples) == (1, len(run.parts.train))


@pytest.mark.parametrize("stop_at", [1, 2, 5, 6, 8])
def test_a_run_stopped_before_or_after_a_short_batch_goes_on_bit_for_bit(stop_at, tmp_path):
    asked, data = recipe(batch_size=30, epochs=3), pictures(110)  # 87 to train on: 30, 30, 27
    weights = []
    for name, stop in (("whole", 10**9), ("parted", stop_at)):
        steps = []
        with Run(asked, tmp_path / name, dataset=data, should_stop=lambda s=steps, at=stop: len(s) >= at) as run:
            for _ in run.epochs(after_step=lambda _, s=steps: s.append(0)):
                pass
        if stop < 9:
            with Run.resume(tmp_path / name) as run:
                for _ in run.epochs():
                    pass
        weights.append(run.model.state())
    for name, array in weights[0].items():
        np.testing.assert_array_equal(weights[1][name], array, err_msg=name)


def test_a_run_of_an_earlier_version_goes_on_without_its_short_batches(tmp_path):
    with Run(recipe(), tmp_path / "run", dataset=pictures(60)):
        pass
    path = tmp_path / "run" / "recipe.toml"
    assert RunFolder(tmp_path / "run").recipe().training.drop_last is False
    path.write_text(path.read_text().replace("drop_last = false\n", ""))
    assert RunFolder(tmp_path / "run").recipe().training.drop_last is True


def test_what_is_too_few_is_noted(tmp_path):
    data = pictures(70)
    labels = np.where(np.arange(70) < 4, 2, data.labels)
    with Run(recipe(), tmp_path / "run", dataset=Dataset.of(data.images.reshape(-1, 8, 8), labels)) as run:
        pass
    assert run.notes == [
        "batches of 100 were asked for; each has all 55 training images",
        "3 steps in all are few: choose smaller batches (--batch-size) or more epochs (--epochs)",
        "few images to learn a class from (2: 3): add images of it",
        "5 images to validate on: one is 20.0 points of accuracy",
        "10 images to test on: one is 10.0 points of accuracy",
    ]
    with Run(recipe(batch_size=10, epochs=5), tmp_path / "enough", dataset=pictures(1_500)) as run:
        assert run.notes == []
