"""A run killed at every one of its operations on the disk, from the first one on, and resumed each time.

    python tests/kills.py FOLDER [step]

Each run is a fork of this process that kills itself with SIGKILL before its n-th operation: making, opening, renaming
or removing a file or a folder. What it leaves must be no run at all, or a whole one, and must end as the undisturbed.
"""

import itertools
import os
import signal
import sys
from pathlib import Path

import soak
from glasswork import Run, load_mnist, named_recipe, split
from glasswork.recipes import experiment
from glasswork.runs.folder import RunFolder

#: Audit events of Python (PEP 578) that stand for operations on the disk.
OPERATIONS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link"}

RECIPE = named_recipe("dropout").override(
    {"network.hidden": [6], "training.batch_size": 100, "training.epochs": 2, "training.average": 0.99,
     "training.early_stopping": 5}
)  # fmt: skip


def train(folder: Path) -> None:
    with Run.resume(folder) if folder.exists() else Run(RECIPE, folder, checkpoint_every=0.02) as run:
        list(run.epochs())


def train_until_killed(folder: Path, operations: int) -> bool:
    """Train in a fork that kills itself before that many operations are done; return whether it was killed."""
    child = os.fork()
    if child == 0:
        left = operations

        def count(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal left
            if event in OPERATIONS and str(folder.parent) in str(arguments[0]):
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        train(folder)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), status
    return status == signal.SIGKILL


def main() -> None:
    place, step = Path(sys.argv[1]), int((sys.argv[2:] or ["1"])[0])
    parts = split(*(array[::50] for array in load_mnist()))
    experiment.load_data = lambda *_: parts  # 1,400 images in place of 70,000
    train(place / "undisturbed")
    undisturbed = soak.outcome(place / "undisturbed")
    without = killed = 0
    for n in itertools.count(0, step):
        folder = place / f"run-{n}"
        if not train_until_killed(folder, n):
            break
        killed += 1
        without += not folder.exists()
        soak.check_whole(folder)
        if folder.exists() and n % 3 == 0:  # and once more, while it resumes
            train_until_killed(folder, n % 10)
            soak.check_whole(folder)
        train(folder)
        assert soak.outcome(folder) == undisturbed, folder
        assert RunFolder(folder).result().state == "finished"
        assert not list(folder.glob(".*-????????")), folder
    print(f"killed {killed} times, {without} times before there was a folder")


if __name__ == "__main__":
    main()
