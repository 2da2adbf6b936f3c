"""``glasswork import``: a network that another library trained becomes a run."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from glasswork.cli.options import Debug, command
from glasswork.paths import for_shell, typed_path


def import_(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="net.onnx, a state dict in weights.safetensors, net.keras.", parser=typed_path
        ),
    ],
    data: Annotated[str, typer.Option(metavar="SOURCE", help="What it was trained on, as train takes it.")] = "mnist",
    scaling: Annotated[
        Literal["handout", "zero-to-one", "standardize"] | None,
        typer.Option(
            help="The pixels that it takes: -1 to 1 (handout), 0 to 1, or of mean 0.",
            show_default="what the file says, or an error with the accuracy of each",
        ),
    ] = None,
    like: Annotated[
        Literal["onnx", "torch", "keras"] | None, typer.Option(help="Who wrote it.", show_default="by its suffix")
    ] = None,
    activation: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Of the hidden layers of a state dict, such as relu or relu,tanh."),
    ] = None,
    output_activation: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of the output layer of a state dict.", show_default="none: logits"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="The run.", show_default="a new folder in runs", parser=typed_path),
    ] = None,
    debug: Debug = False,
) -> None:
    """Make a run of a network that another library trained: it can be evaluated, asked, explained and trained on.

    Examples:

    glasswork import digits.onnx --scaling zero-to-one

    glasswork import weights.safetensors --activation relu --data letters/
    """
    from glasswork.data.kinds import noun
    from glasswork.interop.load import parity, read
    from glasswork.runs.adopt import adopt, scaling_of
    from glasswork.statistics import accuracy_in_words

    words = activation.split(",") if activation and "," in activation else activation
    model, notes = read(file, like=like, activation=words, output_activation=output_activation)
    print(f"{file}: {model}")
    print(parity(model, file))
    for note in notes:
        print(f"Notice: {note}")
    run = adopt(model, out, source=data, scaling=scaling or scaling_of(model, data))
    parts = run.parts
    tested = accuracy_in_words(run.test_accuracy or 0.0, len(parts.test), noun(parts.kind), f"{parts.scheme} split")
    print(f"Test accuracy: {tested}")
    place = for_shell(run.folder)
    print("Next:")
    for verb in ("report", "evaluate", "resume"):
        print(f"  {command()} {verb} {place}{' --epochs 5' if verb == 'resume' else ''}")
