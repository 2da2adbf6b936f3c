"""A committee: the mean of its members' probabilities, and used in every way in which a network is."""

import csv
import dataclasses
import json
import re
import runpy
import shutil
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import scipy.stats

from containers import rewrite
from glasswork import (
    MLP,
    Committee,
    FileError,
    InputError,
    Inputs,
    Run,
    StateError,
    load_model,
    named_recipe,
    save_model,
)
from glasswork.features import Features
from glasswork.interop import export, load
from glasswork.models.loaded import ModelFile
from glasswork.report.gather import gather_folder
from glasswork.runs.committee import gather_committee
from glasswork.runs.data import data_of_run
from glasswork.runs.folder import RunFolder

GOLDEN = Path(__file__).with_name("golden") / "committee"
INPUTS = Inputs.of_bytes(shape=(3, 3), classes=["top", "bottom"])


def network(seed, *, hidden=4, inputs=INPUTS, **settings):
    model = MLP(9, hidden, settings.pop("out_features", 2), seed=seed, **settings)
    model.inputs = inputs
    return model


def members():
    """Networks of different depth, dtype and kind of scores."""
    return [
        network(1, hidden=[4, 3], activation="relu", output_activation=None, batch_norm=True, dropout=0.2),
        network(2, dtype=np.float64),
        network(3, out_features=1, output_activation=None),
    ]


FEATURES = Features(low=(0,) * 9, high=range(251, 260), centre=range(9), spread=range(1, 10), missing=range(3, 12))


def taking(**changes):
    return network(1, inputs=dataclasses.replace(INPUTS, **changes))


ROWS = np.random.default_rng(0).integers(0, 256, (2500, 9)).astype(np.uint8)


def test_its_probabilities_are_the_mean_of_its_members_and_its_labels_those_of_the_mean():
    networks = members()
    committee = Committee(networks)
    expected = sum(model.probabilities(ROWS) for model in networks) / 3
    np.testing.assert_allclose(committee.probabilities(ROWS), expected, rtol=1e-6)
    np.testing.assert_allclose(committee.scores(ROWS), expected, rtol=1e-6)
    assert (committee.predict(ROWS) == expected.argmax(axis=1)).all()
    assert (committee.predict(ROWS[0]) == expected[0].argmax()).all()
    probabilities, agreement = committee.ask(ROWS)
    given = np.array([model.predict(ROWS) for model in networks])
    np.testing.assert_allclose(probabilities, expected, rtol=1e-6)
    np.testing.assert_allclose(agreement, (given == expected.argmax(axis=1)).mean(axis=0))
    assert (committee.classes, committee.inputs, committee.in_features) == (("top", "bottom"), INPUTS, 9)
    assert committee.dtype == np.float64
    assert "3 × MLP(9-4-3-2) or MLP(9-4-2) or MLP(9-4-1)" in repr(committee)


def test_it_leaves_its_members_as_they_are_and_is_not_trained():
    networks = members()[:2]
    before = [drop.index for drop in (networks[0].drop1, networks[0].drop2)]
    committee = Committee([*networks, network(7, dropout=0.2)])
    assert [networks[0].drop1.index, networks[0].drop2.index] == before
    assert networks[0].dtype == np.float32
    x = INPUTS.prepared(ROWS[:5], np.float64, who="")
    committee.forward(x)
    with pytest.raises(StateError, match="a committee is not trained; train its members"):
        committee.backward(np.ones((5, 2)))


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (MLP(16, 4, 2), "b and a cannot answer together: it takes 16 numbers, not 9"),
        (taking(classes=["up", "down"]), "its classes are up, down, not top, bottom"),
        (taking(high=1.0), "high of its inputs is 1.0, not 255.0"),
        (taking(shape=(1, 9)), r"shape of its inputs is \(1, 9\), not \(3, 3\)"),
        (Committee([network(1), network(2)]), "expected members to be networks"),
        ("a file", "expected members to be networks"),
    ],
)  # fmt: skip
def test_members_that_differ_are_refused_in_one_sentence(other, words):
    with pytest.raises(InputError, match=words) as error:
        Committee([network(1), other], names=["a", "b"])
    assert "\n" not in str(error.value)


TWICE = [network(1)] * 2


@pytest.mark.parametrize("given", [[], [network(1)], network(1), TWICE], ids=["none", "one", "not a list", "the same"])
def test_a_committee_has_two_different_members_or_more(given):
    with pytest.raises(InputError, match="expected two or more different networks, got"):
        Committee(given)


@pytest.mark.parametrize("names", [["a"], ["a", "a"], ["a", "b", "c"]])
def test_each_member_has_a_name_of_its_own(names):
    with pytest.raises(InputError, match="expected a different name for each network, got a"):
        Committee([network(1), network(2)], names=names)


def test_names_may_be_numbers_and_are_saved_as_words(tmp_path):
    Committee([network(1), network(2)], names=[7, 9]).save(tmp_path / "both.safetensors")
    assert load_model(tmp_path / "both.safetensors").names == ("7", "9")


def test_a_file_gives_it_back_bit_for_bit(tmp_path):
    committee = Committee(members(), names=["deep", "wide", "single"])
    committee.save(tmp_path / "committee.safetensors")
    again = load_model(tmp_path / "committee.safetensors")
    assert isinstance(again, Committee)
    assert (again.scores(ROWS) == committee.scores(ROWS)).all()
    assert (again.names, again.inputs) == (committee.names, INPUTS)
    for one, other in zip(committee.members, again.members, strict=True):
        assert (one.probabilities(ROWS) == other.probabilities(ROWS)).all()
        assert one.scores_are == other.scores_are
    assert len(ModelFile(again, None).probabilities(ROWS)) == len(ROWS)


def test_what_a_file_cannot_describe_is_not_written(tmp_path):
    class Louder(MLP):
        def forward(self, x):
            return 2 * super().forward(x)

    class Prouder(Committee):
        def predict(self, images, *, prepared=False):
            return 1 - super().predict(images, prepared=prepared)

    louder = Louder(9, 4, 2)
    louder.inputs = INPUTS
    for wrong in (Committee([network(1), louder]), Prouder([network(1), network(2)])):
        with pytest.raises(InputError, match=r"cannot be saved|cannot hold"):
            save_model(wrong, tmp_path / "wrong.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_the_golden_file_is_read():
    """Made once by this module's ``make_golden``, and never again."""
    expected = json.loads((GOLDEN / "expected.json").read_text())
    committee = load_model(GOLDEN / "committee.safetensors")
    assert committee.names == ("deep", "wide", "single")
    np.testing.assert_allclose(committee.probabilities(ROWS[:5]), expected, rtol=1e-5)


def make_golden():
    GOLDEN.mkdir()
    committee = Committee(members(), names=["deep", "wide", "single"])
    committee.save(GOLDEN / "committee.safetensors")
    (GOLDEN / "expected.json").write_text(json.dumps(committee.probabilities(ROWS[:5]).tolist()) + "\n")


@pytest.mark.parametrize(
    "change",
    [
        lambda facts: facts | {"members": facts["members"][:1]},
        lambda facts: facts | {"members": [*facts["members"], facts["members"][0]]},
        lambda facts: facts | {"members": [member | {"layers": []} for member in facts["members"]]},
        lambda facts: facts | {"members": [member | {"dtype": "float16"} for member in facts["members"]]},
        lambda facts: facts | {"members": facts["members"] * 1000},
        lambda facts: facts | {"classes": ["up", "down"]},
    ],
)
def test_facts_that_do_not_fit_the_arrays_are_refused(change, tmp_path):
    shutil.copy(GOLDEN / "committee.safetensors", tmp_path)
    rewrite(tmp_path / "committee.safetensors", change)
    with pytest.raises(FileError):
        load_model(tmp_path / "committee.safetensors")


@pytest.mark.parametrize("inputs", [INPUTS, Inputs.of_features(FEATURES)], ids=["pixels", "features"])
def test_one_exported_file_holds_all_members(inputs, tmp_path):
    networks = [network(1, hidden=[4, 3], output_activation=None), network(2), network(3, out_features=1)]
    for model in networks:
        model.inputs = dataclasses.replace(inputs, classes=("top", "bottom"))
    committee = Committee(networks)
    rows = ROWS[:200].astype(np.float32)
    if inputs is not INPUTS:
        rows[::7, 3] = np.nan
    expected = sum(model.probabilities(rows) for model in networks) / 3
    for name, most in (("net.py", 1e-6), ("net.h", 1e-6), ("net.onnx", 1e-6)):
        done = export(committee, tmp_path / name, rows=rows)
        assert (done.same_labels, done.difference < most) == (200, True), done
    labels, found = runpy.run_path(str(tmp_path / "net.py"))["predict"](rows)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert (labels == expected.argmax(axis=1)).all()
    session = onnxruntime.InferenceSession(str(tmp_path / "net.onnx"), providers=["CPUExecutionProvider"])
    labels, found = session.run(["label", "probabilities"], {"images": rows})
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert (labels == expected.argmax(axis=1)).all()


@pytest.mark.parametrize("name", ["net.npz", "net.safetensors"])
def test_a_format_for_a_single_network_refuses_a_committee(name, tmp_path):
    with pytest.raises(InputError, match="a committee is written as onnx, c or python, got"):
        export(Committee([network(1), network(2)]), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


# Runs, and the command -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def home(tmp_path_factory, few_file):
    """A folder with short runs on few images: two on the same, and one on others."""
    folder = tmp_path_factory.mktemp("home")
    recipe = named_recipe("relu").override(
        {"data.source": str(few_file), "network.hidden": [16], "training.epochs": 2, "training.batch_size": 20,
         "optimizer.learning_rate": 0.02, "training.engine": "numpy"}
    )  # fmt: skip
    for name, changes in {"a": {"seed": 1}, "b": {"seed": 2}, "other": {"data.split_seed": 5}}.items():
        with Run(recipe.override(changes), folder / "runs" / name) as run:
            list(run.epochs())
    return folder


@pytest.fixture(scope="module")
def printed(home, installed):
    return installed("committee", "a", "b", "--out", "whole", folder=home)


@pytest.fixture(scope="module")
def expected(home):
    """The labels of the test images, which of them each run and the mean of their probabilities get right."""
    test = data_of_run(home / "runs" / "a").parts.test
    each = {name: load_model(home / "runs" / name).probabilities(test.images) for name in ("a", "b")}
    each["the committee"] = (each["a"] + each["b"]) / 2
    return test, {name: found.argmax(axis=1) == test.labels for name, found in each.items()}


def test_the_command_says_what_each_member_and_the_whole_reach(home, printed, expected, glasswork):
    _, right = expected
    results = {name: RunFolder(home / "runs" / name).result() for name in ("a", "b")}
    best = max(results, key=lambda name: results[name].valid_accuracy)
    again = glasswork("evaluate", "whole", folder=home)
    for name, one in right.items():
        interval = scipy.stats.binomtest(int(one.sum()), len(one)).proportion_ci(0.95, method="wilson")
        ends = f"{100 * interval.low:.0f} to {100 * interval.high:.0f} %"
        line = rf"^  {name} +{100 * one.mean():.2f}%  95 % confidence: {ends}$"
        assert re.search(line, printed, re.MULTILINE), (line, printed)
        assert re.search(line, again, re.MULTILINE)
    facts = json.loads(glasswork("evaluate", "whole", "--json", folder=home))
    assert [(one["name"], one["correct"]) for one in facts["members"]] == sorted(
        ((name, right[name].sum()) for name in results), key=lambda member: member[0] != best
    )
    assert facts["correct"] == right["the committee"].sum()
    whole = right["the committee"]
    alone = int((whole & ~right[best]).sum()), int((right[best] & ~whole).sum())
    p_value = scipy.stats.binomtest(alone[0], sum(alone)).pvalue
    assert f"(p = {p_value:.2g})." in printed
    assert facts["mcnemar_with_first_member"] == {
        "only_committee": alone[0], "only_member": alone[1], "p_value": pytest.approx(p_value)
    }  # fmt: skip
    assert ("the committee is better than" in printed) == (p_value <= 0.05 and alone[0] > alone[1])
    assert f"{best} is its best member by validation." in printed
    assert f"Test accuracy: {100 * whole.mean():.2f}% ({whole.sum():,} of 200 images, handout split;" in again
    assert load_model(home / "whole").names[0] == best


def test_predictions_carry_how_far_the_members_agree(home, printed, expected, glasswork, tmp_path):
    test, _ = expected
    models = [load_model(home / "runs" / name) for name in ("a", "b")]
    np.savez(tmp_path / "images.npz", images=test.images.reshape(-1, 28, 28))
    glasswork("predict", "whole", tmp_path / "images.npz", "-o", tmp_path / "answers.csv", folder=home)
    rows = list(csv.DictReader((tmp_path / "answers.csv").read_text().splitlines()))
    labels = [model.predict(test.images) for model in models]
    said = np.array([int(row["label"]) for row in rows])
    agreement = np.mean([found == said for found in labels], axis=0)
    np.testing.assert_allclose([float(row["agreement"]) for row in rows], agreement)
    assert 0.5 in agreement
    assert 1 in agreement


def test_the_page_shows_the_best_member_and_says_so(home, printed, expected):
    _, right = expected
    page = gather_folder(home / "whole")
    names = load_model(home / "whole").names
    assert page.evaluation.accuracy == pytest.approx(100 * right[names[0]].mean())
    assert page.title.endswith(
        f"the best of a committee of 2, which reaches {100 * right['the committee'].mean():.2f} %"
    )
    assert f"of which this page shows {names[0]}, the best by validation" in page.facts["Committee"]
    for name in names:
        assert page.facts[f"Member {name}"].startswith(
            f"{100 * right[name].mean():.2f} %: {right[name].sum():,} of 200"
        )
    assert page.command == f"glasswork committee {names[0]} {names[1]}"


def test_a_committee_is_not_trained_nor_a_member_of_another(home, printed, glasswork):
    before, whole = sorted(home.rglob("*")), home / "whole"
    for start in (Run, Run.resume):
        with pytest.raises(StateError, match="whole: a committee is not trained"):
            start(whole)
    with pytest.raises(InputError, match="whole: is a committee itself"):
        gather_committee({"a": RunFolder(home / "runs" / "a"), "whole": RunFolder(whole)})
    with pytest.raises(FileError, match="expected one network, got a committee"):
        load(whole / "model.safetensors")
    assert "a committee has no curves of its own" in glasswork("show", "whole", "curves", folder=home, status=1)
    assert sorted(home.rglob("*")) == before


def test_members_without_the_same_test_images_are_refused(home):
    with pytest.raises(InputError, match="cannot be tested together: their test images differ"):
        gather_committee({name: RunFolder(home / "runs" / name) for name in ("a", "other")})


def test_a_model_file_alone_is_asked_too(home, printed, expected, glasswork):
    glasswork("committee", "runs/a", "runs/b", "--out", "whole.safetensors", folder=home)
    test, _ = expected
    scores = load_model(home / "whole.safetensors").scores(test.images[:50])
    assert (scores == load_model(home / "whole").scores(test.images[:50])).all()
    assert "Of 200 test images it gives 200 the network's label" in glasswork("export", "whole", "n.py", folder=home)
