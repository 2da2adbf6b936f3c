"""The ladder: stopped, killed or started twice, it loses nothing and trains nothing again."""

import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from glasswork import load_model, softmax
from glasswork.cli.ladder import together
from glasswork.errors import FileError, InputError, StateError, TaskError
from glasswork.recipes.experiment import load_data
from glasswork.recipes.shelf import named_recipe
from glasswork.runs.folder import RunFolder
from glasswork.runs.ladder import RUNGS, climb, recipes, run_folder
from glasswork.runs.ladder_table import RungResult, describe_step, gains, markdown, rule, step_words, summarize
from glasswork.runs.many import open_site
from glasswork.runs.run import Run
from glasswork.statistics import Sample
from glasswork.tasks import open_pool

QUICK = named_recipe("classwork").override({"network.hidden": [4], "training.epochs": 1, "seed": 1})


@pytest.fixture(scope="module")
def quick(few_file):
    """Two rungs, on few images."""
    return [
        QUICK.override({"name": name, "data.source": str(few_file), "network.bias_grad": bias_grad})
        for name, bias_grad in (("low", "mean"), ("high", "sum"))
    ]


def climbed(folder, rungs, seeds=1):
    return {(run.recipe.name, run.recipe.seed): run for run in climb(rungs, folder, seeds=seeds, jobs=1)}


@pytest.fixture(scope="module")
def ladder(quick, tmp_path_factory):
    """A ladder that was climbed, with two seeds."""
    folder = tmp_path_factory.mktemp("ladder")
    climbed(folder, quick, seeds=2)
    return folder


def stamps(folder):
    return {path: path.stat().st_mtime_ns for path in sorted(folder.rglob("*")) if path.name != ".lock"}


def test_every_rung_on_every_seed_once(ladder, quick):
    before = stamps(ladder)
    assert {path for path in before if path.name == "result.json"} == {
        run_folder(ladder, rung, seed) / "result.json" for rung in quick for seed in (1, 2)
    }
    again = climbed(ladder, quick, seeds=2)
    assert set(again) == {("low", 1), ("low", 2), ("high", 1), ("high", 2)}
    assert all(run.result.state == "finished" and run.resumed_after is None for run in again.values())
    assert stamps(ladder) == before


def test_other_words_for_a_rung_are_the_same_rung(ladder, quick):
    before = stamps(ladder)
    climbed(ladder, [rung.override({"description": "in other words"}) for rung in quick], seeds=2)
    assert stamps(ladder) == before


def test_another_recipe_is_refused_and_left_alone(ladder, quick):
    before = stamps(ladder)
    with pytest.raises(
        FileError, match="seed-1: this folder holds a run of another recipe; choose another --out, or move it"
    ):
        climbed(ladder, [quick[0].override({"training.batch_size": 50})])
    assert stamps(ladder) == before


def test_a_file_in_the_way_is_left_alone(tmp_path, quick):
    (tmp_path / "low").mkdir()
    (tmp_path / "low" / "seed-1").write_text("mine")
    with pytest.raises(FileError, match="seed-1: expected the folder of a run, or nothing"):
        climbed(tmp_path, quick)
    assert (tmp_path / "low" / "seed-1").read_text() == "mine"


@pytest.mark.parametrize("wrong", [{"seeds": 0, "jobs": 1}, {"seeds": 1, "jobs": 0}])
def test_wrong_use_creates_nothing(tmp_path, wrong, quick):
    with pytest.raises(InputError, match="expected at least 1 seed and 1 job"):
        list(climb(quick, tmp_path / "ladder", **wrong))
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_fails_does_not_stop_the_others(tmp_path, quick):
    bad = quick[0].override({"name": "bad", "optimizer.learning_rate": 1e30, "network.output_activation": "identity"})
    found = []
    with pytest.raises(TaskError, match=r"1 run of 2 failed; the others are kept: .*bad.*seed-1: DivergedError"):
        found.extend(run.recipe.name for run in climb([bad, quick[0]], tmp_path, seeds=1, jobs=1))
    assert found == ["low"]


# Stopped and killed ------------------------------------------------------------------------------

CLIMB = """
import signal, sys
from pathlib import Path
from glasswork.recipes.recipe import Recipe
from glasswork.recipes.shelf import read_recipe
from glasswork.runs.ladder import climb
if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print("begun", flush=True)
    for run in climb([read_recipe(Path(sys.argv[1]))], Path(sys.argv[2]), seeds=2, jobs=2):
        print(run.result.test_accuracy, flush=True)
"""


@pytest.fixture(scope="module")
def long(few_file):
    """A rung that leaves the time to stop it."""
    changes = {"name": "long", "data.source": str(few_file), "training.epochs": 30, "training.batch_size": 50}
    return named_recipe("relu").override({**changes, "network.hidden": [4], "training.engine": "numpy", "seed": 1})


@pytest.fixture(scope="module")
def unbroken(long, tmp_path_factory):
    """The network of the long rung, nobody having stopped it."""
    folder = tmp_path_factory.mktemp("unbroken")
    with Run(long, folder / "run") as run:
        list(run.epochs())
    return (folder / "run" / "model.safetensors").read_bytes()


@pytest.fixture
def climbing(tmp_path, long):
    """A ladder of two long runs in a process of its own, each past its first epoch; and its folder."""
    (tmp_path / "long.toml").write_text(long.to_toml(), encoding="utf-8")
    (tmp_path / "climb.py").write_text(CLIMB, encoding="utf-8")
    folder = tmp_path / "ladder"
    words = [sys.executable, tmp_path / "climb.py", tmp_path / "long.toml", folder]
    with (tmp_path / "errors").open("wb") as errors:
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=errors)
    end = time.monotonic() + 60
    while len(list(folder.glob("long/seed-?/history.csv"))) < 2:
        assert time.monotonic() < end
        time.sleep(0.01)
    yield process, folder
    process.kill()
    process.wait()


def test_a_second_ladder_beside_it_is_refused_and_deletes_nothing(ladder, quick):
    before = stamps(ladder)
    with open_pool(1) as pool, open_site(ladder, pool) as site:
        with pytest.raises(StateError, match="another command is training runs here"):
            climbed(ladder, quick, seeds=3)
        assert site.token.exists()
    assert stamps(ladder) == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_however_it_is_ended_its_runs_end_and_go_on_later_as_if_nothing_had_been(climbing, number, long, unbroken):
    process, folder = climbing
    runs = [RunFolder(folder / "long" / f"seed-{seed}") for seed in (1, 2)]
    pids = [run.result().pid for run in runs]
    start = time.monotonic()
    process.send_signal(number)
    process.wait(timeout=10)
    while any(run.result().state == "running" for run in runs):
        assert time.monotonic() - start < 5
    assert time.monotonic() - start < 5
    written = [json.loads((run.path / "result.json").read_text("utf-8"))["state"] for run in runs]
    assert written == ["interrupted"] * 2  # they were saved, between two epochs
    assert os.getpid() not in pids
    found = climbed(folder, [long], seeds=2)
    assert all(run.resumed_after is not None and run.resumed_after >= 1 for run in found.values())
    assert (runs[0].path / "model.safetensors").read_bytes() == unbroken


def test_a_run_that_is_told_to_end_alone_is_saved(climbing, long, unbroken):
    """As by a cluster, which sends its signals to every process."""
    process, folder = climbing
    first = RunFolder(folder / "long" / "seed-1")
    os.kill(first.result().pid, signal.SIGUSR1)
    assert process.wait(timeout=60) == 1
    said = (folder.parent / "errors").read_text("utf-8")
    assert f"1 run of 2 failed; the others are kept: {first.path}: SIGUSR1 ended it" in said
    assert first.result().state == "interrupted"
    assert climbed(folder, [long], seeds=2)["long", 1].resumed_after is not None
    assert (first.path / "model.safetensors").read_bytes() == unbroken


# Words -------------------------------------------------------------------------------------------


def rung(*accuracies, name="rung"):
    return RungResult(name, "a change", accuracies, 10, 1.0)


@pytest.mark.parametrize(
    ("below", "above", "words"),
    [
        ([95, 95.1, 95.2], [97, 97.1, 97.2], "+2.00"),
        ([97, 97.1, 97.2], [95, 95.1, 95.2], "−2.00"),
        ([95, 95.6], [95.2, 95.6], "no measurable gain (+0.10)"),
        ([95, 95.6], [94.7, 95.4], "no measurable gain (−0.25)"),
        ([95, 95.1], [95.2, 95.3], "no measurable gain (+0.20)"),
        ([95], [97], "one seed: not judged (+2.00)"),
        ([95, 95.1], [96], "one seed: not judged (+0.95)"),
        ([95], [95], "one seed: not judged (+0.00)"),
    ],
)
def test_a_step_claims_no_more_than_was_measured(below, above, words):
    assert describe_step(rung(*below), rung(*above)) == words


def test_the_table():
    results = [rung(95.0, 95.2, 95.1, name="a"), rung(97.0, 97.2, 97.4, name="b")]
    assert gains(results) == ["", "+2.10"]
    assert markdown(results, split="handout").splitlines() == [
        "| rung | change | test accuracy, handout split | gain | parameters | seconds |",
        "|---|---|--:|--:|--:|--:|",
        "| a | a change | 95.10 ± 0.10 % |  | 10 | 1 |",
        "| b | a change | 97.20 ± 0.20 % | +2.10 | 10 | 1 |",
        "",
        "Accuracies are means ± standard deviations over 3 seeds, each on 10,000 test images. "
        "The standard error of a mean is its deviation divided by √3. "
        "A step counts as a gain or a loss if chance alone would produce it with a probability of less than 5 % "
        "(Welch's t test); it is measured at this place in the ladder only.",
    ]


def test_the_page_judges_as_the_command_does():
    """From its means and deviations of five seeds; their differences were taken before they were rounded."""
    page = (Path(__file__).parents[1] / "docs" / "learn" / "ladder.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\w-]+) \| [^|]+ \| ([\d.]+) ± ([\d.]+) % \| ([^|]*) \| [\d,]+ \|$", page, re.MULTILINE)
    one_seed = r"^\| ([\w-]+) \| ([^|]+) \| [\d.]+ % \([^|]+\) \| [^|]* \| [\d,]+ \| \d+ \|$"
    upper = re.findall(one_seed, page, re.MULTILINE)
    assert upper == [(step.name, step.change) for step in RUNGS[-len(upper) :]]
    assert [name for name, *_ in [*rows, *upper[1:]]] == [step.name for step in RUNGS]
    judged = step_words([Sample(float(mean), float(deviation), 5) for _, mean, deviation, _ in rows])
    for words, (name, _, _, written) in zip(judged, rows[1:], strict=True):
        number, expected = (float(re.search(r"[+−]\d\.\d\d", w)[0].replace("−", "-")) for w in (written, words))
        assert number == pytest.approx(expected, abs=0.011), name
        assert written.startswith("no measurable gain (") == words.startswith("no measurable gain ("), name
    assert rule(len(rows) - 1) in " ".join(page.split())


def test_the_table_is_of_what_was_trained(ladder, quick):
    low, _ = summarize(quick, ladder, seeds=2)
    results = [RunFolder(run_folder(ladder, quick[0], seed)).result() for seed in (1, 2)]
    assert low.accuracies == tuple(result.test_accuracy for result in results)
    assert low.parameters == 784 * 4 + 4 + 4 * 10 + 10
    with pytest.raises(FileError, match=r"seed-3"):
        summarize(quick, ladder, seeds=3)


def test_a_rung_that_changes_the_learning_rate_says_so():
    """Nobody is to credit momentum with what a tenth of the rate did."""
    changed = [
        step
        for (below, above), step in zip(itertools.pairwise(recipes()), RUNGS[1:], strict=True)
        if below.optimizer.learning_rate != above.optimizer.learning_rate
        and below.optimizer.name == above.optimizer.name
    ]
    assert {step.name for step in changed} >= {"momentum", "batch-norm"}
    assert [step.name for step in changed if "learning rate" not in step.change] == []


def test_where_a_run_goes(quick):
    assert run_folder(Path("x"), quick[0], 3) == Path("x/low/seed-3")


def test_the_top_rungs_networks_answer_together(ladder, quick, few_file):
    """As often right as the mean of their probabilities is, computed here."""
    folders = [run_folder(ladder, quick[1], seed) for seed in (1, 2)]
    test = load_data(quick[1].data).test
    mean = np.mean([softmax(load_model(folder).scores(test.images)) for folder in folders], axis=0)
    right = 100 * (mean.argmax(axis=1) == test.labels).mean()
    assert f"The 2 networks of high together, as a committee: {right:.2f} % (" in together(quick[1], ladder, 2)
    assert together(quick[1], ladder, 1) == ""
