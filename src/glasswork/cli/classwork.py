"""``glasswork classwork``: the handout to fill in, what its given code gets wrong, and a report on a class."""

import sys
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Self

import typer

from glasswork.cli.options import Debug, Force
from glasswork.paths import typed_path


class ProgressBar:
    """Context manager: a progress bar on a terminal; if the output is piped, a line to stderr every ten steps."""

    def __init__(self, task: str) -> None:
        self._bar: Any = None
        self._name = task
        if sys.stdout.isatty():
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn(task), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("left"))
            self._bar = Progress(*columns, transient=True)

    def start(self, total: int, done: int = 0) -> None:
        """Show the bar for ``total`` steps, of which ``done`` are done."""
        self._total, self._done = total, done
        if self._bar is not None:
            self._task = self._bar.add_task("", total=total, completed=done)

    def advance(self) -> None:
        """Move the bar by one step."""
        if self._bar is not None:
            self._bar.advance(self._task)
            return
        self._done += 1
        if self._done % 10 == 0:
            print(f"{self._name}: {self._done} of {self._total}", file=sys.stderr, flush=True)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()


classwork = typer.Typer(
    name="classwork",
    help="The handout to fill in, an audit of its given code, and a report on a whole class.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@classwork.command()
def new(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where to write it; created if necessary.", parser=typed_path)
    ],
    solution: Annotated[bool, typer.Option("--solution", help="Write the solution instead, for teachers.")] = False,
    parts: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PARTS", help="The parts or classes to leave open, separated by commas; by default the handout's."
        ),
    ] = None,
    template: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A template of your own.", parser=typed_path)
    ] = None,
    language: Annotated[str, typer.Option(help="Of the texts: en or de. check answers in English.")] = "en",
    sizes: Annotated[
        str, typer.Option(metavar="A/B/C", help="Images for training, validation and test.")
    ] = "55000/5000/10000",
    debug: Debug = False,
) -> None:
    """Write the exercise as a notebook and as a script. No file is ever overwritten."""
    from glasswork.classroom.exercise.sizes import read_sizes
    from glasswork.classroom.exercise.write import write_classwork

    chosen = [part.strip() for text in parts or () for part in text.split(",") if part.strip()]
    notebook, script = write_classwork(
        folder, solution=solution, parts=chosen or None, template=template, language=language, sizes=read_sizes(sizes)
    )
    print(f"{notebook}\n{script}")
    if solution:
        runs = f". To check it: glasswork check {notebook}" if template is not None else " and run from top to bottom."
        print(f"Both files hold the same solution{runs}")
    else:
        print(f"Both files hold the same exercise: fill in one of them. To check it: glasswork check {notebook}")


@classwork.command()
def audit(
    epochs: Annotated[int, typer.Option(min=1, max=50, help="Epochs of each training that is compared.")] = 3,
    debug: Debug = False,
) -> None:
    """Measure where the handout's given code departs from the mathematics, what that changes, and how to correct it."""
    from rich.console import Console

    from glasswork.classroom.audit import tables
    from glasswork.classroom.audit.measure import VARIANTS, measure, trainings

    console = Console()
    for part in tables.departures(measure()):
        console.print(part)
    with ProgressBar("training") as bar:
        bar.start(epochs * len(VARIANTS))
        results = list(trainings(epochs, after_epoch=bar.advance))
    for part in tables.effects(results):
        console.print(part)


@classwork.command()
def report(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER",
            help="The submissions: notebooks, scripts and archives; or one zip archive.",
            parser=typed_path,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "--out",
            "-o",
            help="The page to write; tables are written beside it. Default: report.html, or report-anonymous.html.",
            parser=typed_path,
        ),
    ] = None,
    roster: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV", help="The students (id, name, email): who handed in nothing is listed.", parser=typed_path
        ),
    ] = None,
    points: Annotated[
        Path | None, typer.Option(metavar="TOML", help="What each part is worth.", parser=typed_path)
    ] = None,
    feedback: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="A folder to write a page for each student into.", parser=typed_path),
    ] = None,
    anonymous: Annotated[bool, typer.Option("--anonymous", help="Show numbers instead of names.")] = False,
    key: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="With --anonymous: where to write who is who.", parser=typed_path),
    ] = None,
    export: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="One more file: grades, json, nbgrader or otter; may be repeated."),
    ] = None,
    sizes: Annotated[
        str | None,
        typer.Option(metavar="A/B/C", help="Images for training, validation and test; by default as each file states."),
    ] = None,
    time_limit: Annotated[float, typer.Option(min=1, help="Seconds that one submission may take.")] = 20.0,
    workers: Annotated[int | None, typer.Option(min=1, help="Submissions checked at the same time.")] = None,
    unsafe: Annotated[
        bool, typer.Option("--unsafe", help="Run the submissions even if bubblewrap cannot isolate them.")
    ] = False,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Check every submission of a class: who has done what, and which mistakes are common.

    After an interruption, the same command continues where it stopped. Files that have not changed are not checked
    again: a journal beside the page keeps the results, with lines of the students' code.

    If you disagree with a verdict, write your own into report-corrections.csv beside the page (columns student, part,
    status, comment): every report reads this file, and none changes it. The points are a table that you can change:
    docs/lookup/classwork.md.
    """
    from glasswork.classroom.class_report.exports import EXPORTS
    from glasswork.classroom.class_report.points import WARNING, read_points
    from glasswork.classroom.class_report.standing import full_although_wrong
    from glasswork.classroom.class_report.write import report_paths, write_report
    from glasswork.classroom.exercise.sizes import read_sizes

    unknown = [name for name in export or () if name not in EXPORTS]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r}: expected one of {', '.join(EXPORTS)}", param_hint="--export")
    page = output or Path("report-anonymous.html" if anonymous else "report.html")
    bar = ProgressBar("checking")
    with bar:
        result, written = write_report(
            folder,
            page,
            exports=export or (),
            time_limit=time_limit,
            sizes=read_sizes(sizes) if sizes is not None else None,
            anonymous=anonymous,
            roster=roster,
            points=points,
            feedback=feedback,
            key=key,
            force=force,
            workers=workers,
            unsafe=unsafe,
            on_start=bar.start,
            on_result=bar.advance,
        )
    failed = len(result.rows) - len(result.checked)
    count = len(result.rows)
    print(
        f"{count} student{'s' * (count != 1)}"
        + (f", {failed} of them without a file that could be checked" if failed else "")
    )
    for one in [one for one in result.misconceptions() if one.status == "wrong"][:5]:
        print(f"  {len(one.students):>4} × {one.part}: {one.says}")
    print("\n".join(map(str, written)))
    journal = report_paths(page)[0]
    print(f"{journal} keeps the results for the next run, with lines of the students' code: do not publish it.")
    if {"grades", "nbgrader", "otter"} & set(export or ()):
        print(f"Note: {WARNING}")
    if warning := read_points(points).warning(result):
        print(f"Warning: {warning}")
    for row in result.rows:
        if says := full_although_wrong(row, read_points(points)):
            print(f"Warning: {row.student}: {says}.")
