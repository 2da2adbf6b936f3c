"""One catalogue and one warm checker for all tests of the classroom's helper."""

import gc

import pytest
from threadpoolctl import threadpool_limits

import glasswork
from glasswork import load_mnist


def pytest_addoption(parser):
    """``pytest tests/classroom --every-variant`` tries every variant of every mistake."""
    parser.addoption("--every-variant", action="store_true", help="try every variant of every mistake")


@pytest.fixture(scope="module", autouse=True)
def one_blas_thread():
    """Small products take one thread, as in the process that judges: two would wait for each other."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session")
def known():
    """MNIST as submissions get it, what recognises its images, and what variants do: made once for all modules."""
    from glasswork.classroom.student.fixture import Mnist
    from glasswork.classroom.student.images import Identifier

    mnist = Mnist(*load_mnist())
    return mnist, Identifier(mnist), {}


@pytest.fixture(scope="module")
def catalogue(known):
    """The catalogue in this process, for code that is ours; its silent libraries are gone after the module."""
    from glasswork.classroom.judging.matching import Catalogue
    from glasswork.classroom.student.fixture import install
    from glasswork.classroom.student.observe import watch_numpy

    mnist, identifier, seen = known
    with pytest.MonkeyPatch.context() as patch:
        import sys

        import sklearn.datasets

        patch.setattr(sklearn.datasets, "fetch_openml", None)  # which is put back at the end
        patch.setattr(glasswork, "load_mnist", mnist.load_mnist)
        before, finders = dict(sys.modules), list(sys.meta_path)
        install(mnist)
        watch_numpy(patch.setattr)
        made = Catalogue(mnist, identifier, seen)
        made.reference()
        gc.freeze()  # the judge below collects after each file: not all libraries each time
        yield made
        gc.unfreeze()
        sys.meta_path[:] = finders
        for name in set(sys.modules) - set(before):
            if name.split(".")[0] in ("keras", "tensorflow", "tqdm", "matplotlib", "seaborn", "google", "IPython"):
                del sys.modules[name]
        sys.modules.update({n: m for n, m in before.items() if sys.modules.get(n) is not m})


@pytest.fixture(scope="module")
def judge(catalogue):
    """Judges a text that is ours: it is watched in this process, and what is seen travels as messages do."""
    import contextlib
    import io

    from glasswork.classroom.judging.judge import Judge
    from glasswork.classroom.sandbox.observer import Observer
    from glasswork.classroom.student.messages import Answer, Request, decode_answer, encode
    from glasswork.classroom.student.source import from_script
    from glasswork.classroom.student.unwrap import unwrapped

    def watched(text):
        document = unwrapped(from_script(text))
        observer = Observer(document, document, catalogue.mnist, catalogue.identifier, catalogue.reference())

        def ask(what, **given):
            return decode_answer(encode(Answer(1, "", observer.answer(Request(1, "", what, **given))))[4:]).result

        judge = Judge(catalogue, document, ask)
        with contextlib.redirect_stdout(io.StringIO()):
            reports = judge.run()
        assert not judge.faults
        return reports

    def judged(text):
        reports = watched(text)
        gc.collect()  # a file's classes hold one another, and with them its data: half a gigabyte
        return reports

    return judged


@pytest.fixture(scope="session")
def checker():
    """A warm process that judges files."""
    from glasswork.classroom import Checker

    with Checker(prepare=False) as warm:
        yield warm
