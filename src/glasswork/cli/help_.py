"""``glasswork help``: what a command does, or what a key of a recipe means."""

from typing import Annotated

import typer
from typer.core import TyperGroup

from glasswork.cli.options import Debug


def help_(
    ctx: typer.Context,
    word: Annotated[
        str | None, typer.Argument(metavar="WORD", help="A command, or a key of a recipe such as momentum.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Explain a command, or a key of a recipe: what it may be, its default, what it means.

    Examples:

    glasswork help momentum

    glasswork help train
    """
    from glasswork.recipes.keys import close_keys, explain_key, find_key
    from glasswork.recipes.recipe import recipe_keys

    top = ctx.find_root()
    commands = top.command.commands if isinstance(top.command, TyperGroup) else {}
    if word is None:
        print(top.get_help())
    elif word in commands:
        with typer.Context(commands[word], info_name=word, parent=top) as inner:
            print(commands[word].get_help(inner))
    elif path := find_key(word):
        print("\n".join(explain_key(key) for key in recipe_keys() if key.path == path))
    else:
        near = [*close_keys(word), *(name for name in commands if name.startswith(word[:3]))]
        hint = f" (did you mean {' or '.join(near)}?)" if near else ""
        raise typer.BadParameter(
            f"{word!r} is neither a command nor a key of a recipe{hint}; see glasswork --help and "
            "glasswork recipes --keys",
            param_hint="WORD",
        )
