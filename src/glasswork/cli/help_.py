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
    """Explain a command, or a key of a recipe: its allowed values, its default and its meaning.

    Examples:

    glasswork help momentum

    glasswork help train
    """
    from glasswork.recipes.keys import explain_key, find_key, recipe_keys, spellings
    from glasswork.settings import did_you_mean

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
        names = spellings()
        near = did_you_mean(word.replace("-", "_"), [*names, *commands], most=3, instead=names)
        raise typer.BadParameter(
            f"{word!r} is neither a command nor a key of a recipe{near}; see glasswork --help and "
            "glasswork recipes --keys",
            param_hint="WORD",
        )
