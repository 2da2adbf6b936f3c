"""Check the versions that pyproject.toml promises, and write what was found into benchmarks/versions.md: make versions.

Python          vermin: the lowest that the syntax and the standard library allow; mypy: the types, for each version
dependencies    the lowest versions allowed and the newest there are, each in an environment of its own: the fast
                half of the tests
"""

import argparse
import datetime
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

SOURCE = Path(__file__).parents[1]
RESULTS = SOURCE / "benchmarks" / "versions.md"

#: The Pythons that are promised; one of them is here, and runs the tests.
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]

#: The extras that the tests need.
EXTRAS = "classroom,dev,heic,interop,openml"

#: The libraries whose versions the results name.
NAMED = ["numpy", "scipy", "scikit-learn", "matplotlib", "pillow", "msgspec", "typer", "numba"]


#: With the lowest versions, deprecations are no failure: old libraries warn about newer ones. And one test holds for
#: the versions of constraints.txt alone: of a table in the docs.
LENIENT = [
    "-W", "ignore::DeprecationWarning",
    "--deselect", "tests/test_sklearn_peer.py::test_the_page_lists_these_results",
]  # fmt: skip


def main() -> None:
    """Check everything; write the results if all holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", type=Path, required=True, help="of the environment of the tests, which has mypy")
    python = parser.parse_args().python.absolute()
    lines = [
        "# Versions that were checked", "",
        "`make versions` writes this page. A Python that is not installed there is checked by its types alone.", "",
        f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}", "",
        f"- vermin: the source needs Python {lowest_python()} or newer",
        *(f"- mypy --strict, as for Python {version}: {types(python, version)}" for version in PYTHONS), "",
        f"| dependencies | {' | '.join(NAMED)} | the fast half of the tests |",
        f"|---{'|--:' * len(NAMED)}|---|",
        *(row(words, which) for words, which in {"lowest allowed": "lowest-direct", "newest": "highest"}.items()),
    ]  # fmt: skip
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(RESULTS.read_text(encoding="utf-8"))


def lowest_python() -> str:
    """Return the lowest Python that the source needs, which must not be above the promised one."""
    target = f"--target={PYTHONS[0]}-"
    vermin = Path(sys.executable).with_name("vermin")  # it cannot be called by python -m
    printed = run([vermin, "--no-tips", "--violations", target, "src", "tests", "tools", "benchmarks"])
    (version,) = re.findall(r"Minimum required versions: ([\d.]+)", printed)
    return str(version)


def types(python: Path, version: str) -> str:
    """Return what mypy says about the source as a given Python sees it."""
    return run([python, "-m", "mypy", "--python-version", version]).strip()


def row(words: str, resolution: str) -> str:
    """Install the dependencies in one of their versions, run the tests, and return a row of the table."""
    with tempfile.TemporaryDirectory(prefix="glasswork-versions-") as folder:
        own, copy = Path(folder) / "venv" / "bin" / "python", Path(folder) / "source"
        shutil.copytree(SOURCE, copy, ignore=_left_out)
        uv = [sys.executable, "-m", "uv"]
        run([*uv, "venv", "--quiet", "--python", platform.python_version(), own.parents[1]])
        run([*uv, "pip", "install", "--quiet", "--python", own, "--resolution", resolution, f"{copy}[{EXTRAS}]"])
        tests = ["-m", "pytest", "--quiet", "--numprocesses", 2, "-m", "not slow", "--ignore", "tests/classroom"]
        tests += LENIENT if resolution != "highest" else []
        summary = run([own, *tests], cwd=copy).strip().splitlines()[-1]
        listed = dict(
            line.split("==") for line in run([*uv, "pip", "freeze", "--python", own]).splitlines() if "==" in line
        )
    passed = re.sub(r" in .*", "", summary)
    return f"| {words} | {' | '.join(listed[name] for name in NAMED)} | {passed} |"


def _left_out(folder: str, names: list[str]) -> list[str]:
    """Return what is not copied: environments, builds and runs, which lie at the top."""
    built = ("build", "dist", "runs")
    return [name for name in names if Path(folder) == SOURCE and (name.startswith(".") or name in built)]


def run(words: Sequence[object], cwd: Path = SOURCE) -> str:
    """Print a command, run it, and return what it printed; stop the program if it fails."""
    print("$", *words, flush=True)
    done = subprocess.run([str(word) for word in words], cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{done.stdout}{done.stderr}\nThis failed with status {done.returncode}.")
    return done.stdout


if __name__ == "__main__":
    main()
