"""``glasswork predict``: which digit is on a picture, or which class each image of a source has."""

import json
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from glasswork.arrays import Images
from glasswork.cli.answers import predict_sources
from glasswork.cli.options import Debug, RunArgument, user_path

#: Below this confidence the second guess is told as well.
_DOUBT = 0.7


def predict(
    run: RunArgument,
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...", help="Pictures, folders, or files of any kind that --data takes; - is standard input."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Show each digit as the network sees it.")] = False,
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
    """Say which class each image has, and how sure the network is.

    A network of digits takes photographs and scans: of any size, dark on light or light on dark, one digit each with
    nothing else on it; they are centred the way MNIST was made. Any network takes images such as it was trained on:
    folders, CSV, IDX, NPZ, Parquet and the other formats of glasswork data inspect.

    Examples:

    glasswork predict runs/mine seven.png --show

    glasswork predict runs/mine test.csv --submission kaggle -o submission.csv

    glasswork predict runs/letters scans/ -o letters.csv --scores
    """
    from glasswork.data.image import read_image
    from glasswork.errors import GlassworkError
    from glasswork.runs.model_file import read_model_file

    read = read_model_file(run)
    model = read.model
    asked = out is not None or scores or submission is not None
    if asked or read.reading.pictures != "digits" or not all(_is_picture(source) for source in sources):
        predict_sources(read, sources, out=out, as_json=as_json, scores=scores, submission=submission)
        return
    images = [Path(source).expanduser() for source in sources]
    width = max(len(str(path)) for path in images)
    answers: list[dict[str, object]] = []
    failed = False
    for path in images:
        try:
            image = read_image(path)
        except GlassworkError as error:
            failed = True
            print(f"Error: {error}", file=sys.stderr)
            answers.append({"file": str(path), "error": str(error)})
            continue
        (probabilities,) = model.probabilities(image[np.newaxis])
        first, second = (int(digit) for digit in probabilities.argsort()[::-1][:2])
        sure = float(probabilities[first])
        answers.append(
            {
                "file": str(path),
                "digit": first,
                "label": read.classes[first],
                "confidence": round(sure, 4),
                "probabilities": [round(float(p), 4) for p in probabilities],
            }
        )
        if as_json:
            continue
        doubt = "" if sure >= _DOUBT else f", or {second} ({probabilities[second]:.1%})"
        print(f"{path!s:<{width}}  {first}  {min(sure, 0.999):.1%} sure{doubt}")
        if show:
            print(_in_blocks(image))
    if as_json:
        print(json.dumps(answers, indent=2))
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


def _in_blocks(image: Images) -> str:
    """Return a 28×28 image as 14 lines of text: each half of a character is a pixel with ink, or without."""
    ink = image.reshape(14, 2, 28) > 96
    return "\n".join(
        "    " + "".join(" ▀▄█"[top + 2 * bottom] for top, bottom in zip(*rows, strict=True)) for rows in ink
    )
