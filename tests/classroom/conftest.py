"""One catalogue and one warm checker for all tests of the classroom's helper."""

import pytest

from glasswork import load_mnist


def pytest_addoption(parser):
    """``pytest tests/classroom --every-variant`` tries every variant of every mistake."""
    parser.addoption("--every-variant", action="store_true", help="try every variant of every mistake")


@pytest.fixture(scope="module")
def catalogue():
    """The catalogue in this process, for code that is ours; its silent libraries are gone after the module."""
    from glasswork.classroom.judging.matching import Catalogue
    from glasswork.classroom.student.fixture import Mnist, install
    from glasswork.classroom.student.images import Identifier
    from glasswork.classroom.student.observe import watch_numpy

    mnist = Mnist(*load_mnist())
    with pytest.MonkeyPatch.context() as patch:
        import sys

        before, finders = dict(sys.modules), list(sys.meta_path)
        install(mnist)
        watch_numpy(patch.setattr)
        made = Catalogue(mnist, Identifier(mnist))
        made.reference()
        yield made
        sys.meta_path[:] = finders
        for name in set(sys.modules) - set(before):
            if name.split(".")[0] in ("keras", "tensorflow", "tqdm", "matplotlib", "seaborn", "google", "IPython"):
                del sys.modules[name]
        sys.modules.update({n: m for n, m in before.items() if sys.modules.get(n) is not m})
        for name in ("sklearn.datasets", "sklearn.model_selection"):
            if name not in before:
                sys.modules.pop(name, None)


@pytest.fixture(scope="session")
def checker():
    """A warm process that judges files."""
    from glasswork.classroom import Checker

    with Checker(prepare=False) as warm:
        yield warm
