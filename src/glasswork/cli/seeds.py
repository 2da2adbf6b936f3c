"""``glasswork train --seeds N`` and ``--folds N``: a recipe several times, and how far its accuracy depends on chance.

--seeds 3    seed-1, seed-2, seed-3    other weights and another order, the same test images
--folds 3    fold-1, fold-2, fold-3    each tested on a third of the training and validation images, none on test images
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from glasswork.cli.many import at_once, counted, site_with_bar

if TYPE_CHECKING:
    from glasswork.data import Dataset
    from glasswork.recipes.recipe import Recipe
    from glasswork.runs.result import RunResult


def train_many(
    recipe: "Recipe",
    count: int,
    out: Path | None,
    *,
    folds: bool = False,
    jobs: int | None,
    cluster: str | None,
    dataset: "Dataset | None",
) -> list[Path]:
    """Train a recipe with the seeds 1 to ``count``, or once for each fold of so many; return the runs' folders.

    A table is printed, and written beside them.
    """
    from glasswork.files import write_whole
    from glasswork.runs.many import Wanted, train_all

    word = "fold" if folds else "seed"
    folder = out or Path("runs") / f"{recipe.name}-{word}s"
    runs = [
        Wanted(folder / f"{word}-{k}", recipe.override({"data.fold": [k, count]} if folds else {"seed": k}))
        for k in range(1, count + 1)
    ]
    print(f"{recipe.name}: {counted(count, word)}, {at_once(jobs, cluster)}; the runs are in {folder}", flush=True)
    with site_with_bar(folder, count, jobs=jobs, cluster=cluster, dataset=dataset) as (site, bar):
        things = site.source(recipe.data).things
        for done, run in enumerate(train_all(site, runs, watch=bar.watch), start=1):
            bar.note(done)
            name = run.wanted.folder.name.replace("-", " ")
            print(f"{done:>3}/{count}  {name}: {run.result.test_accuracy:.2f}%", flush=True)
    text = _table(word, [run.result for run in runs], things)
    write_whole(folder / f"{word}s.md", f"{recipe.name}\n\n{text}".encode())
    print(f"\n{text}Written to {folder / f'{word}s.md'}")
    return [run.folder for run in runs]


def _table(word: str, results: "Sequence[RunResult]", things: str) -> str:
    """Return the accuracies of all seeds or folds as a Markdown table, with what they were measured on."""
    from glasswork.statistics import Sample, interval_in_words

    valid = [one.valid_accuracy or 0.0 for one in results]
    test = [one.test_accuracy or 0.0 for one in results]
    judged = "test accuracy" if word == "seed" else "accuracy on the fold"
    lines = [f"| {word} | validation accuracy | {judged} | 95 % confidence |", "|--:|--:|--:|--:|"]
    for k, (a, b, one) in enumerate(zip(valid, test, results, strict=True), start=1):
        lines.append(f"| {k} | {a:.2f} % | {b:.2f} % | {interval_in_words(one.correct, one.tested)} |")
    if len(results) > 1:
        v, t = Sample.of(valid), Sample.of(test)
        spread = f"{v.mean:.2f} ± {v.deviation:.2f} % | {t.mean:.2f} ± {t.deviation:.2f} %"
        lines.append(f"| mean ± standard deviation | {spread} | |")
        if word == "seed":  # folds are not independent: they learn from the same images
            lines.append(f"| standard error of the mean | {v.error:.2f} % | {t.error:.2f} % | |")
    first = results[0]
    measured = f"{first.validated:,} validation and {first.tested:,} test {things}, {first.division}"
    if word == "fold":
        measured = (
            f"{first.tested:,} of the training and validation {things} in each, drawn by class, not by groups or "
            f"time. The test {things} were not looked at"
        )
    return "\n".join(lines) + f"\n\n{counted(len(results), word)}; {measured}.\n"
