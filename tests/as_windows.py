"""Run glasswork where Windows is simulated: python tests/as_windows.py FOLDER DATA.npz

missing      modules, functions and signals that only POSIX has
refused      to rename, replace or remove a file that this process holds open or mapped; to rename onto something
text         a file opened as text without an encoding is an error

It trains a run, stops and resumes it, asks it, draws it and writes its report, and prints "done".
"""

import contextlib
import importlib
import os
import pkgutil
import signal
import sys
import warnings
from pathlib import Path

MODULES = ["fcntl", "grp", "pty", "pwd", "resource", "termios", "tty"]
FUNCTIONS = [
    "chown", "fchmod", "fchown", "fork", "forkpty", "getegid", "geteuid", "getgid", "getpgid", "getuid", "getloadavg",
    "killpg", "lchown", "mkfifo", "nice", "posix_spawn", "register_at_fork", "sched_getaffinity", "sched_setaffinity",
    "setpgid", "setsid", "sysconf", "uname", "wait",
]  # fmt: skip
SIGNALS = {"SIGABRT", "SIGFPE", "SIGILL", "SIGINT", "SIGSEGV", "SIGTERM"}


def take_away_posix():
    """Import all of glasswork, with what it needs; then once more without what only POSIX has."""
    import_all()
    for name in [name for name in sys.modules if name.partition(".")[0] == "glasswork"]:
        del sys.modules[name]
    sys.modules.update(dict.fromkeys(MODULES))
    for name in set(FUNCTIONS) & set(dir(os)):
        delattr(os, name)
    for name in dir(signal):
        if (name.startswith("SIG") and name not in SIGNALS and not name.startswith("SIG_")) or name.startswith(
            "pthread"
        ):
            delattr(signal, name)
    import_all()


def import_all():
    import glasswork

    for found in pkgutil.walk_packages(glasswork.__path__, "glasswork."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)


def keep_open_files():
    """Refuse what Windows refuses: to rename, replace or remove what is open, and to rename onto something."""

    def guard(name, targets):
        original = getattr(os, name)

        def guarded(*paths, **options):
            for path in paths[:targets]:
                refuse_if_open(path, options.get("dir_fd"))
            if name == "rename" and os.path.lexists(paths[1]):
                raise FileExistsError(17, "Cannot create a file when that file already exists", str(paths[1]))
            return original(*paths, **options)

        setattr(os, name, guarded)

    for name, targets in {"replace": 2, "rename": 2, "unlink": 1, "remove": 1, "rmdir": 1}.items():
        guard(name, targets)


def refuse_if_open(path, folder=None):
    where = Path(f"/proc/self/fd/{folder}").readlink() if folder is not None else Path.cwd()
    full = os.path.realpath(where / path)
    if full in opened() or (Path(full).is_dir() and any(name.startswith(f"{full}/") for name in opened())):
        raise PermissionError(13, "The process cannot access the file because it is being used", str(path))


def check_guards(folder):
    """Check that what this file simulates is what glasswork meets."""
    path = folder / "guard"
    with path.open("wb"):
        for act in (path.unlink, lambda: path.replace(folder / "other"), lambda: Path(__file__).replace(path)):
            with contextlib.suppress(PermissionError):
                act()
                raise AssertionError("an open file was replaced or removed")
    path.unlink()


def opened():
    """Return the files that this process holds open or mapped."""
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if Path(entry).is_file():  # folders that are only listed can be removed
                found.add(str(entry.readlink()))
    lines = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    return found | {line.split(maxsplit=5)[5] for line in lines if line.count(" ") >= 5 and "/" in line}


def use(folder, data):
    """Train, stop, resume, replace files that are read, ask, draw and report."""
    import numpy as np

    from glasswork import Run, load_dataset, load_model, named_recipe
    from glasswork.data.sources.store import write_dataset
    from glasswork.models.model_file import read_model_file
    from glasswork.report import gather, write_report
    from glasswork.runs.data import data_of_run
    from glasswork.runs.figures import draw_figures
    from glasswork.runs.folder import RunFolder
    from glasswork.runs.publisher import Publisher
    from glasswork.stopping import StopOnSignal, interrupt_on_signals

    interrupt_on_signals()
    source = {"training.epochs": 3, "data.source": str(data), "training.engine": "numpy"}
    recipe = named_recipe("classwork").override(source)
    stop = StopOnSignal()
    # As the command trains: with a Publisher, though nobody can watch here.
    with stop, Run(recipe, folder / "run", should_stop=stop) as run, Publisher(run, stop) as publisher:
        for number, _ in enumerate(run.epochs(after_step=publisher)):
            if number == 0:
                signal.raise_signal(signal.SIGTERM)
    assert stop.requested, "the signal was not noted"
    assert RunFolder(folder / "run").result().state == "interrupted"
    with Run.resume(folder / "run") as run:
        list(run.epochs())
    draw_figures(run)
    place = RunFolder(folder / "run")
    assert place.result().state == "finished"
    model, again = load_model(folder / "run"), load_model(folder / "run")
    again.save(folder / "model.safetensors")
    kept = load_model(folder / "model.safetensors")
    model.save(folder / "model.safetensors")
    images = load_dataset(data).images[:3]
    np.testing.assert_array_equal(kept.predict(images), model.predict(images))
    write_dataset(load_dataset(data), folder / "stored")
    parts, _ = data_of_run(place)
    for _ in range(2):  # the second replaces the first
        write_report(gather(place, read_model_file(folder / "run"), parts, "en"), folder / "run" / "report.html")


if __name__ == "__main__":
    warnings.filterwarnings("error", category=EncodingWarning, module="glasswork")
    take_away_posix()
    keep_open_files()
    check_guards(Path(sys.argv[1]))
    use(Path(sys.argv[1]), Path(sys.argv[2]))
    print("done")
