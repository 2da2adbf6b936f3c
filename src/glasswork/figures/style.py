"""The look that all pictures share: colours, sizes of letters, margins.

Lengths are in inches, so that a margin is the same in a small picture and in a large one.
"""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.text import Text

from glasswork.figures.figure import Picture

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


def new_figure(width: float, height: float) -> Picture:
    """Return an empty picture of so many inches."""
    return Picture(width, height, facecolor=PAPER, edgecolor=PAPER)


def place(figure: Picture, left: float, bottom: float, width: float, height: float) -> Axes:
    """Add axes to a picture, at inches from its lower left corner."""
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, bottom / up, width / across, height / up), facecolor=PAPER)


def heading(figure: Picture, title: str, subtitle: str) -> None:
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


def fit_names(names: Sequence[str], letters: float, most: float) -> tuple[list[str], float]:
    """Return names shortened to so many inches, in letters of so many points, and the width of the widest."""
    figure = new_figure(1, 1)
    texts = [figure.text(0, 0, name, fontsize=letters, parse_math=False) for name in names]
    for text in texts:
        fit(text, most, least=letters)
    return [text.get_text() for text in texts], max(text.get_window_extent().width for text in texts) / figure.dpi
