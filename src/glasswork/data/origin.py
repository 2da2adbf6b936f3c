"""Where a dataset came from, and what was done to its values on the way."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

#: How pictures are read: as they are, in grey and at the dataset's size, or as photographs of a digit, which are
#: cut out and centred the way MNIST was made.
Pictures: TypeAlias = Literal["digits", "as they are"]


@dataclass(frozen=True)
class Origin:
    """Where a dataset came from.

    Attributes
    ----------
    format : str
        The format, such as ``IDX`` or ``CSV``.
    recognised : str
        How the format was recognised.
    sizes : mapping of str to int
        The number of images in each part of the source, in the order of the rows; the parts are called ``train``,
        ``valid`` and ``test``. Empty if the source is not divided.
    low, high : float
        The values in the source that became the pixels 0 and 255.
    pictures : {"digits", "as they are"}
        How pictures are to be read for a network that was trained on these data.
    notes : tuple of str
        What was converted, and what was assumed.
    skipped : tuple of str
        What could not be read and was left out, each with the reason.
    source, sha256 : str
        What the dataset was loaded from, and the fingerprint that it had then; empty for arrays from a program.
        See `Dataset.with_identity`.
    label : str
        What the column of labels is called, where the source is a table that names it.
    assumed : tuple of str
        Those of the notes that say what was assumed, and how to state what is right.
    left_out : tuple of str
        Files and folders of the source that were not used, each with the reason.
    """

    format: str = "arrays"
    recognised: str = ""
    sizes: Mapping[str, int] = field(default_factory=dict)
    low: float = 0.0
    high: float = 255.0
    pictures: Pictures = "as they are"
    notes: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    source: str = ""
    sha256: str = ""
    left_out: tuple[str, ...] = ()
    label: str = ""
    assumed: tuple[str, ...] = ()
