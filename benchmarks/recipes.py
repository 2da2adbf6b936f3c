"""The test accuracies that ``glasswork recipes`` shows: every recipe, trained on three seeds.

    python benchmarks/recipes.py FOLDER

Runs that are done in the folder are not trained again. At the end src/glasswork/recipes/measured.json is written.
"""

import json
import sys
from pathlib import Path

from glasswork.training.ladder import climb, summarize
from glasswork.training.recipe import named_recipe, recipe_names

SEEDS = 3
WRITTEN = Path(__file__).parents[1] / "src" / "glasswork" / "recipes" / "measured.json"


def main() -> None:
    folder = Path(sys.argv[1])
    recipes = [named_recipe(name) for name in recipe_names()]
    for recipe, run in climb(recipes, folder, seeds=SEEDS, jobs=2):
        print(f"{recipe.name}, seed {recipe.seed}: {run.result.test_accuracy:.2f}%", flush=True)
    measured = {
        recipe.name: f"{result.mean:.2f} ± {result.deviation:.2f} % of the test images, "
        f"{recipe.data.split} split, {SEEDS} seeds"
        for recipe, result in zip(recipes, summarize(recipes, folder, seeds=SEEDS), strict=True)
    }
    WRITTEN.write_text(json.dumps(measured, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
