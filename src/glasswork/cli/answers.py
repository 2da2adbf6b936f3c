"""Predictions for any source: on the screen, or in a CSV, JSON or Parquet file; one line an image, as they come."""

import contextlib
import csv
import json
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import typer

from glasswork.errors import FileError, GlassworkError, InputError, MissingLibraryError

if TYPE_CHECKING:
    from glasswork.models.answers import Answer
    from glasswork.models.model_file import ModelFile

_DIGITS = tuple("0123456789")

#: Submissions: the columns, and what is in them for the n-th image, counted from 1.
SUBMISSIONS: dict[str, tuple[tuple[str, str], Callable[[int, "Answer"], tuple[Any, Any]]]] = {
    "kaggle": (("ImageId", "Label"), lambda n, answer: (n, answer.label)),
}


def predict_sources(
    read: "ModelFile", sources: list[str], *, out: Path | None, as_json: bool, scores: bool, submission: str | None
) -> None:
    """Ask a network about all images of sources, and write what it says.

    Parameters
    ----------
    read : ModelFile
    sources : list of str
    out : Path, optional
        Its suffix says the form: .csv, .json or .parquet; by default the screen.
    as_json : bool
        Whether JSON is printed.
    scores : bool
        Whether the probability of each class is written as well.
    submission : str, optional
        A key of `SUBMISSIONS`.

    Raises
    ------
    Exit
        With the status 1 if an image or a source could not be read.
    """
    if submission is not None and submission not in SUBMISSIONS:
        raise typer.BadParameter(f"expected {', '.join(SUBMISSIONS)}, got {submission!r}", param_hint="--submission")
    failures = _Failures(strict=submission is not None)
    found = failures.watch(_counted(_all_answers(read, sources)))
    if submission is not None:
        columns, row = SUBMISSIONS[submission]
        rows = (row(n, answer) for n, answer in enumerate(found, 1))
        with _writing(out) as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(rows)
    elif as_json or (out is not None and out.suffix == ".json"):
        with _writing(out) as stream:
            _write_json(stream, (_entry(answer, read.classes, scores=scores) for answer in found))
    elif out is None:
        for answer in found:
            if not answer.error:
                print(f"{answer.source} {answer.item}  {answer.label}  {min(answer.confidence, 0.999):.1%} sure")
    else:
        _write_table(out, found, read.classes, scores=scores)
    if out is not None:
        print(f"{failures.answered:,} predictions are in {out}", file=sys.stderr)
    if failures.count:
        print(f"{failures.count:,} could not be read", file=sys.stderr)
        raise typer.Exit(1)


class _Failures:
    """Prints and counts what could not be read."""

    def __init__(self, *, strict: bool) -> None:
        self.strict = strict
        self.count = self.answered = 0

    def watch(self, answers: "Iterable[Answer]") -> "Iterator[Answer]":
        for answer in answers:
            if answer.error:
                if self.strict:
                    raise InputError(
                        f"{answer.error}; a submission needs an answer for every image, so none is written"
                    )
                self.count += 1
                print(f"Error: {answer.error}", file=sys.stderr)
            else:
                self.answered += 1
            yield answer


def _all_answers(read: "ModelFile", sources: list[str]) -> "Iterator[Answer]":
    from glasswork.models.answers import Answer, answers

    for source in sources:
        try:
            yield from answers(read, source)
        except GlassworkError as error:
            message = str(error)
            named = message if source in message else f"{source}: {message}"
            yield Answer(source, "", error=named)


def _counted(answers: "Iterator[Answer]") -> "Iterator[Answer]":
    """Show on a terminal how many there are so far."""
    if not sys.stderr.isatty():
        yield from answers
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.completed:,} images"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        for answer in answers:
            yield answer
            bar.advance(task)


# Forms ----------------------------------------------------------------------------------------------


def _entry(answer: "Answer", classes: tuple[str, ...], *, scores: bool) -> dict[str, Any]:
    """Return an answer for programs."""
    entry: dict[str, Any] = {"file": answer.source, "item": answer.item}
    if answer.error:
        return entry | {"error": answer.error}
    assert answer.probabilities is not None
    entry["label"] = answer.label
    if classes == _DIGITS:
        entry["digit"] = int(answer.label)
    entry["confidence"] = round(answer.confidence, 4)
    if scores:
        entry["scores"] = {name: round(float(p), 6) for name, p in zip(classes, answer.probabilities, strict=True)}
    return entry


def _write_json(stream: IO[str], entries: Iterable[dict[str, Any]]) -> None:
    before = "["
    for entry in entries:
        stream.write(f"{before}\n  {json.dumps(entry, ensure_ascii=False)}")
        before = ","
    stream.write("[]\n" if before == "[" else "\n]\n")


def _write_csv(stream: IO[str], answers: "Iterable[Answer]", classes: tuple[str, ...], *, scores: bool) -> None:
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["file", "item", "label", "confidence", *(classes if scores else ()), "error"])
    for answer in answers:
        shown: list[object] = []
        if scores:
            known = answer.probabilities
            shown = [""] * len(classes) if known is None else [round(float(p), 6) for p in known]
        sure = "" if answer.error else round(answer.confidence, 4)
        writer.writerow([answer.source, answer.item, answer.label, sure, *shown, answer.error])


def _write_table(out: Path, answers: "Iterable[Answer]", classes: tuple[str, ...], *, scores: bool) -> None:
    if out.suffix not in (".csv", ".parquet"):
        raise typer.BadParameter(f"expected a file ending in .csv, .json or .parquet, got {out}", param_hint="--out")
    if out.suffix == ".csv":
        with _writing(out) as stream:
            _write_csv(stream, answers, classes, scores=scores)
        return
    try:
        import polars as pl
    except ImportError:
        raise MissingLibraryError(f"{out}: to write Parquet: pip install 'glasswork[formats]'") from None
    rows = out.with_name(f".{out.name}-{secrets.token_hex(4)}")  # the rows go through a file: they may be millions
    text = dict.fromkeys(("file", "item", "label", "error"), pl.String)
    try:
        with rows.open("w", encoding="utf-8") as stream:
            _write_csv(stream, answers, classes, scores=scores)
        pl.scan_csv(rows, schema_overrides=text).sink_parquet(out)
    except OSError as error:
        raise FileError(f"{out}: cannot be written ({error.strerror}); is there room, and permission?") from error
    finally:
        rows.unlink(missing_ok=True)


@contextlib.contextmanager
def _writing(out: Path | None) -> Iterator[IO[str]]:
    """Context manager: the screen, or a new file, which takes the place of an old one when it is whole."""
    if out is None:
        yield sys.stdout
        return
    temporary = out.with_name(f".{out.name}-{secrets.token_hex(4)}")
    try:
        with temporary.open("w", encoding="utf-8") as stream:
            yield stream
        temporary.replace(out)
    except OSError as error:
        if isinstance(error, GlassworkError):
            raise
        raise FileError(f"{out}: cannot be written ({error.strerror}); is there room, and permission?") from error
    finally:
        temporary.unlink(missing_ok=True)
