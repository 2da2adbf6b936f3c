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
from glasswork.errors import InputError, TaskError
from glasswork.tasks import Processes, run_tasks


def outcomes(function, tasks, count=1):
    given = {key: (task,) for key, task in tasks.items()}
    with Processes(count) as pool:
        return {outcome.key: outcome for outcome in run_tasks(function, given, pool, width=pool.width)}


def values(function, tasks, count=1):
    found = outcomes(function, tasks, count)
    assert [outcome.error for outcome in found.values()] == [None] * len(tasks)
    return {key: outcome.value for key, outcome in found.items()}


SQUARES = {f"{x} squared": x for x in range(20)}


def test_every_task_has_its_value_whoever_runs_it():
    expected = {key: x * x for key, x in SQUARES.items()}
    assert values(chores.square, SQUARES, 2) == expected
    with ThreadPoolExecutor(3) as executor:
        given = {key: (x,) for key, x in SQUARES.items()}
        found = {one.key: one.value for one in run_tasks(chores.square, given, executor, width=lambda: 3)}
        assert found == expected
        assert executor.submit(chores.square, 3).result() == 9  # left open


def test_as_many_processes_as_asked_for_and_none_of_them_this_one():
    pids = set(values(chores.process, SQUARES, 2).values())
    assert 1 <= len(pids) <= 2
    assert os.getpid() not in pids


def test_a_task_may_depend_on_the_outcomes_before_it():
    numbers = [2]

    def ready():
        return None if numbers[-1] is None else ("next", (numbers.append(None) or numbers[-2],))

    with ThreadPoolExecutor(2) as executor:
        for outcome in run_tasks(chores.square, ready, executor, width=lambda: 2):
            numbers[-1] = outcome.value if outcome.value < 1000 else None
    assert numbers == [2, 4, 16, 256, None]


def test_no_more_tasks_than_asked_for_are_at_work():
    busy, peaks = [], []

    def work(n):
        busy.append(n)
        peaks.append(len(busy))
        time.sleep(0.02)
        busy.remove(n)

    with ThreadPoolExecutor(8) as executor:
        assert len(list(run_tasks(work, {str(n): (n,) for n in range(20)}, executor, width=lambda: 3))) == 20
    assert max(peaks) == 3


def test_one_thread_of_matrix_products_each_and_this_process_as_it_was(monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    found = values(chores.threads, {"a": 0})["a"]
    assert set(found) == {1}
    assert os.environ["OPENBLAS_NUM_THREADS"] == "2"
    assert "OMP_NUM_THREADS" not in os.environ


WRONG = {
    "value too few": "ValueError: too few",
    "odd": "RuntimeError: OddError: 1 and 2",
    "exit": "RuntimeError: SystemExit: 3",
    "lambda": "",
    "hard-exit": "its process ended by itself with status 3",
    "kill": "its process was killed by SIGKILL; did it run out of memory?",
    "away": "its process was killed by SIGTERM",
}


def test_a_task_that_goes_wrong_costs_itself_alone():
    good = {f"after {order}": f"ok {n}" for n, order in enumerate(WRONG)}
    tasks = {}
    for order, after in zip(WRONG, good, strict=True):
        tasks |= {order: order, after: good[after]}
    found = outcomes(chores.do, tasks, 2)
    assert {key: found[key].value for key in good} == {f"after {order}": str(n) for n, order in enumerate(WRONG)}
    assert [found[key].error for key in good] == [None] * len(good)
    for order, message in WRONG.items():
        assert found[order].value is None
        assert str(found[order].error).startswith(f"{order}: {message}")


def test_an_exception_is_carried_with_where_it_was_raised():
    error = outcomes(chores.do, {"bad": "value x"})["bad"].error
    assert isinstance(error, TaskError)
    assert isinstance(error.__cause__, ValueError)
    assert "chores.py" in str(error.__cause__.__cause__)


def test_a_task_whose_process_dies_is_tried_again_three_times_in_all(tmp_path):
    folders = {deaths: tmp_path / str(deaths) for deaths in (1, 2, 3)}
    for folder in folders.values():
        folder.mkdir()
    found = outcomes(chores.die_so_often, {str(deaths): (deaths, folder) for deaths, folder in folders.items()})
    assert {key: outcome.value for key, outcome in found.items()} == {"1": "done", "2": "done", "3": None}
    assert {deaths: len(list(folder.iterdir())) for deaths, folder in folders.items()} == {1: 1, 2: 2, 3: 3}
    assert str(found["3"].error).endswith("was killed by SIGSEGV, 3 times; it is not tried again")


# Wrong use --------------------------------------------------------------------------------------


def test_wrong_use_is_told():
    assert "Can't pickle" in str(outcomes(lambda x: x, {"a": 1})["a"].error)
    with pytest.raises(InputError, match="expected at least 1, got 0"):
        Processes(0)


def test_no_tasks():
    assert outcomes(chores.square, {}) == {}


# The end ----------------------------------------------------------------------------------------


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def pids_in(folder, tasks=2):
    """Wait until all tasks run; return the ids of their processes and of those that they started."""
    end = time.monotonic() + 60
    while len(files := list(folder.glob("*.pids"))) < tasks:
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
    [[signal.SIGINT], [signal.SIGTERM, signal.SIGTERM], [signal.SIGINT] * 3, [signal.SIGINT] * 20, [signal.SIGKILL]],
    ids=lambda signals: f"{len(signals)} {signals[0].name}",
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


def test_a_second_interrupt_just_before_the_end_of_the_block_does_not_raise_another(tmp_path):
    """Without a handler of its own the block would never be left: nobody would end the children."""
    script = tmp_path / "script.py"
    script.write_text(
        "import signal, sys, time\nimport chores\nfrom glasswork.tasks import Processes\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "class Late(Processes):\n"
        "    def __exit__(self, *error):\n"
        "        signal.raise_signal(signal.SIGINT)\n"
        "        super().__exit__(*error)\n"
        'if __name__ == "__main__":\n'
        "    with Late(1) as pool:\n"
        "        pool.submit(chores.hang_with_child, sys.argv[1])\n"
        "        time.sleep(600)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(chores.__file__).parent)}
    with subprocess.Popen([sys.executable, script, tmp_path], env=environment, stderr=subprocess.PIPE) as parent:
        try:
            pids = pids_in(tmp_path, 1)
            parent.send_signal(signal.SIGINT)
            _, said = parent.communicate(timeout=20)
        finally:
            parent.kill()
    assert gone(pids)
    assert said.count(b"\nKeyboardInterrupt") == 1


@pytest.fixture
def ctrl_c():
    """Ctrl-C as in a terminal; a shell lets its background jobs ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_after_an_interrupt_was_dealt_with_the_next_one_raises_again():
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:  # one that came before the block is none of it
        with Processes(1) as pool:
            for _ in range(2):
                with pytest.raises(KeyboardInterrupt):
                    signal.raise_signal(signal.SIGINT)
            assert pool.submit(chores.square, 3).result() == 9
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_children_end_when_nobody_goes_on_with_the_iteration(tmp_path):
    with Processes(3) as pool:
        tasks = {"a": ("do", "ok 1"), "b": ("hang", tmp_path), "c": ("hang", tmp_path)}
        series = run_tasks(chores.do_or_hang, tasks, pool, width=pool.width)
        assert next(series).value == "1"
        pids = pids_in(tmp_path)
        start = time.monotonic()
        series.close()
    assert gone(pids)
    assert time.monotonic() - start < 5


def test_a_script_without_a_main_guard_ends(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import chores\nfrom glasswork.tasks import Processes, run_tasks\n"
        "with Processes(1) as pool:\n"
        "    print([str(one.error) for one in run_tasks(chores.square, {'a': (3,)}, pool, width=pool.width)])\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(chores.__file__).parent)}
    done = subprocess.run(
        [sys.executable, script], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert 'does the script lack if __name__ == "__main__"' in done.stdout


def test_processes_that_were_ended_take_no_more_calls():
    with Processes(1) as pool:
        pass
    with pytest.raises(RuntimeError, match="after shutdown"):
        pool.submit(chores.square, 1)
