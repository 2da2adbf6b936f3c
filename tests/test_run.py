"""A run, as the library gives it: what is in its folder however it is left, and what anybody sees of it."""

import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import psutil
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import glasswork
import soak
from glasswork import FileError, InputError, RecipeError, Run, StateError, StopTraining, load_model, named_recipe
from glasswork.files import write_whole
from glasswork.runs import checkpoint, state as run_state
from glasswork.runs.figures import draw
from glasswork.runs.folder import RunFolder, find_runs
from glasswork.runs.history import decode_history, encode_history
from glasswork.runs.processes import is_alive, this_process
from glasswork.runs.repeat import compare_with
from glasswork.runs.result import RunResult
from glasswork.runs.summary import summary_of
from glasswork.training.results import EpochResult, Finding

pytestmark = pytest.mark.usefixtures("few_images")


@pytest.fixture
def recipe():
    return named_recipe("relu").override({"training.epochs": 3, "network.hidden": [8], "training.batch_size": 10})


def state(run):
    return json.loads((run.folder / "result.json").read_text())["state"]


def test_a_run_that_ends_is_finished_and_can_be_read_again(recipe, tmp_path):
    with Run(recipe, tmp_path / "run") as run:
        assert state(run) == "running"
        results = list(run.epochs())
    past = RunFolder(tmp_path / "run")
    assert past.recipe() == run.recipe == recipe.override({"training.engine": "numpy"})
    first, *_ = (tmp_path / "run" / "recipe.toml").read_text().splitlines()
    assert first == f"# glasswork {glasswork.__version__}, NumPy {np.__version__}, Python {platform.python_version()}"
    assert past.history() == results == run.history
    result = past.result()
    assert (result.state, result.epochs, result.test_accuracy) == ("finished", 3, run.test_accuracy)
    assert (result.parameters, result.valid_accuracy) == (784 * 8 + 8 + 8 * 10 + 10, results[-1].valid_accuracy)
    images = run.parts.test.images[:50]
    np.testing.assert_array_equal(load_model(run.folder).scores(images), run.model.scores(images))
    with pytest.raises(StateError, match="this run was trained already"):
        next(run.epochs())


def test_a_run_that_is_left_early_is_interrupted(recipe, tmp_path):
    with Run(recipe, tmp_path / "run") as run:
        for _ in run.epochs():
            break
    assert state(run) == "interrupted"
    assert len(RunFolder(tmp_path / "run").history()) == 1


def test_a_run_outside_of_its_block_writes_nothing(recipe, tmp_path):
    run = Run(recipe, tmp_path / "run")
    with pytest.raises(StateError, match="must be used in a block"):
        run.epochs()
    with run:
        epochs = run.epochs()
        next(epochs)
    before = soak.everything(tmp_path / "run")
    with pytest.raises(StateError, match=r"the block of this run has ended; Run\.resume continues the run"):
        next(epochs)
    assert soak.everything(tmp_path / "run") == before


def test_a_constructor_changes_nothing_on_disk(recipe, tmp_path):
    Run(recipe, tmp_path / "new")
    assert not (tmp_path / "new").exists()
    with Run(recipe, tmp_path / "run") as run:
        list(run.epochs())
    before = soak.everything(tmp_path / "run")
    Run.resume(tmp_path / "run")
    Run.resume(tmp_path / "run", epochs=9)
    with Run.resume(tmp_path / "run") as run:
        run.epochs()  # nobody asks for the first
    assert soak.everything(tmp_path / "run") == before


@pytest.mark.parametrize("settings", [{}, {"training.average": 0.99}, {"training.early_stopping": 9}], ids=str)
@pytest.mark.parametrize("way", ["Ctrl-C", "should_stop", "StopTraining", "error", "break", "held"])
def test_an_interrupted_run_keeps_what_was_validated(settings, way, recipe, tmp_path):
    """The weights, their average, or the best epoch's, and not where they happen to be; also while the epochs are held.

    Another checkpoint changes nothing: the run goes on as one that nobody stopped.
    """
    recipe = recipe.override({**settings, "training.epochs": 6, "optimizer.learning_rate": 0.8})
    stop = False

    def ctrl_c(progress):
        nonlocal stop
        if progress.epoch == 2 and progress.batch == 20:
            if way in raised:
                raise raised[way]
            stop = way == "should_stop"

    raised = {"Ctrl-C": KeyboardInterrupt, "StopTraining": StopTraining, "error": RuntimeError}

    run = Run(recipe, tmp_path / "run", should_stop=lambda: stop)
    try:
        with run:
            epochs = run.epochs(after_step=ctrl_c)
            for result in epochs:
                if way in ("break", "held") and result.epoch == 2:
                    break
            if way != "held":
                del epochs
            if way in ("should_stop", "StopTraining"):
                run.save()
    except (KeyboardInterrupt, RuntimeError):
        assert way in ("Ctrl-C", "error")
    assert state(run) == ("failed" if way == "error" else "interrupted")
    accuracies = [result.valid_accuracy for result in run.history]
    assert len(accuracies) == 2
    valid = run.parts.valid
    for model in (load_model(tmp_path / "run"), run.model):
        kept = 100 * (model.predict(valid.images) == valid.labels).mean()
        assert kept == pytest.approx(max(accuracies) if "training.early_stopping" in settings else accuracies[-1])
    assert RunFolder(run.folder).result().valid_accuracy == pytest.approx(kept)
    with Run.resume(run.folder) as resumed:
        list(resumed.epochs())
    with Run(recipe, tmp_path / "whole") as whole:
        list(whole.epochs())
    assert soak.outcome(run.folder) == soak.outcome(whole.folder)


def test_a_run_that_is_stopped_before_an_epoch_was_validated_says_so(recipe, tmp_path):
    with Run(recipe, tmp_path / "run", should_stop=lambda: True) as run:
        assert list(run.epochs()) == []
    result = RunFolder(run.folder).result()
    assert (result.state, result.valid_accuracy) == ("interrupted", None)
    assert result.reason == "stopped before an epoch was done: the network was never validated"


def test_one_more_checkpoint_at_the_end_changes_nothing(recipe, tmp_path):
    """With early stopping the network at the end is the best one, and not the one that goes on."""
    recipe = recipe.override({"training.early_stopping": 50, "optimizer.learning_rate": 2.0, "optimizer.momentum": 0.9})
    for name in ("once", "twice"):
        with Run(recipe, tmp_path / name) as run:
            list(run.epochs())
            if name == "twice":
                run.save()
                run.save()
        with Run.resume(tmp_path / name, epochs=5) as run:
            list(run.epochs())
    assert soak.outcome(tmp_path / "once") == soak.outcome(tmp_path / "twice")


@pytest.mark.parametrize("given", ["run", None])
def test_a_program_may_change_its_folder_while_it_trains(given, recipe, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    run = Run(recipe, given, checkpoint_every=0.0)
    monkeypatch.chdir(tmp_path / "elsewhere")
    with run:
        for _ in run.epochs(after_step=lambda _: os.chdir(tmp_path)):
            os.chdir(tmp_path / "elsewhere")
    assert run.folder.is_absolute()
    assert run.folder.parent == (tmp_path if given else tmp_path / "runs")
    assert list((tmp_path / "elsewhere").iterdir()) == []
    load_model(run.folder)
    monkeypatch.chdir(run.folder.parent)
    resumed = Run.resume(run.folder.name, epochs=4)
    monkeypatch.chdir(tmp_path / "elsewhere")
    with resumed:
        list(resumed.epochs())
    assert len(RunFolder(run.folder).history()) == 4


@pytest.mark.parametrize(
    "saving", ["Checkpoints.save", "RunFolder.write_history", "RunFolder.write_result", "save_model"]
)
def test_a_second_ctrl_c_while_saving_loses_nothing(saving, recipe, tmp_path, monkeypatch):
    """It takes effect when the file is there, whole."""
    place, _, name = saving.rpartition(".")
    owner = {"Checkpoints": checkpoint.Checkpoints, "RunFolder": RunFolder, "": run_state}[place]
    save, armed = getattr(owner, name), []

    def interrupted(*arguments, **options):
        if armed:
            armed.pop()
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)
        return save(*arguments, **options)

    def ctrl_c(progress):
        if progress.step == 130:
            armed.append(True)
            if saving in ("RunFolder.write_result", "save_model"):  # of the end
                raise KeyboardInterrupt

    monkeypatch.setattr(owner, name, interrupted)
    with pytest.raises(KeyboardInterrupt), Run(recipe, tmp_path / "run") as run:
        list(run.epochs(after_step=ctrl_c))
    assert armed == []
    past = RunFolder(run.folder)
    assert (past.result().state, len(past.history())) == ("interrupted", len(run.history))
    assert len(run.history) >= 1
    load_model(run.folder)
    go_on = Run.resume(run.folder)
    assert go_on.notes == []
    with go_on:
        list(go_on.epochs())
    with Run(recipe, tmp_path / "whole") as whole:
        list(whole.epochs())
    assert soak.outcome(run.folder) == soak.outcome(whole.folder)


def test_a_run_has_one_limit_of_blas_threads_from_first_to_last(recipe, tmp_path):
    def threads():
        return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}

    seen = []
    with threadpool_limits(2, user_api="blas"):
        with Run(recipe.override({"training.threads": 1}), tmp_path / "run") as run:
            for _ in run.epochs(after_step=lambda _: seen.append(threads())):
                seen.append(threads())
                break
        assert threads() == {2}
    assert set(map(frozenset, seen)) == {frozenset({1})}


def test_a_run_that_cannot_save_its_network_says_so(recipe, tmp_path):
    run = Run(recipe, tmp_path / "run")
    with pytest.raises(OSError, match=r"model\.safetensors: cannot be written"), run:
        (tmp_path / "run" / "model.safetensors").mkdir()
    assert state(run) == "failed"


def test_what_the_data_do_not_allow_is_refused_before_anything_is_written(recipe, tmp_path):
    message = r"network\.hidden: expected at most 200,000,000 weights, got 794,000,000"
    with pytest.raises(RecipeError, match=message):
        Run(recipe.override({"network.hidden": [1_000_000]}), tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_never_overwritten(recipe, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Run(recipe) as first:
        pass
    with pytest.raises(FileError, match=r"this path exists already, .* glasswork resume .* --epochs N"):
        Run(recipe, first.folder)
    second, third = Run(recipe), Run(recipe)
    with third, second:
        assert len({first.folder, second.folder, third.folder}) == 3
    names = [run.path.name for run in find_runs(tmp_path / "runs")]
    assert names == [run.folder.name for run in (first, second, third)]


def test_runs_that_come_and_go_do_not_disturb_a_list(tmp_path):
    recipe, done = named_recipe("classwork"), threading.Event()

    def come_and_go():
        while not done.is_set():
            run = RunFolder(tmp_path / "fleeting")
            run.create(recipe, RunResult(state="interrupted"))
            run.unlock()
            shutil.rmtree(run.path)

    RunFolder(tmp_path / "lasting").create(recipe, RunResult(state="interrupted"))
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(come_and_go)
        end = time.monotonic() + 1
        try:
            while time.monotonic() < end:  # about a hundred folders that come and go
                found = {row["run"]: row["state"] for row in map(summary_of, find_runs(tmp_path))}
                assert found.pop("lasting") == "interrupted"
                assert set(found) <= {"fleeting"}
        finally:
            done.set()
        coming.result()


def test_a_run_that_was_killed_while_its_folder_was_created_is_not_listed(tmp_path):
    left = tmp_path / ".2026-11-24-classwork-0123abcd.unfinished"
    RunFolder(left).create(named_recipe("classwork"), RunResult(state="running"))
    assert RunFolder(left).exists()
    assert find_runs(tmp_path) == []


def test_a_folder_that_comes_into_being_meanwhile_is_not_overwritten(recipe, tmp_path):
    run = Run(recipe, tmp_path / "run")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("mine")
    with pytest.raises(FileError, match="run: this path exists already"), run:
        pass
    assert [path.name for path in tmp_path.rglob("*")] == ["run", "thesis.txt"]


def test_a_training_that_its_caller_ends_is_interrupted(recipe, tmp_path):
    """As by an after_step of one's own: it was not trained to its end, so it is not tested, and can go on."""

    def enough(progress):
        if (progress.epoch, progress.batch) == (1, 30):
            raise StopTraining

    with Run(recipe, tmp_path / "run") as run:
        assert len(list(run.epochs(after_step=enough))) == 1
    assert (state(run), run.test_accuracy) == ("interrupted", None)
    with Run.resume(tmp_path / "run") as run:
        list(run.epochs())
    with Run(recipe, tmp_path / "whole") as whole:
        list(whole.epochs())
    assert soak.outcome(tmp_path / "run") == soak.outcome(tmp_path / "whole")


def test_a_run_that_ends_before_its_first_checkpoint_can_be_resumed(recipe, tmp_path):
    def ctrl_c(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Run(recipe, tmp_path / "run") as run:
        list(run.epochs(after_step=ctrl_c))
    assert state(run) == "interrupted"
    assert not list(run.folder.glob("checkpoint-*"))
    with Run.resume(tmp_path / "run") as run:
        list(run.epochs())
    assert state(run) == "finished"


# Who is at work -----------------------------------------------------------------------------------


#: Looks at a run as a reader without any permission to write does: an attempt to change anything ends it.
LOOK = """
import os, sys
from pathlib import Path
from glasswork.runs.figures import draw
from glasswork.runs.folder import RunFolder
folder = Path(sys.argv[1])
def refuse(event, arguments):
    if event.startswith(("os.mkdir", "os.re", "os.link", "os.symlink", "os.chmod", "os.truncate", "shutil.")) or (
        event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    ):
        os._exit(3)
sys.addaudithook(refuse)
run = RunFolder(folder)
seen = {run.result().state for _ in range(int(sys.argv[2]))}
run.recipe(), run.history(), run.exists(), run.last_change()
print(*sorted(seen))
"""


def look(folder, times=1):
    """Start to look at a run from another process; it prints the states that it saw."""
    return subprocess.Popen([sys.executable, "-c", LOOK, str(folder), str(times)], stdout=subprocess.PIPE, text=True)


def seen_by(looking):
    printed, _ = looking.communicate()
    assert looking.returncode == 0
    return printed.split()


def test_looking_takes_nothing_and_creates_nothing(recipe, tmp_path):
    with Run(recipe, tmp_path / "run") as run:
        next(run.epochs())
        (tmp_path / "run" / ".lock").unlink()
        before = soak.everything(tmp_path / "run")
        assert seen_by(look(tmp_path / "run")) == ["running"]
        assert RunFolder(tmp_path / "run").result().state == "running"
        assert not (tmp_path / "run" / ".lock").exists()
        assert soak.everything(tmp_path / "run") == before


def test_a_dead_run_is_never_seen_running_by_any_of_several_readers(recipe, tmp_path):
    with Run(recipe, tmp_path / "run") as run:
        pid, started, host = psutil.Process().pid, 0.0, os.uname().nodename  # our id, of a process of another boot
        dead = RunFolder(run.folder).result()
        run._place.write_result(msgspec.structs.replace(dead, pid=pid, started=started, host=host))
        readers = [look(run.folder, times=300) for _ in range(2)]
        assert [seen_by(reader) for reader in readers] == [["interrupted"]] * 2


def test_a_process_that_ended_and_was_not_waited_for_is_dead(tmp_path, recipe):
    with Run(recipe, tmp_path / "run") as run:
        code = (
            "import sys; from glasswork.runs.folder import RunFolder; from glasswork.runs.result import RunResult;"
            "RunFolder(sys.argv[1]).write_result(RunResult.by_this_process(state='running'))"
        )
        child = subprocess.Popen([sys.executable, "-c", code, str(run.folder)])
        while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        result = RunFolder(run.folder).result()
        child.wait()
    assert (result.state, result.reason) == ("interrupted", f"process {child.pid} was killed")


def test_a_copy_of_a_run_under_way_is_not_at_work(recipe, tmp_path):
    """Neither for this process nor for another; the run itself is, also where its folder was renamed."""
    with Run(recipe, tmp_path / "run") as run:
        next(run.epochs())
        shutil.copytree(run.folder, tmp_path / "copy")
        assert RunFolder(tmp_path / "copy").result().state == "interrupted"
        assert seen_by(look(tmp_path / "copy")) == ["interrupted"]
        with Run.resume(tmp_path / "copy") as copy:
            list(copy.epochs())
        assert RunFolder(copy.folder).result().state == "finished"
        (tmp_path / "run").rename(tmp_path / "renamed")
        assert seen_by(look(tmp_path / "renamed")) == ["running"]
        (tmp_path / "renamed").rename(tmp_path / "run")


def test_a_run_of_another_machine_is_unknown(recipe, tmp_path):
    with Run(recipe, tmp_path / "run") as run:
        there = msgspec.structs.replace(RunFolder(run.folder).result(), host="another")
        run._place.write_result(there)
        assert RunFolder(run.folder).result().state == "unknown"


# Files --------------------------------------------------------------------------------------------


def test_files_have_the_permissions_that_the_user_wants(tmp_path):
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "file", b"content")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    "row", ["2,1,1,50,1,0.1,", "1,nan,1,50,1,0.1,", "1,1,1,101,1,0.1,", "1,1,1", "one,1,1,50,1,0.1,",
            "1,1,1,50,1,0.1,[{]"], ids=str
)  # fmt: skip
def test_a_history_that_cannot_be_is_refused(row):
    text = f"epoch,train_loss,valid_loss,valid_accuracy,seconds,learning_rate,findings\n{row}\n"
    with pytest.raises(ValueError, match=r"."):
        decode_history(text.encode())


def test_a_history_keeps_its_findings_and_reads_newer_columns():
    found = Finding("dead-layer", 'act1: "all" of it, and\nmore', "act1")
    history = [EpochResult(1, 0.25, 1 / 3, 50.0, 1.5, 0.1), EpochResult(2, 0.125, 0.5, 60.0, 1.5, 0.1, (found,))]
    text = encode_history(history)
    assert decode_history(text) == history
    head, *rows = text.decode().replace('act1: \\"all\\" of it, and\\nmore', "x").splitlines()
    newer = "\n".join([f"{head},memory", *(f"{row},17" for row in rows)])
    assert [result.epoch for result in decode_history(newer.encode())] == [1, 2]


def test_scores_that_are_not_finite_are_no_prediction(recipe, tmp_path):
    model = Run(recipe, tmp_path / "run").model
    with pytest.raises(InputError, match="NaN or infinity in row 0"):
        model.predict(np.full((2, 784), np.nan))
    model.linear2.bias[3] = np.nan
    with pytest.raises(InputError, match="its scores are not finite"):
        model.predict(np.zeros((2, 784)))


def test_a_process_is_known_by_when_it_started_since_the_machine_did():
    """The same number whatever the clock says: the kernel's own, in ticks."""
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    pid, started, host = this_process()
    assert (pid, host) == (os.getpid(), platform.node())
    assert started == pytest.approx(ticks / os.sysconf("SC_CLK_TCK"), abs=0.1)
    assert is_alive(pid, started, host)
    assert not is_alive(pid, started + 1, host)
    assert is_alive(pid, started, "another machine") is None


def test_why_a_figure_cannot_be_drawn_is_in_the_log(tmp_path, caplog):
    with caplog.at_level("DEBUG", "glasswork"):
        notes = draw(tmp_path, {"odd": lambda figures: figures.nothing_of_that_name})
    assert re.match(r"Not drawn: odd\. AttributeError: ", notes[0])
    (record,) = (record for record in caplog.records if record.name.startswith("glasswork"))
    assert record.exc_info[0] is AttributeError


def test_two_runs_are_compared_by_their_largest_difference(recipe, tmp_path):
    for name in ("old", "new"):
        with Run(recipe, tmp_path / name) as run:
            list(run.epochs())
    old, new = RunFolder(tmp_path / "old"), RunFolder(tmp_path / "new")
    assert compare_with(old, new) == f"Reproduced {old.path} byte for byte: the same weights, the same test accuracy."
    model = load_model(new.path)
    model.linear1.weight[3, 2] -= 0.25
    model.linear2.bias[1] += 0.125
    model.save(new.model_path)
    assert f"Not the same as {old.path}: weights differ by up to 2.5e-01, test accuracy " in compare_with(old, new)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"checkpoint_every": -1}, "checkpoint_every to be seconds, 0 or more, got -1"),
        ({"checkpoint_every": float("nan")}, "checkpoint_every to be seconds, 0 or more, got nan"),
        ({"checkpoint_every": "5"}, "checkpoint_every to be seconds, 0 or more, got '5'"),
        ({"should_stop": None}, "should_stop to be a callable, .*, got None"),
    ],
)
def test_what_would_fail_or_save_nothing_in_the_middle_of_a_run_is_refused_at_once(wrong, words, tmp_path):
    with pytest.raises(InputError, match=f"Run: expected {words}"):
        Run("classwork", tmp_path / "run", **wrong)
