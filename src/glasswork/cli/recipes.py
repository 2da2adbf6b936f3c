"""``glasswork recipes``: the experiments that come with glasswork, and what a recipe may say."""

from typing import Annotated

import typer

from glasswork.cli.options import Debug


def recipes(
    keys: Annotated[bool, typer.Option("--keys", help="List every key of a recipe instead.")] = False,
    debug: Debug = False,
) -> None:
    """List the recipes, each with the test accuracy that was measured; or all keys that a recipe may have."""
    _print_keys() if keys else _print_recipes()


def _print_recipes() -> None:
    from glasswork.recipes.shelf import measured, named_recipe, recipe_names

    names = recipe_names()
    width = max(len(name) for name in names)
    figures = measured()
    for name in names:
        print(f"{name:<{width}}  {named_recipe(name).description}")
        if name in figures:
            print(f"{'':<{width}}  {figures[name]}")
    print("\nglasswork train NAME trains one; the recipe.toml of a run is a recipe as well.")
    print("glasswork recipes --keys lists what a recipe may say.")


def _print_keys() -> None:
    from glasswork.recipes.keys import explain_key, recipe_keys

    for key in recipe_keys():
        print(explain_key(key))
    print("\nChange one with --set KEY=VALUE, or --KEY VALUE: glasswork train --momentum 0.9")
