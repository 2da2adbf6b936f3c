"""Engines as users meet them: which one is chosen, what a run records, resuming, rerunning, and life without Numba."""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest

import glasswork
from glasswork import MLP, SGD, Batches, InputError, Linear, MSELoss, Run, Sigmoid, fit, named_recipe
from glasswork.engine.contract import NO_LIMIT
from glasswork.runs.checkpoint import Checkpoints, Machine
from glasswork.runs.folder import RunFolder
from glasswork.runs.repeat import compare_with
from glasswork.training.engines import WORTH_COMPILING, choose_engine
from glasswork.training.progress import Progress
from glasswork.training.step import NumpyEngine, overwrites_gradients

pytestmark = pytest.mark.usefixtures("few_images", "kernels")

ENGINES = ["numpy", "compiled"]

#: Makes Numba as absent as where it is not installed.
WITHOUT_NUMBA = """
import sys
from importlib.machinery import PathFinder
class WithoutNumba(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name in ("numba", "llvmlite") else super().find_spec(name, path, target)
sys.meta_path[sys.meta_path.index(PathFinder)] = WithoutNumba
"""


def recipe(engine, **settings):
    small = {"training.epochs": 3, "network.hidden": [8], "training.batch_size": 10, "training.engine": engine}
    return named_recipe("relu").override(small | settings)


def trained(recipe, folder):
    with Run(recipe, folder) as run:
        list(run.epochs())
    return run


def weights(run):
    return [array.tobytes() for array in run.model.state().values()]


def parts(hidden=4):
    model = MLP(6, hidden, 3, dtype=np.float64, rng=np.random.default_rng(4))
    draw = np.random.default_rng(2)
    loader = Batches(draw.normal(size=(40, 6)), draw.integers(0, 3, 40), 10, seed=3, classes=3, dtype=np.float64)
    return model, SGD(model.parameters(), model.gradients()), MSELoss(), loader


# The choice --------------------------------------------------------------------------------------


class Long:
    """A loader of so many images, or said to be."""

    def __init__(self, loader, samples):
        self.loader, self.samples = loader, samples
        self.__class__ = type("Long", (type(loader),), {"samples": samples})
        vars(self).update(vars(loader))


def test_auto_is_compiled_from_a_size_on_and_depends_on_nothing_else():
    model, optimizer, loss, loader = parts()
    weight_count = 6 * 4 + 4 * 3
    enough = -(-WORTH_COMPILING // weight_count)
    for samples, epochs, expected in (
        (enough, 1, "compiled"),
        (enough - 1, 1, "numpy"),
        (enough // 10 + 1, 10, "compiled"),
    ):
        engine = choose_engine("auto", model, optimizer, loss, loader=Long(loader, samples), epochs=epochs)
        assert engine.name == expected


def test_the_default_run_keeps_numpy_and_the_long_recipes_do_not():
    def multiplications(name):
        chosen = named_recipe(name)
        sizes = [784, *chosen.network.hidden, 10]
        return chosen.training.epochs * 55_000 * sum(a * b for a, b in pairwise(sizes))

    assert multiplications("classwork") < WORTH_COMPILING
    assert multiplications("relu") < WORTH_COMPILING
    assert all(multiplications(name) >= WORTH_COMPILING for name in ("deep", "adam", "dropout", "plain-best"))


def test_an_unknown_engine_is_refused():
    model, optimizer, loss, loader = parts()
    with pytest.raises(InputError, match="engine: expected 'auto', 'numpy' or 'compiled', got 'fast'"):
        next(fit(model, loader, loader, optimizer, loss, epochs=1, engine="fast"))


def test_a_loader_without_samples_is_numpys_unless_asked_for():
    model, optimizer, loss, loader = parts()
    assert choose_engine("auto", model, optimizer, loss, loader=list(loader), epochs=10**12).name == "numpy"


def test_an_engine_of_ones_own_is_taken_as_it_is():
    model, optimizer, loss, loader = parts()

    class Counting(NumpyEngine):
        calls = 0

        def step(self, batch):
            self.calls += 1
            return super().step(batch)

    engine = Counting(model, optimizer, loss)
    list(fit(model, loader, loader, optimizer, loss, epochs=2, engine=engine))
    assert engine.calls == 8


def test_a_users_own_layer_falls_back_and_says_so(capsys):
    class Own(Sigmoid):
        pass

    model = MLP.from_layers(
        {
            "linear1": Linear(6, 4, dtype=np.float64),
            "act1": Own(dtype=np.float64),
            "linear2": Linear(4, 3, dtype=np.float64),
        }
    )
    _, _, loss, loader = parts()
    optimizer = SGD(model.parameters(), model.gradients())
    engine = choose_engine("compiled", model, optimizer, loss, loader=loader, epochs=1)
    said = capsys.readouterr().err
    assert engine.name == "numpy"
    assert said.startswith(
        "Notice: NumPy does the steps of this training, because the compiled engine cannot do them: "
    )
    assert "Own" in said
    assert said.count("\n") == 1


# The loop ----------------------------------------------------------------------------------------


def test_a_callable_is_called_after_each_step_or_says_that_it_need_not_be():
    model, optimizer, loss, loader = parts()
    asked = []

    class Asking(NumpyEngine):
        def batches(self, loader, most):
            asked.append(most())
            return super().batches(loader, most)

    def content(progress):
        pass

    content.every_step = False
    for calls in ((), content, [content, lambda progress: None]):
        engine = Asking(model, optimizer, loss)
        list(fit(model, loader, loader, optimizer, loss, epochs=1, engine=engine, after_step=calls))
    assert asked == [NO_LIMIT, NO_LIMIT, 1]


@pytest.mark.parametrize("engine", ENGINES)
def test_positions_that_a_users_callable_sees(engine):
    model, optimizer, loss, loader = parts()
    seen = []
    call = lambda progress: seen.append((progress.epoch, progress.batch, progress.step))  # noqa: E731
    list(fit(model, loader, loader, optimizer, loss, epochs=2, engine=engine, after_step=call))
    assert seen == [(0, 1, 1), (0, 2, 2), (0, 3, 3), (0, 4, 4), (1, 1, 5), (1, 2, 6), (1, 3, 7), (1, 4, 8)]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_training_that_diverges_ends_at_the_same_batch(engine):
    model, _, loss, loader = parts()
    model.act2 = glasswork.Identity(dtype=np.float64)
    optimizer, before = SGD(model.parameters(), model.gradients(), 1e200), [p.copy() for p in model.parameters()]
    with pytest.raises(glasswork.DivergedError, match=r"epoch 1: the loss became \S+ at batch [23] of the epoch"):
        list(fit(model, loader, loader, optimizer, loss, epochs=1, engine=engine))
    for parameter, start in zip(model.parameters(), before, strict=True):
        np.testing.assert_array_equal(parameter, start)


def test_engines_change_between_two_epochs():
    """Weights and moments are the model's and the optimiser's own, whoever moves them."""
    ends = []
    for engines in (("numpy", "numpy"), ("compiled", "numpy"), ("numpy", "compiled")):
        model, _, loss, loader = parts()
        optimizer = glasswork.Adam(model.parameters(), model.gradients(), 0.01)
        progress = Progress()
        for epochs, engine in enumerate(engines, start=1):
            list(fit(model, loader, loader, optimizer, loss, epochs=epochs, engine=engine, progress=progress))
        assert optimizer.steps == 8
        ends.append(np.concatenate([parameter.ravel() for parameter in model.parameters()]))
    np.testing.assert_allclose(ends[1], ends[0], rtol=1e-9)
    np.testing.assert_allclose(ends[2], ends[0], rtol=1e-9)


def test_gradients_are_cleared_unless_backward_overwrites_them():
    model, optimizer, _, _ = parts()
    assert overwrites_gradients(model, optimizer)

    class Adding(Linear):
        """A student's: each backward adds to the gradients."""

        def backward_parameters(self, grad_output):
            self.grad_weight += self.input.T @ grad_output
            self.grad_bias += grad_output.sum(axis=0)

    ends = []
    for kind in (Linear, Adding):
        rng = np.random.default_rng(1)
        model = MLP.from_layers({"linear1": kind(6, 3, dtype=np.float64, rng=rng)})
        optimizer = SGD(model.parameters(), model.gradients())
        assert overwrites_gradients(model, optimizer) is (kind is Linear)
        list(fit(model, parts()[3], parts()[3], optimizer, MSELoss(), epochs=2))
        ends.append([parameter.copy() for parameter in model.parameters()])
    for a, b in zip(*ends, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


# Runs --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_a_run_records_its_engine_everywhere(engine, tmp_path):
    run = trained(recipe(engine), tmp_path / "run")
    past = RunFolder(tmp_path / "run")
    facts, _ = Checkpoints(past.path).load(run.experiment, Progress())
    assert run.engine == engine
    assert (past.recipe().training.engine, past.result().engine, facts.machine.engine) == (engine,) * 3


def test_auto_is_recorded_as_what_it_was(tmp_path):
    trained(recipe("auto"), tmp_path / "run")
    assert 'engine = "numpy"' in (tmp_path / "run" / "recipe.toml").read_text()


def test_a_run_from_before_there_were_engines_was_numpys(tmp_path):
    run = trained(recipe("numpy"), tmp_path / "run")
    path = tmp_path / "run" / "recipe.toml"
    path.write_text(path.read_text().replace('engine = "numpy"\n', ""))
    assert RunFolder(tmp_path / "run").recipe() == run.recipe


@pytest.mark.parametrize("engine", ENGINES)
def test_resumed_and_rerun_byte_for_byte(engine, tmp_path):
    """Stopped within an epoch, between two steps that one call would have done."""
    wanted = recipe(engine, **{"network.dropout": 0.2, "training.average": 0.9, "optimizer.momentum": 0.9})
    whole = trained(wanted, tmp_path / "whole")
    stops = iter([False] * 130 + [True] * 10**6)
    run = Run(wanted, tmp_path / "run", should_stop=lambda: next(stops))
    with run:
        list(run.epochs(after_step=lambda progress: None))
    assert run.test_accuracy is None
    assert run.progress.batch > 0
    with Run.resume(tmp_path / "run") as resumed:
        list(resumed.epochs())
    assert resumed.notes == []
    assert weights(resumed) == weights(whole)
    again = trained(RunFolder(tmp_path / "whole").recipe(), tmp_path / "again")
    assert weights(again) == weights(whole)
    said = compare_with(RunFolder(tmp_path / "whole"), RunFolder(tmp_path / "again"))
    assert said.startswith("Reproduced")


def test_a_rerun_with_the_other_engine_is_told_apart(tmp_path):
    for engine in ENGINES:
        trained(recipe(engine), tmp_path / engine)
    said = compare_with(RunFolder(tmp_path / "compiled"), RunFolder(tmp_path / "numpy"))
    assert "the engine compiled then, numpy now" in said


def test_going_on_with_the_other_engine_is_noted(tmp_path):
    trained(recipe("compiled"), tmp_path / "run")
    with Run.resume(tmp_path / "run", epochs=4, engine="numpy") as run:
        list(run.epochs())
    assert any(note.startswith("engine: compiled then, numpy now; the last digits may differ") for note in run.notes)
    assert RunFolder(tmp_path / "run").recipe().training.engine == "numpy"


# Without Numba -----------------------------------------------------------------------------------


def without_numba(code, folder, status=0):
    """Run code in a process in which Numba cannot be found; return what it printed, and what it said beside."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT_NUMBA + code], cwd=folder, capture_output=True, text=True,
        timeout=100, check=False, env=os.environ,
    )  # fmt: skip
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout, done.stderr


def test_without_numba_a_compiled_training_is_numpys_and_says_so(tmp_path):
    code = """
import numpy as np
from glasswork import MLP, SGD, Batches, MSELoss, fit
ends = []
for engine in ("numpy", "compiled", "auto"):
    model = MLP(6, 4, 3, rng=np.random.default_rng(4))
    loader = Batches(np.zeros((40, 6), np.uint8), np.arange(40) % 3, 10, seed=3, classes=3)
    list(fit(model, loader, loader, SGD(model.parameters(), model.gradients()), MSELoss(), epochs=2, engine=engine))
    ends.append(model.linear1.weight.tobytes())
print(len(set(ends)))
"""
    printed, said = without_numba(code, tmp_path)
    assert printed.strip() == "1"
    assert said.strip() == (
        "Notice: NumPy does the steps of this training, because the compiled engine cannot do them: it needs Numba "
        "(pip install 'glasswork[fast]')."
    )


def test_without_numba_a_compiled_run_says_why_it_cannot_go_on(tmp_path):
    settings = {"data.source": "digits", "training.epochs": 2}
    wanted = named_recipe("classwork").override({**settings, "training.engine": "compiled", "network.hidden": [8]})
    saved = Path(tmp_path / "recipe.toml")
    saved.write_text(wanted.to_toml())
    make = (
        "from glasswork import Run, read_recipe\nwith Run(read_recipe('recipe.toml'), 'run') as run: list(run.epochs())"
    )
    subprocess.run([sys.executable, "-c", make], cwd=tmp_path, check=True, capture_output=True, timeout=100)
    resume = """
from glasswork import Run, StateError
try:
    Run.resume("run", epochs=3)
except StateError as error:
    print(error)
with Run.resume("run", epochs=3, engine="numpy") as run:
    list(run.epochs())
print(run.notes)
"""
    printed, said = without_numba(resume, tmp_path)
    assert printed.startswith(
        "run: was trained with the compiled engine, which needs Numba: pip install 'glasswork[fast]'; or choose the "
        "engine numpy (--engine numpy), whose results differ in the last digits\n"
    )
    assert "engine: compiled then, numpy now" in printed
    assert said == ""


@pytest.mark.parametrize("name", ["blas", "scipy", "numba", "numpy"])
def test_another_blas_scipy_or_numba_is_noted(name, tmp_path, monkeypatch):
    """On which the last digits depend; files of before have no such fields, and nothing is noted of them."""
    here = Machine.here(1, "compiled")
    assert all(getattr(here, field) for field in ("blas", "scipy", "numba"))
    assert here.differences(here) == []
    (note,) = here.differences(msgspec.structs.replace(here, **{name: "another"}))
    assert note.startswith(f"{name}: {getattr(here, name)} then, another now; the last digits may differ")
    old = Machine(threads=1, numpy=np.__version__, processor=here.processor, engine="compiled")
    assert old.differences(here) == []
    numpys = Machine.here(1, "numpy")
    assert [note.split(":")[0] for note in numpys.differences(here)] == ["engine"]
