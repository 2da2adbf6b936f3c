"""The reference set of a run's data: learnt once, kept in a cache, and never a reason to lose a network."""

import json
import os
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from glasswork import Dataset, Run, cache, named_recipe, split
from glasswork.models.doubt import ReferenceSet, of_data
from glasswork.models.doubt.of_data import reference_of
from glasswork.models.model_file import read_model_file, save_model
from glasswork.runs.folder import RunFolder

DRAW = np.random.default_rng(3)


def blobs(n, classes, side=8):
    """Images of some classes, each around a pattern of its own."""
    patterns = DRAW.integers(0, 256, (classes, side * side))
    labels = np.arange(n) % classes
    return np.clip(patterns[labels] + DRAW.normal(0, 40, (n, side * side)), 0, 255).astype(np.uint8), labels


def blank(n=240, classes=4):
    images, labels = blobs(n, classes)
    images[labels == 0] = 0
    return images, labels


def grey(n=240):
    """Each class is one even level."""
    labels = np.arange(n) % 4
    return np.repeat((labels * 60).astype(np.uint8)[:, np.newaxis], 64, axis=1), labels


def copies(n=240, different=4):
    images, labels = blobs(different, different)
    return np.resize(np.tile(images, (n // different + 1, 1)), (n, 64)), np.resize(labels, n)


def faint(n=240):
    """Levels so low that 16 of them round all to nothing."""
    images, labels = blobs(n, 4)
    return images // 40, labels


DATA = {
    "a blank class": blank,
    "blank classes only": grey,
    "copies of four images": copies,
    "copies of one image": lambda: (copies(240, 1)[0], np.arange(240) % 2),
    "copies, enough for a sceptic": lambda: copies(1600),
    "a blank class, enough for a sceptic": lambda: blank(1600),
    "few images": lambda: blobs(40, 2),
    "270 classes": lambda: blobs(3900, 270),
    "faint images": faint,
}


def dataset(kind):
    images, labels = DATA[kind]()
    return Dataset.of(images, labels, classes=int(labels.max()) + 1, shape=(8, 8))


def recipe(**more):
    return named_recipe("classwork").override(
        {"network.hidden": [5], "training.epochs": 1, "training.batch_size": 5, **more}
    )


@pytest.mark.parametrize("kind", DATA)
def test_every_number_of_doubt_is_one(kind):
    images, labels = DATA[kind]()
    order = DRAW.permutation(len(images))
    images, labels = images[order], labels[order]
    cut = len(images) * 3 // 4
    found = ReferenceSet.choose(images[:cut], labels[:cut], images[cut:])
    again = ReferenceSet.from_arrays(found.to_arrays())
    classes = int(labels.max()) + 1
    strangers = np.concatenate([DRAW.integers(0, 256, (20, 64)), np.zeros((1, 64)), np.full((1, 64), 255)])
    shares = DRAW.dirichlet(np.ones(classes), len(images) + len(strangers))
    for reference in (found, again):
        assert 0 < reference.threshold < np.inf
        assert np.isfinite(reference.limits).all()
        strange = reference.strangeness(np.concatenate([images, strangers.astype(np.uint8)]))
        assert not np.isnan(strange).any()
        assert np.mean(strange[: len(images)] > 1) < 0.03
        tempered = reference.temper(np.concatenate([images, strangers.astype(np.uint8)]), shares)
        np.testing.assert_allclose(tempered.sum(axis=1), 1, rtol=1e-6)
        assert (tempered.argmax(axis=1) == shares.argmax(axis=1)).all()
    np.testing.assert_array_equal(again.labels, found.labels)
    assert found.labels.max() == labels[:cut].max()


def test_noise_is_unlike_copies():
    images, labels = copies()
    found = ReferenceSet.choose(images, labels, images)
    assert not found.unlike(images).any()
    assert found.unlike(DRAW.integers(0, 256, (50, 64)).astype(np.uint8)).all()


@pytest.mark.parametrize("n", [240, 1600])
def test_blank_is_known_where_a_class_is_blank(n):
    images, labels = blank(n)
    found = ReferenceSet.choose(images, labels, images)
    rows, distances = found.nearest(np.zeros((1, 64), np.uint8))
    assert (found.labels[rows] == 0).all()
    assert (distances == 0).all()
    assert not found.unlike(images[labels == 0]).any()
    without = ReferenceSet.choose(images[labels > 0], labels[labels > 0], images)
    assert without.unlike(images[labels == 0]).all()


@pytest.mark.slow
@pytest.mark.parametrize("kind", DATA)
def test_a_run_leaves_a_network_that_can_be_read(tmp_path, kind):
    with Run(recipe(), tmp_path / "run", dataset=dataset(kind)) as run:
        list(run.epochs())
    read = read_model_file(tmp_path / "run")
    assert read.reference is not None
    assert read.no_reference == ""
    np.testing.assert_array_equal(np.unique(read.reference.labels), np.unique(run.parts.train.labels))


# What is computed once ----------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A cache of a test's own."""
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def learning(monkeypatch):
    """How often something was learnt."""
    count = []
    learn = of_data.learn
    monkeypatch.setattr(of_data, "learn", lambda parts: count.append(1) or learn(parts))
    return count


def parts_of(kind="few images"):
    return split(dataset(kind))


def assert_same(one, other):
    for (name, a), b in zip(one.to_arrays().items(), other.to_arrays().values(), strict=True):
        np.testing.assert_array_equal(a, b, err_msg=name)


def test_a_set_is_learnt_once_for_each_dataset(home, learning):
    one, two = parts_of(), parts_of()
    first, note = reference_of(one, one.fingerprint())
    assert note == ""
    again, note = reference_of(one, one.fingerprint())
    assert (len(learning), note) == (1, "")
    assert_same(first, again)
    reference_of(two, two.fingerprint())
    assert (len(learning), len(list(home.iterdir()))) == (2, 2)


DAMAGE = {
    "cut": lambda content: content[:-7],
    "one bit": lambda content: content[:-7] + bytes([content[-7] ^ 1]) + content[-6:],
    "a word": lambda content: content.replace(b"threshold", b"Threshold", 1),
    "empty": lambda _: b"",
    "something else": lambda _: b"PK\x03\x04 not an entry",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_entry_is_learnt_anew_and_replaced(home, learning, damage):
    parts = parts_of()
    first, _ = reference_of(parts, parts.fingerprint())
    (entry,) = home.iterdir()
    whole = entry.read_bytes()
    entry.write_bytes(DAMAGE[damage](whole))
    again, note = reference_of(parts, parts.fingerprint())
    assert (len(learning), note) == (2, "")
    assert_same(first, again)
    assert entry.read_bytes() == whole


def test_an_entry_under_another_name_counts_as_none(home, learning):
    one, two = parts_of(), parts_of()
    reference_of(one, one.fingerprint())
    (entry,) = home.iterdir()
    entry.rename(entry.with_name(entry.name.replace(one.fingerprint(), two.fingerprint())))
    reference_of(two, two.fingerprint())
    assert len(learning) == 2


def test_a_set_of_other_rows_is_learnt_anew(home, learning):
    small, large = parts_of("few images"), parts_of("a blank class")
    _, entry = of_data.learn(large)
    learning.clear()
    cache.write(of_data._name(small.fingerprint()), entry)
    reference, _ = reference_of(small, small.fingerprint())
    assert (len(learning), len(reference.images)) == (1, len(small.train))


@pytest.mark.parametrize("place", ["a file", "below a file", "a full disk"])
def test_where_nothing_can_be_kept_a_note_says_so(home, place, monkeypatch):
    if place == "a full disk":

        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("glasswork.files.os.fsync", full)
    else:
        home.write_text("in the way")
        monkeypatch.setenv(cache.VARIABLE, str(home if place == "a file" else home / "cache"))
    parts = parts_of()
    reference, note = reference_of(parts, parts.fingerprint())
    assert reference is not None
    assert "cannot be kept there for the next run" in note


@pytest.mark.slow
@pytest.mark.parametrize("variables", [{"HOME": "missing"}, {"HOME": ""}])
def test_a_run_without_a_home(tmp_path, variables):
    np.savez(tmp_path / "mine.npz", images=DATA["few images"]()[0].reshape(-1, 8, 8), labels=DATA["few images"]()[1])
    words = ("train", "--data", "mine.npz", "--epochs", "1", "--batch-size", "5", "--no-report", "--out", "run")
    unset = ("HOME", "XDG_CACHE_HOME", cache.VARIABLE)
    environment = {name: value for name, value in os.environ.items() if name not in unset} | variables
    environment["MPLCONFIGDIR"] = matplotlib.get_cachedir()
    done = subprocess.run(
        [Path(sys.executable).with_name("glasswork"), *words], cwd=tmp_path, env=environment, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert read_model_file(tmp_path / "run").reference is not None
    assert "no home folder to keep results in" in done.stdout
    assert not (tmp_path / "missing").exists()


WRITE = """
import sys
import numpy as np
from glasswork import cache
for k in range(60):
    entry = cache.Entry({"a": np.full(1000, k % 3, np.uint8)}, {"k": str(k % 3)})
    assert cache.write(f"entry-{k % 3}", entry) == ""
    found = cache.read(f"entry-{k % 3}")
    assert found is not None and (found.arrays["a"] == k % 3).all(), k
"""


def test_several_processes_share_the_cache(home):
    writers = [subprocess.Popen([sys.executable, "-c", WRITE], stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [(*writer.communicate(), writer.returncode) for writer in writers] == [(None, "", 0)] * 3
    assert sorted(path.name for path in home.iterdir()) == [f"entry-{k}.safetensors" for k in range(3)]


def test_the_entries_that_were_not_used_for_longest_are_removed(home, monkeypatch):
    monkeypatch.setattr(cache, "MOST", 40_000)
    for k in range(5):
        cache.write(f"entry-{k}", cache.Entry({"a": np.zeros(10_000, np.uint8)}, {}))
        os.utime(home / f"entry-{k}.safetensors", (k, k))
        assert cache.read("entry-0") is not None  # used all the time
    kept = {path.stem for path in home.iterdir()}
    assert "entry-0" in kept
    assert "entry-4" in kept
    assert sum(path.stat().st_size for path in home.iterdir()) <= 40_000 + 11_000
    left = home / ".entry-9.safetensors-0123abcd"
    left.write_bytes(b"half an entry")
    os.utime(left, (0, 0))
    cache.write("entry-6", cache.Entry({}, {"a": "word"}))
    assert not left.exists()
    assert cache.read("entry-6").words == {"a": "word"}


# Without a reference set --------------------------------------------------------------------------


def fail(*_, **__):
    raise FloatingPointError("no doubt today")


@pytest.mark.slow
@pytest.mark.parametrize("why", ["learning fails", "flat", "tiny"])
def test_a_network_is_saved_without_a_reference_set(home, glasswork, tmp_path, monkeypatch, why):
    shape = {"learning fails": (8, 8), "flat": (2, 32), "tiny": (2, 2)}[why]
    if why == "learning fails":
        monkeypatch.setattr(ReferenceSet, "choose", fail)
    images, labels = blobs(240, 4)
    data = Dataset.of(images[:, : shape[0] * shape[1]], labels, classes=4, shape=shape)
    with Run(recipe(), tmp_path / "run", dataset=data) as run:
        list(run.epochs())
    reason = "FloatingPointError: no doubt today" if why == "learning fails" else "it needs images"
    assert any(f"doubt is not available: {reason}" in note for note in run.notes)
    read = read_model_file(tmp_path / "run")
    assert read.reference is None
    assert reason in read.why_no_reference
    assert RunFolder(tmp_path / "run").result().state == "finished"
    assert f"{run.test_accuracy:.2f}%" in glasswork("evaluate", "run", folder=tmp_path)
    glasswork("report", "run", folder=tmp_path)
    np.save(tmp_path / "x.npy", data.images[:5].reshape(-1, *shape))
    answers = json.loads(glasswork("predict", "run", "x.npy", "--json", folder=tmp_path))
    assert [answer.get("unlike") for answer in answers] == [None] * 5
    assert f"strange images are not marked: {reason}" in glasswork("predict", "run", "x.npy", folder=tmp_path)
    assert reason in (tmp_path / "run" / "report.html").read_text()


def test_saving_computes_nothing(home, tmp_path, monkeypatch):
    run = Run(recipe(), tmp_path / "run", dataset=dataset("few images"))
    with run:
        epochs = run.epochs()
        next(epochs)
        monkeypatch.setattr(ReferenceSet, "choose", fail)
        run.save()
    assert read_model_file(tmp_path / "run").reference is not None


def test_a_model_file_travels_alone(home, tmp_path):
    with Run(recipe(), tmp_path / "run", dataset=dataset("a blank class")) as run:
        list(run.epochs())
    for path in home.iterdir():
        path.unlink()
    read = read_model_file(tmp_path / "run")
    save_model(read.model, tmp_path / "copy.safetensors", reference=read.reference)
    assert_same(read_model_file(tmp_path / "copy.safetensors").reference, read.reference)
