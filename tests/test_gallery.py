"""The gallery's examples: each compiles, uses public names only, asks a question, draws, and has its place.

``make docs`` runs them as scripts, and ``make gallery`` as notebooks.
"""

import ast
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: What the examples may import from: these modules, and the names that each lists.
PUBLIC = ("glasswork", "glasswork.figures", "glasswork.interop", "glasswork.optim", "glasswork.sklearn")
EXAMPLES = sorted((ROOT / "docs" / "gallery").glob("plot_*.py"))


def assigned(path, name):
    """Return the value that a module gives to a name, without importing the module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = (node.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == name)
    return ast.literal_eval(next(found))


def test_each_example_has_its_place():
    assert sorted(assigned(ROOT / "docs" / "_ext" / "gallery.py", "ORDER")) == [path.stem for path in EXAMPLES]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example(path):
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    title = ast.get_docstring(tree).splitlines()[0]
    assert title.endswith("?"), "each example answers a question"
    assert re.search(r"^plt\.show\(\)$|^figures\.\w+\(", source, re.MULTILINE), "each example draws"
    text = (line for line in source.partition('"""\n\n')[2].splitlines() if line.strip() and line[0] != "#")
    assert len(list(text)) <= 85, "each example is short"
    for node in ast.walk(tree):
        assert not (isinstance(node, ast.Import) and any(name.name.startswith("glasswork") for name in node.names))
        if isinstance(node, ast.ImportFrom) and node.module.startswith("glasswork"):
            assert node.module in PUBLIC
            public = {*importlib.import_module(node.module).__all__, *(name.rpartition(".")[2] for name in PUBLIC)}
            assert {name.name for name in node.names} <= public, f"{node.module}: not public"
        elif isinstance(node, ast.Attribute):
            assert re.fullmatch(r"__\w+__|[^_].*", node.attr), f"{node.attr}: not public"
