"""The examples in docstrings give what they show."""

import doctest
import importlib
import re
from pathlib import Path

import pytest

import glasswork

ROOT = Path(glasswork.__file__).parent
EXAMPLE = re.compile(r"^ *>>> ", re.MULTILINE)
SOURCES = {
    ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__"): path.read_text("utf-8")
    for path in sorted(ROOT.rglob("*.py"))
}
EXAMPLES = {name: len(EXAMPLE.findall(source)) for name, source in SOURCES.items()}


@pytest.mark.parametrize("name", [name for name, count in EXAMPLES.items() if count])
def test_every_example_gives_what_it_shows(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for test in doctest.DocTestFinder(exclude_empty=True).find(module, name):
        runner.run(test)
    assert runner.summarize(verbose=False) == (0, EXAMPLES[name])  # an example that is skipped counts as none


def test_the_rooms_that_a_user_starts_from_have_examples():
    rooms = {name.split(".")[1] for name, count in EXAMPLES.items() if count}
    assert {"nn", "data", "engine", "runs", "classroom"} <= rooms
