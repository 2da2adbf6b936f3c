"""``glasswork ladder``: what each idea since 1986 is worth."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from glasswork.cli.many import at_once, counted, notice, stoppable
from glasswork.cli.options import Debug, FigureFormat, Jobs, OnCluster
from glasswork.cli.progress import RunsBar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glasswork.recipes.recipe import Recipe


Engine = Annotated[
    Literal["auto", "numpy", "compiled"],
    typer.Option(help="What computes the steps; the last digits of results differ."),
]


def ladder(
    seeds: Annotated[int, typer.Option(min=1, help="Runs for each rung.")] = 3,
    official: Annotated[bool, typer.Option("--official", help="Use the official split, not the handout's.")] = False,
    start: Annotated[
        str | None, typer.Option("--from", metavar="RUNG", help="Climb only from here.", show_default="the bottom")
    ] = None,
    up_to: Annotated[
        str | None, typer.Option(metavar="RUNG", help="Climb only to here.", show_default="the top")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Epochs for every rung, for a quick look.", show_default="each rung's")
    ] = None,
    engine: Engine = "auto",
    jobs: Jobs = None,
    cluster: OnCluster = None,
    out: Annotated[Path, typer.Option(help="Folder for the runs, the table and the figure.")] = Path("runs/ladder"),
    figure_format: FigureFormat = "png",
    debug: Debug = False,
) -> None:
    """Climb from the handout's network to the best one: one change per rung, each trained with several seeds.

    This takes hours. You can stop it at any time: the same command then resumes the runs that are not finished.
    """
    from glasswork.files import write_whole
    from glasswork.runs.ladder import recipes
    from glasswork.runs.ladder_table import TESTED, gains, markdown, summarize

    split = "official" if official else "handout"
    folder = out / (split if epochs is None else f"{split}-{epochs}-epochs")
    rungs = recipes(official=official, epochs=epochs, engine=engine)
    names = [rung.name for rung in rungs]
    for option, name in (("--from", start), ("--up-to", up_to)):
        if name is not None and name not in names:
            raise typer.BadParameter(f"expected one of {', '.join(names)}; got {name!r}", param_hint=option)
    low, high = names.index(start) if start else 0, names.index(up_to) if up_to else len(names) - 1
    if low > high:
        raise typer.BadParameter(f"expected a rung from {names[low]} up, got {up_to!r}", param_hint="--up-to")
    rungs = rungs[low : high + 1]
    climb_and_tell(rungs, folder, "rung", f"{split} split", seeds=seeds, jobs=jobs, cluster=cluster)
    results = summarize(rungs, folder, seeds=seeds)
    table = markdown(results, split=split) + together(rungs[-1], folder, seeds)
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


def climb_and_tell(
    rungs: "Sequence[Recipe]",
    folder: Path,
    what: str,
    data: str,
    *,
    seeds: int,
    jobs: int | None,
    cluster: str | None,
) -> None:
    """Train every rung with every seed; show a bar, and print a line for each run. ``what`` is the word for a rung."""
    from glasswork.runs.ladder import climb

    total = len(rungs) * seeds
    where = at_once(jobs, cluster)
    print(
        f"{counted(len(rungs), what)}, {counted(seeds, 'seed')} each, {data}, {where}; the runs are in {folder}",
        flush=True,
    )
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


def together(top: "Recipe", folder: Path, seeds: int) -> str:
    """Return a sentence with the accuracy of the top rung's networks as a committee, if there are several."""
    if seeds == 1:
        return ""
    from glasswork.runs.committee import Standing, gather_committee
    from glasswork.runs.folder import RunFolder
    from glasswork.runs.ladder import run_folder
    from glasswork.statistics import interval_in_words

    members = {f"seed-{seed}": RunFolder(run_folder(folder, top, seed)) for seed in range(1, seeds + 1)}
    file, parts = gather_committee(members)
    right = Standing.of(file, parts.test).whole
    interval = interval_in_words(int(right.sum()), len(right))
    return f"\nThe {seeds} networks of {top.name} together, as a committee: {100 * right.mean():.2f} % ({interval}).\n"
