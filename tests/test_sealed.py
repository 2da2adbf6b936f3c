"""Sealed files: read as they were written, or refused; never read otherwise."""

import json
import os
import tracemalloc
from typing import Any

import msgspec
import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, strategies as st

from containers import rewrite, rewrite_arrays
from glasswork.errors import FileError
from glasswork.sealed import (
    FORMAT,
    Facts,
    Sealed,
    open_sealed,
    read_arrays,
    read_sealed_json,
    seal,
    write_sealed,
    write_sealed_json,
)


class Note(Sealed, frozen=True, kw_only=True):
    """A sealed text."""

    words: str
    numbers: tuple[float, ...] = ()


class NoteOfTomorrow(Sealed, frozen=True, kw_only=True):
    """The same with a field more, and within another structure."""

    words: str
    numbers: tuple[float, ...] = ()
    colour: str = "blue"
    nested: dict[str, dict[str, str]] = msgspec.field(default_factory=dict)


class Picture(Facts, frozen=True, kw_only=True):
    """What is stated beside some arrays."""

    title: str


class PictureOfTomorrow(Facts, frozen=True, kw_only=True):
    """The same with a field more."""

    title: str
    colour: str = "blue"


ARRAYS = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array([np.pi]), "none": np.zeros((0, 2))}
NOTE = Note(version="0.1.0", words='ein "sha256": "0123" und ü', numbers=(1.5, -2.0))


def read_picture(path, kind=Picture):
    arrays = {name: np.full_like(array, 7) for name, array in ARRAYS.items()}
    with open_sealed(path, kind, what="picture") as (facts, file):
        read_arrays(file, path, facts, arrays, what="picture")
    return facts, {name: array.tobytes() for name, array in arrays.items()}


def read_note(path, kind=Note):
    return read_sealed_json(path, kind, what="note")


def write_both(folder):
    write_sealed(folder / "picture", Picture(version="0.1.0", title="ein Bild"), ARRAYS)
    write_sealed_json(folder / "note", NOTE)
    return {folder / "picture": read_picture, folder / "note": read_note}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """One file of each kind, how it is read, and what it says."""
    files = write_both(tmp_path_factory.mktemp("sealed"))
    return [(path, read, path.read_bytes(), read(path)) for path, read in files.items()]


# There and back ----------------------------------------------------------------------------------


def test_reads_as_written(written):
    (_, _, _, (facts, arrays)), (_, _, _, note) = written
    assert facts.title == "ein Bild"
    assert arrays == {name: array.tobytes() for name, array in ARRAYS.items()}
    assert msgspec.structs.replace(note, sha256="") == NOTE


def test_the_same_content_is_the_same_file(written, tmp_path):
    assert [path.read_bytes() for path in write_both(tmp_path)] == [content for _, _, content, _ in written]


def test_a_person_can_read_and_verify_a_sealed_text(tmp_path):
    import hashlib

    write_sealed_json(tmp_path / "note", NOTE)
    text = (tmp_path / "note").read_text(encoding="utf-8")
    assert text.startswith('{\n  "format": ')
    value = json.loads(text)["sha256"]
    assert hashlib.sha256(text.replace(value, "").encode()).hexdigest() == value


# Damage ------------------------------------------------------------------------------------------


def read_damaged(written, which, damage):
    """Damage one of the files: it must be refused by name, or read as it was."""
    path, read, content, expected = written[which]
    path.write_bytes(damage(content))
    try:
        got = read(path)
    except FileError as error:
        got = expected if str(error).startswith(str(path)) else error
    path.write_bytes(content)
    assert got == expected


@pytest.mark.parametrize("which", [0, 1], ids=["arrays", "text"])
def test_every_bit_counts(written, which):
    """All of them: no sample."""

    def flipped(bit):
        return lambda content: content[: bit // 8] + bytes([content[bit // 8] ^ 1 << bit % 8]) + content[bit // 8 + 1 :]

    for bit in range(8 * len(written[which][2])):
        read_damaged(written, which, flipped(bit))


@pytest.mark.parametrize("which", [0, 1], ids=["arrays", "text"])
def test_every_truncation_is_detected(written, which):
    path, read, content, _ = written[which]
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(FileError):
            read(path)
    path.write_bytes(content)


@given(st.sampled_from([0, 1]), st.data())
def test_any_part_exchanged_is_detected_or_reads_right(written, which, data):
    size = len(written[which][2])
    start, length = data.draw(st.integers(0, size)), data.draw(st.integers(0, 40))
    other = data.draw(st.binary(max_size=40))
    read_damaged(written, which, lambda content: content[:start] + other + content[start + length :])


@given(st.binary(max_size=200), st.sampled_from([0, 1]))
def test_any_bytes_at_all_are_refused(written, content, which):
    path, read, before, _ = written[which]
    path.write_bytes(content)
    with pytest.raises(FileError):
        read(path)
    path.write_bytes(before)


def test_a_failed_read_leaves_the_arrays_as_they_were(written):
    path, _, content, _ = written[0]
    path.write_bytes(content[:-1] + b"\1")
    arrays = {name: np.full_like(array, 7) for name, array in ARRAYS.items()}
    with open_sealed(path, Picture, what="picture") as (facts, file), pytest.raises(FileError, match="a damaged pict"):
        read_arrays(file, path, facts, arrays, what="picture")
    assert all((array == 7).all() for array in arrays.values())
    path.write_bytes(content)


def test_facts_are_verified_without_reading_the_arrays(written):
    path, _, content, _ = written[0]
    path.write_bytes(content.replace(b"ein Bild", b"ein Held"))
    with pytest.raises(FileError, match="a damaged picture"), open_sealed(path, Picture, what="picture"):
        pass
    path.write_bytes(content)


# Other times -------------------------------------------------------------------------------------


def test_files_of_today_read_tomorrow(written):
    (picture, _, _, (_, arrays)), (note, _, _, _) = written
    facts, same = read_picture(picture, PictureOfTomorrow)
    assert (facts.title, facts.colour, same) == ("ein Bild", "blue", arrays)
    assert (read_note(note, NoteOfTomorrow).words, read_note(note, NoteOfTomorrow).colour) == (NOTE.words, "blue")


def test_files_of_tomorrow_read_today(tmp_path):
    write_sealed(tmp_path / "picture", PictureOfTomorrow(title="morgen", colour="red"), ARRAYS)
    nested = {"deeper": {"sha256": "0" * 64}}
    write_sealed_json(tmp_path / "note", NoteOfTomorrow(words="morgen", colour="red", nested=nested))
    assert read_picture(tmp_path / "picture")[0].title == read_note(tmp_path / "note").words == "morgen"


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (FORMAT + 1, f"of format {FORMAT + 1}, but this glasswork reads format {FORMAT}; a newer glasswork wrote it"),
        (FORMAT - 1, "written before glasswork 0.1.0 was released; train it again"),
    ],
)
def test_another_format_is_refused_in_one_sentence(tmp_path, number, message):
    """Before its seal is verified: that may be another one."""
    write_sealed(tmp_path / "picture", Picture(title="x"), ARRAYS)
    rewrite(tmp_path / "picture", lambda facts: {**facts, "format": number})
    (tmp_path / "note").write_text(f'{{"format": {number}, "seal": "another", "words": 5}}')
    for path, read in ((tmp_path / "picture", read_picture), (tmp_path / "note", read_note)):
        with pytest.raises(FileError) as error:
            read(path)
        assert message in str(error.value)


def test_a_result_from_before_the_first_release_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "note").write_text('{"state": "finished", "epochs": 3, "sha256": "0123"}')
    with pytest.raises(FileError, match=r"written before glasswork 0\.1\.0 was released; train it again"):
        read_note(tmp_path / "note")


@pytest.mark.parametrize("content", [b"{}", b"[]", b"", b'{"words": "x"}', b"\xff", b'{"format": 2}'], ids=str)
def test_a_file_of_another_program_is_named_as_such(tmp_path, content):
    (tmp_path / "note").write_bytes(content)
    with pytest.raises(FileError, match=r"note: not a note of glasswork \(.*\); was it written by another program"):
        read_note(tmp_path / "note")


def test_sealing_again_changes_nothing():
    text = seal(b'{"sha256": "", "a": 1}')
    assert seal(text) == text


# What a reader refuses, no writer writes ----------------------------------------------------------


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["a", "b"])
def test_values_that_are_not_finite_are_neither_written_nor_read(tmp_path, name, wrong):
    path = tmp_path / "picture"
    write_both(tmp_path)
    before = path.read_bytes()
    arrays = {**ARRAYS, name: np.where(ARRAYS[name] == ARRAYS[name].max(), wrong, ARRAYS[name]).astype("f4")}
    with pytest.raises(FileError, match=f"picture: cannot be written: {name} holds NaN or infinite values"):
        write_sealed(path, Picture(title="x"), arrays)
    assert path.read_bytes() == before
    rewrite_arrays(path, lambda old: {**old, name: np.full_like(old[name], wrong)})
    with pytest.raises(FileError, match=f"picture: {name} holds NaN or infinite values"):
        read_picture(path)


class Measured(Sealed, frozen=True, kw_only=True):
    """Facts of every kind in which NaN may hide."""

    value: float | None = None
    anything: Any = None
    several: tuple[float, ...] = ()


@given(st.sampled_from(["value", "anything", "several"]), st.sampled_from([np.nan, np.inf, -np.inf, object()]))
def test_facts_that_json_cannot_hold_are_not_written(tmp_path_factory, field, wrong):
    """JSON has no NaN: a reader would get null in its place, and take it for something that is not known."""
    path = tmp_path_factory.mktemp("facts") / "note"
    with pytest.raises(FileError, match=r"note: (cannot be written|not a file)"):
        write_sealed_json(path, Measured(**{field: (1.0, wrong) if field == "several" else wrong}))
    assert not path.exists()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(JSON)
def test_what_is_written_is_read_back_as_it_was_stated(tmp_path_factory, anything):
    path = tmp_path_factory.mktemp("facts") / "note"
    try:
        write_sealed_json(path, Measured(anything=anything))
    except FileError:
        assert not path.exists()
        assert any(word in repr(anything) for word in ("nan", "inf", "\\ud"))
    else:
        assert read_sealed_json(path, Measured, what="note").anything == anything


def test_a_disk_that_writes_other_bytes_is_found_out(tmp_path, monkeypatch):
    """The one fault that no real disk of a test has: a bit that flips on its way."""
    real = os.fsync

    def fsync(number):
        os.pwrite(number, b"\1", os.fstat(number).st_size - 1)
        real(number)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(FileError, match="picture: a damaged sealed file"):
        write_sealed(tmp_path / "picture", Picture(title="x"), ARRAYS)
    assert list(tmp_path.iterdir()) == []


@given(
    st.dictionaries(
        st.text(max_size=5).filter(lambda name: name.isprintable() and name != "__metadata__"),
        st.tuples(
            st.sampled_from(["f4", "f8", "u1", "i8", ">f4", ">i8"]), st.lists(st.integers(0, 3), max_size=3),
            st.sampled_from("CF"),
        ),
        max_size=5,
    ),
    st.text(max_size=20),
)  # fmt: skip
def test_the_layout_is_safetensors_own(tmp_path_factory, specs, title):
    """Byte for byte what the library would write, so any tool that reads its files reads ours."""
    path = tmp_path_factory.mktemp("layout") / "file"
    arrays = {
        name: np.asarray(np.arange(np.prod(shape, dtype=int)).reshape(shape), dtype, order=order)
        for name, (dtype, shape, order) in specs.items()
    }
    write_sealed(path, Picture(title=title), arrays)
    with safetensors.safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    assert path.read_bytes() == safetensors.numpy.save(contiguous, metadata)
    for name, array in safetensors.numpy.load_file(path).items():
        np.testing.assert_array_equal(array, arrays[name])


def test_writing_takes_no_more_memory_than_the_largest_array(tmp_path):
    arrays = {str(k): np.zeros((200, 1000), np.float32) for k in range(10)}
    tracemalloc.start()
    try:
        write_sealed(tmp_path / "picture", Picture(title="x"), arrays)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * 800_000  # of 8 MB


@pytest.mark.parametrize("depth", [100, 100_000])
def test_facts_within_facts_within_facts(tmp_path, depth):
    """More than any reader has a stack for."""
    text = f'{{"format": {FORMAT}, "sha256": "", "anything": {"[" * depth}{"]" * depth}}}'
    (tmp_path / "note").write_bytes(seal(text.encode()))
    if depth < 1000:
        assert read_sealed_json(tmp_path / "note", Measured, what="note").anything
    else:
        with pytest.raises(FileError, match="note: not a note of glasswork"):
            read_sealed_json(tmp_path / "note", Measured, what="note")
