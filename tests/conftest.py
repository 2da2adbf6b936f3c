"""What many tests share: MNIST, its three parts, and the handout's listing."""

import atexit
import importlib.util
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import settings
from threadpoolctl import threadpool_limits

import forked
from glasswork import load_mnist, split
from glasswork.cache import cache_folder

# The same examples every time, and no failure because a machine was busy.
settings.register_profile("glasswork", deadline=None, derandomize=True, database=None)
settings.load_profile("glasswork")

# Of several workers on one machine each has one thread: they would only wait for each other.
if "PYTEST_XDIST_WORKER" in os.environ:
    threadpool_limits(1)
    one = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    os.environ |= dict.fromkeys(one, "1")  # for what they start


# Freed memory is kept by the workers, not handed back: most tests of the classroom make MNIST anew, and clearing its
# pages took a third of their time (glibc's mallopt(3)). What a worker starts is as it is for users.
_KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 33)}
if "PYTEST_XDIST_WORKER" in os.environ:
    for name in _KEEP_MEMORY:
        os.environ.pop(name, None)
else:
    os.environ |= _KEEP_MEMORY


# What is computed once for a dataset is kept for this session, and nothing of the user's is read or written.
if "PYTEST_XDIST_WORKER" not in os.environ:  # the workers share it
    if (usual := cache_folder()) is not None:  # compiled kernels are kept from one session to the next
        os.environ.setdefault("NUMBA_CACHE_DIR", str(usual))
    os.environ["GLASSWORK_CACHE"] = tempfile.mkdtemp(prefix="glasswork-cache-")
    atexit.register(shutil.rmtree, os.environ["GLASSWORK_CACHE"], ignore_errors=True)


#: Files of tests that train real runs, start the command, or draw: `make quick` leaves them out.
SLOW = {
    "test_answers", "test_bring_in", "test_changes", "test_cluster", "test_colour", "test_command", "test_committee",
    "test_data_of_run", "test_docs", "test_docstrings", "test_doctor", "test_doubt", "test_environment",
    "test_experiments", "test_figures", "test_findings", "test_fuzz", "test_health", "test_import", "test_interop",
    "test_kinds_of_data", "test_ladder", "test_limits", "test_listing", "test_openml", "test_outputs",
    "test_photographs", "test_report", "test_report_engine", "test_report_learning", "test_report_lessons",
    "test_report_page", "test_resume", "test_run", "test_sealed", "test_serving", "test_signals", "test_sweep",
    "test_systems", "test_tasks", "test_terminal", "test_watching",
}  # fmt: skip


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.stem not in SLOW)  # the last files are short: no worker waits long
    for item in items:
        if item.path.stem in SLOW:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def installed():
    """The installed command: ``installed(*words, folder=..., status=0)`` runs it and returns what it printed."""

    def run(*words, folder, status=0):
        done = subprocess.run(
            [forked.COMMAND, *map(str, words)],
            cwd=folder, env={**os.environ, "COLUMNS": "160"}, capture_output=True, text=True, timeout=forked.SECONDS,
            check=False,
        )  # fmt: skip
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


@pytest.fixture(scope="session")
def glasswork():
    """The same command in a fork of a process that has imported it: half of the time of most commands is imports."""
    with forked.Forks() as forks:

        def run(*words, folder, status=0):
            ended, printed = forks.run([*map(str, words)], folder, {**os.environ, "COLUMNS": "160"})
            assert ended == status, printed
            return printed

        yield run


@pytest.fixture(scope="session")
def for_all_workers(tmp_path_factory, worker_id):
    """``for_all_workers(name, make)``: a folder that one worker makes by ``make(folder)`` while the others wait."""
    base = tmp_path_factory.getbasetemp()
    base = base if worker_id == "master" else base.parent

    def once(name, make):
        folder = base / name
        with FileLock(f"{folder}.lock"):
            if not folder.exists():
                folder.mkdir()
                make(folder)
        return folder

    return once


@pytest.fixture(scope="session")
def default_run(installed, for_all_workers):
    """The run that ``glasswork train`` leaves, with what it printed in ``printed.txt`` two folders above."""

    def train(folder):
        (folder / "printed.txt").write_text(installed("train", folder=folder), encoding="utf-8")

    (run,) = (for_all_workers("default", train) / "runs").iterdir()
    return run


@pytest.fixture(scope="session")
def first_start(for_all_workers):
    """A folder with the compiled engine of a first start, for float32, and what it printed in ``printed.txt``."""

    def compile_and_train(folder):
        from engines import start

        (folder / "printed.txt").write_text("\n".join(start(NUMBA_CACHE_DIR=str(folder))), encoding="utf-8")

    return for_all_workers("first start", compile_and_train)


@pytest.fixture(scope="session")
def kernels(for_all_workers, request):
    """The kernels of the compiled engine, which take half a minute for each dtype to compile."""
    from glasswork.engine.compiled.compiling import cache_folder, one_process_compiles
    from glasswork.engine.compiled.engine import load_kernels

    usual = cache_folder()
    if usual is not None and not (usual / "float32").exists():
        made = request.getfixturevalue("first_start") / usual.name
        with one_process_compiles("float32"):
            shutil.copytree(made, usual, ignore=shutil.ignore_patterns("lock"), dirs_exist_ok=True)
    for_all_workers("kernels", lambda _: [load_kernels(np.dtype(name)) for name in ("float32", "float64")])


@pytest.fixture(scope="session")
def mnist():
    """All of MNIST: images (70000, 784) uint8, labels (70000,) int64, not to be written to."""
    images, labels = load_mnist()
    images.flags.writeable = labels.flags.writeable = False
    return images, labels


@pytest.fixture(scope="session")
def parts(mnist):
    """MNIST, cut as in the handout: train, valid, test."""
    return split(*mnist)


@pytest.fixture(scope="session")
def few(mnist):
    """1,400 of MNIST's images, cut in the same way: 1,100 train, 100 valid, 200 test."""
    return split(*(array[::50] for array in mnist))


@pytest.fixture(scope="session")
def few_file(mnist, tmp_path_factory):
    """A file with the same few images, for commands that are to be quick: ``--data few.npz``."""
    path = tmp_path_factory.mktemp("few") / "few.npz"
    np.savez(path, x=mnist[0][::50].reshape(-1, 28, 28), y=mnist[1][::50])
    return path


@pytest.fixture(scope="module")
def few_images(few):
    """For a module whose runs are to be quick: in place of MNIST, recipes are given those few images."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("glasswork.recipes.experiment.load_data", lambda *_: few)
        yield few


@pytest.fixture
def listing():
    """The handout's listing as a module, fresh each time: its ``train`` uses a global ``loss_fn``."""
    spec = importlib.util.spec_from_file_location("listing", Path(__file__).with_name("listing.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
