"""What is public, and how it changes: docs/lookup/versions.md promises it."""

import ast
import re
from pathlib import Path

import pytest

import glasswork
from glasswork.deprecation import warn_deprecated

PACKAGE = Path(glasswork.__file__).parent


def old_name():
    warn_deprecated("glasswork.old_name()", instead="glasswork.new_name()", removed_in="0.4.0")
    return 3


def test_what_is_deprecated_works_and_names_the_line_that_uses_it():
    words = "^glasswork.old_name.. is deprecated and will be removed in glasswork 0.4.0; use glasswork.new_name..$"
    with pytest.warns(DeprecationWarning, match=words) as warned:
        assert old_name() == 3
    assert warned[0].filename == __file__


def test_nothing_deprecated_outlives_its_version():
    now = tuple(map(int, glasswork.__version__.split(".")))  # noqa: RUF048  (ours has three numbers)
    for path in PACKAGE.rglob("*.py"):
        for version in re.findall(r'removed_in="([\d.]+)"', path.read_text(encoding="utf-8")):
            assert tuple(map(int, version.split("."))) > now, path


def test_the_public_names_are_those_of_the_stub_each_with_a_docstring():
    stub = ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))
    names = {one.asname for node in stub.body if isinstance(node, ast.ImportFrom) for one in node.names}
    assert names == set(glasswork.__all__)
    assert [
        name for name in sorted(names) if callable(getattr(glasswork, name)) and not getattr(glasswork, name).__doc__
    ] == []


def test_the_version_is_the_same_everywhere():
    root = Path(__file__).parents[1]
    citation, changelog = ((root / name).read_text(encoding="utf-8") for name in ("CITATION.cff", "CHANGELOG.md"))
    assert re.search(r"^version: (.+)$", citation, re.MULTILINE)[1] == glasswork.__version__
    assert re.search(r"^## ([\d.]+)", changelog, re.MULTILINE)[1] == glasswork.__version__
