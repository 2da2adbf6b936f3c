"""Runs killed at random instants, again and again while they resume: each must end as if nothing had happened.

    python tests/soak.py [kills] [seed]

Every run is the real command, training on the real MNIST, killed with SIGKILL. `make soak` does 300 kills and more.
"""

import datetime
import json
import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import numpy as np
from safetensors import safe_open

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


def outcome(folder: Path) -> tuple[bytes, dict[str, bytes], list[str]]:
    """Return all that must be the same: the network's file, the optimiser's state, the history but for its seconds."""
    rows = [",".join(row.split(",")[:4] + row.split(",")[5:]) for row in (folder / "history.csv").read_text().split()]
    newest = max(folder.glob("checkpoint-*.safetensors"), key=position)
    with safe_open(newest, framework="numpy") as file:
        arrays = {name: file.get_tensor(name).tobytes() for name in file.keys()}  # noqa: SIM118
    return (folder / "model.safetensors").read_bytes(), arrays, rows


def position(checkpoint: Path) -> tuple[int, int]:
    """Return how far a checkpoint is: epochs done, and batches of the next."""
    with safe_open(checkpoint, framework="numpy") as file:
        where = json.loads(file.metadata()["glasswork"])["position"]
    return where["epoch"], where["batch"]


def kill_and_resume(folder: Path, words: list[str], seconds: float, draw: random.Random) -> Counter[str]:
    """Train a run that is killed once to four times, each time at a random instant; return what was counted."""
    counted: Counter[str] = Counter(runs=1)
    every = draw.choice([0.0, 0.01, 0.1])  # at 0 it writes nearly all the time, so that writing is what is killed
    process = start(["train", *words, *OPTIONS, f"--out={folder}"], every=every)
    for _ in range(draw.randint(1, 4)):
        while not (folder / "result.json").exists() and process.poll() is None:
            time.sleep(0.005)
        time.sleep(draw.uniform(0, seconds))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if process.returncode == 0:  # it was done before
            return counted
        counted["kills"] += 1
        counted["while writing"] += any(folder.glob(".checkpoint-*"))
        process = start(["resume", str(folder), "--quiet"], every=every)
        if draw.random() < 0.2:  # a kill before it has begun to train
            time.sleep(draw.uniform(0, 1))
    finish(process)
    return counted


def soak(kills: int, folder: Path, *, seed: int, jobs: int = 2) -> Counter[str]:
    """Kill runs of all experiments until there were so many kills; check every one against an undisturbed run."""
    draw = random.Random(seed)
    undisturbed, seconds = {}, {}
    for number, (name, words) in enumerate(EXPERIMENTS.items()):
        place = folder / f"undisturbed-{number}"
        process = start(["train", *words, *OPTIONS, f"--out={place}"], every=1e9)
        while not (place / "result.json").exists() and process.poll() is None:
            time.sleep(0.005)
        begun = time.monotonic()
        finish(process)
        seconds[name] = 1.5 * (time.monotonic() - begun)  # the pictures at its end count as well
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
                if outcome(place) != undisturbed[name]:
                    raise AssertionError(f"{name}: {place} ended otherwise than the undisturbed run")
                counted["byte-identical"] += 1
            print(dict(counted), flush=True)
    return counted


def main() -> None:
    kills, seed = (int(word) for word in (sys.argv[1:] + ["300", "1"][len(sys.argv) - 1 :]))
    print(f"{datetime.date.today()}, {platform.machine()}, Python {platform.python_version()}, "
          f"NumPy {np.__version__}, glasswork {version('glasswork')}, seed {seed}")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        counted = soak(kills, Path(folder), seed=seed)
    print(
        f"{counted['kills']} kills ({counted['while writing']} while a checkpoint was being written) of "
        f"{counted['runs']} runs: {counted['byte-identical']} ended byte for byte as the undisturbed ones, 0 lost"
    )


if __name__ == "__main__":
    main()
