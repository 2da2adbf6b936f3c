"""Write the report of a class: the page, its tables, what other programs are to read, and a page for each student."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from glasswork.classroom.class_report.anonymous import anonymous as without_names, numbered
from glasswork.classroom.class_report.corrections import correct
from glasswork.classroom.class_report.exports import EXPORTS, mistakes_to_csv, to_csv, to_key
from glasswork.classroom.class_report.feedback import feedback as feedback_pages
from glasswork.classroom.class_report.page import to_page
from glasswork.classroom.class_report.points import read_points
from glasswork.classroom.class_report.report import ClassReport, report_class
from glasswork.classroom.class_report.run import Journal
from glasswork.classroom.class_report.standing import with_notes, with_same_files, with_whole_file
from glasswork.errors import FileError, InputError
from glasswork.files import write_whole
from glasswork.outputs import check_output

#: What the name of a report without names ends in, unless another name is given.
_ANONYMOUS = "-anonymous"


def write_report(
    source: Path,
    output: Path,
    *,
    exports: Sequence[str] = (),
    time_limit: float = 20.0,
    sizes: dict[str, int] | None = None,
    anonymous: bool = False,
    roster: Path | None = None,
    points: Path | None = None,
    feedback: Path | None = None,
    key: Path | None = None,
    force: bool = False,
    workers: int | None = None,
    unsafe: bool = False,
    on_start: Callable[[int, int], None] = lambda total, known: None,
    on_result: Callable[[], None] = lambda: None,
) -> tuple[ClassReport, list[Path]]:
    """Check a class and write ``report.html``, ``report.csv``, ``report-mistakes.csv`` and the exports.

    Parameters
    ----------
    source : Path
        A folder of submissions, or one zip archive of them.
    output : Path
        The page. It and the files beside it are replaced if they are as the last report left them.
    exports : sequence of str
        Keys of `EXPORTS`.
    anonymous : bool
        Write numbers instead of names.
    points : Path, optional
        A table of what each part is worth; see `read_points`.
    feedback : Path, optional
        A folder to write a page for each student into.
    key : Path, optional
        With ``anonymous``: a table of who is who, in another folder than the page and the feedback.
    force : bool
        Replace files that somebody else wrote or changed.
    time_limit, sizes, roster, workers, unsafe, on_start, on_result
        See `report_class`.

    Returns
    -------
    ClassReport
    list of Path
        The files that were written.

    Raises
    ------
    FileError
        If there is nothing to check, or the report cannot be written.
    InputError
        If the output's name does not end in ``.html``, or a file would be replaced that somebody else wrote or changed.
    """
    if output.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"report: expected an output name that ends in .html, got {output.name!r}")
    if key is not None:
        _check_key(key, output, feedback, anonymous=anonymous)
    journal, *paths = report_paths(output, exports)
    inputs = [path for path in (roster, points) if path is not None]
    check_output(journal, [source, *inputs], force=force)
    kept, weights = Journal(journal, time_limit, sizes), read_points(points)

    def check(path: Path) -> None:
        if not kept.is_known(path):
            check_output(path, [source, *inputs], force=force)
        elif path.exists():
            check_output(path, inputs, force=True)
            if not force and not kept.is_unchanged(path):
                raise InputError(
                    f"{path}: was changed after the report wrote it, so it is not replaced; move it away, choose "
                    "another name for the report, or replace it with --force (in Python, force=True)"
                )

    kinds = {True: "without names", False: "with names"}
    if not force and output.exists() and kept.kinds.get(output.name, anonymous) != anonymous:
        raise InputError(
            f"{output}: is a report {kinds[not anonymous]}, so one {kinds[anonymous]} does not replace it; choose "
            "another name, or replace it with --force (in Python, force=True)"
        )
    for path in paths:
        check(path)
    try:
        for path in (output, *([key] if key is not None else [])):
            path.parent.mkdir(parents=True, exist_ok=True)
        if feedback is not None and feedback.exists():
            feedback.mkdir(exist_ok=True)  # fails if it is a file
    except OSError as error:
        raise FileError(f"{error.filename}: the folder cannot be created ({error.strerror})") from error
    report = report_class(
        source,
        kept,
        time_limit=time_limit,
        sizes=sizes,
        roster=roster,
        workers=workers,
        unsafe=unsafe,
        on_start=on_start,
        on_result=on_result,
    )
    rows = [replace(row, parts=with_whole_file(row.parts)) for row in report.rows]
    rows = correct(rows, journal.with_name(f"{journal.stem}-corrections.csv"))
    rows = [with_notes(row, weights) for row in rows]
    names = numbered(rows)
    rows = with_same_files(tuple(without_names(rows) if anonymous else rows))
    report = ClassReport(tuple(rows), anonymous)
    contents = [
        to_page(report, source.resolve().name, weights),
        "\ufeff" + to_csv(report, weights),  # with the mark by which Excel knows UTF-8
        "\ufeff" + mistakes_to_csv(report),
        *(EXPORTS[name].write(report, weights) for name in exports),
    ]
    written = list(zip(paths, contents, strict=True))
    if key is not None:
        written.append((key, "\ufeff" + to_key(names)))
    if feedback is not None:
        written += feedback_pages(report, weights, feedback)
        feedback.mkdir(parents=True, exist_ok=True)  # not before: in the folder that is read, it is no student
    for path, _ in written:
        check(path)
    for path, content in written:
        write_whole(path, content.encode())
        kept.add_written(path, content.encode(), anonymous=anonymous)
    return report, [*paths, *(path for path in (key, feedback) if path is not None)]


def _check_key(key: Path, output: Path, feedback: Path | None, *, anonymous: bool) -> None:
    """Raise InputError if the table of names belongs to no anonymous report, or would be handed out with one."""
    if not anonymous:
        raise InputError("--key tells who is who in a report without names; give --anonymous, too")
    shown = [output.parent.resolve(), *([feedback.resolve()] if feedback is not None else [])]
    if key.parent.resolve() in shown:
        raise InputError(f"{key}: the names would lie beside pages without names; choose another folder for --key")


def report_paths(output: Path, exports: Sequence[str] = ()) -> list[Path]:
    """Return the files of a report: the journal of its results, the page, its tables and the exports.

    Reports with and without names share a journal.
    """
    endings = (".csv", "-mistakes.csv", *(f"-{EXPORTS[name].suffix}" for name in exports))
    stem = output.with_suffix("")
    journal = stem.with_name(stem.name.removesuffix(_ANONYMOUS) + ".journal")
    return [journal, output, *(stem.with_name(stem.name + ending) for ending in endings)]
