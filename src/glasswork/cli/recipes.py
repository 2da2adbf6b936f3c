"""``glasswork recipes``: the recipes that come with glasswork, and the keys that a recipe can set."""

from typing import Annotated

import typer

from glasswork.cli.options import Debug


def recipes(
    keys: Annotated[bool, typer.Option("--keys", help="List every key of a recipe instead.")] = False,
    debug: Debug = False,
) -> None:
    """List the recipes, each with its measured test accuracy; or list all keys that a recipe can set."""
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
    print("\nglasswork train NAME trains one; the recipe.toml of a run is a recipe too.")
    print("glasswork recipes --keys lists everything that a recipe can set.")


def _print_keys() -> None:
    from glasswork.recipes.keys import explain_key, recipe_keys

    for key in recipe_keys():
        print(explain_key(key))
    print("\nChange one with --set KEY=VALUE, or --KEY VALUE: glasswork train --momentum 0.9")
