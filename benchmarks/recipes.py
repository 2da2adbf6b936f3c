"""The test accuracies that ``glasswork recipes`` shows: every recipe, trained on three seeds.

    python benchmarks/recipes.py FOLDER LADDER

Runs that are done in FOLDER are not trained again. ``plain-best`` is the top of the ladder, whose runs are in LADDER,
as ``glasswork ladder --official --seeds 5 --out LADDER`` left them. Writes src/glasswork/recipes/measured.json.
"""

import json
import sys
from pathlib import Path

from glasswork.recipes.recipe import Recipe
from glasswork.recipes.shelf import named_recipe, recipe_names
from glasswork.runs.ladder import climb
from glasswork.runs.ladder_table import RungResult, summarize

SEEDS = 3
WRITTEN = Path(__file__).parents[1] / "src" / "glasswork" / "recipes" / "measured.json"


def main() -> None:
    folder, ladder = Path(sys.argv[1]), Path(sys.argv[2]) / "official"
    recipes = [named_recipe(name) for name in recipe_names() if name != "plain-best"]
    for run in climb(recipes, folder, seeds=SEEDS, jobs=2):
        print(f"{run.recipe.name}, seed {run.recipe.seed}: {run.result.test_accuracy:.2f}%", flush=True)
    measured = {
        recipe.name: in_words(result, recipe, SEEDS)
        for recipe, result in zip(recipes, summarize(recipes, folder, seeds=SEEDS), strict=True)
    }
    best = named_recipe("plain-best")
    (top,) = summarize([best], ladder, seeds=5)
    measured[best.name] = in_words(top, best, 5)
    WRITTEN.write_text(json.dumps(measured, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def in_words(result: RungResult, recipe: Recipe, seeds: int) -> str:
    split = recipe.data.split
    return (
        f"{result.sample.mean:.2f} ± {result.sample.deviation:.2f} % of the test images, {split} split, {seeds} seeds"
    )


if __name__ == "__main__":
    main()
