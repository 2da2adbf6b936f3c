"""``glasswork train --seeds N`` and ``--folds N``: a recipe several times, and how far its accuracy depends on chance.

--seeds 3    seed-1, seed-2, seed-3    other weights and another order, the same test images
--folds 3    fold-1, fold-2, fold-3    each tested on a third of the training and validation images, none on test images
"""

from pathlib import Path
from typing import TYPE_CHECKING

from glasswork.cli.many import at_once, notice, stoppable
from glasswork.cli.progress import RunsBar

if TYPE_CHECKING:
    from glasswork.recipes.recipe import Recipe


def train_seeds(recipe: "Recipe", seeds: int, out: Path | None, *, jobs: int | None, cluster: str | None) -> list[Path]:
    """Train a recipe with the seeds 1 to ``seeds``; print a table, write it down, and return the runs' folders."""
    recipes = [recipe.override({"seed": seed}) for seed in range(1, seeds + 1)]
    return _train("seed", recipes, out, jobs=jobs, cluster=cluster)


def train_folds(recipe: "Recipe", folds: int, out: Path | None, *, jobs: int | None, cluster: str | None) -> list[Path]:
    """Train a recipe once for each fold of a cross-validation, and do the same."""
    recipes = [recipe.override({"data.fold": [fold, folds]}) for fold in range(1, folds + 1)]
    return _train("fold", recipes, out, jobs=jobs, cluster=cluster)


def _train(
    word: str, recipes: "list[Recipe]", out: Path | None, *, jobs: int | None, cluster: str | None
) -> list[Path]:
    from glasswork.files import write_whole
    from glasswork.runs.folder import RunFolder
    from glasswork.runs.many import Wanted, open_site, train_all
    from glasswork.statistics import Sample
    from glasswork.tasks import open_pool

    recipe, count = recipes[0], len(recipes)
    folder = out or Path("runs") / f"{recipe.name}-{word}s"
    runs = [Wanted(folder / f"{word}-{k}", one) for k, one in enumerate(recipes, start=1)]
    print(f"{recipe.name}: {count} {word}s, {at_once(jobs, cluster)}; the runs are in {folder}", flush=True)
    with (
        open_pool(jobs, cluster, tell=notice) as pool,
        open_site(folder, pool, tell=notice) as site,
        RunsBar(count) as bar,
        stoppable(),
    ):
        things = site.source(recipe.data).things
        for done, run in enumerate(train_all(site, runs, watch=bar.watch), start=1):
            bar.note(done)
            name = run.wanted.folder.name.replace("-", " ")
            print(f"{done:>3}/{count}  {name}: {run.result.test_accuracy:.2f}%", flush=True)
    results = [RunFolder(run.folder).result() for run in runs]
    valid = [result.valid_accuracy or 0.0 for result in results]
    test = [result.test_accuracy or 0.0 for result in results]
    judged = "test accuracy" if word == "seed" else "accuracy on the fold"
    lines = [f"| {word} | validation accuracy | {judged} |", "|--:|--:|--:|"]
    lines += [f"| {k} | {a:.2f} % | {b:.2f} % |" for k, (a, b) in enumerate(zip(valid, test, strict=True), start=1)]
    means = " | ".join(f"{one.mean:.2f} ± {one.deviation:.2f} %" for one in map(Sample.of, (valid, test)))
    lines.append(f"| mean ± standard deviation | {means} |")
    first = results[0]
    measured = f"{first.validated:,} validation and {first.tested:,} test {things}, {first.split} split"
    if word == "fold":
        measured = (
            f"{first.tested:,} of the training and validation {things} in each, drawn by class, not by groups or "
            f"time. The test {things} were not looked at"
        )
    text = "\n".join(lines) + f"\n\n{count} {word}s; {measured}.\n"
    write_whole(folder / f"{word}s.md", f"{recipe.name}\n\n{text}".encode())
    print(f"\n{text}Written to {folder / f'{word}s.md'}")
    return [run.folder for run in runs]
