"""The examples in docstrings give what they show."""

import doctest
import importlib
import pkgutil

import pytest

import glasswork

#: Rooms whose examples are run; ``glasswork.*`` are the modules that stand alone.
ROOMS = ("glasswork.training.", "glasswork.runs.")
MODULES = [
    module.name
    for module in pkgutil.walk_packages(glasswork.__path__, "glasswork.")
    if not module.ispkg and (module.name.startswith(ROOMS) or module.name.count(".") == 1)
]
FINDER = doctest.DocTestFinder(exclude_empty=True)


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith("__main__")])
def test_examples_give_what_they_show(name):
    module = importlib.import_module(name)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    for example in FINDER.find(module, name):
        runner.run(example)
    assert runner.summarize(verbose=False).failed == 0


def test_there_are_examples():
    found = [case for name in MODULES for case in FINDER.find(importlib.import_module(name)) if case.examples]
    assert found
