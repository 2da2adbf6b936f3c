"""A sealed file: named arrays and the facts about them, in a safetensors file that notices any change.

    metadata   "glasswork": the facts, as one JSON text, with the SHA-256 of all facts and all arrays
    tensors    name, dtype, shape, bytes                as they are in memory

No pickle: reading such a file never runs anything that is in it. Names, shapes and dtypes are compared with what
is expected before any memory is taken.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
import safetensors
import safetensors.numpy

from glasswork.arrays import FloatArray
from glasswork.errors import FileError
from glasswork.files import write_whole

#: Counts the changes after which older versions of glasswork cannot read a file.
FORMAT = 1

#: What safetensors calls the dtypes that arrays may have.
_DTYPES = {"float32": "F32", "float64": "F64"}


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What every sealed file says; one JSON text, as safetensors keeps several in no fixed order."""

    format: int
    version: str
    sha256: str = ""


class _Format(msgspec.Struct, frozen=True):
    """The part of the facts that every version can read."""

    format: int


AnyFacts = TypeVar("AnyFacts", bound=Facts)


def write_sealed(path: Path, facts: Facts, arrays: Mapping[str, FloatArray]) -> None:
    """Write facts and arrays, whole or not at all, sealed with their SHA-256.

    Raises
    ------
    FileError
        If the file cannot be written; what was there before is untouched.
    """
    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}  # safetensors takes it for granted
    sealed = msgspec.structs.replace(facts, sha256=_digest(facts, whole))
    write_whole(path, safetensors.numpy.save(whole, metadata={"glasswork": msgspec.json.encode(sealed).decode()}))


@contextmanager
def open_sealed(path: Path, kind: type[AnyFacts], *, what: str) -> Iterator[tuple[AnyFacts, Any]]:
    """Open a sealed file and read its facts; the arrays are for `read_arrays`.

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
        If the file cannot be read, is another one, is damaged, or was written by a newer glasswork.
    """
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            yield _facts(file, path, kind, what), file
    except FileError:
        raise
    except (safetensors.SafetensorError, OSError) as error:
        raise FileError(f"{path}: not a {what}, or a damaged one ({error}); restore it, or train it again") from error


def read_arrays(file: Any, path: Path, facts: Facts, expected: Mapping[str, FloatArray], *, what: str) -> None:
    """Fill the expected arrays, in place, once all that the file holds is found to be as expected and as sealed.

    Raises
    ------
    FileError
        If names, shapes or dtypes are others, values are not finite, or anything was changed since it was sealed.
    """
    if set(file.keys()) != set(expected):
        raise FileError(f"{path}: expected the arrays {', '.join(expected)}, got {', '.join(sorted(file.keys()))}")
    for name, array in expected.items():
        header = file.get_slice(name)  # asked first, as there are dtypes that NumPy does not have
        dtype, shape = header.get_dtype(), tuple(header.get_shape())
        if (dtype, shape) != (_DTYPES[array.dtype.name], array.shape):
            raise FileError(
                f"{path}: expected {name} to be {_DTYPES[array.dtype.name]} of shape {array.shape}, "
                f"got {dtype} of shape {shape}"
            )
    stored = {name: file.get_tensor(name) for name in expected}
    for name, array in stored.items():
        if not np.isfinite(array).all():
            raise FileError(f"{path}: {name} holds NaN or infinite values; this network cannot be used")
        if name.endswith("running_variance") and array.min() < 0:
            raise FileError(f"{path}: {name} holds values below 0, which no variance has; this network cannot be used")
    if facts.sha256 != _digest(facts, stored):
        raise FileError(
            f"{path}: a damaged {what}: its content is not what it was sealed with; restore it, or train it again"
        )
    for name, array in expected.items():
        array[...] = stored[name]


def _facts(file: Any, path: Path, kind: type[AnyFacts], what: str) -> AnyFacts:
    text = (file.metadata() or {}).get("glasswork", "")
    try:
        written = msgspec.json.decode(text, type=_Format).format
        if written > FORMAT:
            raise FileError(
                f"{path}: a {what} of format {written}, and this glasswork reads up to {FORMAT}; "
                "it was written by a newer one, so install that"
            )
        return msgspec.json.decode(text, type=kind)
    except msgspec.MsgspecError as error:
        raise FileError(
            f"{path}: its metadata are not those of a glasswork {what.removesuffix(' file')} ({error}); "
            "was it written by another program?"
        ) from None


def _digest(facts: Facts, arrays: Mapping[str, FloatArray]) -> str:
    digest = hashlib.sha256(msgspec.json.encode(msgspec.structs.replace(facts, sha256="")))
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"\n{name} {array.dtype.name} {array.shape}\n".encode())
        digest.update(array.data if array.size else b"")
    return digest.hexdigest()
