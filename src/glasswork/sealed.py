"""Sealed files: any change to their bytes since they were written is detected when they are read.

    text     {"format": 2, "version": "0.1.0", "sha256": "<seal>", ...}
    seal     the SHA-256 of the text as it is stored, with the value of "sha256" left empty
    arrays   a safetensors file; the text is its metadata, and holds the SHA-256 of the arrays as well

The seal covers the bytes that are stored, so a reader with more fields, or with fewer, still verifies the file:
fields it does not know are ignored, fields that are missing have their defaults. No pickle: reading such a file
never runs anything that is in it. Names, shapes and dtypes are compared with what is expected before any memory is
taken.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np

from glasswork.arrays import FloatArray
from glasswork.errors import FileError
from glasswork.files import read_small, write_whole

#: Counts the changes after which older versions of glasswork cannot read a file. A new field is no such change.
FORMAT = 2

#: What safetensors calls the dtypes that arrays may have.
DTYPES = {"float32": "F32", "float64": "F64", "uint8": "U8", "int64": "I64"}

#: The first "sha256" of a text is its seal: the fields of `Sealed` come before those of its subclasses. Within a
#: string the quotes would be escaped, so no value can be taken for the key.
_SEAL = re.compile(rb'"sha256":\s*"([0-9a-f]*)"')


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """What every sealed file states; subclasses add fields, each with a default once a format is released.

    Attributes
    ----------
    format : int
        Of the file.
    version : str
        Of the glasswork that wrote it.
    sha256 : str
        The seal; filled in when the file is written.
    """

    format: int = FORMAT
    version: str = ""
    sha256: str = ""


class Facts(Sealed, frozen=True, kw_only=True):
    """What every sealed file with arrays states.

    Attributes
    ----------
    arrays_sha256 : str
        Of the names, dtypes, shapes and bytes of all arrays; filled in when the file is written.
    """

    arrays_sha256: str = ""


class _Preamble(msgspec.Struct, frozen=True):
    """The part of the facts that every version can read."""

    format: int | None = None
    sha256: str | None = None


AnySealed = TypeVar("AnySealed", bound=Sealed)
AnyFacts = TypeVar("AnyFacts", bound=Facts)


def seal(text: bytes) -> bytes:
    """Return a JSON text with its seal filled in: the value of its first key ``sha256``, whatever it was before."""
    before, _, after = _split(text)
    return before + hashlib.sha256(before + after).hexdigest().encode() + after


def write_sealed_json(path: Path, facts: Sealed) -> None:
    """Write facts as an indented JSON file, whole or not at all, sealed.

    Raises
    ------
    FileError
        As `glasswork.files.write_whole`.
    """
    write_whole(path, seal(msgspec.json.format(msgspec.json.encode(facts)) + b"\n"))


def read_sealed_json(path: Path, kind: type[AnySealed], *, what: str) -> AnySealed:
    """Read a file that `write_sealed_json` wrote.

    Parameters
    ----------
    path : Path
    kind : class of Sealed
    what : str
        What the file should be, in words: "result of a run".

    Raises
    ------
    FileError
        If the file cannot be read, is another one, is damaged, or has a format that this glasswork does not read.
    """
    try:
        text = read_small(path)
    except OSError as error:
        raise FileError(f"{path}: cannot be read as the {what} ({error.strerror or error})") from error
    return _read_facts(text, path, kind, what)


def write_sealed(path: Path, facts: Facts, arrays: Mapping[str, FloatArray]) -> None:
    """Write facts and arrays into a safetensors file, whole or not at all, sealed.

    Parameters
    ----------
    path : Path
    facts : Facts
        One JSON text in the file, as safetensors keeps several in no fixed order.
    arrays : mapping of str to array
        float32 or float64; uint8 or int64 where a file keeps images and labels.

    Raises
    ------
    FileError
        As `glasswork.files.write_whole`.
    """
    import safetensors.numpy

    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}  # safetensors requires it
    stated = msgspec.structs.replace(facts, arrays_sha256=_digest(contiguous))
    text = seal(msgspec.json.encode(stated)).decode()
    write_whole(path, safetensors.numpy.save(contiguous, metadata={"glasswork": text}))


@contextmanager
def open_sealed(path: Path, kind: type[AnyFacts], *, what: str) -> Iterator[tuple[AnyFacts, Any]]:
    """Open a sealed file and verify its facts; the arrays are not read until `read_arrays` does.

    Parameters
    ----------
    path : Path
    kind : class of Facts
    what : str
        What the file should be, in words: "model file".

    Yields
    ------
    facts : Facts
    file : an open safetensors file

    Raises
    ------
    FileError
        If the file cannot be read, is another one, is damaged, or has a format that this glasswork does not read.
    """
    import safetensors

    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            text = (file.metadata() or {}).get("glasswork", "")
            yield _read_facts(text.encode(), path, kind, what), file
    except FileError:
        raise
    except (safetensors.SafetensorError, OSError) as error:
        raise FileError(f"{path}: not a {what}, or a damaged one ({error}); restore it, or train it again") from error


def read_arrays(file: Any, path: Path, facts: Facts, expected: Mapping[str, FloatArray], *, what: str) -> None:
    """Verify the arrays of an open sealed file, then copy them into the expected ones, in place.

    Raises
    ------
    FileError
        If names, shapes or dtypes are others, values are not finite, or a byte was changed since the file was
        sealed. The expected arrays are unchanged then.
    """
    if set(file.keys()) != set(expected):
        raise FileError(f"{path}: expected the arrays {', '.join(expected)}, got {', '.join(sorted(file.keys()))}")
    for name, array in expected.items():
        header = file.get_slice(name)  # asked first, as there are dtypes that NumPy does not have
        dtype, shape = header.get_dtype(), tuple(header.get_shape())
        if (dtype, shape) != (DTYPES[array.dtype.name], array.shape):
            raise FileError(
                f"{path}: expected {name} to be {DTYPES[array.dtype.name]} of shape {array.shape}, "
                f"got {dtype} of shape {shape}"
            )
    stored = {name: file.get_tensor(name) for name in expected}
    if facts.arrays_sha256 != _digest(stored):
        raise _damaged(path, what)
    for name, array in stored.items():
        if not np.isfinite(array).all():
            raise FileError(f"{path}: {name} holds NaN or infinite values; this network cannot be used")
        if name.endswith("running_variance") and array.min() < 0:
            raise FileError(f"{path}: {name} holds values below 0, which no variance has; this network cannot be used")
    for name, array in expected.items():
        array[...] = stored[name]


def _read_facts(text: bytes, path: Path, kind: type[AnySealed], what: str) -> AnySealed:
    """Check the format, then the seal, then decode: a newer format may be sealed in another way."""
    try:
        preamble = msgspec.json.decode(text, type=_Preamble)
        if preamble.format is None and preamble.sha256 is None:
            raise msgspec.ValidationError("it has no format and no seal")
        if preamble.format is None or preamble.format < FORMAT:
            raise FileError(f"{path}: written by a glasswork before 0.1.0 was released; train it again")
        if preamble.format > FORMAT:
            raise FileError(
                f"{path}: a {what} of format {preamble.format}, and this glasswork reads format {FORMAT}; "
                "it was written by a newer glasswork, so install that one"
            )
        if text != seal(text):
            raise _damaged(path, what)
        return msgspec.json.decode(text, type=kind)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise FileError(f"{path}: not a {what} of glasswork ({error}); was it written by another program?") from None


def _split(text: bytes) -> tuple[bytes, bytes, bytes]:
    """Return what is before the value of the seal, the value, and what is after it."""
    found = _SEAL.search(text)
    if found is None:
        raise msgspec.ValidationError("it has no seal")
    return text[: found.start(1)], found[1], text[found.end(1) :]


def _damaged(path: Path, what: str) -> FileError:
    return FileError(
        f"{path}: a damaged {what}: its content was changed since it was written; restore it, or train it again"
    )


def _digest(arrays: Mapping[str, FloatArray]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype.name} {array.shape}\n".encode())
        digest.update(array.data if array.size else b"")
    return digest.hexdigest()
