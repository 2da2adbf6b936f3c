"""``glasswork resume``: continue a run that was stopped or killed."""

from typing import Annotated

import typer

from glasswork.cli.follow import follow
from glasswork.cli.options import (
    CHECKPOINT_EVERY,
    CheckpointEvery,
    Debug,
    EngineOption,
    FigureFormat,
    LogOption,
    Quiet,
    RunArgument,
    Strict,
    Watch,
    WithFigures,
    WithReport,
)


def resume(
    run: RunArgument,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Total number of epochs, to extend a run.", show_default="the run's")
    ] = None,
    engine: EngineOption = None,
    checkpoint_every: CheckpointEvery = CHECKPOINT_EVERY,
    strict: Strict = False,
    quiet: Quiet = False,
    figures: WithFigures = True,
    report: WithReport = True,
    figure_format: FigureFormat = "png",
    log: LogOption = None,
    watch: Watch = False,
    debug: Debug = False,
) -> None:
    """Continue a run from its last checkpoint; it ends with the same bytes as a run that was never stopped.

    That holds on the same machine, with the same versions, engine and number of threads.

    Examples:

    glasswork resume runs/mine

    glasswork resume runs/mine --epochs 80
    """
    from glasswork.runs.run import Run

    follow(
        lambda stop: Run.resume(run, epochs=epochs, engine=engine, checkpoint_every=checkpoint_every, should_stop=stop),
        strict=strict,
        quiet=quiet,
        report=report,
        figure_format=figure_format if figures else None,
        log=log or (),
        watch=watch,
    )
