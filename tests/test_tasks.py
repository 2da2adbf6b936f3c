"""Many tasks: all outcomes come, whatever single tasks do; nothing runs on when nobody waits for it."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import chores
from glasswork.errors import FileError, InputError, TaskError
from glasswork.tasks import run_tasks, workers


def outcomes(function, tasks, **options):
    return {outcome.key: outcome for outcome in run_tasks(function, tasks, **options)}


def values(function, tasks, **options):
    found = outcomes(function, tasks, **options)
    assert [outcome.error for outcome in found.values()] == [None] * len(tasks)
    return {key: outcome.value for key, outcome in found.items()}


SQUARES = {f"{x} squared": x for x in range(20)}


def test_every_task_has_its_value_whoever_runs_it():
    expected = {key: x * x for key, x in SQUARES.items()}
    assert values(chores.square, SQUARES, workers=2) == expected
    with ThreadPoolExecutor(3) as executor:
        assert values(chores.square, SQUARES, executor=executor) == expected
        assert executor.submit(chores.square, 3).result() == 9  # left open


def test_as_many_processes_as_asked_for_and_none_of_them_this_one():
    pids = set(values(chores.process, SQUARES, workers=2).values())
    assert 1 <= len(pids) <= 2
    assert os.getpid() not in pids


def test_one_thread_of_matrix_products_each_and_this_process_as_it_was(monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    found = values(chores.threads, {"a": 0})["a"]
    assert set(found) == {1}
    assert os.environ["OPENBLAS_NUM_THREADS"] == "2"
    assert "OMP_NUM_THREADS" not in os.environ


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ("value too few", "bad: ValueError: too few"),
        ("odd", "bad: RuntimeError: OddError: 1 and 2"),
        ("exit", "bad: RuntimeError: SystemExit: 3"),
        ("lambda", "bad: "),
        ("hard-exit", "bad: its process ended by itself with status 3"),
        ("kill", "bad: its process was killed by SIGKILL; did it run out of memory?"),
        ("sleep 600", "bad: took longer than 2 seconds and was ended"),
        ("digits", "bad: took longer than 2 seconds and was ended"),
    ],
)
def test_a_task_that_goes_wrong_costs_itself_alone(order, message):
    tasks = {"before": "ok 1", "bad": order, "after": "ok 2", "last": "ok 3"}
    found = outcomes(chores.do, tasks, workers=2, timeout=2)
    assert {key: outcome.value for key, outcome in found.items()} == {
        "before": "1", "bad": None, "after": "2", "last": "3",
    }  # fmt: skip
    assert str(found["bad"].error).startswith(message)
    assert [found[key].error for key in ("before", "after", "last")] == [None] * 3


def test_an_exception_is_carried_with_where_it_was_raised():
    error = outcomes(chores.do, {"bad": "value x"})["bad"].error
    assert isinstance(error, TaskError)
    assert isinstance(error.__cause__, ValueError)
    assert "chores.py" in "".join(error.__cause__.__notes__)


def test_the_timeout_is_each_tasks_own():
    assert len(values(chores.do, {str(n): "sleep 0.3" for n in range(4)}, timeout=1.0)) == 4


def test_progress_counts_from_the_beginning_to_the_end(tmp_path):
    seen = []
    options = {"journal": tmp_path / "journal", "progress": lambda done, total: seen.append((done, total))}
    values(chores.square, {"a": 1, "b": 2}, **options)
    values(chores.square, {"a": 1, "b": 2, "c": 3}, **options)
    assert seen == [(0, 2), (1, 2), (2, 2), (2, 3), (3, 3)]


# A journal --------------------------------------------------------------------------------------


def test_a_stopped_series_is_continued(tmp_path):
    log, journal = tmp_path / "log", tmp_path / "journal"
    tasks = {str(n): f"log {log}" for n in range(5)}
    series = run_tasks(chores.do, tasks, journal=journal)
    next(series), next(series)
    series.close()
    begun = len(log.read_text().splitlines())
    with journal.open("a") as file:
        file.write('["4", "a line that was no')  # as a kill leaves it
    found = values(chores.do, tasks, journal=journal)
    assert found == {str(n): str(log) for n in range(5)}
    assert begun <= len(log.read_text().splitlines()) <= begun + 3  # what was in the journal is not run again
    assert len(journal.read_text().splitlines()) == 5
    assert values(chores.do, tasks, journal=journal) == found


def test_what_failed_is_tried_again(tmp_path):
    journal = tmp_path / "journal"
    assert outcomes(chores.do, {"a": "value x"}, journal=journal)["a"].error
    assert values(chores.do, {"a": "ok now"}, journal=journal) == {"a": "now"}


@pytest.mark.parametrize("content", ["{}\n", "[1]\n", '[["a"], 1]\n', "5\n", "no\n", "\xff\n"])
def test_what_is_no_journal_is_left_alone(tmp_path, content):
    (tmp_path / "journal").write_text(content, encoding="latin-1")
    with pytest.raises(FileError, match="journal: not a journal of tasks"):
        outcomes(chores.square, {"a": 1}, journal=tmp_path / "journal")
    assert (tmp_path / "journal").read_text(encoding="latin-1") == content


def test_results_that_a_journal_cannot_hold(tmp_path):
    with pytest.raises(InputError, match="a returned a value that a journal cannot hold"):
        outcomes(chores.square, {"a": 1j}, journal=tmp_path / "journal")


# Wrong use --------------------------------------------------------------------------------------


def test_wrong_use_is_told_before_anything_is_run():
    with pytest.raises(InputError, match="define it at the top of a module"):
        outcomes(lambda x: x, {"a": 1})
    for options in ({"workers": 0}, {"timeout": 0}, {"timeout": float("nan")}):
        with pytest.raises(InputError, match="expected at least 1, and a timeout above 0"):
            outcomes(chores.square, {"a": 1}, **options)
    with ThreadPoolExecutor() as executor, pytest.raises(InputError, match="only local processes can be ended"):
        outcomes(chores.square, {"a": 1}, executor=executor, timeout=1)


def test_no_tasks():
    assert outcomes(chores.square, {}) == {}


# The end ----------------------------------------------------------------------------------------


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def pids_in(folder):
    """Wait until both tasks run; return the ids of their processes and of those that they started."""
    end = time.monotonic() + 60
    while len(files := list(folder.glob("*.pids"))) < 2:
        assert time.monotonic() < end
        time.sleep(0.02)
    return [int(pid) for path in files for pid in path.read_text().split()]


def gone(pids, seconds=10):
    end = time.monotonic() + seconds
    while any(map(alive, pids)) and time.monotonic() < end:
        time.sleep(0.02)
    return [pid for pid in pids if alive(pid)] == []


@pytest.mark.parametrize(
    "signals",
    [[signal.SIGINT], [signal.SIGTERM], [signal.SIGTERM, signal.SIGTERM], [signal.SIGINT] * 3, [signal.SIGKILL]],
    ids=lambda signals: "+".join(number.name for number in signals),
)
def test_however_the_parent_ends_its_children_end_at_once(tmp_path, signals):
    parent = subprocess.Popen([sys.executable, chores.__file__, tmp_path], stderr=subprocess.DEVNULL)
    pids = pids_in(tmp_path)
    assert len(pids) == 4
    start = time.monotonic()
    for number in signals:
        parent.send_signal(number)
        time.sleep(0.001)
    parent.wait(timeout=10)
    assert gone(pids)
    assert time.monotonic() - start < 5
    assert parent.returncode != 0


def test_children_end_when_nobody_goes_on_with_the_iteration(tmp_path):
    series = run_tasks(chores.do, {"a": "ok 1", "b": "sleep 600"}, workers=2)
    assert next(series).value == "1"
    start = time.monotonic()
    series.close()
    assert time.monotonic() - start < 2


def test_a_task_that_runs_out_of_time_takes_along_what_it_started(tmp_path):
    found = outcomes(chores.hang_with_child, {"a": tmp_path, "b": tmp_path}, workers=2, timeout=2)
    assert all("took longer" in str(outcome.error) for outcome in found.values())
    assert gone(pids_in(tmp_path))


@pytest.mark.parametrize("helper", ["fork", "C fork", "started with all that is open"])
@pytest.mark.parametrize(
    ("death", "words"), [("exit", "ended by itself with status 3"), ("SIGSEGV", "was killed by SIGSEGV")]
)
def test_a_death_is_noticed_at_once_and_takes_along_a_helper_that_holds_the_pipe_open(tmp_path, helper, death, words):
    start = time.monotonic()
    error = outcomes(chores.die_with_helper, {"a": (helper, death, tmp_path)})["a"].error
    assert time.monotonic() - start < 10  # the helper sleeps for 30 seconds
    assert str(error) == f"a: its process {words}"
    assert gone([int((tmp_path / "helper").read_text())])


def test_a_process_that_a_task_forked_does_not_answer_in_its_place():
    tasks = {str(n): n for n in range(5)}
    assert values(chores.fork_and_both_return, tasks) == tasks


def test_a_result_that_cannot_be_rebuilt_here_fails_alone():
    found = outcomes(chores.homebound, {"a": 0, "b": 1})
    assert [str(found[key].error) for key in "ab"] == [
        f"{key}: its result cannot be rebuilt in this process (ValueError: away from home)" for key in "ab"
    ]


def test_a_process_that_cannot_be_started_is_told(monkeypatch):
    def start(self):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(workers._SPAWN.Process, "start", start)
    error = outcomes(chores.square, {"a": 1})["a"].error
    assert str(error) == "a: its process cannot be started (Resource temporarily unavailable)"


def test_a_script_without_a_main_guard_ends(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import chores\nfrom glasswork.tasks import run_tasks\n"
        "print([str(outcome.error) for outcome in run_tasks(chores.square, {'a': 3})])\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(chores.__file__).parent)}
    done = subprocess.run(
        [sys.executable, script], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert 'does the script lack if __name__ == "__main__"' in done.stdout


@pytest.mark.parametrize("end", ["shutdown", "kill"])
def test_workers_that_were_ended_take_no_more_calls(end):
    pool = workers.Workers(1)
    getattr(pool, end)()
    with pytest.raises(RuntimeError, match="create new Workers"):
        pool.submit(chores.square, 1)
