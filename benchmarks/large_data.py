"""Train on data that does not fit into memory, and measure the process's own memory: `RssAnon`, without mapped pages.

    python benchmarks/large_data.py --gigabytes 12 [--folder /tmp/large] [--form npy|idx] [--keep]

The images are random digits: 28×28, with labels beside them. They are written once and mapped.
"""

import argparse
import shutil
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np

_CHILD = """
import sys
from glasswork import Run, load_dataset, named_recipe
recipe = named_recipe("relu").override({"training.epochs": 1, "training.batch_size": 1000, "network.hidden": [64, 64]})
with Run(recipe, sys.argv[2], dataset=load_dataset(sys.argv[1])) as run:
    for result in run.epochs():
        print(result.epoch, result.train_loss, result.valid_accuracy, flush=True)
print(run.test_accuracy)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=12)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/large-data"))
    parser.add_argument("--form", choices=["npy", "idx"], default="npy")
    parser.add_argument("--keep", action="store_true")
    asked = parser.parse_args()
    count = int(asked.gigabytes * 1e9 / 784)
    source = write(asked.folder, asked.form, count)
    before = time.monotonic()
    child = subprocess.Popen([sys.executable, "-c", _CHILD, source, asked.folder / "run"])
    peaks = {"RssAnon": 0, "RssFile": 0}
    watcher = threading.Thread(target=watch, args=(child, peaks), daemon=True)
    watcher.start()
    status = child.wait()
    watcher.join()
    megabytes = {name: f"{peak / 1e3:.0f} MB" for name, peak in peaks.items()}
    print(
        f"{count:,} images, {count * 784 / 1e9:.1f} GB as {asked.form}: own memory at most {megabytes['RssAnon']}, "
        f"mapped pages {megabytes['RssFile']}, {time.monotonic() - before:.0f} s, status {status}"
    )
    if not asked.keep:
        shutil.rmtree(asked.folder)
    sys.exit(status or peaks["RssAnon"] > 600_000)


def write(folder: Path, form: str, count: int) -> Path:
    """Write random images and their labels, a block at a time; return what is to be trained on."""
    folder.mkdir(parents=True)
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 10, count, dtype=np.uint8)
    prototypes = draw.integers(0, 256, (10, 784), dtype=np.uint8)
    path = folder / ("images.npy" if form == "npy" else "train-images-idx3-ubyte")
    with path.open("wb") as stream:
        if form == "npy":
            np.lib.format.write_array_header_1_0(
                stream, {"descr": "|u1", "fortran_order": False, "shape": (count, 28, 28)}
            )
        else:
            stream.write(b"\0\0\x08\x03" + struct.pack(">III", count, 28, 28))
        for start in range(0, count, 20_000):
            block = prototypes[labels[start : start + 20_000]]
            stream.write((block ^ draw.integers(0, 64, block.shape, dtype=np.uint8)).data)
    if form == "npy":
        np.save(folder / "labels.npy", labels)
    else:
        (folder / "train-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01" + struct.pack(">I", count) + labels.tobytes())
    return path


def watch(child: subprocess.Popen, peaks: dict[str, int]) -> None:
    """Note the largest memory of a process, in kilobytes, until it ends."""
    while child.poll() is None:
        try:
            for line in Path(f"/proc/{child.pid}/status").read_text().splitlines():
                name, _, value = line.partition(":")
                if name in peaks:
                    peaks[name] = max(peaks[name], int(value.split()[0]))
        except (OSError, ValueError):
            return
        time.sleep(0.02)


if __name__ == "__main__":
    main()
