"""Cross-validation: each fold is tested by the networks that did not see it, and the test images by none."""

import re

import numpy as np
import pytest
from sklearn.model_selection import StratifiedKFold

from glasswork import load_dataset, load_model, split
from glasswork.runs.data import data_of_run
from glasswork.runs.folder import RunFolder

QUICK = ("--epochs", 1, "--hidden", 8, "--batch-size", 50, "--engine", "numpy", "--jobs", 1)


@pytest.fixture(scope="module")
def home(few_file, glasswork, tmp_path_factory):
    """A folder in which two folds were trained, ``cv``; and what was printed."""
    folder = tmp_path_factory.mktemp("home")
    return folder, glasswork("train", "relu", *QUICK, "--data", few_file, "--folds", 2, "--out", "cv", folder=folder)


@pytest.fixture(scope="module")
def whole(few_file):
    return split(load_dataset(str(few_file)))


def test_each_fold_is_tested_by_the_network_that_did_not_see_it(home, whole, few_file):
    folder, printed = home
    dataset = load_dataset(str(few_file))
    rest = np.sort(np.concatenate([whole.train.indices, whole.valid.indices]))
    accuracies = []
    peer = StratifiedKFold(2, shuffle=True, random_state=123).split(rest, dataset.labels[rest])
    for number, (_, held_out) in enumerate(peer, 1):
        place = folder / "cv" / f"fold-{number}"
        rows = rest[held_out]
        right = load_model(place).predict(dataset.images[rows]) == dataset.labels[rows]
        assert RunFolder(place).result().test_accuracy == pytest.approx(100 * right.mean())
        assert RunFolder(place).result().split == f"handout, fold {number} of 2"
        accuracies.append(100 * right.mean())
        parts = data_of_run(place).parts
        learnt = np.concatenate([parts.train.indices, parts.valid.indices])
        assert not set(learnt) & (set(rows) | set(whole.test.indices))
        assert re.search(
            rf"^\| {number} \| [\d.]+ % \| {accuracies[-1]:.2f} % \| [\d.]+ to [\d.]+ % \|$", printed, re.MULTILINE
        )
    mean = f"{np.mean(accuracies):.2f} ± {np.std(accuracies, ddof=1):.2f} %"
    assert re.search(rf"^\| mean ± standard deviation \| .* \| {re.escape(mean)} \| \|$", printed, re.MULTILINE)
    assert f"2 folds; {len(rest) // 2} of the training and validation images in each, drawn by class" in printed
    assert "The test images were not looked at." in printed


def test_the_networks_of_all_folds_are_a_committee_for_the_test_images(home, whole, glasswork):
    folder, _ = home
    printed = glasswork("committee", "cv", "--out", "whole", folder=folder)
    test = whole.test
    each = [load_model(folder / "cv" / f"fold-{k}").probabilities(test.images) for k in (1, 2)]
    right = (sum(each).argmax(axis=1) == test.labels).mean()
    assert f"Accuracy on {len(test)} test images, handout split:" in printed
    assert re.search(rf"^  the committee +{100 * right:.2f}%", printed, re.MULTILINE)
    assert RunFolder(folder / "whole").result().valid_accuracy is None  # each has learnt the other's


def test_a_committee_trains_its_members(few_file, glasswork, tmp_path):
    words = ("--recipe", "relu", "--seeds", 2, *QUICK, "--data", few_file, "--out", "many")
    printed = glasswork("committee", *words, folder=tmp_path)
    test = split(load_dataset(str(few_file))).test
    each = [load_model(tmp_path / "many" / f"seed-{k}").probabilities(test.images) for k in (1, 2)]
    right = (sum(each).argmax(axis=1) == test.labels).mean()
    assert re.search(rf"^  the committee +{100 * right:.2f}%", printed, re.MULTILINE)
    assert RunFolder(tmp_path / "many" / "committee").result().test_accuracy == pytest.approx(100 * right)
    printed = glasswork("committee", "--recipe", "relu", folder=tmp_path, status=2)
    assert "expected runs, or --recipe and --seeds" in printed
