"""``glasswork predict --show``: each digit as the network sees it, and a figure of how its picture was read."""

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from glasswork.errors import FileError

if TYPE_CHECKING:
    from glasswork.arrays import Images
    from glasswork.models.answer import Answer

#: The most digits of one picture that are shown on the screen.
_MOST = 3


class ReadingForm:
    """Shows how pictures were read.

    Parameters
    ----------
    run : Path
        The run, or a model file.
    out : Path or None
        The file of the predictions; figures are saved beside it. Without one, they are saved with the run's figures.
    quiet : bool
        Whether stdout is for programs, so that messages go to stderr.
    """

    def __init__(self, run: Path, out: Path | None, *, quiet: bool) -> None:
        self._run, self._out, self._quiet = run, out, quiet
        self._noticed = False

    def write(self, answers: "list[Answer]") -> None:
        """Show one picture."""
        reading = answers[0].reading
        if reading is None:
            if not answers[0].error and not self._noticed:
                print("--show: only pictures that are read as photographs of digits are drawn", file=sys.stderr)
                self._noticed = True
            return
        if not self._quiet and self._out is None and not answers[0].error and len(answers) <= _MOST:
            for answer in answers:
                print(_in_blocks(reading.digits[answer.position - 1].image))
        try:
            drawn = self._draw(answers)
        except FileError as error:
            print(f"Notice: the figure of the steps was not saved: {error}", file=sys.stderr)
        else:
            print(f"    Figure of the steps saved to {drawn}", file=sys.stderr if self._quiet else sys.stdout)

    def _draw(self, answers: "list[Answer]") -> Path:
        """Draw the steps, save the figure to a new file, and return its path."""
        from glasswork import figures

        first, reading = answers[0], answers[0].reading
        assert reading is not None
        rows, columns = reading.cover.shape
        frame = np.array([columns, rows, columns, rows])
        picture = np.array(reading.size * 2)
        dropped = [(tuple(np.array(part.box) / frame), part.dropped) for part in reading.parts if part.dropped]
        digits = [
            (
                tuple(np.array(a.box) / picture),
                reading.digits[a.position - 1].image,
                f"{a.label}, {min(a.confidence, 0.99):.0%}{' ?' * bool(a.unlike)}",
            )
            for a in answers
            if not a.error
        ]
        name = Path(first.item).name
        drawing = figures.reading(name, reading.pixels, reading.cover, dropped, digits, reading.problem)
        path = _new_name(self._folder(), f"{Path(name).stem}-reading")
        figures.save(drawing, path)
        return path

    def _folder(self) -> Path:
        if self._out is not None:
            return self._out.parent
        if not self._run.is_dir():  # a model file by itself
            self._run = Path(tempfile.mkdtemp(prefix="glasswork-"))
            return self._run
        folder = self._run / "figures" / "readings"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(f"{folder}: this folder cannot be created ({error.strerror})") from error
        return folder


def _new_name(folder: Path, stem: str) -> Path:
    """Return the path of a file that does not exist yet, with -2, -3, ... if the plain name is taken."""
    path, count = folder / f"{stem}.png", 1
    while path.exists():
        count += 1
        path = folder / f"{stem}-{count}.png"
    return path


def _in_blocks(image: "Images") -> str:
    """Return a 28×28 image as 14 lines of text; each character shows two pixels, one above the other."""
    ink = image.reshape(14, 2, 28) > 96
    return "\n".join(
        "    " + "".join(" ▀▄█"[top + 2 * bottom] for top, bottom in zip(*rows, strict=True)) for rows in ink
    )
