"""The command at narrow terminals and closed pipes: no number is cut, and nothing is lost."""

import contextlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from glasswork import Dataset, FileError, Run, load_model, named_recipe
from glasswork.cli.compare import _results
from glasswork.cli.evaluate import _print_classes, _print_confusions
from glasswork.cli.progress import RunsBar
from glasswork.cli.runs import runs
from glasswork.runs.folder import RunFolder

COMMAND = Path(sys.executable).with_name("glasswork")


def small_run(folder, few, epochs=1):
    recipe = named_recipe("classwork").override({"training.epochs": epochs})
    return Run(recipe, folder, dataset=Dataset.of(few.train.images[:700], few.train.labels[:700]))


def printed(function, *arguments, width, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    with contextlib.redirect_stdout(io.StringIO()) as stream:
        function(*arguments)
    return stream.getvalue()


# Narrow terminals --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def answers():
    """How often each of 26 classes was taken for each."""
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 26, 20_000)
    predicted = np.where(rng.random(20_000) < 0.9, labels, rng.integers(0, 26, 20_000))
    matrix = np.zeros((26, 26), int)
    np.add.at(matrix, (labels, predicted), 1)
    return matrix


@pytest.mark.parametrize("classes", [2, 10, 26])
@pytest.mark.parametrize("width", [12, 28, 50, 65, 80, 200])
def test_tables_lose_no_digit(classes, width, answers, monkeypatch):
    matrix = answers[:classes, :classes]
    names = [chr(ord("a") + k) for k in range(classes)]
    table = printed(_print_classes, matrix, names, "images", width=width, monkeypatch=monkeypatch)
    assert "…" not in table
    assert len(re.findall(r"\d\.\d\d%", table)) == 3 * classes
    table = printed(_print_confusions, matrix, names, width=width, monkeypatch=monkeypatch)
    assert "…" not in table
    if "taken for" in table:
        worst = max((matrix[k, j], k, j) for k in range(classes) for j in range(classes) if k != j)
        assert f"{worst[0]:,} × {names[worst[1]]} taken for {names[worst[2]]}" in table
        assert max(map(len, table.splitlines())) <= max(width, 30)
    else:
        assert max(map(len, table.splitlines())) <= width
        for n in matrix[matrix > 0]:
            assert re.search(rf"(?<!\d){n}(?!\d)", table)


def test_a_class_without_images_has_no_recall(monkeypatch):
    absent = np.array([[1, 1], [0, 0]]), ["here", "absent"], "images"
    table = printed(_print_classes, *absent, width=80, monkeypatch=monkeypatch)
    assert re.search(r"absent\W+0\W+–\W+–\W+–", table), table
    assert "50.00%" in table


def test_at_80_columns_the_default_names_stay_in_one_line(tmp_path, few, monkeypatch):
    names = ["2026-11-24-classwork", "2026-11-24-classwork-12"]
    for name in names:
        with small_run(tmp_path / name, few) as run:
            list(run.epochs())
    for width in (20, 30, 50, 66, 80, 120):
        text = printed(runs, tmp_path, width=width, monkeypatch=monkeypatch)
        for name in names:
            assert re.search(rf"^{name}( |$)", text, re.MULTILINE), text
        assert text.count("finished") == 2
        assert len(re.findall(r"\d\d\.\d\d%|\d\.\d\d%", text)) == 4
        if width >= 80:
            assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_comparison_keeps_the_names_of_the_runs(width, few_file, tmp_path, monkeypatch):
    recipe = named_recipe("relu").override({"data.source": str(few_file), "training.epochs": 1, "network.hidden": [4]})
    for k in (1, 2):
        with Run(recipe.override({"data.fold": [k, 2]}), tmp_path / f"fold-{k}") as run:
            list(run.epochs())
    runs_read = {f"fold-{k}": RunFolder(tmp_path / f"fold-{k}") for k in (1, 2)}
    text = printed(lambda: Console().print(_results(runs_read)), width=width, monkeypatch=monkeypatch)
    assert re.findall(r"fold-\d", text) == ["fold-1", "fold-2"]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_many_runs_have_a_bar_each_and_one_in_all(monkeypatch):
    """One of four runs is done, and of two others a half and a quarter: 44 % in all."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    with contextlib.redirect_stdout(Terminal()) as stream, RunsBar(4) as bar:
        bar.note(1)
        bar.watch({Path("runs/relu-seeds/seed-2"): 0.5, Path("runs/relu-seeds/seed-3"): 0.25})
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", stream.getvalue())
    for name, share in {"all runs": 44, "relu-seeds/seed-2": 50, "relu-seeds/seed-3": 25}.items():
        assert re.search(rf"{name} [^%]* {share}% [-\d:]+ left", shown), shown


# Runs that are not ready -------------------------------------------------------------------------


def test_a_run_that_is_training_says_so(tmp_path, few):
    with small_run(tmp_path / "run", few) as run:
        with pytest.raises(FileError, match=rf"process {os.getpid()} writes it once .*; wait for it"):
            load_model(tmp_path / "run")
        list(run.epochs())
    assert load_model(tmp_path / "run").pixels


def test_a_run_that_was_stopped_says_how_to_finish_it(tmp_path, few):
    with small_run(tmp_path / "run", few, epochs=3) as run:
        next(run.epochs())
    (tmp_path / "run" / "model.safetensors").unlink()
    assert RunFolder(tmp_path / "run").result().state == "interrupted"
    with pytest.raises(FileError, match=r"this run is interrupted; finish it with: glasswork resume .*run"):
        load_model(tmp_path / "run")
    with pytest.raises(FileError, match="nor a run with one; train one with: glasswork train"):
        load_model(tmp_path / "nothing")


# A reader that leaves ----------------------------------------------------------------------------


def test_a_training_goes_on_when_its_reader_leaves(few_file, tmp_path):
    words = [COMMAND, "train", "--data", few_file, "--epochs", "1", "--no-report", "--no-figures", "--out", "run"]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
    assert (process.returncode, errors) == (0, b"")
    assert RunFolder(tmp_path / "run").result().state == "finished"
    assert len(RunFolder(tmp_path / "run").history()) == 1


@pytest.mark.parametrize("words", [["recipes"], ["runs", "."], ["train", "--help"]])
def test_a_short_answer_that_nobody_reads(words, tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        done = subprocess.run([COMMAND, *words], cwd=tmp_path, stdout=closed, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
