"""Data larger than memory: mapped where they can be, else copied once; the same results each time."""

import gzip
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from glasswork import Batches, Dataset, FileError, InputError, Run, load_dataset, named_recipe, split
from glasswork.data import sources
from glasswork.data.mapped import MappedRows, draw_by_class
from glasswork.data.sources import idx, npz, store, table
from test_sources_idx import idx as as_idx

DRAW = np.random.default_rng(0)
LABELS = (np.arange(700) % 7).astype(np.uint8)
PIXELS = (DRAW.integers(0, 60, (700, 6, 5)) + 28 * LABELS[:, np.newaxis, np.newaxis]).astype(np.uint8)


@pytest.fixture(autouse=True)
def small_memory(monkeypatch):
    """Everything of more than a kilobyte is too large for memory."""
    for module in (store, idx, npz):
        monkeypatch.setattr(module, "MAP_FROM", 1000)


@pytest.fixture(params=["idx", "npy"])
def source(request, tmp_path):
    if request.param == "idx":
        (tmp_path / "train-images").write_bytes(as_idx(PIXELS))
        (tmp_path / "train-labels").write_bytes(as_idx(LABELS))
        return tmp_path / "train-images"
    np.save(tmp_path / "images.npy", PIXELS)
    np.save(tmp_path / "labels.npy", LABELS)
    return tmp_path / "images.npy"


def test_files_are_mapped(source):
    data = load_dataset(source)
    assert isinstance(data.images, np.memmap)
    np.testing.assert_array_equal(data.images.reshape(PIXELS.shape), PIXELS)
    np.testing.assert_array_equal(data.labels, LABELS)
    in_memory = Dataset.of(PIXELS, LABELS, classes=data.classes)
    assert data.fingerprint() == in_memory.fingerprint()


@pytest.mark.parametrize("kind", ["u1", "i2", "i4", "f4", "f8"])
def test_mapped_idx_of_every_type_comes_back_and_is_as_long_as_its_header_states(tmp_path, kind):
    path = tmp_path / "train-images"
    path.write_bytes(as_idx(PIXELS.astype(kind)))
    (tmp_path / "train-labels").write_bytes(as_idx(LABELS))
    np.testing.assert_array_equal(load_dataset(path).images.reshape(PIXELS.shape), PIXELS)
    whole = path.read_bytes()
    for spoilt in (whole[:-1], whole + b"\0"):
        path.write_bytes(spoilt)
        with pytest.raises(FileError, match=f"expected {len(whole):,} bytes, as its header states"):
            load_dataset(path)


def test_parts_of_mapped_images_hold_their_share_of_every_class(source):
    parts = split(load_dataset(source))
    assert [len(part) for part in (parts.train, parts.valid, parts.test)] == [550, 50, 100]
    rows = np.concatenate([part.indices for part in (parts.train, parts.valid, parts.test)])
    assert sorted(rows.tolist()) == list(range(700))
    for part in (parts.train, parts.valid, parts.test):
        assert isinstance(part.images, MappedRows)
        np.testing.assert_array_equal(part.labels, LABELS[part.indices])
        np.testing.assert_array_equal(part.images[:], PIXELS.reshape(700, 30)[part.indices])
        counts = np.bincount(part.labels)
        assert counts.max() - counts.min() <= 2


def test_batches_of_mapped_rows_are_those_of_an_array(source):
    part = split(load_dataset(source)).train
    mapped, held = (
        Batches(images, part.labels, 100, seed=1, classes=7) for images in (part.images, np.array(part.images))
    )
    for (x, t), (x2, t2) in zip(mapped, held, strict=True):
        np.testing.assert_array_equal(x, x2)
        np.testing.assert_array_equal(t, t2)


def test_training_on_mapped_images_and_resuming(source, tmp_path):
    recipe = named_recipe("relu").override(
        {"data.source": str(source), "training.epochs": 4, "training.batch_size": 50, "network.hidden": [8]}
    )
    with Run(recipe, tmp_path / "whole") as whole:
        list(whole.epochs())
    stop = iter([False] * 15 + [True] * 9)
    with Run(recipe, tmp_path / "cut", should_stop=lambda: next(stop)) as cut:
        list(cut.epochs())
    with Run.resume(tmp_path / "cut") as again:
        list(again.epochs())
    models = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "cut")]
    assert models[0] == models[1]
    assert whole.test_accuracy > 30  # a seventh by chance


def test_what_cannot_be_mapped_is_copied_once(tmp_path, monkeypatch):
    rows = "\n".join(",".join(map(str, (label, *row.ravel()))) for label, row in zip(LABELS, PIXELS, strict=True))
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress(rows.encode()))
    for _ in range(2):
        data = load_dataset(path, cache=tmp_path / "cache")
        assert isinstance(data.images, np.memmap)
        np.testing.assert_array_equal(data.images, PIXELS.reshape(700, 30))
        np.testing.assert_array_equal(data.labels, LABELS)
        assert data.origin.format == "CSV"
        monkeypatch.setattr("glasswork.data.sources.gather.gather", None)  # it is not read again
    monkeypatch.undo()
    (copy,) = (tmp_path / "cache").iterdir()
    (copy / "dataset.json").write_bytes(b"{")
    with pytest.raises(OSError, match="missing or damaged"):
        store.read_dataset(copy)


def as_csv(path):
    rows = np.column_stack([LABELS, PIXELS.reshape(700, 30)])
    np.savetxt(path, rows, fmt="%d", delimiter=",", header="label," + ",".join(f"p{k}" for k in range(30)), comments="")
    return path


def test_a_copy_is_looked_up_by_how_it_is_read_and_by_what_belongs_to_it(tmp_path):
    path, cache = as_csv(tmp_path / "data.csv"), tmp_path / "cache"
    first = load_dataset(path, cache=cache)
    other = load_dataset(path, cache=cache, prefer=(-500.0, 500.0))
    assert other.images.mean() == pytest.approx(load_dataset(path, prefer=(-500.0, 500.0)).images.mean())
    assert other.images.mean() != first.images.mean()
    (tmp_path / "submission.csv").write_text("id,label\n")  # nothing of the source
    load_dataset(path, cache=cache)
    assert len(list(cache.iterdir())) == 2
    np.savez(tmp_path / "kmnist-train-imgs.npz", PIXELS)
    for shift in (0, 1):
        np.savez(tmp_path / "kmnist-train-labels.npz", (LABELS + shift) % 7)
        data = load_dataset(tmp_path / "kmnist-train-imgs.npz", cache=cache)
        np.testing.assert_array_equal(data.labels, (LABELS + shift) % 7)


def test_a_copy_of_listed_pictures_is_made_again_when_one_of_them_changes(tmp_path):
    folder, cache = tmp_path / "set", tmp_path / "cache"
    (folder / "pictures").mkdir(parents=True)
    for k, pixels in enumerate(PIXELS[:60]):
        Image.fromarray(pixels).save(folder / "pictures" / f"{k:02d}.png")
    table = folder / "train.csv"
    table.write_text("file,label\n" + "".join(f"pictures/{k:02d}.png,{LABELS[k]}\n" for k in range(60)))
    np.testing.assert_array_equal(load_dataset(table, cache=cache).images, PIXELS[:60].reshape(60, 30))
    assert len(list(cache.glob("[!.]*"))) == 1
    Image.fromarray(PIXELS[60]).save(folder / "pictures" / "05.png")
    again = load_dataset(table, cache=cache)
    assert isinstance(again.images, np.memmap)
    np.testing.assert_array_equal(again.images[[4, 5]], PIXELS[[4, 60]].reshape(2, 30))


def test_two_that_make_a_copy_at_once_see_the_whole(tmp_path, monkeypatch):
    path, cache = as_csv(tmp_path / "data.csv"), tmp_path / "cache"
    monkeypatch.setattr(table, "_BLOCK", 5000)
    meet = threading.Barrier(2)
    slow = store.PixelStore.finish

    def finish(self):
        meet.wait(20)  # both have written all of it, and neither is done
        return slow(self)

    monkeypatch.setattr(store.PixelStore, "finish", finish)
    with ThreadPoolExecutor(2) as pool:
        loaded = list(pool.map(lambda _: load_dataset(path, cache=cache), range(2)))
    for data in loaded:
        np.testing.assert_array_equal(data.images, PIXELS.reshape(700, 30))
    assert [place.name.startswith("data-") for place in cache.iterdir()] == [True]


def test_one_at_a_time_makes_a_copy_of_a_large_source(tmp_path, monkeypatch):
    path, cache = as_csv(tmp_path / "data.csv"), tmp_path / "cache"
    monkeypatch.setattr(sources, "_LOCK_FROM", 1)
    made = []
    gather = sources._read
    monkeypatch.setattr(sources, "_read", lambda *arguments: made.append(1) or gather(*arguments))
    with ThreadPoolExecutor(3) as pool:
        for data in pool.map(lambda _: load_dataset(path, cache=cache), range(3)):
            np.testing.assert_array_equal(data.images, PIXELS.reshape(700, 30))
    assert made == [1]


@pytest.mark.parametrize("counts", [[50, 50], [97, 2, 1], [1, 1, 1, 200], [0, 30, 0, 7]])
def test_drawing_by_class(counts):
    labels = DRAW.permutation(np.repeat(np.arange(len(counts)), counts))
    total = len(labels)
    for sizes in ([total // 7, total // 14], [1, 1], [total // 2, 0]):
        left, first, second = draw_by_class(labels, sizes, seed=1)
        assert [len(first), len(second)] == sizes
        assert sorted([*left, *first, *second]) == list(range(total))
        share = np.bincount(labels[first], minlength=len(counts)) - sizes[0] * np.array(counts) / total
        assert np.abs(share).max() < 1 + 1e-9
    same, other = draw_by_class(labels, [total // 3], seed=1)[1], draw_by_class(labels, [total // 3], seed=2)[1]
    np.testing.assert_array_equal(same, draw_by_class(labels, [total // 3], seed=1)[1])
    assert total < 10 or not np.array_equal(same, other)


def test_parts_of_mapped_images_have_the_sizes_asked_for_and_leave_an_image_of_every_class():
    draw = np.random.default_rng(2)
    refused = 0
    for _ in range(300):
        counts = draw.integers(2, 60, draw.integers(2, 30))
        labels = draw.permutation(np.repeat(np.arange(len(counts)), counts))
        test, valid = (int(n) for n in draw.integers(1, len(labels) // 2, 2))
        if len(labels) - test - valid < len(counts):  # not an image for each class is left
            with pytest.raises(InputError, match="without an image to train on"):
                draw_by_class(labels, [test, valid], seed=0)
            refused += 1
            continue
        parts = draw_by_class(labels, [test, valid], seed=0)
        assert [len(part) for part in parts] == [len(labels) - test - valid, test, valid]
        assert len(np.unique(labels[parts[0]])) == len(counts)
        assert sorted(np.concatenate(parts)) == list(range(len(labels)))
    assert refused


def test_a_class_of_one_mapped_image_is_refused_as_in_memory(tmp_path):
    labels = np.append(np.arange(200) % 4, 4)
    np.save(tmp_path / "images.npy", np.zeros((201, 9), np.uint8))
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    for images in (mapped, np.array(mapped)):
        with pytest.raises(InputError, match=r"only (one|1)"):
            split(Dataset(images, labels, tuple("abcde"), (3, 3), "x"))
