"""``glasswork doctor`` tells what is here and what is broken, and survives whatever is broken."""

import errno
import fcntl
import json
import os
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import forked
from glasswork.doctor import PARTS, machine
from glasswork.engine.installed import LOWEST, is_installed

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REQUIRED = {Requirement(line).name: Requirement(line) for line in PROJECT["dependencies"]}
MODULES = {"scikit-learn": "sklearn", "pillow": "PIL", "tomli-w": "tomli_w", "lazy-loader": "lazy_loader"}


def described(folder, requires):
    """Write into a folder what pip notes about a package; put on the path, it comes before the real one."""
    lines = ["Metadata-Version: 2.1", "Name: glasswork", "Version: 1", *requires]
    (folder / "glasswork-1.dist-info").mkdir(parents=True)
    (folder / "glasswork-1.dist-info" / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def doctor(tmp_path):
    """``doctor(*words, broken={module: program}, requires=[...])`` runs the command in a prepared environment."""

    def run(*words, broken=None, requires=None, before="", **environment):
        requires = requires or [f"Requires-Dist: {line}" for line in PROJECT["dependencies"]]
        described(tmp_path / "path", requires)
        for name, program in (broken or {}).items():
            (tmp_path / "path" / f"{name}.py").write_text(program, encoding="utf-8")
        (tmp_path / "here").mkdir()
        done = subprocess.run(
            ["/bin/sh", "-c", f'{before} exec "$0" doctor "$@"', forked.COMMAND, *words], cwd=tmp_path / "here",
            env={**os.environ, "PYTHONPATH": str(tmp_path / "path"), **environment},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stdout + done.stderr
        return done.returncode, done.stdout, done.stderr

    return run


def test_a_sound_machine(doctor):
    extras = ["Provides-Extra: some", "Requires-Dist: numpy>=1; extra == 'some'",
              "Provides-Extra: other", "Requires-Dist: no-such-library; extra == 'other'"]  # fmt: skip
    status, out, err = doctor("--json", requires=[*(f"Requires-Dist: {one}" for one in REQUIRED.values()), *extras])
    found = json.loads(out)
    assert (status, found["problems"], err) == (0, [], "")
    assert found["packages"] == {name: metadata.version(name) for name in REQUIRED}
    assert found["extras"] == {"some": {"numpy": metadata.version("numpy")}, "other": {"no-such-library": None}}
    assert found["python"]["version"] == sys.version.split()[0]
    assert found["cores"]["affinity"] == len(os.sched_getaffinity(0)) >= found["cores"]["granted"]
    assert found["blas"][0]["num_threads"] >= 1
    assert found["folders"]["cache"] == {"folder": os.environ["GLASSWORK_CACHE"], "writable": True}
    assert found["locks"] == {"current": True, "cache": True}
    assert found["engine"]["works"]
    assert Path(found["fonts"]["file"]).name == "DejaVuSans.ttf"


def test_in_words_a_line_for_each_part_then_the_problems(doctor):
    broken = {"numba": "raise OSError('libLLVM:\\n no such file')"}
    status, out, err = doctor(GLASSWORK_CACHE="/dev/null/cache", broken=broken, requires=["Requires-Dist: numpy"])
    *lines, number, cache, engine = out.splitlines()
    assert (status, number, err) == (1, "2 problems:", "")
    assert cache == "  cache folder /dev/null/cache: cannot be written (Not a directory)"
    assert engine.startswith("  engine: Numba is installed, but does not work (OSError: libLLVM: no such file)")
    assert "--engine numpy" in engine
    assert [line.split()[0] for line in lines] == list(PARTS)
    assert f"numpy {metadata.version('numpy')}" in out
    assert "cache folder: unknown" in out


def test_libraries_that_are_missing_or_too_old(doctor):
    status, out, _ = doctor(requires=["Requires-Dist: numpy>=99", "Requires-Dist: no-such-library>=3",
                                      "Provides-Extra: log", "Requires-Dist: rich<1; extra == 'log'"])  # fmt: skip
    assert status == 1
    assert out.splitlines()[-4:] == [
        "3 problems:",
        f"  numpy {metadata.version('numpy')}: glasswork needs >=99; pip install 'numpy>=99'",
        "  no-such-library: is not installed; pip install 'no-such-library>=3'",
        f"  rich {metadata.version('rich')}: glasswork needs <1; pip install 'rich<1'",
    ]


@pytest.mark.parametrize("program", ["raise ImportError('libomp is missing')", "print('{'); raise SystemExit(3)"])
def test_broken_libraries_are_named_each(program, doctor):
    libraries = ["numba", *(MODULES.get(name, name) for name in REQUIRED if name not in ("lazy-loader", "typer"))]
    status, out, _ = doctor("--json", broken=dict.fromkeys(libraries, program))
    problems = json.loads(out)["problems"]
    assert status == 1
    named = [name for name in REQUIRED if name not in ("lazy-loader", "typer")]
    assert [name for name in named if not any(one.startswith(f"{name} ") for one in problems)] == []
    assert any("engine" in one for one in problems)


def test_even_a_command_that_cannot_start(doctor):
    status, out, err = doctor(
        requires=["Requires-Dist: typer"], broken={"typer": "raise ValueError('half of it is gone')"}
    )
    assert (status, "half of it is gone" in err) == (1, True)
    assert "typer" in out


def test_in_a_folder_that_was_removed(doctor):
    status, out, _ = doctor(before='rmdir "$PWD" &&', requires=["Requires-Dist: numpy"])
    assert status == 1
    assert "problem" in out


def test_a_file_system_without_locks(tmp_path, monkeypatch):
    def refuse(*arguments):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.chdir(tmp_path)
    problems = []
    assert machine.locks(problems.append) == {"current": False, "cache": False}
    assert len([problem for problem in problems if "two processes" in problem]) == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("version", "works"), [("0.62.1", False), ("0.63.0", True), ("0.70.0rc1", True), ("1.0", True)]
)
def test_a_numba_that_would_crash_is_not_used(version, works, monkeypatch):
    monkeypatch.setattr(metadata, "version", lambda name: version)
    assert is_installed() == works
    assert f"numba>={LOWEST[0]}.{LOWEST[1]}" in PROJECT["optional-dependencies"]["fast"]
