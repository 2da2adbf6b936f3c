"""How the compiled engine starts: with and without a cache, OpenMP and quiet cores, and in a forked process."""

import os
import subprocess
import sys

import numpy as np
import pytest
from filelock import FileLock

from engines import Training, batches, network, run, start
from glasswork.engine.compiled.compiling import cache_folder
from glasswork.engine.compiled.engine import CompiledEngine
from glasswork.engine.compiled.pace import Pace

pytestmark = pytest.mark.usefixtures("kernels")


@pytest.fixture(scope="module")
def expected():
    """The sum of the losses, trained here."""
    training = Training(CompiledEngine, network("relu", "float32"), threads=2)
    return repr(float(np.sum(training.run(batches("float32"), 30))))


def test_the_first_start_says_that_it_compiles_and_the_second_does_not(first_start, expected):
    first = (first_start / "printed.txt").read_text(encoding="utf-8").splitlines()
    assert "once on this machine" in first[0]
    assert first[1:] == start(NUMBA_CACHE_DIR=str(first_start)) == [expected]


def test_a_second_process_waits_while_the_first_one_compiles():
    """It reads the cache only once the lock is free, even though the cache is complete here."""
    code = """
import numpy as np
from glasswork.engine.compiled.engine import load_kernels
print("ready", flush=True)
load_kernels(np.dtype("float32"), print)
print("loaded", flush=True)
"""
    with FileLock(cache_folder() / "lock"):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "ready\n"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=5)
    assert process.communicate(timeout=300)[0] == "loaded\n"
    assert process.returncode == 0


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path):
    file = tmp_path / "file"
    file.touch()
    code = """
from glasswork.engine.compiled.compiling import announce, callback, entry
announce("float32", print)
print(entry(lambda x: x + 1, parallel=False)(2), callback(lambda x, y: None).address > 0)
"""
    assert run(code, NUMBA_CACHE_DIR=str(file)) == [
        "Compiling the fast engine for float32, at every start, because no folder for the result is writable: "
        "about 20 seconds ...",
        "3 True",
    ]


def test_without_openmp_one_thread_computes_the_same_bits(expected):
    assert start("import sys; sys.modules['numba.np.ufunc.omppool'] = None")[-1] == expected


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_forked_process_trains_on_one_thread(expected):
    after = """
import os
child = os.fork()
if child == 0:
    training = Training(CompiledEngine, network("relu", "float32"), threads=2)
    assert not training.engine._pace.can_share
    print(repr(float(np.sum(training.run(batches("float32"), 30)))), flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""
    assert start(after=after) == [expected, expected]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_forked_process_predicts_on_one_thread():
    code = """
import os
import numpy as np
from glasswork import MLP, compiled
model = compiled(MLP(784, 1024, 10, rng=np.random.default_rng(0)))
images = np.random.default_rng(1).integers(0, 256, (500, 784), dtype=np.uint8)
expected = model.scores(images)
child = os.fork()
if child == 0:
    print(np.allclose(model.scores(images), expected, rtol=0, atol=1e-6), flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""
    assert run(code, NUMBA_NUM_THREADS="2")[-1] == "True"


def follow(pace, seconds, calls):
    """Let a pace go on for some calls, a step of each taking so long; return who did each."""
    done = []
    for _ in range(calls):
        assert pace.next_call() >= 1
        done.append("alone" if pace.alone else "shared")
        pace.note(seconds[pace.alone])
    return done


def test_a_busy_machine_is_left_to_one_thread_and_tried_again():
    pace = Pace(can_share=True)
    assert follow(pace, {True: 2e-4, False: 1e-4}, 30) == ["alone"] * 3 + ["shared"] * 27
    busy = follow(pace, {True: 3e-4, False: 5e-3}, 200)
    assert busy.count("shared") < 12
    assert busy[:2].count("shared") >= 1
    quiet = follow(pace, {True: 2e-4, False: 1e-4}, 60)
    assert quiet[-20:] == ["shared"] * 20


def test_threads_that_wake_up_slowly_are_given_a_second_trial():
    pace = Pace(can_share=True)
    follow(pace, {True: 2e-4}, 3)
    assert follow(pace, {False: 3e-4}, 1) == ["shared"]
    assert follow(pace, {False: 1e-4}, 5) == ["shared"] * 5


def test_one_slow_call_changes_nothing():
    pace = Pace(can_share=True)
    follow(pace, {True: 2e-4, False: 1e-4}, 10)
    follow(pace, {True: 2e-4, False: 3e-4}, 1)
    assert follow(pace, {True: 2e-4, False: 1e-4}, 5) == ["shared"] * 5


def test_a_call_takes_some_20_milliseconds():
    pace = Pace(can_share=False)
    follow(pace, {True: 1e-3}, 3)
    assert pace.next_call() == 20
