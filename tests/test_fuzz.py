"""Damaged files, a few of each kind, also behind their seals; `make fuzz` reads two hundred thousand."""

import random

import pytest

import fuzz
from fuzz_files import readers

#: Refusals that only somebody meets who changed a file and sealed it anew: the first words of the messages.
BEHIND_THE_SEAL = {
    "model": {
        "expected the arrays",
        "expected 10 class",
        "expected a network",
        "states an array",
        "states layers that",
    },
    "checkpoint": {"expected the arrays", "its recipe is", "the weights in", "the data (", "holds NaN"},
    "snapshots": {"its epochs, steps", "expected epoch", "expected the arrays"},
}


@pytest.fixture(scope="module")
def counted(tmp_path_factory, few_images):
    return fuzz.fuzz(tmp_path_factory.mktemp("fuzz"), inputs=2500, seed=5, places=10)


def test_damaged_files_are_refused_or_read_rightly(counted):
    for name in ("model", "checkpoint", "snapshots", "history", "result"):
        assert counted[name]["the right answer"] + counted[name]["another answer"] < counted[name].total() / 2
    for name, outcomes in counted.items():
        assert outcomes["the right answer"] < outcomes.total()
        assert any(came.startswith("refused") for came in outcomes) or name == "pictures"


@pytest.mark.parametrize("name", BEHIND_THE_SEAL)
def test_the_checks_behind_the_seal_are_reached(tmp_path, few_images, name):
    reader, draw = readers(tmp_path)[name], random.Random(5)
    whole, right = reader.path.read_bytes(), reader.read(reader.path)
    came = {fuzz.try_one(reader, fuzz.resealed(reader, whole, draw), right, sealed=False) for _ in range(300)}
    met = {words for words in BEHIND_THE_SEAL[name] if any(words in one for one in came)}
    assert len(met) >= 2, came


def test_an_empty_file_is_no_answer(tmp_path, few_images):
    for name, reader in readers(tmp_path).items():
        right = reader.read(reader.path)
        came = fuzz.try_one(reader, b"", right, sealed=reader.sealed)
        assert came == "another answer" if name.startswith(("recipe", "pictures")) else came.startswith("refused"), name


def test_fuzzing_finds_faults(tmp_path, few_images):
    """A reader that takes anything, one that breaks, one that is slow, and one that does not name the file."""

    def slow(path):
        sum(range(10**8))

    def breaks(path):
        raise KeyError("weights")

    def nameless(path):
        raise fuzz.GlassworkError("it is damaged")

    def large(path):
        bytearray(2 * fuzz.MEGABYTES << 20)

    reader = readers(tmp_path)["model"]
    right, content = reader.read(reader.path), reader.path.read_bytes()
    for read, error in (
        (lambda path: right + b"x", AssertionError), (breaks, KeyError), (slow, AssertionError),
        (nameless, AssertionError), (large, MemoryError),
    ):  # fmt: skip
        faulty = fuzz.Reader(reader.path, read, sealed=True)
        with fuzz.limited(fuzz.MEGABYTES), pytest.raises(error):
            fuzz.try_one(faulty, fuzz.damage(content, random.Random(1)), right, sealed=True)
