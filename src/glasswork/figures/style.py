"""The look that all pictures share: colours, sizes of letters, margins, and how a picture is saved.

Pictures are built as objects and drawn by the Agg canvas: no window, no pyplot, no global state.
Lengths are in inches, so that a margin is the same in a small picture and in a large one.
"""

import io
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from glasswork.errors import InputError
from glasswork.files import write_whole

#: Letters and lines, from strong to faint, and the paper.
INK, MUTED, FAINT, PAPER = "#1f2933", "#5b6673", "#d9dee4", "#ffffff"

#: Okabe and Ito's colours, which colour-blind people tell apart; grey for their yellow, too pale on paper.
BLUE, ORANGE, GREEN, PINK, AMBER, SKY, BLACK, GREY = SERIES = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#e69f00",
    "#56b4e9",
    "#000000",
    "#8a8a8a",
)

#: Sizes of letters, in points.
TITLE, HEADING, BODY, SMALL = 15.0, 12.0, 10.5, 9.5

#: White space around a picture, and the height that `heading` takes at its top.
MARGIN, TOP = 0.4, 1.05

DPI = 160


def new_figure(width: float, height: float) -> Figure:
    """Return an empty picture of so many inches."""
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor=PAPER, edgecolor=PAPER)
    FigureCanvasAgg(figure)
    figure.set_layout_engine("none")
    return figure


def place(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Add axes to a picture, at inches from its lower left corner."""
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, bottom / up, width / across, height / up), facecolor=PAPER)


def heading(figure: Figure, title: str, subtitle: str) -> None:
    """Write what a picture shows at its top, and a quieter line beneath."""
    across, up = (float(inches) for inches in figure.get_size_inches())
    lines = ((title, 0.3, TITLE, HEADING, INK), (subtitle, 0.65, BODY, SMALL, MUTED))
    for text, below, size, least, colour in lines:
        x, y = MARGIN / across, 1 - below / up
        artist = figure.text(x, y, one_line(text), fontsize=size, color=colour, va="top", parse_math=False)
        fit(artist, across - 2 * MARGIN, least)


def one_line(text: str) -> str:
    """Return a text with its line breaks and runs of spaces made single spaces."""
    return " ".join(text.split())


def fit(artist: Text, width: float, least: float = SMALL) -> None:
    """Make a text no wider than so many inches, in place: letters as small as ``least``, then ``…`` in its middle."""
    figure = artist.get_figure()
    assert figure is not None
    letters, kept = artist.get_text(), len(artist.get_text())
    while artist.get_window_extent().width > width * figure.dpi and kept > 2:
        size = float(artist.get_fontsize())
        if size > least:
            artist.set_fontsize(max(size - 0.5, least))
        else:
            kept -= 1
            artist.set_text(letters[: (kept + 1) // 2] + "…" + letters[len(letters) - kept // 2 :])


def save(figure: Figure, path: Path | str) -> None:
    """Write a picture as a PNG file, whole or not at all.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : path
        A name that ends in ``.png``, in a folder that exists; a file of that name is replaced.

    Raises
    ------
    InputError
        If the name ends otherwise.
    FileError
        If the file cannot be written; what was there before is untouched.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise InputError(f"save: expected a file name that ends in .png, got {path.name!r}; pictures are PNG files")
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=DPI)
    write_whole(path, content.getvalue())
