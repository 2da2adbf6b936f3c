"""Mutation testing: change one thing in a room, run the tests of that room, and list the changes that no test notices.

make mutants        draws 40 mutants in each of five rooms; benchmarks/mutation.md says what one series found

Everything happens in a copy, one mutant after the other. A mutant whose tests run out of time counts as killed.
"""

import ast
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SECONDS = 900  # for the tests of a room

#: The files of tests of each room, quick ones first: the sooner one fails, the sooner the next mutant has its turn.
TESTS = {
    "nn": "by_hand losses layers modes trajectories one_forward gradcheck gradients ownership randomness",
    "optim": "by_hand optim trajectories modes ownership state",
    "training": "loop modes ownership one_forward mapped inputs state saving health",
    "runs": "run mapped ladder resume data_of_run saving state",
    "data": "batches split dataset decode mapped once sources_idx sources_npz sources_listing sources_other"
    " sources_table sources_folder sources_left_out conventions inputs mnist openml pictures limits photographs",
}
OTHER: dict[type[ast.AST], Any] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change: the text between two offsets of a file replaced by another."""

    path: str
    line: int
    kind: str
    start: int
    end: int
    new: str

    def apply(self, text: bytes) -> bytes:
        """Return the text of the file with the change in it."""
        return text[: self.start] + self.new.encode() + text[self.end :]


def changes(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Kind and new text of each change of one piece of code."""
    match node:
        case ast.Compare(left, [op], [right]) if type(op) in OTHER:
            yield "comparison", ast.unparse(ast.Compare(left, [OTHER[type(op)]()], [right]))
        case ast.BinOp(left, op, right) if type(op) in OTHER and not any(map(is_text, (left, right))):
            yield "arithmetic", ast.unparse(ast.BinOp(left, OTHER[type(op)](), right))
        case ast.AugAssign(target, op, value) if type(op) in OTHER and not is_text(value):
            yield "arithmetic", ast.unparse(ast.AugAssign(target, OTHER[type(op)](), value))
        case ast.BoolOp(op, values):
            yield "boolean", ast.unparse(ast.BoolOp(OTHER[type(op)](), values))
        case ast.Constant(bool() as value):
            yield "boolean", str(not value)
        case ast.Constant(int() | float() as value):
            yield "constant", repr(value + 1)
        case ast.UnaryOp(ast.Not(), operand):
            yield "condition", ast.unparse(operand)
        case ast.If(test) | ast.IfExp(test) if isinstance(test, ast.Name | ast.Attribute | ast.Call):
            yield "condition", f"not {ast.unparse(test)}"
        case ast.Return(ast.expr() as value) if not isinstance(value, ast.Constant):
            yield "return", "return None"
        case ast.Expr(ast.Call()):
            yield "call dropped", "pass"


def is_text(node: ast.AST) -> bool:
    """Whether a piece of code is a text or a list, which can be added and not subtracted."""
    return isinstance(node, ast.JoinedStr | ast.List) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def children(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a piece of code, without messages, annotations and decorators."""
    skipped = {"annotation", "returns", "decorator_list", "bases", "keywords" if isinstance(node, ast.ClassDef) else ""}
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if name not in skipped and isinstance(child, ast.AST) and not isinstance(child, ast.Raise | ast.JoinedStr):
                yield child


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Every mutant of one file; only what stands within functions is changed."""
    text = path.read_bytes()
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def walk(node: ast.AST, inside: bool) -> Iterator[Mutant]:
        for kind, new in changes(node) if inside else ():
            place = node.test if kind == "condition" and isinstance(node, ast.If | ast.IfExp) else node
            assert isinstance(place, ast.expr | ast.stmt)  # which have a place
            start = starts[place.lineno - 1] + place.col_offset
            end = starts[(place.end_lineno or place.lineno) - 1] + (place.end_col_offset or 0)
            whole = f"({new})" if isinstance(place, ast.expr) else new
            yield Mutant(str(path.relative_to(ROOT)), place.lineno, kind, start, end, whole)
        for child in children(node):
            yield from walk(child, inside or isinstance(node, ast.FunctionDef))

    yield from walk(ast.parse(text), False)


def sample(room: str, size: int, seed: int) -> list[Mutant]:
    """So many mutants of a room, of each kind in turn."""
    kinds: dict[str, list[Mutant]] = {}
    for path in sorted((ROOT / "src" / "glasswork" / room).rglob("*.py")):
        for mutant in mutants_of(path):
            kinds.setdefault(mutant.kind, []).append(mutant)
    rng = random.Random(f"{seed} {room}")
    queues = [rng.sample(kinds[kind], len(kinds[kind])) for kind in sorted(kinds)]
    turns = [mutant for n in range(max(map(len, queues))) for queue in queues for mutant in queue[n : n + 1]]
    return turns[:size]


class Copy:
    """A copy of the package and its tests, in which a file can be changed and tests run."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, 1_000_000_000
        for name in ("src", "tests", "benchmarks"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "README.md"):
            shutil.copy(ROOT / name, folder / name)

    def write(self, path: str, text: bytes) -> None:
        """Replace a file of the copy."""
        (self.folder / path).write_bytes(text)
        self.clock += 10  # another time each time, or Python would take the compiled file of before
        os.utime(self.folder / path, (self.clock, self.clock))

    def run(self, names: list[str]) -> str:
        """Return which of these files of tests' tests failed first, or that time ran out; nothing if all pass."""
        words = ["pytest", "-x", "-q", "-p", "no:cacheprovider", *[f"tests/test_{name}.py" for name in names]]
        env = {**os.environ, "PYTHONPATH": str(self.folder / "src"), "OPENBLAS_NUM_THREADS": "1"}
        with tempfile.TemporaryFile("w+", errors="replace") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=self.folder, env=env, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
            try:
                status = process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                return f"out of time after {SECONDS} s"
            finally:
                with suppress(ProcessLookupError):  # what a mutant started ends with it
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            output.seek(0)
            failed = [line for line in output if line.startswith(("FAILED", "ERROR"))]
            return (failed or ["pytest did not start"])[0].strip() if status else ""


def ordered(mutant: Mutant, room: str) -> list[str]:
    """Return the files of tests of a room, those named like the changed module first."""
    stem = Path(mutant.path).stem
    return sorted(TESTS[room].split(), key=lambda name: stem not in name)


def main() -> None:
    """Try the mutants of each room, and print what becomes of each, and the score of each room."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--rooms", nargs="+", choices=TESTS, default=list(TESTS))
    parser.add_argument("--size", type=int, default=40, help="mutants a room")
    parser.add_argument("--seed", type=int, default=1)
    words = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # or a job in the background would ignore Ctrl-C
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = Copy(Path(folder))
        for room in words.rooms:
            if failed := copy.run(TESTS[room].split()):
                sys.exit(f"{room}: its tests fail without any mutant: {failed}")
            mutants, killed = sample(room, words.size, words.seed), 0
            for mutant in mutants:
                text = (ROOT / mutant.path).read_bytes()
                copy.write(mutant.path, mutant.apply(text))
                failed = copy.run(ordered(mutant, room))
                copy.write(mutant.path, text)
                killed += bool(failed)
                change = f"{text[mutant.start : mutant.end].decode()!r} -> {mutant.new!r}"
                print(f"{mutant.path}:{mutant.line} {mutant.kind}: {change}: {failed or 'SURVIVED'}", flush=True)
            print(f"{room}: {killed} of {len(mutants)} killed", flush=True)


if __name__ == "__main__":
    main()
