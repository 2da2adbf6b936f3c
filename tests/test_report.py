"""The report of a run: what is gathered, of any run and any data; the page without a browser; snapshots."""

import base64
import gzip
import itertools
import json
import re
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from glasswork.errors import InputError
from glasswork.models.model_file import read_model_file
from glasswork.nn import MLP
from glasswork.recipes.shelf import named_recipe
from glasswork.report import gather, render, write_report
from glasswork.report.data import ReportData
from glasswork.report.evaluation import calibrate, evaluate
from glasswork.report.facts import command
from glasswork.report.robustness import CHANGES, accuracies, change_width, rotate, shift
from glasswork.runs import snapshots
from glasswork.runs.folder import RunFolder
from glasswork.runs.run import Run
from glasswork.runs.snapshots import first_weights, is_kept, read_snapshots
from glasswork.sealed import write_sealed
from report_runs import RECIPE, dataset, train


@pytest.mark.parametrize(
    ("shape", "classes"), [((28, 28), 10), ((28, 28), 12), ((20, 20), 26), ((9, 31), 10), ((1, 40), 3)]
)
def test_any_run_has_a_page(tmp_path, shape, classes):
    data = train(tmp_path / "run", dataset(shape, classes))
    size = write_report(data, tmp_path / "report.html")
    content = (tmp_path / "report.html").read_text()
    assert size == len(content.encode())
    assert not re.search(r"\{\{\w+\}\}", content.split('id="data"')[0])
    read = msgspec.json.decode(re.search(r'id="data">(.*?)</script>', content, re.DOTALL)[1], type=ReportData)
    assert read == data
    assert (read.novelty is None) == (shape == (1, 40))  # too long for what tells strange images
    assert read.thing == ("digit" if classes <= 10 and classes != 3 else "class")
    assert sum(map(sum, read.evaluation.confusion)) == read.evaluation.count == 60
    assert [len(rows) for rows in read.exciting.values()] == [12, 8]


def test_an_interrupted_run_has_a_page_that_says_so(tmp_path):
    data = train(tmp_path / "run", dataset(), stop_after=1)
    assert len(data.history) == 1
    assert "interrupted, 1 of 3 epochs" in data.facts["Training"]
    assert "not finished" in data.facts["Test accuracy"]
    render(data)


def test_nothing_in_the_data_can_end_its_element(tmp_path):
    data = msgspec.structs.replace(train(tmp_path / "run", dataset()), title="</script><script>alert(1)</script>")
    content = render(data)
    assert content.count("</script>") == 3
    assert "<title>&lt;/script>" in content


def test_reports_of_equal_runs_are_equal(tmp_path):
    first, second = (train(tmp_path / name / "run", dataset()) for name in "ab")
    timeless = {"facts": {}, "history": []}
    assert msgspec.structs.replace(first, **timeless) == msgspec.structs.replace(second, **timeless)


# Snapshots ------------------------------------------------------------------------------------------


def test_about_twenty_snapshots_are_kept_further_and_further_apart():
    kept = [epoch for epoch in range(201) if is_kept(epoch)]
    assert kept[:9] == [0, 1, 2, 3, 4, 5, 6, 8, 10]
    assert all(1 <= later - earlier <= 0.3 * later + 1 for earlier, later in itertools.pairwise(kept))
    assert 15 <= len([epoch for epoch in kept if epoch <= 50]) <= 20


@pytest.mark.parametrize("large", [False, True])
def test_snapshots_are_those_weights(tmp_path, monkeypatch, large):
    if large:
        monkeypatch.setattr(snapshots, "WHOLE", 100)
    data = dataset()
    run = Run(RECIPE.override({"network.batch_norm": True}), tmp_path / "run", dataset=data)

    def now():
        state = first_weights(run.model) if large else run.model.state()
        return {name: array.copy() for name, array in state.items()}

    states = {0: now()}
    with run:
        for result in run.epochs():
            states[result.epoch] = now()
    found = read_snapshots(tmp_path / "run", run.model)
    assert list(found) == [0, 1, 2, 3]
    for epoch, expected in states.items():
        assert found[epoch].keys() == expected.keys()
        for name, array in expected.items():
            step = np.abs(array).max(axis=0) / 254 * 1.001 if array.ndim > 1 else 0  # half a step of each column
            assert (np.abs(found[epoch][name] - array) <= step).all()
    gathered = gather(RunFolder(tmp_path / "run"), read_model_file(tmp_path / "run"), run.parts)
    assert [(one.epoch, one.whole) for one in gathered.snapshots] == [(epoch, not large) for epoch in range(4)]
    assert [len(one.layers) for one in gathered.snapshots] == [1 if large else len(gathered.network.layers)] * 3 + [0]


def test_snapshots_of_older_versions_are_read(tmp_path):
    """They held the weights of the first neurons alone, with one step for all."""
    model = MLP(20, (70, 5), 3, rng=np.random.default_rng(1))
    weights = first_weights(model)["linear1.weight"]
    step = float(np.abs(weights).max()) / 127
    arrays = {f"epoch{epoch:06d}": np.uint8(np.rint(weights / step / (epoch + 1)) + 128) for epoch in (0, 2)}
    facts = snapshots.SnapshotFacts(epochs=[0, 2], steps=[step, step], shape=(20, 64))
    write_sealed(tmp_path / "snapshots.safetensors", facts, arrays)
    found = read_snapshots(tmp_path, model)
    assert list(found) == [0, 2]
    np.testing.assert_allclose(found[0]["linear1.weight"], weights, atol=0.51 * step)
    np.testing.assert_allclose(found[2]["linear1.weight"], weights / 3, atol=0.51 * step)
    assert read_snapshots(tmp_path, MLP(20, 8, 3)) == {}


def test_a_run_that_was_stopped_and_resumed_keeps_the_same_bytes(tmp_path):
    data = dataset()
    train(tmp_path / "whole", data)
    train(tmp_path / "stopped", data, stop_after=2)
    with Run.resume(tmp_path / "stopped", dataset=data) as run:
        list(run.epochs())
    whole, stopped = ((tmp_path / name / "snapshots.safetensors").read_bytes() for name in ("whole", "stopped"))
    assert whole == stopped


@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(b"x"), lambda path: path.unlink()])
def test_without_a_whole_file_of_snapshots_there_are_none(tmp_path, damage):
    data = dataset()
    train(tmp_path / "run", data, stop_after=2)
    damage(tmp_path / "run" / "snapshots.safetensors")
    model = read_model_file(tmp_path / "run").model
    assert read_snapshots(tmp_path / "run", model) == {}
    with Run.resume(tmp_path / "run", dataset=data) as run:
        list(run.epochs())
    assert list(read_snapshots(tmp_path / "run", model)) == [3]


# Measuring ------------------------------------------------------------------------------------------


def test_calibration_by_hand():
    confidence = np.array([0.55, 0.58, 0.91, 0.99, 1.0])
    right = np.array([True, False, True, True, False])
    low, high = calibrate(confidence, right)
    assert (low.count, low.confidence, low.accuracy) == (2, pytest.approx(0.565), 0.5)
    assert (high.count, high.confidence, high.accuracy) == (3, pytest.approx(2.9 / 3), pytest.approx(2 / 3))


def test_accuracy_and_confusion_agree(parts):
    model = MLP(784, 10, 10, rng=np.random.default_rng(1))
    found = evaluate(model, parts.test.images[:300], parts.test.labels[:300], (28, 28), 10)
    confusion = np.array(found.confusion)
    assert found.accuracy == pytest.approx(100 * confusion.trace() / 300)
    assert 0 <= found.calibration_error <= 100


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_a_change_of_strength_0_changes_nothing(change, parts):
    images = parts.test.images[:50]
    field = images.reshape(-1, 28, 28).astype(np.float32)
    np.testing.assert_allclose(change.apply(field, 0), field, atol=1e-3)
    model = MLP(784, 10, 10, rng=np.random.default_rng(1))
    exact = 100 * (model.predict(images) == parts.test.labels[:50]).mean()
    assert accuracies(model, images, parts.test.labels[:50], (28, 28), change)[change.strengths.index(0)] == exact


def test_changes_do_what_their_names_say():
    dot = np.zeros((4, 9, 9), np.float32)
    dot[:, 4, 6] = 200
    places = [np.argwhere(image)[0].tolist() for image in shift(dot, 2)]
    assert places == [[4, 8], [4, 4], [6, 6], [2, 6]]
    assert np.unravel_index(rotate(dot, 90)[0].argmax(), (9, 9)) == (6, 4)  # clockwise: from the right to below
    wider = change_width(dot, 2)[0]
    assert (wider > 0).sum() == 5
    assert change_width(wider[np.newaxis], -2)[0].sum() == 200
    assert change_width(dot, 1)[0][4, 5] == 100


# Words ----------------------------------------------------------------------------------------------


def test_the_command_names_what_differs_from_the_shelf():
    assert command(named_recipe("classwork")) == "glasswork train classwork"
    changed = named_recipe("classwork").override({"training.epochs": 7, "network.hidden": [30, 20]})
    assert command(changed) == "glasswork train classwork --set network.hidden=30,20 --set training.epochs=7"


def test_a_page_names_data_and_no_path_of_the_machine(tmp_path):
    home = tmp_path / "private home"
    home.mkdir()
    rows = np.random.default_rng(2).normal(size=(90, 3)).round(3)
    lines = [",".join(map(str, row)) + f",{'ab'[int(row[0] > 0)]}" for row in rows]
    (home / "mine.csv").write_text("\n".join(["p,q,r,label", *lines]))
    (tmp_path / "private weights.txt").write_text("1\n" * 90)
    asked = {
        "data.source": str(home / "mine.csv"),
        "training.sample_weights": str(tmp_path / "private weights.txt"),
        "training.epochs": 1,
        "description": f"{home / 'mine.csv'} once",
    }
    with Run(named_recipe("relu").override(asked), tmp_path / "run") as run:
        list(run.epochs())
    data = gather(RunFolder(run.folder), read_model_file(run.folder), run.parts)
    page = render(data)
    assert "private home" not in page
    assert str(tmp_path) not in page
    assert "data.source=mine.csv" in data.command
    assert "mine.csv once" in data.facts["Recipe"]
    assert data.title == f"A network for the table mine · 3-50-2 · {data.evaluation.accuracy:.2f} % of 13 test rows"


def test_the_worst_mistakes_are_those_with_the_highest_share(tmp_path):
    data = train(tmp_path / "run", dataset(classes=12), RECIPE.override({"training.epochs": 1}))
    tested = data.tested
    packed = base64.b64decode(tested.scores.data)
    content = gzip.decompress(packed) if tested.scores.gzip else packed
    scores = np.frombuffer(content, np.float32).reshape(tested.checked, 12)
    sure = (np.maximum(scores, 1e-30) / np.maximum(scores, 1e-30).sum(axis=1, keepdims=True)).max(axis=1)
    shown = [sure[n] for n in tested.worst if n < tested.checked]
    assert shown == sorted(shown, reverse=True)
    wrong = [k for k in range(tested.checked) if tested.answers[k] != tested.pictures.labels[k]]
    assert shown[0] == max(sure[wrong])


def test_a_network_too_large_for_a_page_is_an_error_that_says_so(tmp_path):
    place = RunFolder(tmp_path / "run")
    data = dataset()
    train(place.path, data)
    file = read_model_file(place.path)
    with Run(RECIPE, tmp_path / "other", dataset=data) as run:
        large = replace(file, model=MLP(784, (4500, 4500), 10), reference=None)
        with pytest.raises(InputError, match=r"weights, but a page holds at most"):
            gather(place, large, run.parts)


def test_the_command_writes_the_page(glasswork, default_run, tmp_path):
    said = (default_run.parents[1] / "printed.txt").read_text(encoding="utf-8")
    assert f"glasswork report runs/{default_run.name} --open" in said
    page = (default_run / "report.html").read_bytes()
    assert "MB" in glasswork("report", default_run, "-o", "again.html", folder=tmp_path)
    assert (tmp_path / "again.html").read_bytes() == page
    facts = json.loads(re.search(rb'id="data">(.*?)</script>', page, re.DOTALL)[1])
    assert facts["command"] == "glasswork train classwork"
    assert "Error" in glasswork("report", "nothing", folder=tmp_path, status=1)
