"""A run that is stopped, killed, or meets a failing disk goes on and ends byte for byte as if nothing had been."""

import errno
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from safetensors import safe_open

import soak
from glasswork import FileError, RecipeError, Run, StateError, named_recipe
from glasswork.recipes.experiment import assemble
from glasswork.runs.checkpoint import Checkpoints, Machine
from glasswork.runs.folder import RunFolder
from glasswork.training.progress import Progress

pytestmark = pytest.mark.usefixtures("few_images")

BARE = ["--quiet", "--no-report", "--no-figures"]
WORDS = ["classwork", "--batch-size", "1000", "--hidden", "10", *BARE]


@pytest.fixture(scope="module")
def recipe():
    """Momentum, dropout, an average: a run with a lot to remember, and small."""
    return named_recipe("dropout").override(
        {"network.hidden": [12], "training.batch_size": 50, "training.epochs": 2, "training.average": 0.99,
         "schedule.name": "constant"}
    )  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(recipe, few_images, tmp_path_factory):
    return train(recipe, tmp_path_factory.mktemp("undisturbed") / "run")


def train(recipe, folder, **options):
    with Run(recipe, folder, **options) as run:
        list(run.epochs())
    return soak.outcome(folder)


def go_on(folder, **options):
    with Run.resume(folder, **options) as run:
        list(run.epochs())
    return run


def state(folder):
    return RunFolder(folder).result().state


def stop_after(recipe, folder, batches, **options):
    """Train in a process of its own that kills itself when so many batches are done."""
    child = os.fork()
    if child == 0:
        left = batches

        def count(progress):
            nonlocal left
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

        with Run(recipe, folder, **options) as run:
            if batches == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            list(run.epochs(after_step=count))
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert status == signal.SIGKILL


# Killed ------------------------------------------------------------------------------------------


def test_killed_at_any_operation_on_the_disk(tmp_path):
    """From the first one on, before there is a folder; `make soak` kills the command at random instants."""
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("kills.py"), tmp_path, "2"], capture_output=True, text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    killed, without = map(int, re.findall(r"\d+", done.stdout))
    assert killed > 15
    assert 3 < without < killed / 2


@pytest.mark.parametrize("batches", [0, 1, 12, 22, 23, 43])
def test_killed_at_any_batch(batches, recipe, undisturbed, tmp_path):
    """22 batches make an epoch: before the first, within, just at its end and beyond, and before the last."""
    stop_after(recipe, tmp_path / "run", batches, checkpoint_every=0.0)
    assert state(tmp_path / "run") == "interrupted"
    go_on(tmp_path / "run")
    assert soak.outcome(tmp_path / "run") == undisturbed
    assert state(tmp_path / "run") == "finished"


@pytest.mark.parametrize("batches", [22, 44])
def test_killed_between_an_epochs_last_step_and_its_end(batches, recipe, tmp_path):
    """No step is left to set the learning rate, which belongs into the history."""
    recipe = recipe.override({"schedule.name": "cosine"})
    expected = train(recipe, tmp_path / "whole")
    stop_after(recipe, tmp_path / "run", batches, checkpoint_every=0.0)
    go_on(tmp_path / "run")
    assert soak.outcome(tmp_path / "run") == expected


def test_the_best_epoch_is_remembered(tmp_path):
    recipe = named_recipe("relu").override(
        {"network.hidden": [8], "training.batch_size": 50, "training.epochs": 6, "optimizer.learning_rate": 0.1,
         "training.early_stopping": 5}
    )  # fmt: skip
    expected = train(recipe, tmp_path / "whole")
    stop_after(recipe, tmp_path / "run", 115, checkpoint_every=0.0)  # within the last epoch, and the fourth is the best
    with safe_open(newest_checkpoint(tmp_path / "run"), framework="numpy") as file:
        assert "best.0" in file.keys()  # noqa: SIM118
    go_on(tmp_path / "run")
    assert soak.outcome(tmp_path / "run") == expected


# Stopped -----------------------------------------------------------------------------------------


def started(folder, *words):
    process = soak.start(["train", *WORDS, f"--out={folder}", *words], every=0.05)
    while not list(folder.glob("checkpoint-*")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    return process


def test_signals_and_two_processes(tmp_path):
    """One run of the command, stopped in three ways in turn; then it ends as one that was never stopped."""
    folder, epochs = tmp_path / "run", ("--epochs", "6")
    process = started(folder, *epochs)
    with pytest.raises(StateError, match=f"process {process.pid} is working on this run"):
        Run.resume(folder)
    assert state(folder) == "running"

    process.send_signal(signal.SIGTERM)  # lets the step at hand end
    printed, _ = process.communicate()
    assert process.returncode == 130, printed
    assert f"resume {folder}" in printed
    assert state(folder) == "interrupted"

    before = soak.position(newest_checkpoint(folder))
    process = soak.start(["resume", str(folder), *BARE], every=0.0)
    while soak.position(newest_checkpoint(folder)) == before and process.poll() is None:
        time.sleep(0.01)
    for _ in range(2):  # the second one ends it at once
        process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode != 0
    assert state(folder) == "interrupted"
    soak.finish(soak.start(["resume", str(folder), *BARE], every=5))
    soak.finish(soak.start(["train", *WORDS, *epochs, f"--out={tmp_path / 'whole'}"], every=5))
    assert soak.outcome(folder) == soak.outcome(tmp_path / "whole")


def test_runs_are_listed(recipe, undisturbed, tmp_path, glasswork):
    train(recipe, tmp_path / "whole")
    stop_after(recipe, tmp_path / "stopped", 30)
    stop_after(recipe, tmp_path / "damaged", 1)
    (tmp_path / "damaged" / "result.json").write_bytes(b"{")
    printed = glasswork("runs", tmp_path, folder=tmp_path)
    rows = {row.split()[0]: row.split()[1:] for row in printed.splitlines() if row.strip()}
    assert rows["whole"][:2] == ["finished", "2/2"]
    assert re.fullmatch(r"\d\d\.\d\d%", rows["whole"][3])
    assert rows["stopped"][:2] == ["interrupted", "1/2"]
    assert rows["damaged"][0] == "damaged"
    assert re.search(r"^stopped: process \d+ was killed$", printed, re.MULTILINE)


# Extended ----------------------------------------------------------------------------------------


def test_more_epochs_are_as_if_asked_for_at_once(recipe, undisturbed, tmp_path):
    train(recipe.override({"training.epochs": 1}), tmp_path / "run")
    assert go_on(tmp_path / "run", epochs=2).notes == []
    assert soak.outcome(tmp_path / "run") == undisturbed
    assert RunFolder(tmp_path / "run").recipe().training.epochs == 2


@pytest.mark.parametrize(
    ("settings", "epochs", "message"),
    [
        (
            {"schedule.name": "cosine"},
            4,
            "cosine schedule of .* was planned for 2 epochs, so it cannot be extended to 4",
        ),
        ({"schedule.warmup": 0.1}, 4, "constant schedule with a warm-up"),
        ({}, 1, "expected at least the 2 that"),
    ],
)
def test_what_cannot_be_extended(settings, epochs, message, recipe, tmp_path):
    train(recipe.override(settings), tmp_path / "run")
    before = soak.everything(tmp_path / "run")
    with pytest.raises(RecipeError, match=message):
        Run.resume(tmp_path / "run", epochs=epochs)
    assert soak.everything(tmp_path / "run") == before


def test_a_finished_run_may_be_resumed_and_stays_as_it_is(recipe, undisturbed, tmp_path):
    train(recipe, tmp_path / "run")
    run = go_on(tmp_path / "run")
    assert "finished already" in run.notes[0]
    assert soak.outcome(tmp_path / "run") == undisturbed


# Damaged -----------------------------------------------------------------------------------------


def newest_checkpoint(folder):
    return max(folder.glob("checkpoint-*"), key=lambda path: path.stat().st_mtime_ns)


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty"])
def test_a_damaged_checkpoint_is_passed_over(damage, recipe, undisturbed, tmp_path):
    stop_after(recipe, tmp_path / "run", 40, checkpoint_every=0.0)
    path = newest_checkpoint(tmp_path / "run")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes({"truncated": content[:-5], "flipped": content, "empty": b""}[damage])
    run = go_on(tmp_path / "run")
    assert any(note.startswith(f"skipped a checkpoint: {path}") for note in run.notes)
    assert soak.outcome(tmp_path / "run") == undisturbed


def test_two_damaged_checkpoints_are_an_error(recipe, tmp_path):
    stop_after(recipe, tmp_path / "run", 40, checkpoint_every=0.0)
    for path in (tmp_path / "run").glob("checkpoint-*"):
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(FileError, match=r"checkpoint-1.*checkpoint-2"):
        Run.resume(tmp_path / "run")


@pytest.mark.parametrize("name", ["result.json", "history.csv"])
def test_a_damaged_text_is_noticed_and_written_anew(name, recipe, undisturbed, tmp_path):
    train(recipe, tmp_path / "run")
    path, past = tmp_path / "run" / name, RunFolder(tmp_path / "run")
    path.write_text(path.read_text().replace("8", "9"))
    with pytest.raises(FileError, match=rf"{name}: .*(was|has) changed since"):
        past.result(), past.history()
    go_on(tmp_path / "run")
    assert soak.outcome(tmp_path / "run") == undisturbed
    assert len(past.history()) == past.result().epochs == 2


def test_a_network_without_checkpoints_is_left_as_it_is(recipe, undisturbed, tmp_path):
    train(recipe, tmp_path / "run")
    for path in (tmp_path / "run").glob("checkpoint-*"):
        path.unlink()
    with pytest.raises(FileError, match="expected a checkpoint to continue from; the folder holds a network without"):
        Run.resume(tmp_path / "run")
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == undisturbed[0]
    assert state(tmp_path / "run") == "finished"


def test_only_what_a_killed_write_left_is_removed(recipe, tmp_path):
    stop_after(recipe, tmp_path / "run", 5, checkpoint_every=0.0)
    for name in (".my-analysis", ".checkpoint-1.safetensors-0123abcd"):
        (tmp_path / "run" / name).write_text("keep")
    (tmp_path / "run" / ".my-notebook").mkdir()
    go_on(tmp_path / "run")
    assert {path.name for path in (tmp_path / "run").glob(".*")} == {".my-analysis", ".my-notebook", ".lock"}


def test_epochs_may_not_be_fewer_than_there_were(recipe, tmp_path):
    stop_after(recipe, tmp_path / "run", 30, checkpoint_every=0.0)
    (tmp_path / "run" / "recipe.toml").write_text(recipe.override({"training.epochs": 1}).to_toml())
    with pytest.raises(FileError, match=r"its recipe had training\.epochs = 2"):
        Run.resume(tmp_path / "run")


def test_other_data_are_noticed(recipe, few_images, tmp_path):
    stop_after(recipe, tmp_path / "run", 5, checkpoint_every=0.0)
    few_images.test.images[7, 300] ^= 1
    try:
        with pytest.raises(FileError, match="its data, mnist, have changed since it was trained"):
            Run.resume(tmp_path / "run")
    finally:
        few_images.test.images[7, 300] ^= 1
    Run.resume(tmp_path / "run")


def test_another_recipe_is_noticed(recipe, tmp_path):
    stop_after(recipe, tmp_path / "run", 5, checkpoint_every=0.0)
    (tmp_path / "run" / "recipe.toml").write_text(recipe.override({"seed": 9}).to_toml())
    with pytest.raises(FileError, match=r"does not belong to the recipe\.toml beside it; its recipe had seed = 123"):
        Run.resume(tmp_path / "run")


# A failing disk ----------------------------------------------------------------------------------


class Failing:
    """Lets one function of the operating system fail from its n-th call on."""

    def __init__(self, real, n, error):
        self.real, self.left, self.error, self.failed = real, n, error, False

    def __call__(self, *arguments, **options):
        if self.left <= 0:
            self.failed = True
            raise OSError(self.error, os.strerror(self.error))
        self.left -= 1
        return self.real(*arguments, **options)


@pytest.mark.parametrize(
    ("place", "name", "error", "calls"),
    [
        (os, "fsync", errno.ENOSPC, range(0, 22, 3)),
        (os, "fsync", errno.EIO, range(1, 22, 6)),
        (Path, "replace", errno.EIO, range(6)),
        (Path, "open", errno.EACCES, range(0, 9, 2)),
        (Path, "mkdir", errno.ENOSPC, range(1)),
        (Path, "rename", errno.EACCES, range(1)),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_disk_that_fails_from_any_write_on(place, name, error, calls, recipe, undisturbed, tmp_path, monkeypatch):
    """No room, a failing rename, permission taken away: one clear error, and the last good generation goes on."""
    begun = []
    for n in calls:
        folder = tmp_path / f"{n}"
        run = Run(recipe, folder, checkpoint_every=0.02)
        with monkeypatch.context() as patch:
            failing = Failing(getattr(place, name), n, error)
            patch.setattr(place, name, lambda *a, failing=failing, **k: failing(*a, **k))
            try:
                with run:
                    list(run.epochs())
            except FileError as problem:
                assert failing.failed
                assert os.strerror(error) in str(problem)  # noqa: PT017
                assert re.search(r"cannot be (written|read|created|synced|opened)", str(problem))  # noqa: PT017
            else:
                assert not failing.failed
        if folder.exists():  # then it is a run, which every reader reads
            assert RunFolder(folder).recipe() == run.recipe
            assert (history := RunFolder(folder).history()) == run.history[: len(history)]
            assert RunFolder(folder).result().state in ("running", "failed", "finished")  # as far as it could be said
        assert not list(tmp_path.glob(".*"))
        begun.append(folder.exists())
        go_on(folder) if folder.exists() else train(recipe, folder)
        assert soak.outcome(folder) == undisturbed
    assert not begun[0]  # the first of them all failed before there was a run
    assert all(begun) or sorted(begun) == begun


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_a_disk_that_cannot_sync_is_no_error(number, recipe, undisturbed, tmp_path, monkeypatch):
    """As some network and user-space mounts answer, for folders or for all."""
    monkeypatch.setattr(os, "fsync", Failing(os.fsync, 0, number))
    assert train(recipe, tmp_path / "run", checkpoint_every=0.0) == undisturbed


def test_generations_take_turns_even_where_folders_cannot_be_synced(recipe, tmp_path, monkeypatch):
    """The newest one is never written over: not even after an error that came when it was in place already."""
    experiment, progress = assemble(recipe), Progress()
    progress.last_good = [array.copy() for array in experiment.model.state().values()]
    checkpoints, machine, real, broken = Checkpoints(tmp_path), Machine.here(1), os.fsync, False

    def fsync(number):
        if broken and stat.S_ISDIR(os.fstat(number).st_mode):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(number)

    monkeypatch.setattr(os, "fsync", fsync)
    for step in range(8):
        before = {path: path.read_bytes() for path in tmp_path.iterdir()}
        broken, progress.batch = step in (2, 3, 5), step
        if broken:
            with pytest.raises(FileError, match=r"cannot be synced .*; the new file is complete"):
                checkpoints.save(experiment, progress, machine=machine, history=[])
        else:
            checkpoints.save(experiment, progress, machine=machine, history=[])
        kept = [path for path, content in before.items() if path.read_bytes() == content]
        assert step == 0 or [soak.position(path) for path in kept] == [(0, step - 1)]
        facts, _ = Checkpoints(tmp_path).load(experiment, Progress())
        assert facts.place == (0, step)


def test_files_that_may_not_grow(tmp_path):
    """A limit on a file's size stands for a quota: small files are written, checkpoints are not."""
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000));"
        "from glasswork.__main__ import main; main()"
    )
    words = ["train", *WORDS, "--checkpoint-every", "0", f"--out={tmp_path / 'run'}"]
    process = subprocess.run([sys.executable, "-P", "-c", code, *words], capture_output=True, text=True, check=False)
    assert process.returncode == 1
    assert re.search(r"Error: .*checkpoint-1\.safetensors: cannot be written \(File too large\)", process.stderr)
    assert "Traceback" not in process.stderr
    assert not list((tmp_path / "run").glob(".*-????????"))
    result = RunFolder(tmp_path / "run").result()
    assert (result.state, "File too large" in result.reason) == ("failed", True)


def test_a_folder_that_vanishes(recipe, tmp_path):
    with pytest.raises(FileError, match="cannot be written"), Run(recipe, tmp_path / "run") as run:  # noqa: PT012
        for _ in run.epochs():
            shutil.rmtree(tmp_path / "run")
