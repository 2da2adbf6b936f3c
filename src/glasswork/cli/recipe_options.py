"""``--momentum 0.9``: every key of a recipe is also an option of the command.

--momentum 0.9 ──► --set optimizer.momentum=0.9          --lr 0.5 ──► --set optimizer.learning_rate=0.5
"""

import contextlib
import tomllib
from collections.abc import Iterator
from typing import Any

import typer
from typer.core import TyperCommand


def recipe_key(meaning: str, in_classwork: str) -> Any:
    """Return an option that sets a key of the recipe; the recipe checks the value."""
    return typer.Option(help=meaning, show_default=f"the recipe's; classwork: {in_classwork}", metavar="VALUE")


def parse_setting(text: str) -> tuple[str, Any]:
    """Return the key and the value of ``key=value``."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise typer.BadParameter(
            f"expected KEY=VALUE, such as optimizer.momentum=0.9; got {text!r}", param_hint="--set"
        )
    return key.strip(), parse_value(value)


def parse_value(text: str) -> Any:
    """Return a value: TOML's, a word, or several values separated by commas."""
    for attempt in (text, f"[{text}]"):
        with contextlib.suppress(ValueError, RecursionError):
            parsed = tomllib.loads(f"value = {attempt}")
            if len(parsed) == 1:
                return parsed["value"]
    words = [word.strip() for word in text.split(",")]
    return words if len(words) > 1 else words[0]


class RecipeOptions(TyperCommand):
    """A command whose unknown options are looked up among the keys of a recipe."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the command line, with keys of a recipe turned into ``--set KEY=VALUE``."""
        options = {name for parameter in self.get_params(ctx) for name in parameter.opts + parameter.secondary_opts}
        return super().parse_args(ctx, list(_translate(args, options)))


def _translate(args: list[str], options: set[str]) -> Iterator[str]:
    waiting = list(reversed(args))
    while waiting:
        arg = waiting.pop()
        if arg == "--":
            yield from (arg, *reversed(waiting))
            return
        option, equals, value = arg.partition("=")
        if not option.startswith("--") or option in options:
            yield arg
            continue
        from glasswork.recipes.keys import find_key, spellings
        from glasswork.settings import did_you_mean

        word = option.removeprefix("--")
        key = find_key(word)
        if key is None:
            names = {name: f"--{key}".replace("_", "-") for name, key in spellings().items()}
            names |= {name.removeprefix("--").replace("-", "_"): name for name in options}
            hint = did_you_mean(word.replace("-", "_"), names, most=3, instead=names)
            raise typer.BadParameter(f"no such option{hint}", param_hint=option)
        if not equals:
            stated = not _is_switch(key) or waiting[-1:] in (["true"], ["false"])
            value = (waiting.pop() if waiting else "") if stated else "true"
            if value == "":
                raise typer.BadParameter("expected a value after this option", param_hint=option)
        yield from ("--set", f"{key}={value}")


def _is_switch(key: str) -> bool:
    from glasswork.recipes.keys import recipe_keys

    default: Any = next(known.default for known in recipe_keys() if known.path == key)
    return isinstance(default, bool)
