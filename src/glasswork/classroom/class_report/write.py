"""Write the report of a class: the page, its tables beside it, and what other programs are to read."""

from collections.abc import Callable, Sequence
from pathlib import Path

from glasswork.classroom.class_report.exports import EXPORTS, mistakes_to_csv, to_csv
from glasswork.classroom.class_report.page import to_page
from glasswork.classroom.class_report.report import ClassReport, report_class
from glasswork.errors import InputError
from glasswork.files import write_whole


def write_report(
    source: Path,
    output: Path,
    *,
    exports: Sequence[str] = (),
    time_limit: float = 20.0,
    anonymous: bool = False,
    roster: Path | None = None,
    points: Path | None = None,
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
        The page; it and the files beside it are replaced if they exist.
    exports : sequence of str
        Keys of `EXPORTS`.
    time_limit, anonymous, workers, unsafe, on_start, on_result
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
        If the output's name does not end in ``.html``.
    """
    if output.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"report: expected an output name that ends in .html, got {output.name!r}")
    output.parent.mkdir(parents=True, exist_ok=True)
    report = report_class(
        source,
        report_paths(output)[0],
        time_limit=time_limit,
        anonymous=anonymous,
        workers=workers,
        unsafe=unsafe,
        on_start=on_start,
        on_result=on_result,
    )
    _, *written = report_paths(output, exports)
    contents = [
        to_page(report, source.resolve().name),
        "\ufeff" + to_csv(report),  # with the mark by which Excel knows UTF-8
        "\ufeff" + mistakes_to_csv(report),
        *(EXPORTS[name].write(report) for name in exports),
    ]
    for path, content in zip(written, contents, strict=True):
        write_whole(path, content.encode())
    return report, written


def report_paths(output: Path, exports: Sequence[str] = ()) -> list[Path]:
    """Return the files of a report: the journal of its results, the page, its tables and the exports."""
    endings = (".csv", "-mistakes.csv", *(f"-{EXPORTS[name].suffix}" for name in exports))
    stem = output.with_suffix("")
    return [output.with_suffix(".journal"), output, *(stem.with_name(stem.name + ending) for ending in endings)]
