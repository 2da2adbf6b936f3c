"""The docstrings of public names are complete, by numpydoc's own validation, and the API page lists them all."""

import inspect
import re
from pathlib import Path

import pytest
from numpydoc.validate import validate

import glasswork

ROOT = Path(__file__).parents[1]
PUBLIC = re.findall(r" as (\w+)", (ROOT / "src" / "glasswork" / "__init__.pyi").read_text(encoding="utf-8"))

#: Sections that not every docstring needs: an example, "see also", a longer text after the first line.
OPTIONAL = {"EX01", "SA01", "ES01"}

#: What a docstring of one sentence, such as "Return the velocities.", says without a section for it.
SAID_BY_A_SENTENCE = {"PR01", "RT01", "YD01"}


def faults(name):
    """Return numpydoc's findings about a public name and its own methods, as ``(code, name, message)``."""
    thing = getattr(glasswork, name)
    members = vars(thing) if inspect.isclass(thing) else {}
    members = {
        f"{thing.__module__}.{name}.{member}"
        for member, value in members.items()
        if not member.startswith("_") and (callable(value) or isinstance(value, property | classmethod | staticmethod))
    }
    for path in sorted({f"{thing.__module__}.{name}", *members}):
        result = validate(path)
        text = result["docstring"]
        fields = re.findall(r"^(\w[\w, ]*?)(?: :|$)", text.partition("Attributes\n---")[2], re.MULTILINE)
        known = {word for line in fields for word in line.split(", ")}
        is_a_sentence = path in members and "\n----" not in text
        for code, message in result["errors"]:
            if code in OPTIONAL or (is_a_sentence and code in SAID_BY_A_SENTENCE):
                continue
            if code == "RT01" and "Yields\n---" in text:
                continue  # a generator; numpydoc takes the generator itself for what is returned
            if code == "PR01" and set(re.findall(r"'(\w+)'", message)) <= known:
                continue  # the fields of a dataclass are its attributes
            yield code, path, message


@pytest.mark.parametrize("name", PUBLIC)
def test_docstrings_are_complete(name):
    assert list(faults(name)) == []


def test_the_api_page_lists_the_public_names():
    page = (ROOT / "docs" / "lookup" / "api.md").read_text(encoding="utf-8")
    page = page.partition("## glasswork.")[0]  # the modules that are public, too, come after the names
    assert sorted(re.findall(r"^   (\w+)$", page, re.MULTILINE)) == sorted(PUBLIC)
