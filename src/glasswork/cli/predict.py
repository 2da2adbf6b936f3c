"""``glasswork predict``: which digits are in a picture, or which class each image of a source has."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from glasswork.arrays import FloatArray, Images
from glasswork.cli.answers import predict_sources
from glasswork.cli.options import Debug, RunArgument, user_path

if TYPE_CHECKING:
    from glasswork.data.photos import Digit, Reading
    from glasswork.models.model_file import ModelFile

#: Below this confidence the second guess is told as well.
_DOUBT = 0.7

#: If more than this share of three or more parts is unlike a digit, the picture is print or a drawing.
_MOSTLY_UNLIKE = 0.3


def predict(
    run: RunArgument,
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...", help="Photographs, scans, drawings, folders, or files as --data takes; - is stdin."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    single: Annotated[bool, typer.Option("--single", help="One digit a picture: answer for the largest only.")] = False,
    show: Annotated[
        bool, typer.Option("--show", help="Show each digit as the network sees it, and draw the steps into a figure.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="Write a .csv, .json or .parquet file.", show_default="the screen", parser=user_path
        ),
    ] = None,
    scores: Annotated[bool, typer.Option("--scores", help="Write the probability of each class as well.")] = False,
    submission: Annotated[
        str | None, typer.Option(metavar="FORM", help="kaggle: the columns ImageId, from 1, and Label.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Say which class each image has, or which digits are in each picture, and how sure the network is.

    A network of digits takes pictures of any size, dark on light or light on dark: a photograph of a digit, a house
    number, a page of digits. Frames, ruled lines, specks and shadows are left out; each digit is centred the way MNIST
    was made. Any network takes images such as it was trained on: folders, CSV, IDX, NPZ, Parquet and the other formats
    of glasswork data inspect.

    Examples:

    glasswork predict runs/mine seven.jpg --show

    glasswork predict runs/mine test.csv --submission kaggle -o submission.csv

    glasswork predict runs/letters scans/ -o letters.csv --scores
    """
    from glasswork.data.photos import read_picture
    from glasswork.errors import GlassworkError
    from glasswork.models.model_file import read_model_file

    read = read_model_file(run)
    asked = out is not None or scores or submission is not None
    if asked or read.reading.pictures != "digits" or not all(_is_picture(source) for source in sources):
        predict_sources(read, sources, out=out, as_json=as_json, scores=scores, submission=submission)
        return
    images = [Path(source).expanduser() for source in sources]
    width = max(len(str(path)) for path in images)
    entries: list[dict[str, Any]] = []
    failed = False
    for path in images:
        try:
            reading = read_picture(path)
            problem = reading.problem
        except GlassworkError as error:
            reading, problem = None, str(error)
        answers = _answers(reading.digits, read, single=single) if reading and not problem else []
        if problem:
            failed = True
            print(f"Error: {problem}", file=sys.stderr)
            entries.append({"file": str(path), "error": problem})
        else:
            entries.append(_entry(path, answers))
        if single and reading and len(reading.digits) > 1:
            print(
                f"{path}: {len(reading.digits)} digits found, this is the largest; without --single all are read",
                file=sys.stderr,
            )
        if not as_json and answers:
            _print_answers(path, answers, width, show=show)
        if show and reading:
            figure = _draw(path, reading, answers)
            print(f"{' ' * 4}The steps are drawn in {figure}", file=sys.stderr if as_json else sys.stdout)
    if as_json:
        print(json.dumps(entries, indent=2))
    if failed:
        raise typer.Exit(1)


def _is_picture(source: str) -> bool:
    """Whether a source is the path of a picture, or of nothing, which is reported as a picture is."""
    from glasswork.data.sources.picture import is_picture

    path = Path(source).expanduser()
    if not path.exists():
        return "." in source
    if path.is_dir():
        return False
    with path.open("rb") as stream:
        head = stream.read(32)
    return is_picture(head) or path.suffix.lower() in (".png", ".jpg", ".jpeg")


# Answers --------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Answer:
    """What the network says about one digit; ``unlike`` is None if there is nothing to compare it with."""

    found: "Digit"
    probabilities: FloatArray
    unlike: bool | None

    @property
    def digit(self) -> int:
        return int(self.probabilities.argmax())

    @property
    def confidence(self) -> float:
        return float(self.probabilities.max())

    def facts(self) -> dict[str, Any]:
        return {
            "digit": self.digit,
            "label": str(self.digit),
            "confidence": round(self.confidence, 4),
            "box": list(self.found.box),
            "probabilities": [round(float(p), 4) for p in self.probabilities],
            "unlike": self.unlike,
        }

    def words(self) -> str:
        """The confidence, the second guess if it is low, and whether the image is unlike a digit."""
        second = int(self.probabilities.argsort()[-2])
        doubt = "" if self.confidence >= _DOUBT else f", or {second} ({self.probabilities[second]:.1%})"
        unlike = "; unlike anything it was trained on" if self.unlike else ""
        return f"{min(self.confidence, 0.999):.1%} sure{doubt}{unlike}"


def _answers(digits: "list[Digit]", read: "ModelFile", *, single: bool) -> list[_Answer]:
    """Ask the network for each digit, or for the largest alone, and limit its confidence where it is out of depth."""
    from glasswork.data.photos import largest

    images = np.stack([digit.image for digit in digits])
    probabilities: FloatArray = read.model.probabilities(images)
    reference = read.reference
    unlike: list[bool | None] = [None] * len(digits)
    if reference is not None:
        probabilities = reference.temper(images, probabilities)
        unlike = [bool(one) for one in reference.unlike(images)]
        if len(digits) >= 3 and np.mean(reference.unlike(images)) > _MOSTLY_UNLIKE:
            probabilities = reference.temper(np.zeros_like(images), probabilities)
    answers = [_Answer(*row) for row in zip(digits, probabilities, unlike, strict=True)]
    if single:
        one = largest(digits)
        answers = [answer for answer in answers if answer.found is one]
    return answers


def _entry(path: Path, answers: list[_Answer]) -> dict[str, Any]:
    """The facts about a picture: the first digit's at the top, all digits' below."""
    digits = [answer.facts() for answer in answers]
    first = {key: digits[0][key] for key in ("digit", "label", "confidence", "probabilities")}
    return {"file": str(path), **first, "digits": digits}


# Words and pictures ---------------------------------------------------------------------------------


def _print_answers(path: Path, answers: list[_Answer], width: int, *, show: bool) -> None:
    name = f"{path!s:<{width}}"
    if len(answers) == 1:
        print(f"{name}  {answers[0].digit}  {answers[0].words()}")
    else:
        print(f"{name}  {' '.join(str(answer.digit) for answer in answers)}")
        for answer in answers:
            left, top, right, bottom = answer.found.box
            print(f"    {answer.digit}  {answer.words()}, at {left},{top} to {right},{bottom}")
    if show and len(answers) <= 3:
        for answer in answers:
            print(_in_blocks(answer.found.image))


def _in_blocks(image: Images) -> str:
    """Return a 28×28 image as 14 lines of text: each half of a character is a pixel with ink, or without."""
    ink = image.reshape(14, 2, 28) > 96
    return "\n".join(
        "    " + "".join(" ▀▄█"[top + 2 * bottom] for top, bottom in zip(*rows, strict=True)) for rows in ink
    )


def _draw(path: Path, reading: "Reading", answers: list[_Answer]) -> Path:
    """Draw the steps into a new file in the current folder, and return its name."""
    from glasswork import figures

    rows, columns = reading.cover.shape
    frame = np.array([columns, rows, columns, rows])
    picture = np.array(reading.size * 2)
    dropped = [(tuple(np.array(part.box) / frame), part.dropped) for part in reading.parts if part.dropped]
    digits = [
        (
            tuple(np.array(a.found.box) / picture),
            a.found.image,
            f"{a.digit}, {min(a.confidence, 0.99):.0%}{' ?' * bool(a.unlike)}",
        )
        for a in answers
    ]
    figure = figures.reading(path.name, reading.pixels, reading.cover, dropped, digits, reading.problem)
    name = Path(f"{path.stem}-reading.png")
    count = 1
    while name.exists():
        count += 1
        name = Path(f"{path.stem}-reading-{count}.png")
    figures.save(figure, name)
    return name
