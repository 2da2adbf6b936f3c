"""Output formats for answers: lines on the screen, or a CSV, JSON or Parquet file that is written as answers arrive.

Each form is a context manager. It gives a function that takes the answers for one image: a list of one, or of several
if a picture has several digits.
"""

import contextlib
import csv
import json
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias

import typer

from glasswork.errors import FileError, GlassworkError, MissingLibraryError
from glasswork.files import replace_whole

if TYPE_CHECKING:
    from glasswork.models.answer import Answer
    from glasswork.models.loaded import ModelFile

Write: TypeAlias = "Callable[[list[Answer]], None]"
Form: TypeAlias = AbstractContextManager[Write]

#: Where a submission may be sent.
SUBMISSIONS = ("kaggle",)


def form_of(out: Path, read: "ModelFile", *, scores: bool) -> Form:
    """Return the form for a file, chosen by its suffix; ``scores`` adds the probability of each class."""
    forms = {".csv": csv_form, ".json": json_form, ".parquet": parquet_form}
    if out.suffix.lower() not in forms:
        raise typer.BadParameter(f"expected a file ending in .csv, .json or .parquet, got {out}", param_hint="--out")
    return forms[out.suffix.lower()](out, read, scores=scores)


# The screen -----------------------------------------------------------------------------------------


@contextlib.contextmanager
def screen_form(width: int) -> Iterator[Write]:
    """Print one line for each image, with its name ``width`` columns wide; several digits get a line each below it."""

    def write(answers: "list[Answer]") -> None:
        first = answers[0]
        if first.error:
            return
        name = f"{name_of(first):<{width}}"
        if len(answers) == 1:
            print(f"{name}  {first.label}  {_in_words(first)}")
            return
        print(f"{name}  {' '.join(answer.label for answer in answers)}")
        for answer in answers:
            at = "" if answer.box is None else ", at {},{} to {},{}".format(*answer.box)
            print(f"    {answer.label}  {_in_words(answer)}{at}")

    yield write


def name_of(answer: "Answer") -> str:
    """Return an image's name on the screen: its source, and if that holds several images, its name there."""
    if not answer.item or Path(answer.source).name == answer.item or (answer.source == "-" and answer.reading):
        return answer.source
    if answer.reading is not None or Path(answer.source, answer.item).is_file():
        return str(Path(answer.source, answer.item))
    return f"{answer.source} {answer.item}"


def _in_words(answer: "Answer") -> str:
    """Return the confidence, the second guess if it is low, how far a committee agrees, and whether it is unlike."""
    second = answer.second_guess
    doubt = "" if second is None else f", or {second[0]} ({second[1]:.1%})"
    unlike = "; unlike anything it was trained on" if answer.unlike else ""
    agree = "" if answer.agreement is None else f"; {answer.agreement:.0%} of the members agree"
    return f"{min(answer.confidence, 0.999):.1%} sure{doubt}{agree}{unlike}"


# JSON -----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def json_form(out: Path | None, read: "ModelFile", *, scores: bool) -> Iterator[Write]:
    """Write a list with an entry for each image."""
    from glasswork.models.answer import entry_of

    with _writing(out) as stream:
        before = "["

        def write(answers: "list[Answer]") -> None:
            nonlocal before
            stream.write(f"{before}\n  {json.dumps(entry_of(answers, scores=scores), ensure_ascii=False)}")
            before = ","

        yield write
        stream.write("[]\n" if before == "[" else "\n]\n")


# Tables ---------------------------------------------------------------------------------------------


@contextlib.contextmanager
def csv_form(out: Path | None, read: "ModelFile", *, scores: bool) -> Iterator[Write]:
    """Write a table with a row for each image, or for each digit of a picture."""
    from glasswork.models.answer import KEYS
    from glasswork.models.committee import Committee

    with _writing(out) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        classes = read.classes if scores else ()
        keys = [key for key in KEYS if key != "agreement" or isinstance(read.model, Committee)]
        writer.writerow([*keys[:-1], *map(_column, classes), keys[-1]])

        def write(answers: "list[Answer]") -> None:
            for answer in answers:
                facts = answer.to_dict()
                *known, error = (_cell(facts[key]) for key in keys)
                shares = [""] * len(classes) if answer.probabilities is None else answer.probabilities
                writer.writerow([*known, *(_cell(share) for share in shares[: len(classes)]), error])

        yield write


def _column(name: str) -> str:
    """Return the name of a class's column: the class's name, with "class" before it if a key has the same name."""
    from glasswork.models.answer import KEYS

    return f"class {name}" if name in KEYS else name


def _cell(value: Any) -> object:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return value if isinstance(value, str | int) else round(float(value), 6)


@contextlib.contextmanager
def parquet_form(out: Path, read: "ModelFile", *, scores: bool) -> Iterator[Write]:
    """Write the table of `csv_form` in Parquet."""
    try:
        import polars as pl
    except ImportError:
        raise MissingLibraryError(
            f"{out}: writing Parquet needs another package: pip install 'glasswork[formats]'"
        ) from None
    types: dict[str, Any] = dict.fromkeys(("item", "file", "label", "resembles", "box", "error"), pl.String)
    types |= dict.fromkeys(("row", "position"), pl.Int64) | {"unlike": pl.Boolean}
    types |= dict.fromkeys(
        ("confidence", "agreement", "strangeness", *map(_column, read.classes if scores else ())), pl.Float64
    )
    rows = out.with_name(f".{out.name}-{secrets.token_hex(4)}")  # the rows go through a file: they may be millions
    try:
        with csv_form(rows, read, scores=scores) as write:
            yield write
        with _whole(out) as temporary:
            pl.scan_csv(rows, schema_overrides=types).sink_parquet(temporary)
    finally:
        rows.unlink(missing_ok=True)


@contextlib.contextmanager
def submission_form(out: Path | None, source: str) -> Iterator[Write]:
    """Write a submission to Kaggle about the images of a source."""
    from glasswork.data.sources.kaggle import submission_for

    submission = submission_for(source)
    with _writing(out) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(submission.columns)
        count = 0

        def write(answers: "list[Answer]") -> None:
            nonlocal count
            writer.writerow((submission.id_of(count, answers[0].item), answers[0].label))
            count += 1

        yield write


# Files ----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _writing(out: Path | None) -> Iterator[IO[str]]:
    """Context manager: the screen, or a new file that replaces the old one once it is complete."""
    if out is None:
        yield sys.stdout
        return
    with _whole(out) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        yield stream


@contextlib.contextmanager
def _whole(out: Path) -> Iterator[Path]:
    """Context manager: a temporary file beside an output, which replaces it when the block ends without an error."""
    temporary = out.with_name(f".{out.name}-{secrets.token_hex(4)}")
    try:
        yield temporary
        replace_whole(out, lambda hidden: shutil.move(temporary, hidden), lambda _: None)
    except GlassworkError:
        raise
    except OSError as error:
        raise FileError(f"{out}: cannot be written ({error.strerror}); check free space and permissions") from error
    finally:
        temporary.unlink(missing_ok=True)
