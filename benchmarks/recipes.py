"""The test accuracies that ``glasswork recipes`` shows: every recipe, trained on three seeds if not said otherwise.

    python benchmarks/recipes.py FOLDER LADDER
    python benchmarks/recipes.py kept               only what is kept here as NAME-SEED.json

Runs that are done in FOLDER are not trained again. ``plain-best`` is the top of the ladder, whose runs are in LADDER,
as ``glasswork ladder --official --seeds 5 --out LADDER`` left them. What takes an hour a seed is kept as NAME-SEED.json
(keep.py). Writes src/glasswork/recipes/measured.json.
"""

import json
import sys
from pathlib import Path

from glasswork.recipes.shelf import named_recipe, recipe_names
from glasswork.runs.ladder import climb
from glasswork.runs.ladder_table import summarize
from glasswork.statistics import Sample

SEEDS = 3
HERE = Path(__file__).parent
WRITTEN = HERE.parent / "src" / "glasswork" / "recipes" / "measured.json"


def main() -> None:
    from_files = kept()
    measured = json.loads(WRITTEN.read_text(encoding="utf-8")) | from_files
    if sys.argv[1:] != ["kept"]:
        measured |= trained(Path(sys.argv[1]), Path(sys.argv[2]) / "official", without=set(from_files))
    WRITTEN.write_text(json.dumps(measured, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def kept() -> dict[str, str]:
    measured = {}
    for name in recipe_names():
        runs = [json.loads(path.read_text(encoding="utf-8")) for path in HERE.glob(f"{name}-[0-9].json")]
        if runs:
            measured[name] = in_words(Sample.of([run["test_accuracy"] for run in runs]), runs[0]["split"])
    return measured


def trained(folder: Path, ladder: Path, *, without: set[str]) -> dict[str, str]:
    recipes = [named_recipe(name) for name in recipe_names() if name not in {"plain-best", *without}]
    for run in climb(recipes, folder, seeds=SEEDS, jobs=2):
        print(f"{run.recipe.name}, seed {run.recipe.seed}: {run.result.test_accuracy:.2f}%", flush=True)
    measured = {
        recipe.name: in_words(result.sample, recipe.data.split)
        for recipe, result in zip(recipes, summarize(recipes, folder, seeds=SEEDS), strict=True)
    }
    best = named_recipe("plain-best")
    (top,) = summarize([best], ladder, seeds=5)
    return measured | {best.name: in_words(top.sample, best.data.split)}


def in_words(accuracies: Sample, split: str) -> str:
    if accuracies.count == 1:
        return f"{accuracies.mean:.2f} % of the test images, {split} split, 1 seed"
    return (
        f"{accuracies.mean:.2f} ± {accuracies.deviation:.2f} % of the test images, {split} split, "
        f"{accuracies.count} seeds"
    )


if __name__ == "__main__":
    main()
