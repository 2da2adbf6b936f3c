"""The wheel that ``make wheel`` builds, and the first cell of the exercise, which installs it where glasswork is missing."""

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import nbclient
import nbformat
import pytest

from glasswork.classroom.exercise.write import render

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy, so that nothing is left in the source."""
    source = tmp_path_factory.mktemp("source")
    shutil.copytree(ROOT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", "dist", "."]
    subprocess.run(command, cwd=source, check=True)
    (wheel,) = (source / "dist").glob("glasswork-*.whl")
    return wheel


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """A Python that has all that this one has, except glasswork."""
    folder = tmp_path_factory.mktemp("colab")
    venv.create(folder / "venv", symlinks=True)
    python = folder / "venv" / "bin" / "python"
    packages = folder / "packages"
    packages.mkdir()
    for place in filter(Path.is_dir, map(Path, sys.path)):
        if any(place.glob("*.dist-info")):
            for path in place.iterdir():
                if "glasswork" not in path.name and path.suffix != ".pth" and not (packages / path.name).exists():
                    (packages / path.name).symlink_to(path)
    (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
    (site / "packages.pth").write_text(f"{packages}\n")
    return python


def test_the_first_cell_installs_the_wheel_beside_the_notebook(wheel, python, tmp_path, monkeypatch):
    shutil.copy(wheel, tmp_path)
    spec = tmp_path / "kernels" / "colab" / "kernel.json"
    spec.parent.mkdir(parents=True)
    arguments = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": arguments, "display_name": "Colab", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # all else is there
    monkeypatch.setenv("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    notebook = nbformat.reads(render("notebook", solution=False).decode(), as_version=4)
    cells = {cell.id: cell for cell in notebook.cells}
    before = nbformat.v4.new_code_cell("import importlib.util\nprint(importlib.util.find_spec('glasswork'))")
    where = nbformat.v4.new_code_cell("import glasswork\nprint(glasswork.__file__, callable(glasswork.check))")
    notebook.cells = [before, cells["install"], where, cells["load"]]
    nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="colab", resources={"metadata": {"path": tmp_path}}
    ).execute()
    said = ["".join(out.get("text", "") for out in cell.outputs) for cell in notebook.cells]
    assert said[0] == "None\n"
    assert said[2].startswith(os.fspath(python.parents[1]))
    assert said[2].endswith("True\n")
    assert said[3] == "(70000, 784) int64 (70000,) int64\n"
