"""Pages that the program writes itself: the keys of a recipe, and the verbs of the command with their options."""

import json
import re
from pathlib import Path

import typer.main
from sphinx.application import Sphinx
from typer.cli import get_docs_for_click

from glasswork.cli.app import app as command
from glasswork.recipes.keys import recipe_keys

FOLDER = Path(__file__).parents[1] / "lookup" / "generated"


def keys_table() -> str:
    """Return the table of all keys of a recipe, in Markdown."""
    rows = [
        (
            f"`{key.path}`",
            f"`{json.dumps(key.default)}`",
            key.expected + (f" (only {', '.join(key.only)})" if key.only else ""),
            key.meaning,
        )
        for key in recipe_keys()
    ]
    head = ["| key | default | allowed | meaning |", "|---|---|---|---|"]
    return "\n".join([*head, *("| " + " | ".join(row) + " |" for row in rows), ""])


def commands() -> str:
    """Return what ``glasswork VERB --help`` prints for each verb, in Markdown."""
    context = typer.main.get_command(command).make_context("glasswork", ["--help-not-asked"], resilient_parsing=True)
    text = get_docs_for_click(obj=context.command, ctx=context, name="glasswork")
    return re.sub(r"^# .*\n", "", text)


def write(app: Sphinx) -> None:
    """Write the pages, where they changed, before Sphinx reads the folder."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in (("recipe-keys.md", keys_table()), ("commands.md", commands())):
        path = FOLDER / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages once Sphinx has its configuration."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
