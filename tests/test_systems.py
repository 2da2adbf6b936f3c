"""Windows and macOS, as far as Linux can simulate them: docs/lookup/versions.md says what was never run there."""

import itertools
import re
import subprocess
import sys
from pathlib import Path, PureWindowsPath

import pytest

from glasswork.runs.folder import default_folders

ROOT = Path(__file__).parents[1]
#: What a name on Windows cannot contain or end in.
FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]|[. ]$')


def faults(names):
    """The names that Windows does not take, and those that differ only by case."""
    wrong = [name for name in names if FORBIDDEN.search(name) or PureWindowsPath(name).is_reserved()]
    lower = [name.casefold() for name in names]
    return wrong + [name for name in names if lower.count(name.casefold()) > 1]


#: Folders that make docs fills; they belong to no release.
BUILT = {"_build", "generated", "examples"}


def faults_in(folder):
    return [
        fault
        for place in (folder, *(path for path in folder.rglob("*") if path.is_dir() and not BUILT & {*path.parts}))
        for fault in faults([path.name for path in place.iterdir()])
    ]


def test_what_a_fault_is():
    names = ["a.txt", "A.TXT", "NUL", "aux.json", "b:c", "d.", "e ", "nulls", "f?"]
    assert faults(names) == ["NUL", "aux.json", "b:c", "d.", "e ", "f?", "a.txt", "A.TXT"]


@pytest.mark.parametrize("part", ["src", "tests", "docs", "tools"])
def test_files_of_the_source_can_be_unpacked_anywhere(part):
    assert faults_in(ROOT / part) == []


@pytest.mark.parametrize("name", ["classwork", "con", "AUX.toml", "nul", "mine.", "v1..", "a_b-c.d"])
def test_a_run_has_a_name_that_any_system_takes(name):
    assert faults([folder.name for folder in itertools.islice(default_folders(name), 3)]) == []


def test_a_run_where_windows_is_simulated(few_file, tmp_path):
    words = [sys.executable, "-X", "warn_default_encoding", ROOT / "tests" / "as_windows.py", tmp_path, few_file]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False)
    assert done.stdout == "done\n", done.stderr
    assert faults_in(tmp_path) == []
    assert list((tmp_path / "run").glob(".*-????????")) == []
