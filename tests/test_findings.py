"""What training reports is true: nothing on right data, and the cause where a training on it fails."""

import numpy as np
import pytest

import right_data
from glasswork import MLP
from glasswork.training.health import diagnose
from glasswork.training.results import EpochResult


@pytest.mark.parametrize("name", [*right_data.ARRAYS, *right_data.FOLDERS])
def test_nothing_false_is_found_on_right_data(name, tmp_path):
    """One recipe and one seed; ``make findings`` tries more of them."""
    data = right_data.load(name, tmp_path / "data")
    run, found = right_data.findings_on(data, "relu", 1, tmp_path / "run", **{"training.epochs": 25})
    assert right_data.told(name, run, found) == set()


def test_images_that_hardly_differ_are_to_be_scaled(tmp_path):
    data = right_data.load("16-bit pictures", tmp_path / "data")
    few = {"training.epochs": 20, "training.batch_size": 16, "optimizer.learning_rate": 0.0003}
    run, found = right_data.findings_on(data, "adam", 1, tmp_path / "run", **few)
    assert found == {"images-not-standardised"}
    assert "set data.scaling to standardize" in run.findings[0].message
    _, found = right_data.findings_on(data, "adam", 1, tmp_path / "scaled", **few, **{"data.scaling": "standardize"})
    assert found == set()


def test_neurons_that_die_of_unscaled_images_are_not_blamed_on_the_steps(tmp_path):
    data = right_data.load("digits, 0 to 16", tmp_path)
    _, found = right_data.findings_on(data, "relu", 1, tmp_path / "run")
    assert found == {"images-not-standardised"}
    run, found = right_data.findings_on(data, "relu", 1, tmp_path / "scaled", **{"data.scaling": "standardize"})
    assert (found, run.test_accuracy > 90) == (set(), True)


EPOCHS = [EpochResult(n, 1.0, 1.0, 20.0, 0.0, 0.1) for n in (1, 2, 3)]  # at chance, and nothing moves


def diagnosed(images, labels, **facts):
    model = MLP(images[0].size, [8], 5, output_activation=None, rng=np.random.default_rng(0))
    for array in model.parameters():
        array[...] = 0
    return [finding.name for finding in diagnose(model, images, labels, EPOCHS, **facts)]


def stripes(count):
    labels = np.arange(count) % 5  # a pattern, as labels often have
    images = np.random.default_rng(0).integers(0, 200, (count, 16)).astype(np.uint8)
    images[np.arange(count), labels] = 255
    return images, labels


@pytest.mark.parametrize("count", [400, 500, 999, 1_000, 1_500])
def test_labels_that_alternate_are_right_labels(count):
    images, labels = stripes(count)
    assert diagnosed(images, labels) == ["loss-does-not-move"]
    assert diagnosed(images, np.random.default_rng(0).permutation(labels)) == ["labels-do-not-match"]


def test_few_images_or_steps_give_no_verdict_on_labels():
    images, labels = stripes(1_000)
    wrong = np.random.default_rng(0).permutation(labels)
    assert diagnosed(images, wrong, validated=100, steps=300) == ["labels-do-not-match"]
    assert diagnosed(images, wrong, validated=99, steps=300) == []
    assert diagnosed(images, wrong, steps=299) == []
    assert diagnosed(images[:399], wrong[:399]) == []
    assert diagnosed(images, wrong, greyed=True) == ["colours-needed"]
    assert diagnosed(images, labels, greyed=True) == ["loss-does-not-move"]
