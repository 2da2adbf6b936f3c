"""Measures beside accuracy, held to scikit-learn's; and the command that prints them as JSON."""

import json

import numpy as np
import pytest
import sklearn.metrics as peer
from hypothesis import given, settings, strategies as st

from glasswork import Dataset, Run, named_recipe
from glasswork.training.measures import auc, balanced_accuracy, confusion, f1_of_classes, macro_f1


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
@settings(max_examples=60)
def test_measures_of_a_confusion_are_scikit_learns(pairs):
    labels, predicted = np.array(pairs).T
    matrix, seen = confusion(labels, predicted, 4), sorted({*labels, *predicted})
    np.testing.assert_array_equal(matrix, peer.confusion_matrix(labels, predicted, labels=range(4)))
    shares = [peer.recall_score(labels, predicted, labels=[k], average="macro") for k in set(labels)]
    assert balanced_accuracy(matrix) == pytest.approx(np.mean(shares))
    assert macro_f1(matrix) == pytest.approx(peer.f1_score(labels, predicted, labels=seen, average="macro"))
    assert f1_of_classes(matrix)[seen] == pytest.approx(peer.f1_score(labels, predicted, labels=seen, average=None))


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5)), min_size=1, max_size=40))
@settings(max_examples=60)
def test_the_auc_is_scikit_learns_with_ties_too(pairs):
    labels, scores = np.array(pairs).T
    if len(set(labels)) < 2:
        assert np.isnan(auc(labels, scores))
    else:
        assert auc(labels, scores / 7) == pytest.approx(peer.roc_auc_score(labels, scores))


def data(classes, count=210):
    rng = np.random.default_rng(0)
    labels = np.minimum(rng.integers(0, 2 * classes, count), classes - 1)
    images = rng.integers(0, 200, (count, 6, 6))
    images[np.arange(count), labels, 0] += rng.integers(0, 56, count)
    return Dataset.of(images, [f"class {label}" for label in labels])


@pytest.mark.parametrize("classes", [2, 3])
def test_evaluate_prints_json(classes, glasswork, tmp_path):
    settings = {"network.hidden": [8], "training.epochs": 3, "training.engine": "numpy"}
    with Run(named_recipe("adam").override(settings), tmp_path / "run", dataset=data(classes)) as run:
        list(run.epochs())
    found = json.loads(glasswork("evaluate", "run", "--json", folder=tmp_path))
    test = run.parts.test
    said, probabilities = run.model.predict(test.images), run.model.probabilities(test.images)
    assert (found["images"], found["correct"]) == (30, int((said == test.labels).sum()))
    assert found["accuracy"] == pytest.approx(run.test_accuracy)
    assert found["accuracy_interval"][0] < found["accuracy"] < found["accuracy_interval"][1]
    assert found["f1"] == pytest.approx(100 * peer.f1_score(test.labels, said, average="macro"))
    assert found["balanced_accuracy"] == pytest.approx(100 * peer.balanced_accuracy_score(test.labels, said))
    assert [one["name"] for one in found["classes"]] == [f"class {k}" for k in range(classes)]
    assert np.sum(found["confusion"]) == sum(one["images"] for one in found["classes"]) == 30
    if classes == 2:
        assert found["auc"] == pytest.approx(peer.roc_auc_score(test.labels, probabilities[:, 1]))
        assert found["threshold"] == 0.5
        never = json.loads(glasswork("evaluate", "run", "--json", "--threshold", 1, folder=tmp_path))
        assert np.array(never["confusion"])[:, 1].tolist() == [0, 0]
        assert (never["auc"], never["classes"][1]["recall"]) == (found["auc"], 0.0)
    else:
        assert "auc" not in found
        printed = glasswork("evaluate", "run", "--threshold", 0.3, folder=tmp_path, status=2)
        assert "expected a network of two classes, got 3" in printed
    printed = glasswork("evaluate", "run", folder=tmp_path)
    assert f"({found['correct']} of 30 images, handout split; 95 % confidence: " in printed
