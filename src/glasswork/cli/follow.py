"""Follow a run to its end: what is printed while a network trains, and the figures at the end."""

import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from glasswork.cli.describe import describe_network, describe_training
from glasswork.cli.options import Format, command
from glasswork.cli.progress import TrainingBar
from glasswork.cli.streams import not_essential
from glasswork.cli.watch import watched
from glasswork.errors import GlassworkError, InputError
from glasswork.paths import for_shell
from glasswork.stopping import StopOnSignal

if TYPE_CHECKING:
    from glasswork.interop.log import Log
    from glasswork.runs.folder import RunFolder
    from glasswork.runs.run import Run
    from glasswork.training.results import EpochResult


def follow(
    make: "Callable[[StopOnSignal], Run]",
    *,
    strict: bool,
    quiet: bool,
    report: bool = True,
    figure_format: "Format | None" = "png",
    repeats: "RunFolder | None" = None,
    log: Sequence[str] = (),
    watch: bool = False,
) -> None:
    """Train a run, new or resumed, to its end and print how it goes.

    Parameters
    ----------
    make : callable
        Builds the run. It is called with the run's ``should_stop``.
    strict, quiet, report : bool
        The options with these names.
    figure_format : {"png", "svg", "pdf"} or None
        Format of the figures; with None no figures are drawn.
    repeats : RunFolder, optional
        The run that is repeated, to compare with at the end.
    log : sequence of str
        Where each epoch is logged as well; the kinds are those of `LOGS`.
    watch : bool
        Whether the stage opens on it in a browser.
    """
    from glasswork.data.kinds import noun
    from glasswork.runs.figures import draw_figures
    from glasswork.runs.folder import RunFolder
    from glasswork.runs.repeat import compare_with

    if log:
        from glasswork.interop.log import check_logs

        check_logs(log)
    if watch:
        from glasswork.web import check_installed

        check_installed()
    stop = StopOnSignal()
    run = make(stop)
    skipped = run.parts.origin.skipped
    if skipped and strict:
        raise InputError(
            f"{run.recipe.data.source}: {len(skipped):,} {noun(run.parts.kind)} cannot be read: {skipped[0]}"
        )
    with not_essential(), ExitStack() as pages:
        try:
            with stop:
                _train(run, stop, pages if watch else None, strict=strict, quiet=quiet, log=log)
            hurried = stop.requested and stop.number != signal.SIGINT
        except KeyboardInterrupt:  # before the first step, or a second signal
            if not RunFolder(run.folder).exists():
                raise
            hurried = True
        except GlassworkError:
            if run.history and figure_format is not None:
                draw_figures(run, figure_format)
            raise
        try:
            problems = _print_and_draw(run, figure_format, report=report, hurried=hurried)
        except KeyboardInterrupt:
            if run.test_accuracy is not None:
                print(f"Stopped before all figures were drawn; draw them with: {_resume(run)}", flush=True)
            raise typer.Exit(130) from None
        if run.test_accuracy is None:
            raise typer.Exit(130)
        if repeats is not None:
            print(compare_with(repeats, RunFolder(run.folder)), flush=True)
        if not quiet:
            _what_next(run, drawn=figure_format is not None and not problems)


def _print_and_draw(run: "Run", figure_format: "Format | None", *, report: bool, hurried: bool) -> list[str]:
    """Print how a run ended, draw its figures and write its report; return what could not be drawn.

    After a signal other than Ctrl-C no figures are drawn: KeyboardInterrupt is raised.
    """
    from glasswork.data.kinds import noun
    from glasswork.runs.figures import draw_figures
    from glasswork.statistics import accuracy_in_words

    if run.test_accuracy is None:
        _print_how_to_continue(run)
    else:
        parts = run.parts
        tested = accuracy_in_words(run.test_accuracy, len(parts.test), noun(parts.kind), parts.division)
        print(f"Test accuracy: {tested}", flush=True)
    if hurried:
        raise KeyboardInterrupt
    if not run.history:
        return []
    problems = [] if figure_format is None else draw_figures(run, figure_format)
    for problem in problems + (_write_page(run) if report else []):
        print(f"Notice: {problem}", file=sys.stderr, flush=True)
    return problems


def _train(
    run: "Run", stop: StopOnSignal, pages: ExitStack | None, *, strict: bool, quiet: bool, log: Sequence[str]
) -> None:
    """Train, and print one line for each epoch; servers may watch it, and pages may command it."""
    from glasswork.runs.publisher import Publisher

    total, label = run.recipe.training.epochs, run.experiment.loss.label
    steps = total * len(run.experiment.train_loader)
    with run, TrainingBar(steps, done=run.progress.step, shown=not quiet) as bar, Publisher(run, stop) as publisher:
        if pages is not None:
            pages.enter_context(watched(run))
        if not quiet:
            _announce(run)
        else:
            for assumed in run.parts.origin.assumed:
                print(f"Notice: {assumed}", file=sys.stderr, flush=True)
        logs = _Logs(run, log)
        told = len(run.notes)
        for result in run.epochs(after_step=(bar, publisher), strict=strict):
            logs.note(result)
            if not quiet:
                print(
                    f"Epoch: {result.epoch:02d}/{total} | Train {label}: {result.train_loss:.4f} | "
                    f"Valid {label}: {result.valid_loss:.4f} | Valid Acc: {result.valid_accuracy:.2f}%",
                    flush=True,
                )
            for finding in result.findings:
                print(f"Notice: {finding.message}", flush=True)
        logs.close(run.test_accuracy)
        for note in run.notes[told:]:  # notes that were added during the training
            print(f"Notice: {note}", flush=True)


class _Logs:
    """The logs of a run that is being trained; one that fails is left out from then on, and stops nothing."""

    def __init__(self, run: "Run", kinds: Sequence[str]) -> None:
        self.open: dict[str, Log] = {}
        if kinds:
            from glasswork.interop.log import LOGS

            for kind in dict.fromkeys(kinds):
                try:
                    self.open[kind] = LOGS[kind](run)
                except GlassworkError:
                    raise
                except Exception as error:  # other libraries have errors of their own
                    print(f"Notice: the log {kind} could not be opened: {error}", file=sys.stderr, flush=True)

    def note(self, result: "EpochResult") -> None:
        self._each(lambda log: log.note(result))

    def close(self, test_accuracy: float | None) -> None:
        self._each(lambda log: log.close(test_accuracy))

    def _each(self, do: "Callable[[Log], None]") -> None:
        for kind, log in list(self.open.items()):
            try:
                do(log)
            except Exception as error:  # other libraries have errors of their own
                del self.open[kind]
                print(f"Notice: the log {kind} ends here: {error}", file=sys.stderr, flush=True)


def _write_page(run: "Run") -> list[str]:
    """Write the report. If that fails, return a sentence that says why: the training is not lost without it."""
    from glasswork.models.model_file import read_model_file
    from glasswork.report import gather, write_report
    from glasswork.runs.folder import RunFolder

    try:
        write_report(gather(RunFolder(run.folder), read_model_file(run.folder), run.parts), run.folder / "report.html")
    except GlassworkError as error:
        return [f"report.html was not written. {error}"]
    return []


def _announce(run: "Run") -> None:
    from glasswork.data.kinds import noun
    from glasswork.models.doubt.of_data import has_to_be_learnt

    recipe, parts = run.recipe, run.parts
    print(f"{recipe.name}: {recipe.description}" if recipe.description else recipe.name)
    print(
        f"  data      {recipe.data.source}, {parts.division}: "
        f"{len(parts.train):,} train, {len(parts.valid):,} valid, {len(parts.test):,} test"
    )
    for note in parts.origin.notes:
        print(f"            {note}")
    if skipped := parts.origin.skipped:
        print(
            f"            {len(skipped):,} {noun(parts.kind)} cannot be read and are left out, the first: {skipped[0]}"
        )
    for text in parts.origin.left_out[:3]:
        print(f"            not used: {text}")
    if (more := len(parts.origin.left_out) - 3) > 0:
        print(f"            and {more:,} more files or folders; glasswork data inspect lists them all")
    first = run.model.named_layers.get("scale")
    print(f"  inputs    {run.model.inputs}" + (f", then {first}" if first else ""))
    print(f"  network   {describe_network(recipe, run.model)}")
    print(f"  training  {describe_training(recipe)}")
    if run.engine != "numpy":
        print(f"  engine    {run.engine}, {run.threads} thread{'' if run.threads == 1 else 's'}")
    print(f"  run       {shown(run)}")
    for note in run.notes:
        print(f"  note      {note}")
    if has_to_be_learnt(run.parts, run.experiment.data_sha256):
        print("  doubt     first learning what these images look like: a few seconds, once for each dataset")
    if run.progress.step:
        print(f"  from      epoch {run.progress.epoch + 1}, batch {run.progress.batch + 1}")
    print(flush=True)


def _print_how_to_continue(run: "Run") -> None:
    total = run.recipe.training.epochs
    network = "the network" if run.history else "the network, which is not validated yet,"
    print(f"Interrupted after {len(run.history)} of {total} epochs; {network} is in {shown(run)}")
    print(f"Continue with: {_resume(run)}", flush=True)


def _resume(run: "Run") -> str:
    return f"{command()} resume {for_shell(shown(run))}"


def shown(run: "Run") -> Path:
    """Return the run's folder as a user would type it: relative to the working folder if it is inside that."""
    here = Path.cwd()
    return run.folder.relative_to(here) if run.folder.is_relative_to(here) else run.folder


def _what_next(run: "Run", *, drawn: bool) -> None:
    seconds = sum(result.seconds for result in run.history)
    where = f" The figures are in {shown(run) / 'figures'}." if drawn else ""
    print(f"Trained in {seconds:.1f} s.{where} Next:")
    here = for_shell(shown(run))
    print(f"  {command()} report {here} --open")
    print(f"  {command()} evaluate {here}")
    what = "DIGIT.png" if run.parts.origin.pictures == "digits" else "IMAGES"
    what = "TABLE.csv" if run.parts.kind == "features" else what
    print(f"  {command()} predict {here} {what}")
