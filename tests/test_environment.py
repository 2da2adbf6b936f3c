"""Where a run is trained: file systems without locks, few granted cores, no home folder, a project that was moved."""

import ast
import errno
import fcntl
import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from glasswork import FileError, Run, StateError, load_dataset, named_recipe
from glasswork.cores import granted_cores
from glasswork.engine.compiled import compiling
from glasswork.paths import for_shell, typed_path
from glasswork.runs.data import data_of_run
from glasswork.runs.folder import RunFolder
from glasswork.training.threads import choose_threads


@pytest.fixture
def recipe(few_file, tmp_path):
    """Of one epoch on a file in a project of its own, ``old``."""
    (tmp_path / "old").mkdir()
    shutil.copy(few_file, tmp_path / "old" / "few.npz")
    source = str(tmp_path / "old" / "few.npz")
    return named_recipe("classwork").override({"training.epochs": 1, "data.source": source})


def train(run):
    with run:
        list(run.epochs())
    return run


# Locks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL])
def test_a_file_system_without_locks(number, recipe, tmp_path, monkeypatch):
    def refuse(*arguments):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    run = train(Run(recipe, tmp_path / "run"))
    assert RunFolder(run.folder).result().state == "finished"
    resumed = train(Run.resume(run.folder, epochs=2))
    assert len(resumed.history) == 2
    if number != errno.ENOSYS:  # there another kind of lock is used
        assert "this file system has no locks" in " ".join(run.notes)


def test_a_lock_that_is_held_keeps_others_out(recipe, tmp_path):
    run = Run(recipe, tmp_path / "run")
    before = list(run.notes)
    with run:
        run.save()
        with pytest.raises(StateError, match="is working on this run"):
            RunFolder(run.folder).lock()
        assert run.notes == before


# Cores -------------------------------------------------------------------------------------------


def tree(root, lines, **files):
    for name, content in {"proc/self/cgroup": lines, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


QUOTAS = {
    "version 2": ("0::/\n", {"sys/fs/cgroup/cpu.max": "300000 100000\n"}, 3),
    "a part of a core": ("0::/\n", {"sys/fs/cgroup/cpu.max": "50000 100000\n"}, 1),
    "two and a half": ("0::/\n", {"sys/fs/cgroup/cpu.max": "250000 100000\n"}, 3),
    "no limit": ("0::/\n", {"sys/fs/cgroup/cpu.max": "max 100000\n"}, 64),
    "a group around it": (
        "0::/slice/job/step\n",
        {"sys/fs/cgroup/slice/cpu.max": "200000 100000\n", "sys/fs/cgroup/slice/job/cpu.max": "max 100000\n"},
        2,
    ),
    "version 1": (
        "5:memory:/x\n4:cpu,cpuacct:/docker/abc\n",
        {
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "400000\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        },
        4,
    ),
    "version 1, no limit": (
        "4:cpu:/\n",
        {"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"},
        64,
    ),
    "both": (
        "4:cpuset:/\n0::/unit\n",
        {"sys/fs/cgroup/unified/unit/cpu.max": "100000 50000\n"},
        2,
    ),
    "not Linux": ("", {}, 64),
    "not readable": ("no lines as they should be\n\n", {"sys/fs/cgroup/cpu.max": "\n"}, 64),
}


@pytest.mark.parametrize("case", QUOTAS)
def test_the_quota_of_a_control_group(case, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(64)), raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    lines, files, cores = QUOTAS[case]
    assert granted_cores(tree(tmp_path, lines, **files)) == cores


@pytest.mark.parametrize(
    ("asked", "cores"), [("3", 3), ("3,2", 3), (" 3 ", 3), ("100", 64), ("0", 64), ("-1", 64), ("x", 64), ("", 64)]
)
def test_the_number_in_the_environment(asked, cores, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(64)), raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert granted_cores(tmp_path) == cores


@pytest.mark.parametrize("by", ["taskset", "environment"])
def test_training_and_engine_use_what_is_granted(by, monkeypatch):
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if by == "taskset":
        monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {5}, raising=False)
    else:
        monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert compiling.cores() == 1
    assert not compiling.can_share()
    assert choose_threads(0, batch_size=1000, weights=1_000_000) == 1


# No home folder ----------------------------------------------------------------------------------


def test_a_home_that_nobody_knows(monkeypatch, tmp_path):
    for name in ("GLASSWORK_CACHE", "NUMBA_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "nowhere"))
    assert compiling.cache_folder.__wrapped__() is None
    assert typed_path("~nobody-of-this-name/x") == Path("~nobody-of-this-name/x")


def test_the_compiled_kernels_go_where_the_other_results_go(tmp_path, monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("GLASSWORK_CACHE", str(tmp_path / "cache"))
    assert compiling.cache_folder.__wrapped__().parent == tmp_path / "cache"
    monkeypatch.setenv("GLASSWORK_CACHE", "/dev/null/cache")
    assert compiling.cache_folder.__wrapped__() is None


def test_installations_of_the_same_sources_share_their_kernels(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    first = compiling.cache_folder.__wrapped__()
    copy = shutil.copytree(Path(compiling.__file__).parent, tmp_path / "compiled")
    monkeypatch.setattr(compiling, "__file__", str(copy / "compiling.py"))
    os.utime(copy / "compiling.py", (1, 1))  # as if it was installed anew
    assert compiling.cache_folder.__wrapped__() == first
    with (copy / "formulas.py").open("a") as file:
        file.write("# another version\n")
    assert compiling.cache_folder.__wrapped__() != first


def test_the_files_of_all_numbers_in_kernels_are_in_the_name_of_their_folder():
    """Otherwise a kernel from the cache could hold the number of another version."""
    sources = compiling.kernel_sources()
    for path in Path(compiling.__file__).parent.glob("*.py"):
        imports = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)]
        if not {"kernel", "entry", "callback"} & {alias.name for node in imports for alias in node.names}:
            continue  # no function in this file is compiled
        for node in imports:
            module = importlib.import_module(node.module)
            given = [getattr(module, alias.name) for alias in node.names]
            if any(isinstance(value, int | float | np.generic | np.ndarray) for value in given):
                assert not node.module.startswith("glasswork") or Path(module.__file__) in sources, (path, node.module)


# A project that was moved ------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["runs/x", "runs/a/b/x", "x"])
def test_a_moved_project_goes_on(place, recipe, tmp_path):
    train(Run(recipe, tmp_path / "old" / place))
    (tmp_path / "old").rename(tmp_path / "new")
    moved = tmp_path / "new" / place
    assert data_of_run(moved).notes == []
    resumed = train(Run.resume(moved, epochs=2))
    assert len(resumed.history) == 2
    assert resumed.recipe.data.source == str(tmp_path / "new" / "few.npz")
    (tmp_path / "new").rename(tmp_path / "old")
    assert len(train(Run.resume(tmp_path / "old" / place, epochs=3)).history) == 3


def test_other_data_in_the_place_of_the_old_are_refused(recipe, tmp_path):
    train(Run(recipe, tmp_path / "old" / "runs" / "x"))
    (tmp_path / "old").rename(tmp_path / "new")
    dataset = load_dataset(tmp_path / "new" / "few.npz")
    np.savez(tmp_path / "new" / "few.npz", x=dataset.images[::-1].reshape(-1, 28, 28), y=dataset.labels)
    for use in (data_of_run, Run.resume):
        with pytest.raises(FileError, match="have changed since it was trained"):
            use(tmp_path / "new" / "runs" / "x")


def test_data_that_are_gone_are_asked_for(recipe, tmp_path):
    train(Run(recipe, tmp_path / "old" / "run"))
    (tmp_path / "old" / "few.npz").rename(tmp_path / "elsewhere.npz")
    for use in (data_of_run, Run.resume):
        with pytest.raises(
            FileError, match=r"few\.npz, are not there any more; .*correct data\.source in .*recipe\.toml"
        ):
            use(tmp_path / "old" / "run")
    path = tmp_path / "old" / "run" / "recipe.toml"
    path.write_text(path.read_text().replace(str(tmp_path / "old" / "few.npz"), str(tmp_path / "elsewhere.npz")))
    assert len(train(Run.resume(tmp_path / "old" / "run", epochs=2)).history) == 2


# Names -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["-x", "--out", "-", "a b", "it's", "x"])
def test_a_name_can_be_typed_again(name):
    (word,) = shlex.split(for_shell(name))
    assert not word.startswith("-")
    assert Path(word) == Path(name)


def test_a_run_called_like_an_option(glasswork, few_file, tmp_path):
    words = ("train", "--data", few_file, "--epochs", 1, "--no-report", "--no-figures", "--out=-x")
    printed = glasswork(*words, folder=tmp_path)
    assert re.search(r"glasswork evaluate \./-x$", printed, re.MULTILINE)
    assert "figures are in" not in printed
    assert not (tmp_path / "-x" / "figures").exists()
    assert "Test accuracy" in glasswork("evaluate", "./-x", folder=tmp_path)
    assert re.search(r"exists already.*glasswork resume \./-x", glasswork(*words, folder=tmp_path, status=1))


@pytest.mark.parametrize("words", [("resume", "-x"), ("predict", "-x", "digits"), ("resume", "-q")])
def test_a_name_that_was_taken_for_an_option_is_explained(words, tmp_path):
    (tmp_path / words[1]).mkdir()
    command = [Path(sys.executable).with_name("glasswork"), *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.endswith(f"Notice: to name the file or folder {words[1]}, type ./{words[1]}\n")
