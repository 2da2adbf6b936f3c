"""What is loaded, and when: a command starts fast because it loads only what its answer needs."""

import json
import subprocess
import sys

import pytest
from PIL import Image

from glasswork import MLP, load_mnist, save_model
from glasswork.cli.app import app

#: Slow to load, and not all of them are even required.
HEAVY = {"PIL", "jax", "matplotlib", "onnxruntime", "pandas", "safetensors", "scipy", "sklearn", "torch"}
VERBS = [command.name for command in app.registered_commands]

AS_COMMAND = """
import atexit, json, sys
from glasswork.__main__ import main
loaded, sys.argv = sys.argv[1], ["glasswork", *sys.argv[2:]]
@atexit.register
def write():
    json.dump(sorted({name.partition(".")[0] for name in sys.modules}), open(loaded, "w"))
main()
"""


@pytest.fixture
def loaded_by(tmp_path):
    """``loaded_by(*words)`` runs the command in a process of its own: what it printed, which packages it loaded."""

    def run(*words):
        path = tmp_path / "loaded.json"
        done = subprocess.run(
            [sys.executable, "-c", AS_COMMAND, path, *words], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout, set(json.loads(path.read_text(encoding="utf-8")))

    return run


def test_importing_the_package_loads_not_even_numpy():
    program = (
        "import sys; before = set(sys.modules); import glasswork;"
        "print(*{m.partition('.')[0] for m in set(sys.modules) - before} - set(sys.stdlib_module_names))"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert set(printed.split()) == {"glasswork", "lazy_loader"}


@pytest.mark.parametrize("verb", VERBS)
def test_help_loads_no_heavy_library(loaded_by, verb):
    printed, loaded = loaded_by(verb, "--help")
    assert f"glasswork {verb}" in printed
    assert loaded & (HEAVY | {"msgspec", "numpy"}) == set()


def test_recipes_loads_no_heavy_library(loaded_by):
    printed, loaded = loaded_by("recipes")
    assert "classwork" in printed
    assert loaded & HEAVY == set()


def test_predict_loads_only_what_reads_a_model_and_a_picture(loaded_by, tmp_path):
    save_model(MLP(784, 2, 10), tmp_path / "model.safetensors")
    Image.fromarray(load_mnist()[0][0].reshape(28, 28)).save(tmp_path / "digit.png")
    printed, loaded = loaded_by("predict", str(tmp_path), str(tmp_path / "digit.png"))
    assert "sure" in printed
    assert loaded & HEAVY == {"PIL", "safetensors", "scipy"}
