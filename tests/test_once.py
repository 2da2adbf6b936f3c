"""What is computed once for a dataset: its fingerprint, where it is mapped, and its split; and what is shipped."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from glasswork import Dataset, InputError, cache, load_dataset, named_recipe, split
from glasswork.data.once import fingerprint_once, split_once
from glasswork.data.sources import npz
from glasswork.models.doubt.of_data import has_to_be_learnt, reference_of
from glasswork.recipes.experiment import load_data

DRAW = np.random.default_rng(5)
PARTS = ("train", "valid", "test")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def dataset(n=700, classes=7):
    labels = DRAW.permutation(n) % classes
    return Dataset.of(DRAW.integers(0, 256, (n, 9)), labels, classes=classes).with_identity()


def assert_same(one, other):
    assert (one.scheme, one.classes, one.shape, one.name, one.origin) == (
        other.scheme, other.classes, other.shape, other.name, other.origin,
    )  # fmt: skip
    for name in PARTS:
        a, b = getattr(one, name), getattr(other, name)
        for x, y in ((a.images, b.images), (a.labels, b.labels), (a.indices, b.indices)):
            assert x.dtype == y.dtype
            np.testing.assert_array_equal(x[:], y[:])


# Splits --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [{}, {"seed": 5}, {"test": 90, "valid": 30}, {"test": 0.3, "valid": 0.25}], ids=str)
def test_the_second_time_no_row_is_drawn(monkeypatch, asked):
    data = dataset()
    first, drawn = split_once(data, **asked), split(data, **asked)
    assert_same(first, drawn)
    monkeypatch.setattr("sklearn.model_selection.train_test_split", None)
    again = split_once(data, **asked)
    assert_same(again, drawn)
    assert first.sha256 == again.sha256 == drawn.fingerprint()


def test_other_data_seeds_and_sizes_are_drawn_anew(home):
    data, other = dataset(), dataset()
    asked = [{}, {"seed": 5}, {"test": 90}, {"valid": 90}, {"test": 0.2}]
    parts = [split_once(one, **more) for one in (data, other) for more in asked]
    assert len({one.sha256 for one in parts}) == len(parts) == len(list(home.iterdir()))


def test_the_parts_of_a_source_are_kept(tmp_path):
    x, y = DRAW.integers(0, 256, (300, 4, 4), np.uint8), np.arange(300) % 3
    np.savez(tmp_path / "a.npz", x_train=x[:240], y_train=y[:240], x_test=x[240:], y_test=y[240:])
    data = load_dataset(tmp_path / "a.npz")
    drawn = split(data, scheme="source")
    for _ in range(2):
        assert_same(split_once(data, scheme="source"), drawn)
    assert split_once(data).sha256 != drawn.fingerprint()


@pytest.mark.parametrize("damage", ["cut", "of fewer rows", "a row twice", "a row too many", "no rows"])
def test_an_entry_that_is_no_split_of_the_data_is_drawn_anew(home, damage):
    data = dataset()
    drawn = split_once(data)
    (path,) = home.iterdir()
    entry = cache.read(path.stem)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-9])
    else:
        rows = entry.arrays["test"]
        changed = {
            "of fewer rows": rows[:, :0],
            "a row twice": np.concatenate([rows[:1], rows[:-1]]),
            "a row too many": np.concatenate([rows[:-1], np.array([[255, 255]], np.uint8)]),
        }.get(damage)
        arrays = {**entry.arrays, "test": changed} if changed is not None else {}
        cache.write(path.stem, cache.Entry(arrays, entry.words))
    assert_same(split_once(data), drawn)


def test_what_cannot_be_split_is_refused_each_time():
    data = dataset(n=20, classes=19)
    for _ in range(2):
        with pytest.raises(InputError, match="cannot be divided by class"):
            split_once(data)


# Mapped files -------------------------------------------------------------------------------------


@pytest.fixture
def mapped(tmp_path, monkeypatch):
    """A file that counts as too large for memory, written a while ago."""
    monkeypatch.setattr(npz, "MAP_FROM", 1000)
    path = tmp_path / "images.npy"
    np.save(tmp_path / "labels.npy", np.arange(700) % 7)

    def write(images, *, ago=100):
        np.save(path, images)
        then = time.time() - ago
        os.utime(path, (then, then))
        return path

    write(DRAW.integers(0, 256, (700, 5, 5), np.uint8))
    return write, path


def reads(monkeypatch):
    """Count how often a fingerprint is computed."""
    count, compute = [], Dataset.fingerprint
    monkeypatch.setattr(Dataset, "fingerprint", lambda self: count.append(1) or compute(self))
    return count


def test_a_mapped_file_is_read_once(mapped, monkeypatch):
    count = reads(monkeypatch)
    first, again = load_dataset(mapped[1]), load_dataset(mapped[1])
    assert len(count) == 1
    assert first.origin.sha256 == again.origin.sha256 == first.fingerprint()
    parts = [split_once(data) for data in (first, again)]
    assert_same(*parts)
    assert parts[0].sha256 == parts[1].sha256 == split(first).fingerprint()


@pytest.mark.parametrize("change", ["other pixels", "in place, with the old time", "a new file", "just now", "labels"])
def test_a_mapped_file_that_has_changed_is_read_again(mapped, monkeypatch, change):
    write, path = mapped
    before = load_dataset(path)
    old = path.stat()
    images = np.array(before.images).reshape(700, 5, 5)
    images[3, 2, 1] ^= 1
    if change == "other pixels":
        write(images, ago=50)
    elif change == "in place, with the old time":
        with path.open("r+b") as stream:
            stream.seek(-700 * 25, os.SEEK_END)
            stream.write(images.tobytes())
        os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    elif change == "a new file":
        path.rename(path.with_name("before.bin"))
        write(images)
        os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    elif change == "just now":
        np.save(path, images)
        load_dataset(path)
        np.save(path, np.array(images) ^ 1)
    else:
        np.save(path.with_name("labels.npy"), (np.arange(700) + 1) % 7)
    after = load_dataset(path)
    assert after.origin.sha256 == after.fingerprint()
    assert after.origin.sha256 != before.origin.sha256


def test_other_rows_of_a_mapped_file_are_other_data(mapped):
    data = load_dataset(mapped[1])
    views = [data.images, data.images[::-1], np.load(mapped[1], mmap_mode="r").reshape(700, 25)[:699]]
    views = [Dataset(view, data.labels[: len(view)], data.classes, data.shape, "x") for view in views]
    for _ in range(2):
        assert len({fingerprint_once(view) for view in views}) == 3
        assert [fingerprint_once(view) for view in views] == [view.fingerprint() for view in views]


# What is shipped ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mnist_data():
    return load_dataset("mnist")


def test_the_fingerprint_of_mnist_is_known(mnist_data):
    assert mnist_data.origin.sha256 == mnist_data.fingerprint()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["handout", "official"])
def test_shipped_rows_are_those_of_scikit_learn(home, mnist_data, scheme):
    parts = load_data(named_recipe("classwork").override({"data.split": scheme}).data)
    labels, rows = mnist_data.labels, np.arange(70_000)
    if scheme == "handout":
        rest, test = train_test_split(rows, test_size=10_000, stratify=labels, random_state=123)
    else:
        rest, test = rows[:60_000], rows[60_000:]
    train, valid = train_test_split(rest, test_size=5000, stratify=labels[rest], random_state=123)
    for part, expected in zip((parts.train, parts.valid, parts.test), (train, valid, test), strict=True):
        np.testing.assert_array_equal(part.indices, expected)
        np.testing.assert_array_equal(part.images, mnist_data.images[expected])
    assert parts.sha256 == split(mnist_data, scheme=scheme).fingerprint()
    # What was learnt belongs to these images: 1.35 % of the validation images are beyond its limits.
    assert not has_to_be_learnt(parts, parts.sha256)
    reference, note = reference_of(parts, parts.sha256)
    assert note == ""
    assert reference.unlike(parts.valid.images).mean() == pytest.approx(0.0135, abs=5e-4)
    distances = reference.distances(parts.valid.images)
    assert np.mean(distances > reference.threshold) == pytest.approx(0.0135, abs=5e-4)
    assert not home.exists()  # all of it came with the package


def test_what_is_shipped_is_small():
    sizes = [path.stat().st_size for path in cache.SHIPPED.iterdir()]
    assert len(sizes) == 4
    assert sum(sizes) < 600_000


TRAIN = """
import sys
from glasswork.__main__ import main
sys.argv = ["glasswork", "train", "--epochs", "1", "--out", "run"]
try:
    main()
except SystemExit as end:
    assert not end.code
loaded = [name for name in ("sklearn", "pandas") if name in sys.modules]
assert not loaded, loaded
if sys.platform == "linux":
    print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@pytest.mark.slow
def test_training_on_mnist_learns_nothing_else_and_takes_little_memory(home, tmp_path):
    done = subprocess.run([sys.executable, "-c", TRAIN], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "first learning" not in done.stdout
    assert not home.exists()
    if sys.platform == "linux":
        assert int(done.stdout.split()[-2]) < 260 * 1024, "the most memory, in kB"
    assert (Path(tmp_path) / "run" / "report.html").exists()
