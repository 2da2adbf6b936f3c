"""``glasswork import``: a network that another library trained becomes a run."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from glasswork.cli.follow import shown
from glasswork.cli.options import Debug, command
from glasswork.cli.recipe_options import parse_setting, parse_value
from glasswork.cli.train import describe_data
from glasswork.paths import for_shell, typed_path

#: What is assumed of a table where the file does not say which numbers the network takes.
_STANDARDISED = (
    "the file does not say how columns are scaled; they were taken as standardised over the training rows "
    "(otherwise state --scaling none, or --mean and --std)"
)
_RAW = (
    "the network begins by scaling its inputs, so it was given the columns as they are (otherwise state "
    "--scaling standardize)"
)


def import_(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="net.onnx, net.safetensors (a state dict), net.keras, net.skops, or net.npz of ours.",
            parser=typed_path,
        ),
    ],
    data: Annotated[str, typer.Option(metavar="SOURCE", help="What it was trained on, as train takes it.")] = "mnist",
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", show_default="what the file says, or the recipe's defaults",
            help="Other keys of the recipe's data (repeatable), as --split official, --split-seed 5, --colour rgb do.",
        ),
    ] = None,
    scaling: Annotated[
        Literal["handout", "zero-to-one", "standardize", "none"] | None,
        typer.Option(
            help="The pixels that it takes: from -1 to 1 (handout), 0 to 1, with mean 0, or 0 to 255 (none).",
            show_default="what the file says, or an error with the accuracy of each",
        ),
    ] = None,
    mean: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBERS", show_default="none",
            help="PyTorch's Normalize(mean, std), of pixels from 0 to 1: 0.1307, or one for each colour.",
        ),
    ] = None,
    std: Annotated[str | None, typer.Option(metavar="NUMBERS", help="See --mean.", show_default="none")] = None,
    channels: Annotated[
        Literal["first", "last"] | None,
        typer.Option(
            help="If it takes colours: in planes, as PyTorch does (first), or in each pixel, as Keras does (last).",
            show_default="what the file says, or an error with the accuracy of each",
        ),
    ] = None,
    like: Annotated[
        Literal["onnx", "torch", "keras", "npz", "skops"] | None,
        typer.Option(help="What the file is.", show_default="by its suffix"),
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
) -> None:  # fmt: skip
    """Make a run of a network that another library trained: it can be evaluated, asked, explained, trained further.

    A file that glasswork export wrote states everything that is needed; other files need options.

    Examples:

    glasswork import digits.onnx --scaling zero-to-one

    glasswork import weights.safetensors --activation relu --mean 0.1307 --std 0.3081 --split official

    glasswork import net.keras --data letters/ --colour rgb
    """
    from glasswork.data.kinds import noun
    from glasswork.interop.load import parity, read
    from glasswork.recipes.keys import find_key
    from glasswork.runs.adopt import adopt
    from glasswork.statistics import accuracy_in_words

    asked = dict(parse_setting(setting) for setting in settings or [])
    asked = {find_key(key) or key: value for key, value in asked.items()}
    if wrong := [key for key in asked if not key.startswith("data.")]:
        raise typer.BadParameter(f"expected keys of the recipe's data, got {', '.join(wrong)}", param_hint="--set")
    if (mean is None) != (std is None) or (mean and scaling):
        raise typer.BadParameter("expected --mean and --std together, and no --scaling with them", param_hint="--mean")
    words = activation.split(",") if activation and "," in activation else activation
    found, who = read(file, like=like, activation=words, output_activation=output_activation)
    model = found.to_model(who)
    print(f"{file}: {model}")
    print(parity(model, file, found))
    for note in found.notes:
        print(f"Notice: {note}")
    shape = found.shape if len(found.shape) > 1 or found.inputs is None else found.inputs.shape or ()
    in_colour = shape[2:] == (3,) or (len(shape) == 3 and shape[0] == 3)
    if in_colour and not found.data:
        channels = channels or ("last" if shape[2] == 3 else "first")
    known: dict[str, Any] = {"data.colour": "rgb"} if in_colour else {}
    known |= {f"data.{key}": value for key, value in found.data.items()} | asked
    known |= describe_data(data, divided="data.split" in known)
    numbers = None if mean is None or std is None else (_numbers(mean), _numbers(std))
    keys = {key.removeprefix("data."): value for key, value in known.items()}
    source = str(keys.pop("source", data))
    run = adopt(
        model, out, source=source, scaling=numbers or scaling, channels=channels, data=keys,
        scales_itself=found.scales_itself,
    )  # fmt: skip
    parts = run.parts
    stated = model.inputs is not None and (model.inputs.scales or model.inputs.low is not None)
    if parts.kind == "features" and not (stated or numbers or scaling):
        print(f"Notice: {_RAW if found.scales_itself else _STANDARDISED}")
    tested = accuracy_in_words(run.test_accuracy or 0.0, len(parts.test), noun(parts.kind), parts.division)
    print(f"Test accuracy: {tested}")
    if not found.data:
        print(f"That counts only if the network was not trained on these {noun(parts.kind)}: --split, --split-seed.")
    place = for_shell(shown(run))
    print("Next:")
    for verb in ("report", "evaluate", "resume"):
        print(f"  {command()} {verb} {place}{' --epochs 5' if verb == 'resume' else ''}")


def _numbers(text: str) -> list[float]:
    value = parse_value(text)
    try:
        return [float(number) for number in (value if isinstance(value, list) else [value])]
    except (TypeError, ValueError):
        raise typer.BadParameter(f"expected numbers such as 0.1307, got {text!r}", param_hint="--mean") from None
