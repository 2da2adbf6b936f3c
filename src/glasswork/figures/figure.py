"""Picture: a matplotlib figure with its own settings, which a notebook shows and `save` writes.

figures.curves(...) ──► Picture ──last line of a cell──► shown
                                └─save──► PNG, SVG or PDF

A user's matplotlibrc, style sheets, ``usetex`` and ``MPLBACKEND`` do not affect it, and it changes none of them. It is
drawn in memory, without a window and without pyplot.
"""

import contextlib
import functools
import importlib
import io
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, ParamSpec


def _import_matplotlib() -> Any:
    """Import matplotlib even if ``MPLBACKEND`` names a backend that does not exist; our figures need none."""
    if "matplotlib" in sys.modules or "MPLBACKEND" not in os.environ:
        return importlib.import_module("matplotlib")
    backend = os.environ.pop("MPLBACKEND")
    try:
        matplotlib = importlib.import_module("matplotlib")
    finally:
        os.environ["MPLBACKEND"] = backend
    with contextlib.suppress(ValueError):  # for the user's own figures, as matplotlib would have done
        matplotlib.rcParams["backend"] = backend
    return matplotlib


_import_matplotlib()

from matplotlib import style  # noqa: E402
from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from glasswork.errors import InputError  # noqa: E402
from glasswork.files import write_whole  # noqa: E402
from glasswork.outputs import SOFTWARE  # noqa: E402

P = ParamSpec("P")

#: Dots per inch of a PNG file.
DPI = 160

#: The formats in which figures can be saved, and their metadata: our name, by which `glasswork.outputs` recognises the
#: file, and no date, so that equal figures are equal files.
FORMATS: Final[dict[str, dict[str, str | None]]] = {
    "png": {"Software": SOFTWARE},
    "svg": {"Date": None, "Creator": SOFTWARE},
    "pdf": {"CreationDate": None, "ModDate": None, "Creator": SOFTWARE},
}

#: Changes to matplotlib's defaults: letters in PDF stay letters; equal figures are equal SVG files.
_SETTINGS: dict[Any, Any] = {"svg.hashsalt": "glasswork", "pdf.fonttype": 42}


@contextlib.contextmanager
def own_settings() -> Iterator[None]:
    """Context manager: matplotlib's default settings; restores the user's on exit."""
    with warnings.catch_warnings(), style.context(["default", _SETTINGS], after_reset=True):
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a letter that no font has becomes a box
        yield


def picture(draw: "Callable[P, Picture]") -> "Callable[P, Picture]":
    """Decorate a function that draws: it works under `own_settings`."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Picture:
        with own_settings():
            return draw(*args, **kwargs)

    return drawn


class Picture(Figure):
    """A matplotlib figure that is drawn under `own_settings` and shown by notebooks."""

    def __init__(self, width: float, height: float, **options: Any) -> None:
        super().__init__(figsize=(width, height), dpi=DPI, **options)
        FigureCanvasAgg(self)
        self.set_layout_engine("none")

    def draw(self, renderer: Any) -> None:
        """Draw the figure under its own settings."""
        with own_settings():
            super().draw(renderer)

    def savefig(self, fname: Any, **options: Any) -> None:
        """Save the figure under its own settings; `glasswork.figures.save` writes complete files or none."""
        with own_settings():
            super().savefig(fname, **options)

    def encode(self, kind: str = "png") -> bytes:
        """Return the content of a file of one of `FORMATS`."""
        content = io.BytesIO()
        self.savefig(content, format=kind, dpi=DPI, metadata=FORMATS[kind])
        return content.getvalue()

    def _repr_png_(self) -> bytes:
        return self.encode()


def save(figure: Picture, path: Path | str) -> None:
    """Write a figure to a file, either completely or not at all.

    Parameters
    ----------
    figure : Picture
    path : path
        A name that ends in ``.png``, ``.svg`` or ``.pdf``, in a folder that exists; a file of that name is replaced.

    Raises
    ------
    InputError
        If the name ends in anything else, or ``figure`` is no figure of glasswork.
    FileError
        If the file cannot be written; an old file is unchanged then.
    """
    if not isinstance(figure, Picture):
        raise InputError(f"save: expected a figure such as figures.curves(history), got {figure!r}")
    path = Path(path)
    kind = path.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        endings = ", ".join(f".{name}" for name in FORMATS)
        raise InputError(f"save: expected a file name that ends in one of {endings}; got {path.name!r}")
    write_whole(path, figure.encode(kind))
