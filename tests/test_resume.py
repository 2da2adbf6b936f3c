"""A run that is stopped, killed, or meets a failing disk goes on and ends byte for byte as if nothing had been."""

import errno
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from glasswork.runs.reading import PastRun

import soak
from glasswork import FileError, RecipeError, Run, StateError, named_recipe
from glasswork.runs.checkpoint import Checkpoints

WORDS = ["classwork", "--batch-size", "250", "--quiet"]


@pytest.fixture(scope="module")
def recipe():
    """Momentum, dropout, an average: a run with a lot to remember, and small."""
    return named_recipe("dropout").override(
        {"network.hidden": [12], "training.batch_size": 500, "training.epochs": 2, "training.average": 0.99,
         "schedule.name": "constant"}
    )  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(recipe, tmp_path_factory):
    return train(recipe, tmp_path_factory.mktemp("undisturbed") / "run")


def train(recipe, folder, **options):
    with Run(recipe, folder, **options) as run:
        list(run.epochs())
    return soak.outcome(folder)


def take_up(folder, **options):
    with Run.resume(folder, **options) as run:
        list(run.epochs())
    return run


def stop_after(recipe, folder, batches, **options):
    """Train until so many batches are done, and leave the run as a kill would: with no word."""

    class Enough(Exception):  # noqa: N818
        pass

    class Counting:
        def __init__(self, loader):
            self.loader = loader

        def __iter__(self):
            for batch in self.loader:
                nonlocal batches
                if batches == 0:
                    raise Enough
                batches -= 1
                yield batch
            if batches == 0:  # all batches of an epoch are done, and it is not validated yet
                raise Enough

    run = Run(recipe, folder, **options)
    with pytest.raises(Enough):
        list(run.epochs(watch=Counting))
    run._lock.release()


# Killed ------------------------------------------------------------------------------------------


def test_runs_killed_at_random_instants_are_never_lost(tmp_path):
    counted = soak.soak(20, tmp_path, seed=int(os.environ.get("GLASSWORK_SEED", "7")))
    assert counted["kills"] >= 20
    assert counted["byte-identical"] == counted["runs"]


@pytest.mark.parametrize("batches", [0, 1, 60, 110, 111, 219])
def test_stopped_at_any_batch(batches, recipe, undisturbed, tmp_path):
    """110 batches make an epoch: before the first, within, just at its end and beyond, and before the last."""
    stop_after(recipe, tmp_path / "run", batches, checkpoint_every=0.0)
    assert PastRun(tmp_path / "run").result.state == "interrupted"
    take_up(tmp_path / "run")
    assert soak.outcome(tmp_path / "run") == undisturbed
    assert PastRun(tmp_path / "run").result.state == "finished"


@pytest.mark.parametrize("batches", [110, 220])
def test_stopped_between_an_epochs_last_step_and_its_end(batches, recipe, tmp_path):
    """No step is left to set the learning rate, which belongs into the history."""
    recipe = recipe.override({"schedule.name": "cosine"})
    expected = train(recipe, tmp_path / "whole")
    stop_after(recipe, tmp_path / "run", batches, checkpoint_every=0.0)
    take_up(tmp_path / "run")
    assert soak.outcome(tmp_path / "run") == expected


def test_the_best_epoch_is_remembered(tmp_path):
    recipe = named_recipe("relu").override(
        {"network.hidden": [8], "training.batch_size": 500, "training.epochs": 6, "optimizer.learning_rate": 1.2,
         "training.early_stopping": 5}
    )  # fmt: skip
    expected = train(recipe, tmp_path / "whole")
    stop_after(recipe, tmp_path / "run", 500, checkpoint_every=0.0)
    take_up(tmp_path / "run")
    assert soak.outcome(tmp_path / "run") == expected


# Stopped -----------------------------------------------------------------------------------------


def started(folder, *words):
    process = soak.start(["train", *WORDS, f"--out={folder}", *words], every=0.05)
    while not list(folder.glob("checkpoint-*")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_the_step_end_and_says_how_to_go_on(number, tmp_path):
    process = started(tmp_path / "run", "--epochs", "8")
    process.send_signal(number)
    printed, _ = process.communicate()
    assert process.returncode == 130, printed
    assert f"resume {tmp_path / 'run'}" in printed
    assert PastRun(tmp_path / "run").result.state == "interrupted"
    soak.finish(soak.start(["resume", str(tmp_path / "run"), "--quiet"], every=5))
    soak.finish(soak.start(["train", *WORDS, "--epochs", "8", f"--out={tmp_path / 'whole'}"], every=5))
    assert soak.outcome(tmp_path / "run") == soak.outcome(tmp_path / "whole")


def test_a_second_signal_ends_at_once_without_harm(tmp_path):
    process = started(tmp_path / "run", "--epochs", "8")
    for _ in range(2):
        process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode != 0
    soak.finish(soak.start(["resume", str(tmp_path / "run"), "--quiet"], every=5))
    soak.finish(soak.start(["train", *WORDS, "--epochs", "8", f"--out={tmp_path / 'whole'}"], every=5))
    assert soak.outcome(tmp_path / "run") == soak.outcome(tmp_path / "whole")


def test_two_processes_on_one_run(tmp_path):
    """The second is refused with the first one's number; when the first is gone, it may."""
    process = started(tmp_path / "run", "--epochs", "50")
    with pytest.raises(StateError, match=f"process {process.pid} is at work on this run"):
        Run.resume(tmp_path / "run")
    second = soak.start(["resume", str(tmp_path / "run")], every=5)
    printed, _ = second.communicate()
    assert second.returncode == 1
    assert printed.startswith("Error: ")
    assert f"process {process.pid} is at work" in printed
    assert PastRun(tmp_path / "run").result.state == "running"
    process.kill()
    process.communicate()
    assert PastRun(tmp_path / "run").result.state == "interrupted"


def test_runs_are_listed(recipe, undisturbed, tmp_path):
    train(recipe, tmp_path / "whole")
    stop_after(recipe, tmp_path / "stopped", 150)
    stop_after(recipe, tmp_path / "damaged", 1)
    (tmp_path / "damaged" / "result.json").write_bytes(b"{")
    process = subprocess.run([*soak.COMMAND, "runs", str(tmp_path)], capture_output=True, text=True, check=True)
    rows = {row.split()[0]: row.split()[1:] for row in process.stdout.splitlines() if row.strip()}
    assert rows["whole"][:2] == ["finished", "2/2"]
    assert re.fullmatch(r"\d\d\.\d\d%", rows["whole"][3])
    assert rows["stopped"][:2] == ["interrupted", "1/2"]
    assert rows["damaged"][0] == "damaged"


# Extended ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["resume", "train"])
def test_more_epochs_are_as_if_asked_for_at_once(way, tmp_path):
    words = {"resume": ["resume", str(tmp_path / "run"), "--quiet", "--epochs", "4"],
             "train": ["train", *WORDS, "--epochs", "4", f"--out={tmp_path / 'run'}"]}[way]  # fmt: skip
    soak.finish(soak.start(["train", *WORDS, "--epochs", "2", f"--out={tmp_path / 'run'}"], every=5))
    soak.finish(soak.start(words, every=5))
    soak.finish(soak.start(["train", *WORDS, "--epochs", "4", f"--out={tmp_path / 'whole'}"], every=5))
    assert soak.outcome(tmp_path / "run") == soak.outcome(tmp_path / "whole")
    assert PastRun(tmp_path / "run").recipe.training.epochs == 4


@pytest.mark.parametrize(
    ("settings", "epochs", "message"),
    [
        ({"schedule.name": "cosine"}, 4, "laid out for 2 epochs by its cosine schedule; it cannot be extended to 4"),
        ({"schedule.warmup": 0.1}, 4, "constant schedule with a warm-up"),
        ({}, 1, "expected at least the 2 that"),
    ],
)
def test_what_cannot_be_extended(settings, epochs, message, recipe, tmp_path):
    train(recipe.override(settings), tmp_path / "run")
    before = soak.outcome(tmp_path / "run")
    with pytest.raises(RecipeError, match=message):
        Run.resume(tmp_path / "run", epochs=epochs)
    assert soak.outcome(tmp_path / "run") == before


def test_a_finished_run_may_be_resumed_and_stays_as_it_is(recipe, undisturbed, tmp_path):
    train(recipe, tmp_path / "run")
    run = take_up(tmp_path / "run")
    assert "finished already" in run.notes[0]
    assert soak.outcome(tmp_path / "run") == undisturbed


# Damaged -----------------------------------------------------------------------------------------


def newest_checkpoint(folder):
    return max(folder.glob("checkpoint-*"), key=lambda path: path.stat().st_mtime_ns)


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty"])
def test_a_damaged_checkpoint_is_passed_over(damage, recipe, undisturbed, tmp_path):
    stop_after(recipe, tmp_path / "run", 200, checkpoint_every=0.0)
    path = newest_checkpoint(tmp_path / "run")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes({"truncated": content[:-5], "flipped": content, "empty": b""}[damage])
    run = take_up(tmp_path / "run")
    assert any(note.startswith(f"passed over: {path}") for note in run.notes)
    assert soak.outcome(tmp_path / "run") == undisturbed


def test_two_damaged_checkpoints_are_an_error(recipe, tmp_path):
    stop_after(recipe, tmp_path / "run", 200, checkpoint_every=0.0)
    for path in (tmp_path / "run").glob("checkpoint-*"):
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(FileError, match=r"checkpoint-1.*checkpoint-2"):
        Run.resume(tmp_path / "run")


@pytest.mark.parametrize("name", ["result.json", "history.csv"])
def test_a_damaged_text_is_noticed_and_written_anew(name, recipe, undisturbed, tmp_path):
    train(recipe, tmp_path / "run")
    path = tmp_path / "run" / name
    path.write_text(path.read_text().replace("8", "9"))
    past = PastRun(tmp_path / "run")
    with pytest.raises(FileError, match=rf"{name}: .*was changed since the run wrote it"):
        _ = (past.result, past.history)
    take_up(tmp_path / "run")
    assert soak.outcome(tmp_path / "run") == undisturbed
    assert len(past.history) == past.result.epochs == 2


def test_a_network_without_checkpoints_is_left_as_it_is(recipe, undisturbed, tmp_path):
    train(recipe, tmp_path / "run")
    for path in (tmp_path / "run").glob("checkpoint-*"):
        path.unlink()
    with pytest.raises(FileError, match="has a network and no checkpoint to go on from"):
        Run.resume(tmp_path / "run")
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == undisturbed[0]
    assert PastRun(tmp_path / "run").result.state == "finished"


def test_only_what_a_killed_write_left_is_removed(recipe, tmp_path):
    stop_after(recipe, tmp_path / "run", 5, checkpoint_every=0.0)
    for name in (".my-analysis", ".checkpoint-1.safetensors-0123abcd"):
        (tmp_path / "run" / name).write_text("keep")
    (tmp_path / "run" / ".my-notebook").mkdir()
    take_up(tmp_path / "run")
    assert {path.name for path in (tmp_path / "run").glob(".*")} == {".my-analysis", ".my-notebook", ".lock"}


def test_epochs_may_not_be_fewer_than_there_were(recipe, tmp_path):
    stop_after(recipe, tmp_path / "run", 150, checkpoint_every=0.0)
    (tmp_path / "run" / "recipe.toml").write_text(recipe.override({"training.epochs": 1}).to_toml())
    with pytest.raises(FileError, match=r"that had training\.epochs = 2"):
        Run.resume(tmp_path / "run")


def test_other_data_are_noticed(recipe, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("glasswork.data.split.Split.fingerprint", lambda parts: "0" * 64)
        stop_after(recipe, tmp_path / "run", 5, checkpoint_every=0.0)
    with pytest.raises(FileError, match=r"its data \(mnist\) are not those that it was trained on"):
        Run.resume(tmp_path / "run")


def test_another_recipe_is_noticed(recipe, tmp_path):
    stop_after(recipe, tmp_path / "run", 5, checkpoint_every=0.0)
    (tmp_path / "run" / "recipe.toml").write_text(recipe.override({"seed": 9}).to_toml())
    with pytest.raises(FileError, match=r"belongs to another experiment .* that had seed = 123"):
        Run.resume(tmp_path / "run")


# A failing disk ----------------------------------------------------------------------------------


class Failing:
    """Lets one function of the operating system fail at its n-th call in a run's folder, and ever after."""

    def __init__(self, real, n, error):
        self.real, self.left, self.error, self.failed = real, n, error, False

    def __call__(self, *arguments, **options):
        if self.left <= 0:
            self.failed = True
            raise OSError(self.error, os.strerror(self.error))
        self.left -= 1
        return self.real(*arguments, **options)


@pytest.mark.parametrize(
    ("name", "error", "n"),
    [("fsync", errno.ENOSPC, n) for n in range(2, 14)]
    + [(name, error, n) for name, error in (("replace", errno.EIO), ("open", errno.EACCES)) for n in (1, 4, 7)],
)
def test_a_disk_that_fails_at_any_write(name, error, n, recipe, undisturbed, tmp_path, monkeypatch):
    """No room, a failing rename, permission taken away: said, and the last good generation goes on."""
    place = os if name == "fsync" else Path
    run = Run(recipe, tmp_path / "run", checkpoint_every=0.2)
    with monkeypatch.context() as patch:
        failing = Failing(getattr(place, name), n, error)
        patch.setattr(place, name, lambda *a, **k: failing(*a, **k))  # noqa: PLW0108  (binds as a method)
        try:
            with run:
                list(run.epochs())
        except FileError as problem:
            assert "cannot be written" in str(problem) or "cannot be read" in str(problem)  # noqa: PT017
            assert os.strerror(error) in str(problem)  # noqa: PT017
        else:
            assert not failing.failed
    take_up(tmp_path / "run")
    assert soak.outcome(tmp_path / "run") == undisturbed


def test_files_that_may_not_grow(tmp_path):
    """A limit on a file's size stands for a quota: small files are written, checkpoints are not."""
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000));"
        "sys.argv[1:] = sys.argv[1:]; from glasswork.__main__ import main; main()"
    )
    words = ["train", *WORDS, "--epochs", "2", f"--out={tmp_path / 'run'}"]
    process = subprocess.run(
        [soak.sys.executable, "-P", "-c", code, *words], capture_output=True, text=True, check=False
    )
    assert process.returncode == 1
    assert re.search(r"Error: .*checkpoint-1\.safetensors: cannot be written \(File too large\)", process.stderr)
    assert "Traceback" not in process.stderr
    assert not list((tmp_path / "run").glob(".*-????????"))
    soak.finish(soak.start(["resume", str(tmp_path / "run"), "--quiet"], every=5))
    soak.finish(soak.start(["train", *WORDS, "--epochs", "2", f"--out={tmp_path / 'whole'}"], every=5))
    assert soak.outcome(tmp_path / "run") == soak.outcome(tmp_path / "whole")


def test_a_folder_that_vanishes(recipe, tmp_path):
    with pytest.raises(FileError, match="cannot be written"), Run(recipe, tmp_path / "run") as run:  # noqa: PT012
        for _ in run.epochs():
            shutil.rmtree(tmp_path / "run")


# The same everywhere -----------------------------------------------------------------------------


def test_the_same_bytes_in_another_process_folder_locale_and_time_zone(tmp_path):
    words = ["train", *WORDS, "--epochs", "2"]
    places = [tmp_path / "here", tmp_path / "there" / "deep" / "ünd wide"]
    for place, settings in zip(places, [{"TZ": "UTC", "LC_ALL": "C"}, {"TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8"}],
                               strict=True):  # fmt: skip
        place.mkdir(parents=True)
        subprocess.run([*soak.COMMAND, *words, "--out=run"], cwd=place, env={**os.environ, **settings}, check=True,
                       capture_output=True)  # fmt: skip
    assert soak.outcome(places[0] / "run") == soak.outcome(places[1] / "run")
    recipes = [(place / "run" / "recipe.toml").read_bytes() for place in places]
    assert recipes[0] == recipes[1]


def test_generations_take_turns(recipe, tmp_path):
    """While one is written the other is there: never the newest is written over."""
    run = Run(recipe, tmp_path / "run")
    run.progress.last_good = [array.copy() for array in run.model.state().values()]
    steps = []
    for step in range(4):
        run.progress.batch = step
        run.save()
        checkpoints = Checkpoints(run.folder)
        facts, _ = checkpoints.load(run.model, run.optimizer, run.progress, recipe=recipe)
        steps.append(facts.place)
    assert steps == [(0, 0), (0, 1), (0, 2), (0, 3)]
    np.testing.assert_equal(len(list(run.folder.glob("checkpoint-*"))), 2)
