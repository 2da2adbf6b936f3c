"""``glasswork recipes``: the experiments that come with glasswork."""

from glasswork.cli.options import Debug


def recipes(debug: Debug = False) -> None:
    """List the recipes: what each one is, and the test accuracy that was measured."""
    from glasswork.recipes.shelf import measured, named_recipe, recipe_names

    names = recipe_names()
    width = max(len(name) for name in names)
    figures = measured()
    for name in names:
        print(f"{name:<{width}}  {named_recipe(name).description}")
        if name in figures:
            print(f"{'':<{width}}  {figures[name]}")
    print("\nglasswork train NAME runs one; the recipe.toml of a run is a recipe as well.")
