"""Runs killed at random instants, again and again while they resume: each must end as if nothing had happened.

    python tests/soak.py [kills] [seed]

Every run is the real command, training on the real MNIST, killed with SIGKILL at any instant from the start of its
process on, before it has a folder, and again while it resumes. `make soak` does 100 kills and more.
"""

import csv
import datetime
import json
import os
import platform
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from pathlib import Path

import numpy as np
from safetensors import safe_open

from glasswork.runs.folder import RunFolder
from glasswork.version import __version__

#: Small networks that use all there is: what a run remembers differs from one to the next.
EXPERIMENTS = {
    "classwork": ["classwork", "--epochs", "3"],
    "dropout": ["dropout", "--epochs", "2", "--hidden", "40,30", "--set", "network.input_dropout=0.1"],
    "noise, batch norm, average": ["plain-best", "--epochs", "3", "--hidden", "30,20"],
    "momentum, early stopping": ["deep", "--epochs", "6", "--hidden", "30", "--set", "training.early_stopping=2",
                                 "--set", "schedule.name=step", "--learning-rate", "0.3"],
    "rmsprop, clipping, max-norm": ["relu", "--epochs", "3", "--set", "optimizer.name=rmsprop", "--learning-rate",
                                    "0.002", "--set", "optimizer.clip_norm=1", "--set", "optimizer.max_norm=2"],
}  # fmt: skip

COMMAND = [sys.executable, "-P", "-m", "glasswork"]
OPTIONS = ["--batch-size", "250", "--quiet"]


def start(words: list[str], *, every: float) -> subprocess.Popen[str]:
    """Start the command with one thread, so that two runs do not wait for each other."""
    threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [*COMMAND, *words, f"--checkpoint-every={every}"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **threads},
    )  # fmt: skip


def finish(process: subprocess.Popen[str]) -> None:
    """Wait for a command that must succeed."""
    printed, _ = process.communicate()
    assert process.returncode == 0, printed


#: A network's file, the arrays of its training's state, and the rows of its history.
Outcome = tuple[bytes, dict[str, bytes], list[dict[str, str]]]


def outcome(folder: Path) -> Outcome:
    """Return all that must be the same: the network's file, the optimiser's state, the history but for its seconds."""
    with (folder / "history.csv").open(newline="") as file:
        rows = [{name: cell for name, cell in row.items() if name != "seconds"} for row in csv.DictReader(file)]
    newest = max(folder.glob("checkpoint-*.safetensors"), key=position)
    with safe_open(newest, framework="numpy") as file:
        arrays = {name: file.get_tensor(name).tobytes() for name in file.keys()}  # noqa: SIM118
    return (folder / "model.safetensors").read_bytes(), arrays, rows


def differences(outcome: Outcome, undisturbed: Outcome) -> list[str]:
    """Return what differs between two runs: files, arrays of the state, epochs of the history."""
    (model, arrays, rows), (its_model, its_arrays, its_rows) = outcome, undisturbed
    return [
        *(["model.safetensors"] if model != its_model else []),
        *(name for name in sorted(arrays.keys() | its_arrays) if arrays.get(name) != its_arrays.get(name)),
        *(f"the history from epoch {n}" for n in [first_difference(rows, its_rows)] if n),
    ]


def first_difference(rows: list[dict[str, str]], its_rows: list[dict[str, str]]) -> int:
    """Return the first epoch, from 1, in which two histories differ; 0 where they are equal."""
    return next((n for n, (a, b) in enumerate(zip_longest(rows, its_rows), 1) if a != b), 0)


def everything(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return, by name, the content of all files in a folder, and when each was written; locks are not content."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def position(checkpoint: Path) -> tuple[int, int]:
    """Return how far a checkpoint is: epochs done, and batches of the next."""
    with safe_open(checkpoint, framework="numpy") as file:
        where = json.loads(file.metadata()["glasswork"])["position"]
    return where["epoch"], where["batch"]


def check_whole(folder: Path) -> None:
    """Check that a killed run has no folder at all, or one that every reader reads as that of a stopped run."""
    if folder.exists():
        run = RunFolder(folder)
        run.recipe()
        run.history()
        assert run.result().state in ("interrupted", "finished"), run.result()


def wait_for_folder(folder: Path) -> None:
    """Wait for the instant at which a run's folder is being made, or was."""
    until = time.monotonic() + 60
    while time.monotonic() < until and not folder.exists():
        if any(folder.parent.glob(f".{folder.name}-*")):
            return
        time.sleep(0.0002)


def kill_and_resume(folder: Path, words: list[str], seconds: float, draw: random.Random) -> Counter[str]:
    """Train a run that is killed once to four times, each time at a random instant; return what was counted."""
    counted: Counter[str] = Counter(runs=1)
    every = draw.choice([0.0, 0.01, 0.1])  # at 0 it writes nearly all the time, so that writing is what is killed
    train = ["train", *words, *OPTIONS, f"--out={folder}"]
    process = start(train, every=every)
    for n in range(draw.randint(1, 4)):
        if n == 0 and draw.random() < 0.2:
            wait_for_folder(folder)
        else:
            time.sleep(draw.uniform(0, seconds))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if process.returncode == 0:  # it was done before
            return counted
        counted["kills"] += 1
        counted["without a folder"] += not folder.exists()
        counted["while writing"] += any(folder.glob(".checkpoint-*")) or any(folder.parent.glob(f".{folder.name}-*"))
        check_whole(folder)
        process = start(["resume", str(folder), "--quiet"] if folder.exists() else train, every=every)
    finish(process)
    return counted


def soak(kills: int, folder: Path, *, seed: int, jobs: int = 2) -> Counter[str]:
    """Kill runs of all experiments until there were so many kills; check every one against an undisturbed run."""
    draw = random.Random(seed)
    undisturbed, seconds = {}, {}
    for number, (name, words) in enumerate(EXPERIMENTS.items()):
        place, begun = folder / f"undisturbed-{number}", time.monotonic()
        finish(start(["train", *words, *OPTIONS, f"--out={place}"], every=1e9))
        seconds[name] = time.monotonic() - begun  # from the start of the process to the last picture
        undisturbed[name] = outcome(place)
    counted: Counter[str] = Counter()
    with ThreadPoolExecutor(jobs) as pool:
        while counted["kills"] < kills:
            wave = []
            for name, words in EXPERIMENTS.items():
                place = folder / f"run-{counted['runs'] + len(wave)}"
                part = random.Random(draw.getrandbits(64))
                wave.append((name, place, pool.submit(kill_and_resume, place, words, seconds[name], part)))
            for name, place, done in wave:
                counted += done.result()
                differing = differences(outcome(place), undisturbed[name])
                if differing:
                    raise AssertionError(f"{name}: {place} differs from the undisturbed run in {', '.join(differing)}")
                counted["byte-identical"] += 1
            print(dict(counted), flush=True)
    return counted


def main() -> None:
    kills, seed = (int(word) for word in (sys.argv[1:] + ["100", "1"][len(sys.argv) - 1 :]))
    print(f"{datetime.date.today()}, {platform.machine()}, Python {platform.python_version()}, "
          f"NumPy {np.__version__}, glasswork {__version__}, seed {seed}")  # fmt: skip
    folder = tempfile.mkdtemp(prefix="glasswork-soak-")
    try:
        counted = soak(kills, Path(folder), seed=seed)
    except AssertionError:
        print(f"The runs are kept in {folder}.", file=sys.stderr)
        raise
    shutil.rmtree(folder)
    print(
        f"{counted['kills']} kills ({counted['without a folder']} before there was a folder, "
        f"{counted['while writing']} within a write) of {counted['runs']} runs: "
        f"{counted['byte-identical']} ended byte for byte as the undisturbed ones, 0 lost"
    )


if __name__ == "__main__":
    main()
