"""``glasswork predict``: which digit is on a picture."""

import json
from pathlib import Path
from typing import Annotated

import typer

from glasswork.cli.options import Debug, RunFolder


def predict(
    run: RunFolder,
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="PNG or JPEG files, one digit on each.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    debug: Debug = False,
) -> None:
    """Say which digit is on each picture, and how sure the network is.

    Pictures may be of any size, dark on light or light on dark; each is centred the way MNIST was made.
    """
    from glasswork.data.image import read_images
    from glasswork.training.model_file import load_model

    model = load_model(run)
    probabilities = model.probabilities(read_images(images))
    answers = [
        {
            "file": str(path),
            "digit": int(row.argmax()),
            "confidence": round(float(row.max()), 4),
            "probabilities": [round(float(p), 4) for p in row],
        }
        for path, row in zip(images, probabilities, strict=True)
    ]
    if as_json:
        print(json.dumps(answers, indent=2))
        return
    width = max(len(str(path)) for path in images)
    for answer in answers:
        print(f"{answer['file']:<{width}}  {answer['digit']}  {answer['confidence']:.1%} sure")
