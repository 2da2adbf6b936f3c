"""Build the distributions and check them as a user gets them: make dist.

source ──► sdist ──► wheel ──► an empty environment ──► a training, its page, a check
   └─────────────────► wheel      (both wheels hold the same bytes)
             └──► unpacked: make quick
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

SOURCE = Path(__file__).parents[1]
DIST = SOURCE / "dist"

#: The largest wheel, in bytes. MNIST is in it, and takes most of this.
MOST = 16_000_000

#: The lowest mark of pyroma. Two points are missing on purpose: the project states no e-mail address and no URL.
MARK = 8


def main() -> None:
    """Build, check, install and try; stop at the first thing that fails."""
    for left in ("dist", "build"):  # setuptools would put what an earlier build left into the wheel
        shutil.rmtree(SOURCE / left, ignore_errors=True)
    build(DIST)
    (sdist,), (wheel,) = DIST.glob("*.tar.gz"), DIST.glob("*.whl")
    check_complete(sdist)
    with tempfile.TemporaryDirectory(prefix="glasswork-dist-") as folder:
        place = Path(folder)
        build(place / "direct", "--wheel")
        (direct,) = (place / "direct").iterdir()
        check(contents(direct) == contents(wheel), "The wheel of the sdist holds the same bytes as that of the source.")
        check_metadata(sdist, wheel)
        size = wheel.stat().st_size
        check(size <= MOST, f"The wheel has {size / 1e6:.1f} MB, at most {MOST / 1e6:.0f} are allowed.")
        try_wheel(wheel, place)
        try_sdist(sdist, place)
    print(*sorted(map(str, DIST.iterdir())), sep="\n")


def build(folder: Path, *options: str) -> None:
    """Build into a folder: the sdist, and the wheel from it; with ``--wheel``, the wheel from the source itself."""
    python("-m", "build", "--quiet", *options, "--outdir", folder, SOURCE)
    shutil.rmtree(SOURCE / "build", ignore_errors=True)


def check_complete(sdist: Path) -> None:
    """Check that each file of the repository is in the sdist, if this is a repository."""
    if (SOURCE / ".git").exists():
        listed = run(["git", "-C", SOURCE, "ls-files"], capture_output=True, encoding="utf-8").stdout.splitlines()
        with tarfile.open(sdist) as archive:
            missing = set(listed) - {name.partition("/")[2] for name in archive.getnames()}
        check(not missing, f"The sdist has all {len(listed)} files of the repository.", " ".join(sorted(missing)))


def check_metadata(sdist: Path, wheel: Path) -> None:
    """Let the tools of Python's packagers judge the two files."""
    python("-m", "twine", "check", "--strict", sdist, wheel)
    python("-m", "check_wheel_contents", "--config", SOURCE / "pyproject.toml", wheel)
    python("-m", "validate_pyproject", SOURCE / "pyproject.toml")
    python("-m", "pyroma", "--min", MARK, sdist)
    run([Path(sys.executable).with_name("cffconvert"), "--validate", "--infile", SOURCE / "CITATION.cff"])


def try_wheel(wheel: Path, place: Path) -> None:
    """Install the wheel into an empty environment, far from the source and without node; train, look, check."""
    venv.create(place / "empty", with_pip=True)
    own = place / "empty" / "bin"
    home, traps = place / "home", place / "traps"
    home.mkdir()
    traps.mkdir()
    for name in ("node", "npm", "npx"):
        (traps / name).write_text(f"#!/bin/sh\necho {name} >> {place}/called\nexit 1\n", encoding="utf-8")
        (traps / name).chmod(0o755)
    alone = {"PATH": os.pathsep.join([str(own), str(traps), os.environ["PATH"]]), "HOME": str(home), "LANG": "C.UTF-8"}
    install = [own / "python", "-m", "pip", "install", "--quiet", "--constraint", SOURCE / "constraints.txt"]
    run([*install, f"{wheel}[classroom]"], env={**os.environ, **alone})

    def glasswork(*words: object, status: int = 0) -> str:
        print("  glasswork", *words, flush=True)
        done = subprocess.run(
            [own / "glasswork", *map(str, words)],
            cwd=home, env=alone, capture_output=True, encoding="utf-8", timeout=1800, check=False,
        )  # fmt: skip
        check(done.returncode == status, f"It ends with status {status}.", done.stdout + done.stderr)
        return done.stdout

    printed = glasswork("train")
    (accuracy,) = map(float, re.findall(r"^Test accuracy: ([\d.]+)%", printed, re.MULTILINE))
    check(94 < accuracy < 96, f"The handout's network reaches {accuracy} % of the test images.")
    (page,) = home.glob("runs/*/report.html")
    look_at(page)
    check(json.loads(glasswork("doctor", "--json"))["problems"] == [], "doctor finds no problem.")
    glasswork("classwork", "new", "solved", "--solution")
    glasswork("check", "solved/classwork-solution.py")
    glasswork("classwork", "new", "open")
    glasswork("check", "open/classwork.py", status=3)  # nothing is wrong, and nothing is done
    check(not (place / "called").exists(), "Node was not called.")


def look_at(page: Path) -> None:
    """Open a report in Chromium, which runs the JavaScript that is inside it."""
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000", "--dump-dom"]
    done = run(["chromium", *flags, page.as_uri()], capture_output=True, encoding="utf-8", timeout=300)
    check('class="verdict' in done.stdout, "The page has built its drawing board.", done.stderr)
    linked = re.findall(r'(?:src|href)="(?!#|data:)([^"]+)"', page.read_text(encoding="utf-8"))
    check(linked == [], f"The page loads nothing from outside: {linked}")


def try_sdist(sdist: Path, place: Path) -> None:
    """Run the style, the types and the fast half of the tests from the unpacked source distribution."""
    run(["tar", "--extract", "--file", sdist, "--directory", place])
    run(["make", "-C", place / sdist.name.removesuffix(".tar.gz"), "quick"])


def contents(wheel: Path) -> dict[str, bytes]:
    """Return the files in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def python(*words: object) -> None:
    """Run Python of this environment, outside of the source, so that what is installed is used."""
    run([sys.executable, *words], cwd=tempfile.gettempdir())


def run(words: Sequence[object], **options: object) -> subprocess.CompletedProcess[str]:
    """Print a command and run it."""
    print("$", *words, flush=True)
    return subprocess.run([str(word) for word in words], check=True, **options)


def check(holds: bool, sentence: str, details: str = "") -> None:
    """Print a sentence that holds; stop the program if it does not."""
    if not holds:
        sys.exit(f"{details}\nThis does not hold: {sentence}")
    print(" ", sentence, flush=True)


if __name__ == "__main__":
    main()
