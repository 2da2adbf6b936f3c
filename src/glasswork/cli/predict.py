"""``glasswork predict``: which digits are in a picture, or which class each image of a source has."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glasswork.cli.options import Debug, Force, NetworkArgument
from glasswork.errors import InputError
from glasswork.paths import typed_path

if TYPE_CHECKING:
    from glasswork.models.answer import Answer
    from glasswork.models.loaded import ModelFile


def predict(
    run: NetworkArgument,
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...", help="Photographs, scans, drawings, folders, or files as --data takes; - is stdin."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    single: Annotated[
        bool, typer.Option("--single", help="Expect one digit per picture: answer for the largest only.")
    ] = False,
    show: Annotated[
        bool, typer.Option("--show", help="Show each digit as the network sees it, and draw how it was found.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="Write a .csv, .json or .parquet file.", show_default="the screen", parser=typed_path
        ),
    ] = None,
    scores: Annotated[bool, typer.Option("--scores", help="Write the probability of each class as well.")] = False,
    submission: Annotated[
        str | None,
        typer.Option(metavar="FORM", help="kaggle: ids and labels, in the format of the sample beside the images."),
    ] = None,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Print which class each image has, or which digits are in each picture, and how sure the network is.

    A network trained on digits reads pictures of any size, dark on light or light on dark: a photograph of a digit, a
    house number, a page of digits. Frames, ruled lines, specks and shadows are left out; each digit is centred as in
    MNIST. Every network reads images like those it was trained on, from folders, CSV, IDX, NPZ, Parquet and the other
    formats of glasswork data inspect.

    Examples:

    glasswork predict record photograph.jpg

    glasswork predict runs/mine seven.jpg --show

    glasswork predict runs/mine test.csv --submission kaggle -o submission.csv

    glasswork predict runs/letters scans/ -o letters.csv --scores
    """
    from glasswork.cli import answers as forms
    from glasswork.cli.networks import read_for_data
    from glasswork.models.answer import by_image
    from glasswork.models.answers import answers
    from glasswork.outputs import check_output

    if submission is not None and submission not in forms.SUBMISSIONS:
        raise typer.BadParameter(
            f"expected {', '.join(forms.SUBMISSIONS)}, got {submission!r}", param_hint="--submission"
        )
    if out is not None:
        check_output(out, [run, *sources], force=force)
    read = read_for_data(run)
    with contextlib.ExitStack() as stack:
        writing: list[Callable[[list[Answer]], None]] = []
        if submission is not None:
            writing.append(stack.enter_context(forms.submission_form(out, sources[0])))
        elif out is not None:
            writing.append(stack.enter_context(forms.form_of(out, read, scores=scores)))
        if as_json:
            writing.append(stack.enter_context(forms.json_form(None, read, scores=scores)))
        if not writing:
            _tell_without_reference(read)
            writing.append(stack.enter_context(forms.screen_form(max(map(len, sources)))))
        if show:
            from glasswork.cli.reading import ReadingForm

            writing.append(ReadingForm(run, out, quiet=as_json or submission is not None).write)
        count = failed = 0
        asked = answers(read, sources, single=single or submission is not None, notify=_notice)
        for image in _counted(by_image(asked), bar=bool(out)):
            _report(image[0], strict=submission is not None, single=single)
            for write in writing:
                write(image)
            failed += bool(image[0].error)
            count += sum(not answer.error for answer in image)
    if out is not None:
        print(f"{count:,} prediction{'' if count == 1 else 's'} saved to {out}", file=sys.stderr)
    if failed:
        if len(sources) > 1 or failed > 1 or count:
            print(f"{failed:,} could not be read", file=sys.stderr)
        raise typer.Exit(1)


def _notice(note: str) -> None:
    print(f"Notice: {note}", file=sys.stderr)


def _tell_without_reference(read: "ModelFile") -> None:
    """Print on stderr why strange images are not marked, if the network has no reference set."""
    from glasswork.data.kinds import noun

    if why := read.why_no_reference:
        print(f"Notice: strange {noun(read.like.kind)} are not marked: {why}", file=sys.stderr)


def _report(answer: "Answer", *, strict: bool, single: bool) -> None:
    """Print on stderr what is wrong with an image, or what was left out of it."""
    from glasswork.cli.answers import name_of

    if answer.error and strict:
        raise InputError(f"{answer.error}; a submission needs an answer for every image, so it is not written")
    if answer.error:
        print(f"Error: {answer.error}", file=sys.stderr)
        return
    reading = answer.reading
    if reading is None:
        return
    if single and len(reading.digits) > 1:
        found = f"{len(reading.digits)} digits found; this is the largest"
        print(f"{name_of(answer)}: {found}; leave out --single to read them all", file=sys.stderr)
    if reading.frames > 1:
        print(f"{name_of(answer)}: only the first of its {reading.frames} pictures is read", file=sys.stderr)


def _counted(images: "Iterator[list[Answer]]", *, bar: bool) -> "Iterator[list[Answer]]":
    """Show on a terminal how many images are done, if no line is printed for each."""
    if not bar or not sys.stderr.isatty():
        yield from images
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.completed:,} done"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False) as progress:
        task = progress.add_task("", total=None)
        for image in images:
            yield image
            progress.advance(task)
