"""Sealed files: read as they were written, or refused; never read otherwise."""

import json

import msgspec
import numpy as np
import pytest
from hypothesis import given, strategies as st

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
        (FORMAT + 1, f"of format {FORMAT + 1}, and this glasswork reads format {FORMAT}; it was written by a newer"),
        (FORMAT - 1, "written by a glasswork before 0.1.0 was released; train it again"),
    ],
)
def test_another_format_is_refused_in_one_sentence(tmp_path, number, message):
    """Before its seal is verified: that may be another one."""
    write_sealed(tmp_path / "picture", Picture(format=number, title="x"), ARRAYS)
    (tmp_path / "note").write_text(f'{{"format": {number}, "seal": "another", "words": 5}}')
    for path, read in ((tmp_path / "picture", read_picture), (tmp_path / "note", read_note)):
        with pytest.raises(FileError) as error:
            read(path)
        assert message in str(error.value)


def test_a_result_from_before_the_first_release_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "note").write_text('{"state": "finished", "epochs": 3, "sha256": "0123"}')
    with pytest.raises(FileError, match=r"written by a glasswork before 0\.1\.0 was released; train it again"):
        read_note(tmp_path / "note")


@pytest.mark.parametrize("content", [b"{}", b"[]", b"", b'{"words": "x"}', b"\xff", b'{"format": 2}'], ids=str)
def test_a_file_of_another_program_is_named_as_such(tmp_path, content):
    (tmp_path / "note").write_bytes(content)
    with pytest.raises(FileError, match=r"note: not a note of glasswork \(.*\); was it written by another program"):
        read_note(tmp_path / "note")


def test_sealing_again_changes_nothing():
    text = seal(b'{"sha256": "", "a": 1}')
    assert seal(text) == text
