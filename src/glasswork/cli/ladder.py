"""``glasswork ladder``: what each idea since 1986 is worth."""

import time
from pathlib import Path
from typing import Annotated, Literal

import typer

from glasswork.cli.many import at_once, counted, notice, stoppable
from glasswork.cli.options import Debug, FigureFormat, Jobs, OnCluster
from glasswork.cli.progress import RunsBar


def ladder(
    seeds: Annotated[int, typer.Option(min=1, help="Runs for each rung.")] = 3,
    official: Annotated[bool, typer.Option("--official", help="Use the official split, not the handout's.")] = False,
    up_to: Annotated[
        str | None, typer.Option(metavar="RUNG", help="Climb only to here.", show_default="the top")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Epochs for every rung, for a quick look.", show_default="each rung's")
    ] = None,
    engine: Annotated[
        Literal["auto", "numpy", "compiled"],
        typer.Option(help="What computes the steps; the last digits of results differ."),
    ] = "auto",
    jobs: Jobs = None,
    cluster: OnCluster = None,
    out: Annotated[Path, typer.Option(help="Folder for the runs, the table and the figure.")] = Path("runs/ladder"),
    figure_format: FigureFormat = "png",
    debug: Debug = False,
) -> None:
    """Climb from the handout's network to the best plain one: one change per rung, each trained with several seeds.

    This takes hours. You can stop it at any time: the same command then resumes the runs that are not finished.
    """
    from glasswork.files import write_whole
    from glasswork.runs.ladder import climb, recipes
    from glasswork.runs.ladder_table import TESTED, gains, markdown, summarize

    split = "official" if official else "handout"
    folder = out / (split if epochs is None else f"{split}-{epochs}-epochs")
    rungs = recipes(official=official, epochs=epochs, engine=engine)
    names = [rung.name for rung in rungs]
    if up_to is not None and up_to not in names:
        raise typer.BadParameter(f"expected one of {', '.join(names)}; got {up_to!r}", param_hint="--up-to")
    rungs = rungs[: names.index(up_to) + 1] if up_to else rungs
    total = len(rungs) * seeds
    where = at_once(jobs, cluster)
    plan = f"{counted(len(rungs), 'rung')}, {counted(seeds, 'seed')} each, {split} split, {where}"
    print(f"{plan}; the runs are in {folder}", flush=True)
    start = time.monotonic()
    with RunsBar(total) as bar, stoppable():
        climbing = climb(rungs, folder, seeds=seeds, jobs=jobs, cluster=cluster, tell=notice, watch=bar.watch)
        for done, run in enumerate(climbing, start=1):
            bar.note(done)
            minutes = (time.monotonic() - start) / 60
            resumed = "" if run.resumed_after is None else f", resumed after {counted(run.resumed_after, 'epoch')}"
            print(
                f"{done:>3}/{total}  {run.recipe.name}, seed {run.recipe.seed}: {run.result.test_accuracy:.2f}%  "
                f"({minutes:.1f} min{resumed})",
                flush=True,
            )
    results = summarize(rungs, folder, seeds=seeds)
    table = markdown(results, split=split)
    write_whole(folder / "ladder.md", table.encode())
    print(f"\n{table}\nWritten to {folder / 'ladder.md'}", flush=True)
    figure = folder / f"ladder.{figure_format}"
    from glasswork import figures  # last, so that an error here does not hide the table

    figures.save(
        figures.ladder(
            [result.change for result in results],
            [result.accuracies for result in results],
            gains(results),
            title=f"What each idea is worth: accuracy on {TESTED:,} test images, {split} split"
            + ("" if epochs is None else f", trained for {counted(epochs, 'epoch')} only"),
        ),
        figure,
    )
    print(f"Figure saved to {figure}")
