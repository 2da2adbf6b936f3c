"""Sealed files: any change to their bytes since they were written is detected when they are read.

    text     {"format": 2, "version": "0.1.0", "sha256": "<seal>", ...}
    seal     the SHA-256 of the text as it is stored, with the value of "sha256" left empty
    arrays   a safetensors file; the text is its metadata, and holds the SHA-256 of the arrays as well

The seal covers the bytes that are stored, so a reader with more fields, or with fewer, still verifies the file:
fields it does not know are ignored, fields that are missing have their defaults. No pickle: reading such a file
never runs anything that is in it. Names, shapes and dtypes are compared with what is expected before any memory is
taken. A writer reads its own file with the reader's checks before it gives the file its name.
"""

import hashlib
import json
import math
import re
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from glasswork.errors import FileError
from glasswork.files import read_small, replace_whole, write_whole

#: The version of the file format. A change that older versions of glasswork cannot read raises it; a new field does
#: not.
FORMAT = 2

#: The dtypes that arrays may have, with safetensors' names for them. Its files store them in reverse order.
DTYPES = {"uint8": "U8", "float16": "F16", "float32": "F32", "float64": "F64", "int64": "I64"}

#: The seal is the first "sha256" of a text: the fields of `Sealed` come before those of its subclasses. Within a
#: string the quotes would be escaped, so no value can be mistaken for the key.
_SEAL = re.compile(rb'"sha256":\s*"([0-9a-f]*)"')


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of every sealed file; a subclass adds its own, each with a default once the format is released.

    Attributes
    ----------
    format : int
        The version of the file's format.
    version : str
        The version of glasswork that wrote the file.
    sha256 : str
        The seal; filled in when the file is written.
    """

    format: int = FORMAT
    version: str = ""
    sha256: str = ""


class Facts(Sealed, frozen=True, kw_only=True):
    """The fields of every sealed file with arrays.

    Attributes
    ----------
    arrays_sha256 : str
        The SHA-256 of the names, dtypes, shapes and bytes of all arrays; filled in when the file is written.
    """

    arrays_sha256: str = ""


class _Preamble(msgspec.Struct, frozen=True):
    """The facts that every version can read."""

    format: int | None = None
    sha256: str | None = None


#: The name of an array's dtype, and its shape.
Spec: TypeAlias = tuple[str, tuple[int, ...]]

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
        If a reader would refuse the facts or read different ones; or as for `glasswork.files.write_whole`.
    """
    text = seal(msgspec.json.format(_encode(path, facts)) + b"\n")
    _check_same(path, _read_facts(text, path, type(facts), "file"), facts)
    write_whole(path, text)


def read_sealed_json(path: Path, kind: type[AnySealed], *, what: str) -> AnySealed:
    """Read a file that `write_sealed_json` wrote.

    Parameters
    ----------
    path : Path
    kind : class of Sealed
    what : str
        What the file should be, for messages: "result of a run".

    Raises
    ------
    FileError
        If the file cannot be read, is of another kind, is damaged, or has a format that this version does not read.
    """
    try:
        text = read_small(path)
    except OSError as error:
        raise FileError(f"{path}: cannot be read as the {what} ({error.strerror or error})") from error
    return _read_facts(text, path, kind, what)


def write_sealed(
    path: Path,
    facts: AnyFacts,
    arrays: Mapping[str, NDArray[Any]],
    *,
    what: str = "sealed file",
    check: Callable[[Path, AnyFacts, Any], object] = lambda path, facts, file: None,
) -> None:
    """Write facts and arrays into a safetensors file, whole or not at all, sealed.

    The arrays are written and read back one by one, which takes no more memory than the largest of them.

    Parameters
    ----------
    path : Path
    facts : Facts
        Stored as one JSON text, because safetensors keeps several texts in no fixed order.
    arrays : mapping of str to array
        float32 or float64; uint8 or int64 where a file keeps images and labels.
    what : str
        What the file is, for messages: "model file".
    check : callable
        The reader's check of the facts: called with the path, the facts as they are read back and the open file; raises
        a FileError.

    Raises
    ------
    FileError
        If a reader would refuse the file; or as for `glasswork.files.replace_whole`. An old file is unchanged then.
    """
    stored = {name: np.ascontiguousarray(array, array.dtype.newbyteorder("<")) for name, array in arrays.items()}
    digest = hashlib.sha256()
    for name in sorted(stored):
        if problem := _add_to_digest(digest, name, stored[name]):
            raise FileError(f"{path}: cannot be written: {problem}")
    stated = msgspec.structs.replace(facts, arrays_sha256=digest.hexdigest())
    text = seal(_encode(path, stated)).decode()

    def write(written: Path) -> None:
        with written.open("r+b") as stream:
            for piece in _safetensors(text, stored):
                stream.write(piece)

    def read_back(written: Path) -> None:
        with open_sealed(written, type(facts), what=what, name=path) as (read, file):
            _check_same(path, read, stated)
            check(path, read, file)
            check_arrays(file, path, read, specs_of(stored), what=what)

    replace_whole(path, write, read_back)


def _safetensors(text: str, arrays: Mapping[str, NDArray[Any]]) -> Iterator[bytes | memoryview]:
    """Yield the parts of a safetensors file: the length of its header, the header, the arrays.

    The bytes are those of ``safetensors.numpy.save``, which would hold a second copy of all arrays in memory.
    ``save_file`` would write to a hidden file of its own, which stays behind if the process is killed.
    """
    header: dict[str, Any] = {"__metadata__": {"glasswork": text}}
    order = sorted(arrays, key=lambda name: (-list(DTYPES).index(arrays[name].dtype.name), name))
    start = 0
    for name in order:
        array = arrays[name]
        place = [start, start := start + array.nbytes]
        header[name] = {"dtype": DTYPES[array.dtype.name], "shape": array.shape, "data_offsets": place}
    encoded = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)
    yield struct.pack("<Q", len(encoded))
    yield encoded
    yield from (arrays[name].data for name in order if arrays[name].size)


@contextmanager
def open_sealed(
    path: Path, kind: type[AnyFacts], *, what: str, name: Path | None = None
) -> Iterator[tuple[AnyFacts, Any]]:
    """Open a sealed file and verify its facts; the arrays are not read until `read_arrays` does.

    Parameters
    ----------
    path : Path
    kind : class of Facts
    what : str
        What the file should be, for messages: "model file".
    name : Path, optional
        The name that messages give the file, if it does not have its name yet.

    Yields
    ------
    facts : Facts
    file : an open safetensors file

    Raises
    ------
    FileError
        If the file cannot be read, is of another kind, is damaged, or has a format that this version does not read.
    """
    import safetensors

    name = name or path
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            text = (file.metadata() or {}).get("glasswork", "")
            yield _read_facts(text.encode(), name, kind, what), file
    except FileError:
        raise
    except (safetensors.SafetensorError, OSError) as error:
        raise FileError(f"{name}: not a {what}, or a damaged one ({error}); restore it, or train it again") from error


def count_numbers(file: Any) -> int:
    """Return how many numbers an open sealed file holds; safetensors has checked that the file is that large."""
    return sum(math.prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118


def specs_of(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Spec]:
    """Return the dtype and the shape of each array."""
    return {name: (array.dtype.name, array.shape) for name, array in arrays.items()}


def check_arrays(file: Any, path: Path, facts: Facts, expected: Mapping[str, Spec], *, what: str) -> None:
    """Verify the arrays of an open sealed file: the sizes of all first, then the values of one array at a time.

    Raises
    ------
    FileError
        If names, shapes or dtypes differ, values are not finite, or a byte has changed since the file was sealed.
    """
    if set(file.keys()) != set(expected):
        raise FileError(f"{path}: expected the arrays {', '.join(expected)}, got {', '.join(sorted(file.keys()))}")
    for name, (dtype, shape) in expected.items():
        header = file.get_slice(name)  # read first, because there are dtypes that NumPy does not have
        found = header.get_dtype(), tuple(header.get_shape())
        if found != (DTYPES.get(dtype), tuple(shape)):
            raise FileError(
                f"{path}: expected {name} to be {DTYPES.get(dtype, dtype)} of shape {tuple(shape)}, "
                f"got {found[0]} of shape {found[1]}"
            )
    digest = hashlib.sha256()
    problems = [_add_to_digest(digest, name, file.get_tensor(name)) for name in sorted(expected)]
    if facts.arrays_sha256 != digest.hexdigest():
        raise _damaged(path, what)
    for problem in filter(None, problems):
        raise FileError(f"{path}: {problem}")


def read_arrays(file: Any, path: Path, facts: Facts, expected: Mapping[str, NDArray[Any]], *, what: str) -> None:
    """Verify the arrays of an open sealed file, then copy them into the expected ones, in place.

    Raises
    ------
    FileError
        As for `check_arrays`. The expected arrays are unchanged then.
    """
    check_arrays(file, path, facts, specs_of(expected), what=what)
    for name, array in expected.items():
        array[...] = file.get_tensor(name)


def _read_facts(text: bytes, path: Path, kind: type[AnySealed], what: str) -> AnySealed:
    """Check the format, then the seal, then decode: a newer format may be sealed in a different way."""
    try:
        preamble = msgspec.json.decode(text, type=_Preamble)
        if preamble.format is None and preamble.sha256 is None:
            raise msgspec.ValidationError("it has no format and no seal")
        if preamble.format is None or preamble.format < FORMAT:
            raise FileError(f"{path}: written before glasswork 0.1.0 was released; train it again")
        if preamble.format > FORMAT:
            raise FileError(
                f"{path}: a {what} of format {preamble.format}, but this glasswork reads format {FORMAT}; "
                "a newer glasswork wrote it, so install that one"
            )
        if text != seal(text):
            raise _damaged(path, what)
        return msgspec.json.decode(text, type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise FileError(f"{path}: not a {what} of glasswork ({error}); was it written by another program?") from None


def _split(text: bytes) -> tuple[bytes, bytes, bytes]:
    """Return the text before the seal's value, the value, and the text after it."""
    found = _SEAL.search(text)
    if found is None:
        raise msgspec.ValidationError("it has no seal")
    return text[: found.start(1)], found[1], text[found.end(1) :]


def _damaged(path: Path, what: str) -> FileError:
    return FileError(
        f"{path}: a damaged {what}: its content has changed since it was written; restore it, or train it again"
    )


def _encode(path: Path, facts: Sealed) -> bytes:
    try:
        return msgspec.json.encode(facts)
    except (TypeError, OverflowError, ValueError) as error:
        raise FileError(f"{path}: cannot be written: JSON cannot hold its facts ({error})") from error


def _check_same(path: Path, stored: Sealed, stated: Sealed) -> None:
    """Raise unless the facts that were read back are those that were written: JSON has no NaN, and no infinity."""
    for field in stated.__struct_fields__:
        had, got = (json.dumps(msgspec.to_builtins(getattr(facts, field))) for facts in (stated, stored))
        if field != "sha256" and had != got:
            raise FileError(f"{path}: cannot be written: {field} is {had:.200}, but would be read back as {got:.200}")


def _add_to_digest(digest: "hashlib._Hash", name: str, array: NDArray[Any]) -> str | None:
    """Hash an array; return why it cannot be used, or None. Writers use this too, so they write nothing that is
    refused.

    A moment of an optimiser may be infinite: its weight no longer moves, in the resumed run as in the unbroken one.
    """
    if array.dtype.name not in DTYPES:
        return f"{name} is an array of {array.dtype}, but such files hold only {', '.join(DTYPES)}"
    digest.update(f"{name} {array.dtype.name} {array.shape}\n".encode())
    digest.update(array.data if array.size else b"")
    if np.isnan(array).any() if name.startswith("optimizer.") else not np.isfinite(array).all():
        return f"{name} holds NaN or infinite values; this network cannot be used"
    if name.endswith("running_variance") and array.min(initial=0) < 0:
        return f"{name} holds negative values, which a variance cannot have; this network cannot be used"
    return None
