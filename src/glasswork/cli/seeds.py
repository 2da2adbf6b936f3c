"""``glasswork train --seeds N``: the same recipe with several seeds, and how far its accuracy depends on them."""

from pathlib import Path
from typing import TYPE_CHECKING

from glasswork.cli.many import at_once, notice, stoppable
from glasswork.cli.progress import RunsBar

if TYPE_CHECKING:
    from glasswork.recipes.recipe import Recipe


def train_seeds(recipe: "Recipe", seeds: int, out: Path | None, *, jobs: int | None, cluster: str | None) -> None:
    """Train a recipe with the seeds 1 to ``seeds``; print a table, and write it beside the runs."""
    from glasswork.files import write_whole
    from glasswork.runs.many import Wanted, open_site, train_all
    from glasswork.statistics import Sample
    from glasswork.tasks import open_pool

    folder = out or Path("runs") / f"{recipe.name}-seeds"
    runs = [Wanted(folder / f"seed-{seed}", recipe.override({"seed": seed})) for seed in range(1, seeds + 1)]
    print(f"{recipe.name}: {seeds} seeds, {at_once(jobs, cluster)}; the runs are in {folder}", flush=True)
    with (
        open_pool(jobs, cluster, tell=notice) as pool,
        open_site(folder, pool, tell=notice) as site,
        RunsBar(seeds) as bar,
        stoppable(),
    ):
        for done, run in enumerate(train_all(site, runs, watch=bar.watch), start=1):
            bar.note(done, seeds)
            print(f"{done:>3}/{seeds}  seed {run.recipe.seed}: {run.result.test_accuracy:.2f}%", flush=True)
    results = [run.result for run in runs]
    valid = [result.valid_accuracy or 0.0 for result in results]
    test = [result.test_accuracy or 0.0 for result in results]
    lines = ["| seed | validation accuracy | test accuracy |", "|--:|--:|--:|"]
    lines += [
        f"| {seed} | {a:.2f} % | {b:.2f} % |" for seed, a, b in zip(range(1, seeds + 1), valid, test, strict=True)
    ]
    means = " | ".join(f"{one.mean:.2f} ± {one.deviation:.2f} %" for one in map(Sample.of, (valid, test)))
    lines.append(f"| mean ± standard deviation | {means} |")
    text = "\n".join(lines)
    split = f"{results[0].split} split"
    write_whole(folder / "seeds.md", f"{recipe.name}, {split}\n\n{text}\n".encode())
    print(f"\n{text}\n\n{seeds} seeds, {split}. Written to {folder / 'seeds.md'}")
