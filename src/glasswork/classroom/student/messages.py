"""What the process that runs a submission may say to the one that judges it: numbered answers of a fixed form.

Arrays travel as dtype, shape and bytes. Whatever has another form, is larger than allowed or was not asked for is
refused by `decode`.
"""

import math
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta, Struct

from glasswork.classroom.student.observe import Crash
from glasswork.classroom.student.whole_file import Ending

#: Bytes of the largest message and of the largest array in one.
LARGEST, LARGEST_ARRAY = 4 << 20, 1 << 20

Word = Annotated[str, Meta(max_length=10_000)]
Name = Annotated[str, Meta(max_length=1_000)]

_Size = Annotated[int, Meta(ge=0)]


class Array(Struct, tag="array"):
    """An array of numbers."""

    dtype: Literal[
        "|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8", "<c8", "<c16"
    ]  # fmt: skip
    shape: Annotated[tuple[_Size, ...], Meta(max_length=32)]
    data: Annotated[bytes, Meta(max_length=LARGEST_ARRAY)]

    def __post_init__(self) -> None:
        if len(self.data) != math.prod(self.shape) * np.dtype(self.dtype).itemsize:
            raise ValueError(f"{len(self.data)} bytes are no array of {self.dtype} of shape {self.shape}")


class Items(Struct, tag="list"):
    """A list or a tuple."""

    values: list["Value"]


class Table(Struct, tag="dict"):
    """A dictionary whose keys are words."""

    values: dict[Name, "Value"]


Value = None | bool | int | float | Word | Array | Crash | Items | Table


class Request(Struct):
    """What the judge asks; the answer repeats the number and the nonce."""

    number: int
    nonce: str
    what: Literal["run", "observe", "count lines", "train", "run whole file"]
    part: str = ""
    good: tuple[str, ...] = ()  # the parts that were found right, which other parts may be tried with
    names: dict[str, str] = {}  # a missing class or function -> the one that is there in its place
    has_numpy: bool = True  # False: the file does not import it, and gets it all the same


class Step(Struct):
    """A statement that made or changed images."""

    line: int
    name: Name
    low: float
    high: float


class SectionCrash(Struct):
    """A statement of sections 1 and 2, or an import, that failed."""

    part: Name
    line: int
    crash: Crash


class SectionFacts(Struct):
    """What became of the data: the variables that hold them, and how they came about."""

    steps: list[Step]
    crashes: list[SectionCrash]
    split: dict[Name, Name]  # role, such as X_train -> variable
    images: Name | None  # the variable with all images
    labels: Name | None
    fetched: int
    inner: dict[Name, int] = {}  # "name line" of a statement -> the line of the function that made the value for it


class Ran(Struct, tag="ran"):
    """A file that was run as far as its data."""

    names: Annotated[list[Name], Meta(max_length=5_000)]  # its global variables
    dots: list[Name]  # those that are `...`
    undefined: dict[Name, tuple[int, Crash]]  # what a statement should have bound -> its line, and why it failed
    sections: SectionFacts


class Observed(Struct, tag="observed"):
    """What a part did on its probe."""

    facets: dict[Name, dict[Name, Value]]

    def unpacked(self) -> dict[str, dict[str, Any]]:
        """Return the facets as the judge reads them."""
        return {facet: unpack(Table(results)) for facet, results in self.facets.items()}


class Lines(Struct, tag="lines"):
    """How many lines of Python a part executes for a few images and for many."""

    few: int
    many: int


class Trained(Struct, tag="trained"):
    """Whether the file, run as a whole, moves its weights as the right solution does, and whether it stopped."""

    trains: bool
    crashed: bool


class Nothing(Struct, tag="nothing"):
    """The observation failed: the kind of the error, or that there is nothing to tell."""

    reason: Name = ""


Result = Ran | Observed | Lines | Trained | Ending | Nothing


class Answer(Struct):
    """The answer to the request of the same number."""

    number: int
    nonce: Name
    result: Result


class LostError(Exception):
    """The process that runs the submission gives no more answers.

    Attributes
    ----------
    why : str
        ``out of time``, ``ended``, or ``disturbed``: it said what was not asked for, or in another form.
    line : int or None
        The line of the document that was being executed.
    """

    def __init__(self, why: str, says: str, line: int | None = None) -> None:
        super().__init__(says)
        self.why, self.line = why, line


_encoder = msgspec.msgpack.Encoder()
_requests = msgspec.msgpack.Decoder(Request)
_answers = msgspec.msgpack.Decoder(Answer)


def encode(message: Request | Answer) -> bytes:
    """Return a message as bytes, its length first."""
    content = _encoder.encode(message)
    return len(content).to_bytes(4, "big") + content


def decode_request(content: bytes) -> Request:
    """Return a request, from its bytes without the length."""
    return _requests.decode(content)


def decode_answer(content: bytes) -> Answer:
    """Return an answer, from its bytes without the length; `msgspec.ValidationError` if it has another form."""
    return _answers.decode(content)


def pack(value: Any) -> Any:
    """Return a result of a probe in the form in which it travels."""
    if value is None or isinstance(value, Crash):
        return value
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, str):
        return str(value)[:10_000]
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value)
    if isinstance(value, np.ndarray):
        return _pack_array(value)
    if isinstance(value, dict):
        return Table({str(key): pack(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return Items([pack(item) for item in value])
    raise TypeError(f"a {type(value).__name__} cannot be told")


def _pack_array(array: Any) -> Any:
    kind = {np.dtype(np.longdouble): np.float64, np.dtype(np.clongdouble): np.complex128}.get(array.dtype)
    plain = np.ascontiguousarray(array, kind or array.dtype.newbyteorder("<")).reshape(array.shape)
    if plain.nbytes > LARGEST_ARRAY:
        return f"an array of shape {array.shape}"
    return Array(plain.dtype.str, plain.shape, plain.tobytes())


def unpack(value: Any) -> Any:
    """Return a result as the judge reads it: arrays, words, numbers, crashes, lists and dictionaries."""
    if isinstance(value, Array):
        return np.frombuffer(value.data, value.dtype).reshape(value.shape)
    if isinstance(value, Table):
        return {key: unpack(item) for key, item in value.values.items()}
    if isinstance(value, Items):
        return [unpack(item) for item in value.values]
    return value
