"""Files of every format and version that there was are read for ever; see golden/make.py, which made them."""

import dataclasses
import importlib.util
import json
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest

from containers import rewrite
from glasswork import FileError, Inputs, Run, load_model
from glasswork.models import model_file
from glasswork.models.facts import LayerFacts, ModelFacts
from glasswork.models.model_file import read_model_file
from glasswork.recipes import experiment
from glasswork.recipes.experiment import assemble
from glasswork.runs import checkpoint, folder, history
from glasswork.runs.checkpoint import CheckpointFacts, Checkpoints, Machine, Position
from glasswork.runs.folder import RunFolder
from glasswork.runs.result import RunResult
from glasswork.training.progress import Progress
from glasswork.training.results import EpochResult, Finding

GOLDEN = Path(__file__).with_name("golden")
RUNS = ("finished", "interrupted", "killed")


def maker():
    spec = importlib.util.spec_from_file_location("golden_make", GOLDEN / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", autouse=True)
def parts():
    """The images that the golden runs were trained on."""
    parts = maker().images()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(experiment, "load_data", lambda *_: parts)
        yield parts


@pytest.fixture(params=sorted(path.name for path in GOLDEN.glob("format-*")))
def golden(request, tmp_path):
    """Copies of the folders of one format."""
    shutil.copytree(GOLDEN / request.param, tmp_path / "golden")
    return tmp_path / "golden"


def assert_reads(golden, parts, **added):
    """Check every file of every golden run against what was in memory when it was written."""
    expected = json.loads((golden / "expected.json").read_text())
    for name in RUNS:
        run = RunFolder(golden / name)
        result, history, recipe = run.result(), run.history(), run.recipe()
        assert recipe.network.hidden == (2, 2)
        assert result.state == {"killed": "unknown"}.get(name, name)
        epochs = {"finished": 3, "interrupted": 2, "killed": 1}[name]
        assert len(history) == epochs
        for epoch, written in zip(history, expected["history"], strict=False):
            assert (epoch.train_loss, epoch.valid_loss) == (written["train_loss"], written["valid_loss"])
        made, progress = assemble(recipe), Progress()
        facts, problems = Checkpoints(golden / name).load(made, progress)
        assert problems == []
        assert (facts.position.epoch, facts.position.batch) == (progress.epoch, progress.batch)
        assert facts.place == {"finished": (3, 0), "interrupted": (2, 0), "killed": (1, 3)}[name]
        assert [epoch.train_loss for epoch in facts.history] == [epoch.train_loss for epoch in history]
        for structure in (result, facts, facts.position, facts.machine, *facts.history):
            assert {key: getattr(structure, key) for key in added} == added
    read = read_model_file(golden / "finished")
    np.testing.assert_allclose(read.model.scores(parts.test.images), expected["scores"], rtol=1e-5, atol=1e-6)
    assert (read.classes, read.image_shape) == (("top", "bottom"), (3, 3))
    inputs = Inputs.of_bytes(shape=(3, 3), classes=["top", "bottom"], reading=read.model.inputs.reading)
    assert dataclasses.replace(read.model.inputs, derived="") == inputs
    assert "as implied by its file, which an older version wrote" in read.model.summary()
    assert read.for_bytes()[1].startswith(
        "this network takes pixels from 0 to 255, scaled to -1 to 1, as implied by its file"
    )
    assert len(read.reference.images) == len(parts.train)
    load_model(golden / "interrupted")


def test_golden_files_are_read(golden, parts):
    assert_reads(golden, parts)


@pytest.mark.parametrize("name", RUNS)
def test_golden_runs_go_on_as_if_undisturbed(name, golden, parts):
    expected = json.loads((golden / "expected.json").read_text())
    with Run.resume(golden / name) as run:
        list(run.epochs())
    assert RunFolder(golden / name).result().state == "finished"
    assert run.test_accuracy == expected["test_accuracy"]
    np.testing.assert_allclose(run.model.scores(parts.test.images), expected["scores"], rtol=1e-4, atol=1e-5)
    assert [epoch.valid_accuracy for epoch in run.history] == [e["valid_accuracy"] for e in expected["history"]]


def test_a_structure_with_a_new_field_reads_the_golden_files(golden, parts, monkeypatch):
    """As a later glasswork has them: one more field in each, with a default."""

    def grown(kind, **fields):
        fields = [*fields.items(), ("added", int, 7)]
        return msgspec.defstruct(kind.__name__, fields, bases=(kind,), frozen=True, kw_only=True)

    @dataclasses.dataclass(frozen=True)
    class GrownFinding(Finding):
        added: int = 7

    @dataclasses.dataclass(frozen=True)
    class GrownEpoch(EpochResult):
        findings: tuple[GrownFinding, ...] = ()
        added: int = 7

    @dataclasses.dataclass
    class GrownProgress(Progress):
        added: int = 0

    new = grown(CheckpointFacts, machine=grown(Machine), position=grown(Position), history=list[GrownEpoch])
    monkeypatch.setattr(checkpoint, "CheckpointFacts", new)
    monkeypatch.setattr(checkpoint, "Progress", GrownProgress)
    monkeypatch.setattr(folder, "RunResult", grown(RunResult))
    monkeypatch.setattr(model_file, "ModelFacts", grown(ModelFacts, layers=list[grown(LayerFacts)]))
    assert_reads(golden, parts, added=7)


#: Fields whose keys are not ours to add to: names of arrays, arguments of constructors, words for people.
CLOSED = {"settings", "preprocessing", "reference", "recipe"}


def with_news(facts):
    """Return facts with an unknown field in every structure of theirs."""
    if isinstance(facts, list):
        return [with_news(value) for value in facts]
    if not isinstance(facts, dict):
        return facts
    old = {key: value if key in CLOSED else with_news(value) for key, value in facts.items()}
    return {**old, "news": {"of": ["a", "later", "version"]}}


def test_fields_of_a_later_version_are_ignored(golden, parts):
    files = [path for name in RUNS for path in (golden / name).iterdir() if path.suffix in (".json", ".safetensors")]
    assert len(files) == 11
    for path in files:
        rewrite(path, with_news)
    for name in RUNS:
        path = golden / name / "history.csv"
        head, *rows = path.read_text().splitlines()
        path.write_text("\n".join([f"news,{head}", *(f"1,{row}" for row in rows)]))
        sealed = golden / name / "result.json"
        rewrite(sealed, lambda facts: {**facts, "history_sha256": ""})
    assert_reads(golden, parts)


def test_keys_of_a_later_recipe_are_ignored_in_a_run_but_not_in_a_recipe_to_train(golden, parts):
    for name in RUNS:
        path = golden / name / "recipe.toml"
        path.write_text(
            path.read_text().replace("[network]", "news = 1\n\n[network]\nnews = 2") + "\n[news]\nkey = 3\n"
        )
        for saved in (golden / name).glob("checkpoint-*"):
            rewrite(saved, lambda facts: {**facts, "recipe": {**facts["recipe"], "news": {"key": 3}}})
    assert_reads(golden, parts)


def test_a_recipe_with_fewer_keys_has_their_defaults(golden, parts):
    """As one that was written before a key was there."""
    for name in RUNS:
        path = golden / name / "recipe.toml"
        path.write_text(path.read_text().replace("threads = 0\n", "").replace('initializer = "auto"\n', ""))
        for saved in (golden / name).glob("checkpoint-*"):
            rewrite(saved, without_keys)
    assert_reads(golden, parts)


def without_keys(facts):
    del facts["recipe"]["training"]["threads"], facts["recipe"]["network"]["initializer"]
    return facts


@pytest.mark.parametrize("name", ["model.safetensors", "checkpoint-1.safetensors", "result.json"])
@pytest.mark.parametrize(
    ("number", "message"),
    [
        (1, "{path}: written before glasswork 0.1.0 was released; train it again"),
        (3, "{path}: a {what} of format 3, but this glasswork reads format 2; a newer glasswork wrote it, "
            "so install that one"),
    ],
)  # fmt: skip
def test_another_format_is_refused_in_one_sentence(name, number, message, golden):
    path = golden / "finished" / name
    rewrite(path, lambda facts: {**facts, "format": number})
    (golden / "finished" / "checkpoint-2.safetensors").unlink()
    readers = {"model.safetensors": load_model, "result.json": lambda path: RunFolder(path.parent).result()}
    with pytest.raises(FileError) as error:
        readers.get(name, lambda path: Run.resume(path.parent))(path)
    what = {"model.safetensors": "model file", "result.json": "result of a run"}.get(name, "checkpoint")
    assert str(error.value) == message.format(path=path, what=what)


def test_a_history_with_a_new_column_is_written_and_read(monkeypatch):
    @dataclasses.dataclass(frozen=True)
    class GrownEpoch(EpochResult):
        added: int = 7

    monkeypatch.setattr(history, "EpochResult", GrownEpoch)
    monkeypatch.setattr(history, "_COLUMNS", [field.name for field in dataclasses.fields(GrownEpoch)])
    epochs = [GrownEpoch(1, 0.5, 0.5, 50.0, 1.0, 0.1, (Finding("dead-layer", "why", "act1"),), 8)]
    assert history.decode_history(history.encode_history(epochs)) == epochs


def test_a_history_that_is_in_place_though_its_folder_could_not_be_synced(golden, monkeypatch):
    real = folder.write_whole

    def write_whole(path, content):
        real(path, content)
        if path.name == "history.csv" and content.count(b"\n") > 3:
            raise FileError(f"{path.parent}: cannot be synced")

    monkeypatch.setattr(folder, "write_whole", write_whole)
    with pytest.raises(FileError, match="cannot be synced"), Run.resume(golden / "interrupted") as run:
        list(run.epochs())
    assert RunFolder(golden / "interrupted").result().state == "failed"
    assert len(RunFolder(golden / "interrupted").history()) == 3
