"""``glasswork ladder``: what each idea since 1986 is worth."""

import os
import time
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import typer

from glasswork.cli.options import Debug


def ladder(
    seeds: Annotated[int, typer.Option(min=1, help="Runs for each rung.")] = 3,
    official: Annotated[bool, typer.Option("--official", help="The official split, not the handout's.")] = False,
    jobs: Annotated[int | None, typer.Option(min=1, help="Runs at a time.", show_default="one a core")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the runs, the table and the figure.")] = Path("runs/ladder"),
    debug: Debug = False,
) -> None:
    """Climb from the handout's network to the best plain one, one change a rung, on several seeds.

    It takes hours. Stopped and called again, it goes on: a run that is done is not trained again.
    """
    from glasswork import figures
    from glasswork.training.files import write_whole
    from glasswork.training.ladder import RUNGS, climb, describe_step, markdown, summarize

    split = "official" if official else "handout"
    folder = out / split
    jobs = jobs or os.cpu_count() or 1
    total = len(RUNGS) * seeds
    print(f"{len(RUNGS)} rungs, {seeds} seeds each, {split} split, {jobs} at a time; runs go to {folder}", flush=True)
    start = time.monotonic()
    for done, (recipe, run) in enumerate(climb(folder, seeds=seeds, official=official, jobs=jobs), start=1):
        minutes, accuracy = (time.monotonic() - start) / 60, run.result.test_accuracy
        print(f"{done:>3}/{total}  {recipe.name}, seed {recipe.seed}: {accuracy:.2f}%  ({minutes:.1f} min)", flush=True)
    results = summarize(folder, seeds=seeds)
    table = markdown(results, split=split)
    write_whole(folder / "ladder.md", table.encode())
    bought = ["", *(describe_step(below, above) for below, above in pairwise(results))]
    figures.save(
        figures.ladder(
            [result.change for result in results],
            [result.accuracies for result in results],
            bought,
            title=f"What each idea is worth: test accuracy, {split} split",
        ),
        folder / "ladder.png",
    )
    print(f"\n{table}\nWritten to {folder / 'ladder.md'}, drawn in {folder / 'ladder.png'}")
