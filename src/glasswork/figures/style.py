"""The style of all figures: colours, font sizes, margins.

Lengths are in inches, so that margins are the same in small and large figures.
"""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.text import Text

from glasswork.figures.figure import Picture

#: Colours of letters and lines, from strong to faint, and of the paper.
INK, MUTED, FAINT, PAPER = "#1f2933", "#5b6673", "#d9dee4", "#ffffff"

#: Okabe and Ito's colours, which colour-blind people can tell apart; grey replaces their yellow, too pale on paper.
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

#: Font sizes, in points.
TITLE, HEADING, BODY, SMALL = 15.0, 12.0, 10.5, 9.5

#: White space around a figure, and the height that `heading` takes at its top.
MARGIN, TOP = 0.4, 1.05


def new_figure(width: float, height: float) -> Picture:
    """Return an empty figure with this size in inches."""
    return Picture(width, height, facecolor=PAPER, edgecolor=PAPER)


def place(figure: Picture, left: float, bottom: float, width: float, height: float) -> Axes:
    """Add axes to a figure, at a position in inches from its lower left corner."""
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, bottom / up, width / across, height / up), facecolor=PAPER)


def heading(figure: Picture, title: str, subtitle: str) -> None:
    """Write a title at the top of a figure, and a fainter line beneath it."""
    across, up = (float(inches) for inches in figure.get_size_inches())
    lines = ((title, 0.3, TITLE, HEADING, INK), (subtitle, 0.65, BODY, SMALL, MUTED))
    for text, below, size, least, colour in lines:
        x, y = MARGIN / across, 1 - below / up
        artist = figure.text(x, y, one_line(text), fontsize=size, color=colour, va="top", parse_math=False)
        fit(artist, across - 2 * MARGIN, least)


def one_line(text: str) -> str:
    """Return a text in which line breaks and runs of spaces are single spaces."""
    return " ".join(text.split())


def fit(artist: Text, width: float, least: float = SMALL) -> None:
    """Make a text no wider than this, in place: with letters as small as ``least``, then with ``…`` in its middle."""
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
    """Return names shortened to this many inches at this font size, and the width of the widest."""
    figure = new_figure(1, 1)
    texts = [figure.text(0, 0, name, fontsize=letters, parse_math=False) for name in names]
    for text in texts:
        fit(text, most, least=letters)
    return [text.get_text() for text in texts], max(text.get_window_extent().width for text in texts) / figure.dpi
