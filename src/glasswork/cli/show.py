"""``glasswork show``: one figure of a run, or of what a recipe does to images, on the screen or in a file."""

import base64
import os
import sys
import tempfile
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glasswork.cli.options import Debug, Force, run_path
from glasswork.errors import FileError, InputError
from glasswork.paths import typed_path

if TYPE_CHECKING:
    from glasswork.figures import Picture
    from glasswork.runs.folder import RunFolder

_WHAT = ("curves", "diagram", "weights", "digits", "confusion")

#: Shows what a recipe does to training images, in its first epochs.
_AUGMENT, _EPOCHS = "augment", 12


def show(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[RUN] [FIGURE]",
            help=f"A run (by default the newest in runs) and one of {', '.join(_WHAT)}; or augment and a recipe.",
        ),
    ],
    data: Annotated[
        str | None, typer.Option(help="For augment: other data than the recipe's.", show_default="the recipe's")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="For augment: change a key of the recipe, as --KEY VALUE does."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Save the figure: .png, .svg or .pdf.", parser=typed_path),
    ] = None,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Show or save one figure of a run: curves, diagram, weights, digits or confusion.

    With augment and a recipe: an image of each class as the recipe distorts it, to see that it is still of its class.

    The figure is shown in the terminal if that can show images; otherwise it is opened as a file.

    Examples:

    glasswork show weights

    glasswork show runs/mine curves -o curves.svg

    glasswork show augment deep --rotation 15 --elastic 1.2 -o sheet.png
    """
    if _AUGMENT in words:
        _save_or_show(*_augment(words, settings or [], data, out, force=force), out)
        return
    if data is not None or settings:
        raise typer.BadParameter("only augment takes these", param_hint="--data or --set")
    _save_or_show(*_of_run(words, out, force=force), out)


def _of_run(words: list[str], out: Path | None, *, force: bool) -> "tuple[Picture, str]":
    """Return a figure of a run, and its name."""
    from glasswork import figures
    from glasswork.outputs import check_output
    from glasswork.runs.figures import FIGURES, FigureSource

    name, run = _choose(words)
    if out is not None:
        check_output(out, [run.path], force=force)
    if run.result().members and name not in ("digits", "confusion"):
        raise InputError(f"{run.path}: a committee has no {name} of its own; name one of its members")
    source = FigureSource.of_folder(run)
    for note in source.notes:
        print(f"Notice: {note}", file=sys.stderr)
    return FIGURES[name](figures, source), f"{run.path.name}-{name}"


def _augment(
    words: list[str], settings: list[str], data: str | None, out: Path | None, *, force: bool
) -> "tuple[Picture, str]":
    """Return a figure of images that a recipe distorts, and its name."""
    from glasswork import figures
    from glasswork.cli.train import changed_recipe
    from glasswork.data.contract import polarity_of
    from glasswork.outputs import check_output
    from glasswork.recipes.augmented import augmented_images

    names = [word for word in words if word != _AUGMENT]
    if len(names) != 1:
        raise typer.BadParameter("expected augment and a recipe, such as: augment deep", param_hint="[RUN] [FIGURE]")
    recipe, run, _ = changed_recipe(names[0], settings, {"data": data})
    if out is not None:
        check_output(out, [] if run is None else [run.path], force=force)
    images = augmented_images(recipe, run.kept_data() if run is not None and data is None else None, epochs=_EPOCHS)
    for note in images.notes:
        print(f"Notice: {note}", file=sys.stderr)
    figure = figures.distortions(
        images.originals,
        images.distorted,
        classes=images.classes,
        shape=images.shape,
        subtitle=f"{recipe.name}: {images.settings}",
        dark_ink=polarity_of(images.originals, images.shape) == "light on dark",
    )
    return figure, f"{recipe.name}-augment"


def _save_or_show(figure: "Picture", name: str, out: Path | None) -> None:
    """Save a figure as asked; otherwise show it in the terminal, or save it to a new file and open that."""
    from glasswork import figures

    if out is not None:
        figures.save(figure, out)
        print(f"Figure saved to {out}")
    elif sys.stdout.isatty() and (escape := _inline(figure.encode())):
        print(escape)
    else:
        path = Path(tempfile.mkdtemp()) / f"{name}.png"
        figures.save(figure, path)
        print(f"Figure saved to {path}")
        if sys.stdout.isatty():
            webbrowser.open(path.as_uri())


def _choose(words: list[str]) -> "tuple[str, RunFolder]":
    """Return the figure and the run that the words name, in either order."""
    from glasswork.runs.folder import RunFolder, find_runs

    names = [word for word in words if word in _WHAT]
    others = [word for word in words if word not in _WHAT]
    if len(names) > 1 or len(others) > 1:
        raise typer.BadParameter(
            f"expected a run and one of {', '.join(_WHAT)}; got {' '.join(words)}", param_hint="[RUN] [FIGURE]"
        )
    if others:
        run = RunFolder(run_path(others[0]))
        if not run.exists():
            raise FileError(f"{others[0]}: neither a run nor a figure; figures are {', '.join(_WHAT)}")
        return (names or ["curves"])[0], run
    found = find_runs(Path("runs")) if Path("runs").is_dir() else []
    if not found:
        raise FileError("runs: no run to show; train a network first: glasswork train")
    return names[0], found[-1]


def _inline(png: bytes) -> str:
    """Return the escape sequence that shows an image in the terminal; "" if it supports neither kitty's nor iTerm's."""
    text = base64.b64encode(png).decode()
    if "KITTY_WINDOW_ID" in os.environ or os.environ.get("TERM_PROGRAM") == "ghostty":
        parts = [text[i : i + 4096] for i in range(0, len(text), 4096)]
        return "".join(
            f"\033_G{'a=T,f=100,' if i == 0 else ''}m={int(i < len(parts) - 1)};{part}\033\\"
            for i, part in enumerate(parts)
        )
    if os.environ.get("TERM_PROGRAM") in ("iTerm.app", "WezTerm"):
        return f"\033]1337;File=inline=1;size={len(png)}:{text}\a"
    return ""
