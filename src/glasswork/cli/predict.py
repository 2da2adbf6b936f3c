"""``glasswork predict``: which digit is on a picture."""

import json
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from glasswork.arrays import Images
from glasswork.cli.options import Debug, RunArgument

#: Below this confidence the second guess is told as well.
_DOUBT = 0.7


def predict(
    run: RunArgument,
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="PNG or JPEG files, one digit on each.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Show each digit as the network sees it.")] = False,
    debug: Debug = False,
) -> None:
    """Say which digit is on each picture, and how sure the network is.

    Pictures may be of any size, dark on light or light on dark; each is centred the way MNIST was made.
    One digit a picture, with nothing else on it: no frame, no ruled lines.

    Example: glasswork predict runs/mine seven.png --show
    """
    from glasswork.data.image import read_image
    from glasswork.errors import GlassworkError
    from glasswork.runs.model_file import load_model

    model = load_model(run)
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


def _in_blocks(image: Images) -> str:
    """Return a 28×28 image as 14 lines of text: each half of a character is a pixel with ink, or without."""
    ink = image.reshape(14, 2, 28) > 96
    return "\n".join(
        "    " + "".join(" ▀▄█"[top + 2 * bottom] for top, bottom in zip(*rows, strict=True)) for rows in ink
    )
