"""A Dask cluster on this machine: what it trains, what travels, and what a killed worker loses: nothing."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import types
from pathlib import Path

import distributed
import pytest

import chores
from glasswork.errors import InputError, StateError
from glasswork.recipes.shelf import named_recipe
from glasswork.runs.folder import RunFolder
from glasswork.runs.ladder import climb
from glasswork.runs.many import open_site
from glasswork.runs.run import Run
from glasswork.runs.sweep import Sweep, run_folder
from glasswork.runs.sweep_space import parse_space
from glasswork.runs.sweep_study import Study
from glasswork.runs.sweep_table import markdown
from glasswork.tasks import open_pool, run_tasks

QUICK = named_recipe("classwork").override({"network.hidden": [4], "training.epochs": 1, "seed": 1})
LONG = QUICK.override({"name": "long", "training.epochs": 30, "training.batch_size": 25})


class Dask:
    """A scheduler and its workers, each a process of its own on loopback."""

    def __init__(self, folder):
        self.folder, self.processes = folder, []
        self.file = folder / "scheduler.json"
        self.start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", self.file)
        end = time.monotonic() + 60
        while not (self.file.exists() and (found := re.search(r'"address": "(tcp://[^"]+)"', self.file.read_text()))):
            assert time.monotonic() < end
            time.sleep(0.05)
        self.address = found[1]

    def start(self, *words, before=()):
        environment = {**os.environ, "PYTHONPATH": str(Path(chores.__file__).parent)}
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [*before, sys.executable, "-m", "dask", *words], env=environment, stdout=log, stderr=log
            )
        self.processes.append(process)
        return process

    def worker(self, *words, before=()):
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", self.folder)
        return self.start("worker", self.address, "--host", "127.0.0.1", *options, *words, before=before)

    def end(self):
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()


@pytest.fixture(scope="module")
def dask(tmp_path_factory):
    """A scheduler with two workers."""
    started = Dask(tmp_path_factory.mktemp("dask"))
    started.worker(), started.worker()
    with open_pool(cluster=started.address, tell=len) as pool:
        pool.client.wait_for_workers(2, timeout=60)
    yield started
    started.end()


def content(folder):
    """Return all that the runs under a folder hold, apart from the times."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.name in ("model.safetensors", "recipe.toml"):
            found[str(path.relative_to(folder))] = path.read_bytes()
    return found


@pytest.fixture(scope="module")
def rungs(few_file):
    return [
        QUICK.override({"name": name, "data.source": str(few_file), "network.bias_grad": bias_grad})
        for name, bias_grad in (("low", "mean"), ("high", "sum"))
    ]


@pytest.fixture(scope="module")
def local(rungs, tmp_path_factory):
    """What a ladder on this machine leaves."""
    folder = tmp_path_factory.mktemp("local")
    list(climb(rungs, folder, seeds=2, jobs=1))
    return content(folder)


def test_a_ladder_leaves_the_same_bytes_on_a_cluster(dask, rungs, local, tmp_path):
    told = []
    runs = list(climb(rungs, tmp_path / "there", seeds=2, cluster=dask.address, tell=told.append))
    assert content(tmp_path / "there") == local
    assert [run.error for run in runs] == [None] * 4
    assert [RunFolder(run.wanted.folder).result().pid != os.getpid() for run in runs] == [True] * 4
    assert told == [f"cluster {dask.address}: 2 tasks at a time"]


def test_data_travel_once_to_each_worker(dask, tmp_path):
    """A hundred tasks; the data count how often they are unpacked."""
    with open_pool(cluster=dask.address, tell=len) as pool:
        pool.client.wait_for_workers(2)
        shared = pool.share(chores.Counted(tmp_path, bytes(1_000_000)), "counted")
        tasks = {str(n): (n, shared) for n in range(100)}
        outcomes = list(run_tasks(chores.size_of, tasks, pool.executor, width=pool.width))
    assert [outcome.value[0] for outcome in outcomes] == [1_000_000] * 100
    workers = {outcome.value[1] for outcome in outcomes}
    assert len(workers) == 2
    assert sorted(path.read_text() for path in tmp_path.iterdir()) == ["unpacked\n"] * 2
    assert {int(path.name) for path in tmp_path.iterdir()} == workers


@pytest.fixture(scope="module")
def unbroken(few_file, tmp_path_factory):
    """A longer ladder of one run, which nobody has stopped: its recipe, and what it leaves."""
    recipe, folder = LONG.override({"data.source": str(few_file)}), tmp_path_factory.mktemp("unbroken")
    list(climb([recipe], folder, seeds=1, jobs=1))
    return recipe, content(folder)


def test_a_worker_that_is_killed_loses_nothing_and_another_one_goes_on(dask, unbroken, tmp_path):
    recipe, expected = unbroken
    place = RunFolder(tmp_path / "long" / "seed-1")
    killed = []

    def kill_in_the_middle(running):
        if not killed and any(share > 0.2 for share in running.values()):
            killed.append(place.result().pid)
            os.kill(killed[0], signal.SIGKILL)

    (run,) = climb([recipe], tmp_path, seeds=1, cluster=dask.address, tell=len, watch=kill_in_the_middle)
    assert run.resumed_after >= 1
    assert content(tmp_path) == expected
    assert {place.result().pid, *killed} == {worker.pid for worker in dask.processes[1:]}
    dask.worker()


CLIMB = """
import sys
from pathlib import Path
from glasswork.recipes.shelf import read_recipe
from glasswork.runs.ladder import climb
if __name__ == "__main__":
    list(climb([read_recipe(Path(sys.argv[1]))], Path(sys.argv[2]), seeds=1, cluster=sys.argv[3]))
"""


def test_a_client_that_is_killed_loses_nothing_and_the_same_command_goes_on(dask, unbroken, tmp_path):
    recipe, expected = unbroken
    (tmp_path / "long.toml").write_text(recipe.to_toml(), encoding="utf-8")
    words = [sys.executable, "-c", CLIMB, tmp_path / "long.toml", tmp_path / "runs", dask.address]
    client = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    place = RunFolder(tmp_path / "runs" / "long" / "seed-1")
    end = time.monotonic() + 60
    while not (place.history_path.exists() and len(place.history()) >= 2):
        assert time.monotonic() < end
        time.sleep(0.01)
    client.kill()
    client.wait()
    assert place.result().state != "finished"
    (run,) = climb([recipe], tmp_path / "runs", seeds=1, cluster=dask.address, tell=len)
    assert run.resumed_after >= 2
    assert content(tmp_path / "runs") == expected
    assert [path.name for path in (tmp_path / "runs").glob(".client-*")] == []


@pytest.fixture
def lonely(tmp_path_factory):
    """A scheduler without workers."""
    started = Dask(tmp_path_factory.mktemp("dask"))
    yield started
    started.end()


def test_a_worker_that_sees_other_files_and_has_another_numpy(lonely, rungs, local, unbroken, tmp_path):
    """Its runs come back as a whole, and it tells how far they are; the difference is named, once."""
    (tmp_path / "older.py").write_text("import numpy\nnumpy.__version__ = '1.99.0'\n")
    hidden = (
        "bwrap",
        "--dev-bind",
        "/",
        "/",
        "--tmpfs",
        str(tmp_path / "there"),
        "--tmpfs",
        Path(rungs[0].data.source).parent,
    )
    (tmp_path / "there").mkdir()
    lonely.worker("--preload", tmp_path / "older.py", before=hidden)
    told, shares = [], []
    runs = list(climb(rungs, tmp_path / "there", seeds=2, cluster=lonely.address, tell=told.append))
    there = {"cluster": lonely.address, "tell": len, "watch": lambda running: shares.extend(running.items())}
    (longer,) = climb([unbroken[0]], tmp_path / "there" / "more", seeds=1, **there)
    assert {folder for folder, _ in shares} == {longer.wanted.folder}
    assert any(0 < share < 1 for _, share in shares)
    shutil.rmtree(tmp_path / "there" / "more")
    with open_pool(cluster=lonely.address, tell=len) as pool, open_site(tmp_path / "there", pool) as site:
        spaces = (parse_space("lr=0.1,0.2"),)
        with pytest.raises(StateError, match="--prune: a worker does not see"):
            Study(Sweep(rungs[0], spaces, "grid", prune=True), site)
    assert [run.resumed_after for run in runs] == [None] * 4
    found = content(tmp_path / "there")
    assert {name: data for name, data in found.items() if name.endswith("model.safetensors")} == {
        name: data for name, data in local.items() if name.endswith("model.safetensors")
    }
    named = [line for line in told if "numpy 1.99.0, here" in line]
    assert len(named) == 1
    assert named[0].startswith("the worker tcp://127.0.0.1:")


@pytest.mark.parametrize("search", ["grid", "random"])
def test_a_sweep_is_the_same_here_and_on_a_cluster(dask, rungs, search, tmp_path):
    sweep = Sweep(rungs[1], (parse_space("lr=0.01..0.1" if search == "random" else "lr=0.01,0.1"),), search, seeds=2)
    found = []
    for name, where in (("here", {"jobs": 1}), ("there", {"cluster": dask.address})):
        with open_pool(**where, tell=len) as pool, open_site(tmp_path / name, pool) as site:
            study = Study(sweep, site)
            list(study.run(2))
            found.append((markdown(sweep, study.trials(), [], study.measured), content(tmp_path / name)))
    assert found[0] == found[1]
    assert len(found[0][1]) == 8


def test_each_run_of_a_parallel_tpe_is_what_its_recipe_says(dask, rungs, tmp_path):
    sweep = Sweep(rungs[1], (parse_space("lr=log:0.001..0.1"),), "tpe")
    with open_pool(cluster=dask.address, tell=len) as pool, open_site(tmp_path / "there", pool) as site:
        trials = sorted(Study(sweep, site).run(4), key=lambda trial: trial.number)
    assert [(trial.number, trial.state) for trial in trials] == [(n, "finished") for n in range(4)]
    assert len({trial.settings["optimizer.learning_rate"] for trial in trials}) == 4
    for trial in trials:
        with Run(sweep.recipe_of(trial), tmp_path / str(trial.number)) as run:
            list(run.epochs())
        there = run_folder(tmp_path / "there", trial.number, 1)
        models = [place / "model.safetensors" for place in (there, tmp_path / str(trial.number))]
        assert models[0].read_bytes() == models[1].read_bytes()


def test_a_batch_system_is_dask_jobqueues_and_its_jobs_end_with_the_work(monkeypatch):
    """Its library is not here; a cluster of threads, which Dask has, stands in for that of the batch system."""
    ended = []

    class SLURMCluster(distributed.LocalCluster):
        def __init__(self):
            super().__init__(n_workers=0, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0")

        def scale(self, jobs):
            super().scale(n=jobs)

        def close(self, *words):
            ended.append(len(self.workers))
            return super().close(*words)

    library = types.ModuleType("dask_jobqueue")
    library.SLURMCluster, library.PBSCluster, library.JobQueueCluster = SLURMCluster, None, None
    monkeypatch.setitem(sys.modules, "dask_jobqueue", library)
    with open_pool(2, "slurm", tell=len) as pool:
        pool.client.wait_for_workers(2)
        assert pool.executor.submit(chores.square, 3).result() == 9
    assert ended[0] == 2
    for wrong, words in {
        "slrum": "one of pbs, slurm; did you mean slurm", "jobqueue": "one of pbs, slurm",
        "head:8786": "did you mean tcp://head:8786",
    }.items():  # fmt: skip
        with pytest.raises(InputError, match=words), open_pool(cluster=wrong):
            pass


def test_an_address_where_nobody_answers(tmp_path, rungs, monkeypatch):
    monkeypatch.setattr("glasswork.tasks.cluster._PATIENCE", 0.5)
    with pytest.raises(StateError, match=r"tcp://127.0.0.1:9: no Dask scheduler answers there"):
        list(climb(rungs, tmp_path, seeds=1, cluster="tcp://127.0.0.1:9"))


def test_a_cluster_that_dies_is_named_and_the_work_goes_on_elsewhere(dask, unbroken, tmp_path):
    """The last test, as it ends the cluster."""
    recipe, expected = unbroken
    place = RunFolder(tmp_path / "long" / "seed-1")

    def kill(running):
        if any(share > 0 for share in running.values()):
            dask.end()

    with pytest.raises(StateError, match=f"{dask.address}: the connection to the scheduler is lost; if it has"):
        list(climb([recipe], tmp_path, seeds=1, cluster=dask.address, tell=len, watch=kill))
    assert place.result().state != "finished"
    (run,) = climb([recipe], tmp_path, seeds=1, jobs=1)
    assert run.resumed_after >= 1
    assert content(tmp_path) == expected
