"""Read a student's file, a notebook or a script, into statements whose places are known.

All code cells stand one below the other in one `Document`; a script is a document of one cell. A cell that does not
parse is cut into its statements, and those that parse are kept.
"""

import ast
import contextlib
import io
import re
import textwrap
import tokenize
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from glasswork.classroom.handout import SIZES
from glasswork.classroom.limits import STUDENT
from glasswork.errors import FileError, GlassworkError

_LARGEST = 64 << 20  # bytes; notebooks carry their pictures
_MAGIC = re.compile(r"^(\s*)([%!?]|get_ipython\(\))")
_ASSIGNED_MAGIC = re.compile(r"^(\s*[\w., ]+=\s*)([!%]).*")
_FOREIGN_CELL = re.compile(r"^\s*%%(?!time\b|timeit\b|capture\b|prun\b)")
_STARTS = re.compile(r"^[A-Za-z_@\"'(\[{]")
_NEAR = 5  # lines between where a piece and where the whole text stops being Python
_MOST_FAULTS = 5
_HEADS = {r"if\b": "if True:", r"elif\b": "elif True:", r"for\b": "for _ in ():", r"while\b": "while False:"}
_CONTINUES = re.compile(r"^(else|elif|except|finally)\b")


@dataclass(frozen=True)
class SyntaxFault:
    """A piece of the file that Python cannot read."""

    line: int  # of the document
    reason: str
    owner: str = ""  # the class or function in which it stands
    method: str | None = None
    text: str = ""


@dataclass
class Document:
    """The code of one file: its lines, where each is in the file, and its statements."""

    lines: list[str] = field(default_factory=list)
    places: list[tuple[int | None, int]] = field(default_factory=list)  # (cell, line) of each line
    statements: list[ast.stmt] = field(default_factory=list)
    faults: list[SyntaxFault] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=lambda: SIZES)  # of the sets, as the exercise asks for them

    def place(self, line: int) -> tuple[int | None, int | None, str]:
        """Return the cell, the line in it and the text of a line of the document."""
        if 1 <= line <= len(self.lines):
            return (*self.places[line - 1], self.lines[line - 1].strip())
        return None, None, ""


def read_cells(path: Path) -> tuple[list[str], bool]:
    """Read the code cells of a notebook, or a script as one cell; return them, and whether it is a notebook.

    Raises
    ------
    FileError
        If the file cannot be read, or is neither.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileError(f"{path}: cannot be read ({error.strerror}); is this the name of the file?") from error
    if len(content) > _LARGEST:
        raise FileError(f"{path}: {len(content) >> 20} MB is too large for a solution of this exercise")
    if path.suffix.lower() == ".ipynb":
        return _notebook_cells(path, content), True
    if path.suffix.lower() != ".py":
        raise FileError(f"{path}: expected a notebook (.ipynb) or a script (.py)")
    return [_decode(content)], False


def from_script(text: str) -> Document:
    """Return the document of a script."""
    document = Document()
    _add_cell(document, text, None)
    return document


def from_cells(cells: list[str]) -> Document:
    """Return the document of a notebook's code cells; they are numbered from 1."""
    document = Document()
    for number, text in enumerate(cells, 1):
        _add_cell(document, text, number)
    return document


def _notebook_cells(path: Path, content: bytes) -> list[str]:
    try:
        import nbformat
    except ImportError as error:
        raise GlassworkError(
            "Reading a notebook needs nbformat, which is not installed; run: pip install 'glasswork[classroom]'"
        ) from error
    try:
        notebook: Any = nbformat.reads(_decode(content), as_version=4)  # type: ignore[no-untyped-call]
        return ["".join(cell.source) for cell in notebook.cells if cell.cell_type == "code"]
    except Exception as error:  # a damaged notebook breaks its reader in many ways
        raise FileError(
            f"{path}: this notebook is damaged ({type(error).__name__}); open it in Jupyter and save it again"
        ) from error


def _decode(content: bytes) -> str:
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        text = content.decode(encoding)
    except (SyntaxError, UnicodeDecodeError):
        text = content.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def _add_cell(document: Document, text: str, number: int | None) -> None:
    first = len(document.lines) + 1
    own = text.split("\n")
    document.lines += own
    document.places += [(number, line) for line in range(1, len(own) + 1)]
    code = _without_magics(own)
    if number is not None and code and next((line for line in code if line.strip()), "x")[0].isspace():
        code = textwrap.dedent("\n".join(code)).split("\n")  # Jupyter runs an indented cell, too
    statements, faults = _parse(code, first)
    document.statements += statements
    document.faults += faults


def _without_magics(lines: list[str]) -> list[str]:
    """Return the lines with ``%magic`` and ``!shell`` replaced by nothing, line by line."""
    head = next((line for line in lines if line.strip()), "")
    if _FOREIGN_CELL.match(head):
        return [""] * len(lines)
    code, continued = [], False
    for line in lines:
        magic = _MAGIC.match(line)
        if continued or magic:
            code.append((magic[1] if magic else "") + ("pass" if magic else ""))
            continued = line.rstrip().endswith("\\")
        elif assigned := _ASSIGNED_MAGIC.match(line):
            code.append(f"{assigned[1]}[]")
        elif re.fullmatch(r"\s*[\w.]+\?{1,2}", line):
            code.append("")
        else:
            code.append(line)
    return lines if code == lines or _is_python("\n".join(lines)) else code


def _is_python(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True


# Parsing, and what is left where that fails ---------------------------------------------------------


def _parse(lines: list[str], first: int) -> tuple[list[ast.stmt], list[SyntaxFault]]:
    try:
        return _parse_exactly(lines, first), []
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    mended = _without_faults(lines, first)
    if mended is not None:
        return mended
    statements: list[ast.stmt] = []
    faults: list[SyntaxFault] = []
    for start, end in _chunks(lines):
        chunk, at = lines[start:end], first + start
        try:
            statements += _parse_exactly(chunk, at)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            kept, fault = _parse_class(chunk, at, error)
            statements += kept
            faults += fault
    faults = _as_python_says(faults, first, lines)
    if not faults:  # each piece parses alone: the fault is between them
        faults = [_fault(error, first, lines) for error in [_error_of(lines)] if error]
    return statements, faults


def _without_faults(lines: list[str], first: int) -> tuple[list[ast.stmt], list[SyntaxFault]] | None:
    """Return what is left without the lines at which Python stops reading, if that is all the rest."""
    left, faults = list(lines), list[SyntaxFault]()
    for _ in range(_MOST_FAULTS):
        try:
            return _parse_exactly(left, first), faults
        except SyntaxError as error:
            at = (error.lineno or 0) - 1
            if not 0 <= at < len(left) or not (code := left[at].strip()) or code in ("pass", *_HEADS.values()):
                return None
            is_outside = "outside" in error.msg
            faults.append(
                SyntaxFault(first + at, f"{type(error).__name__}, {error.msg}", *_around(lines, at, is_outside), code)
            )
            head = next((safe for pattern, safe in _HEADS.items() if re.match(pattern, code)), "pass")
            left[at] = left[at][: len(left[at]) - len(left[at].lstrip())] + head
        except (ValueError, RecursionError, MemoryError):
            return None
    return None


def _around(lines: list[str], at: int, is_outside: bool) -> tuple[str, str | None]:
    """Return the class or function in which a line stands, and the method; or, if it stands outside, those above it."""
    width = len(lines[at]) - len(lines[at].lstrip())
    method = None
    for line in reversed(lines[:at]):
        head = re.match(r"(\s*)(class|(?:async )?def)\s+(\w+)", line)
        if head and (is_outside or len(head[1]) < width):
            width, is_outside = len(head[1]), False
            if not width:
                return head[3], method
            method = head[3]
        elif line.strip() and not line[0].isspace() and not is_outside:
            return "", None
    return "", None


def _as_python_says(faults: list[SyntaxFault], first: int, lines: list[str]) -> list[SyntaxFault]:
    """Return the faults; the one that Python meets first in the whole text has its line and its words."""
    error = _error_of(lines)
    if error is None or error.lineno is None:
        return faults
    line = first + error.lineno - 1
    near = min(faults, key=lambda fault: abs(fault.line - line), default=None)
    if near is None or abs(near.line - line) > _NEAR:
        return faults
    told = replace(near, line=line, reason=f"{type(error).__name__}, {error.msg}")
    return [told if fault is near else fault for fault in faults]


def _parse_exactly(lines: list[str], first: int) -> list[ast.stmt]:
    tree = ast.parse("\n".join(lines) + "\n")
    compile(tree, STUDENT, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)  # such as a return in a class
    return [_as_def(statement) for statement in ast.increment_lineno(tree, first - 1).body]


def _as_def(statement: ast.stmt) -> ast.stmt:
    """Return the definition that ``name = lambda …`` is; another statement as it is."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda(args=arguments, body=value)):
            made = ast.parse(f"def {name}(): return 0").body[0]
            assert isinstance(made, ast.FunctionDef)
            made.args, made.body = arguments, [ast.copy_location(ast.Return(value), value)]
            return ast.copy_location(made, statement)
    return statement


def _error_of(lines: list[str]) -> SyntaxError | None:
    try:
        ast.parse("\n".join(lines) + "\n")
    except SyntaxError as error:
        return error
    return None


def _chunks(lines: list[str]) -> list[tuple[int, int]]:
    """Return the ranges of lines that begin with a line that is not indented and can begin a statement."""
    texts = _lines_of_texts(lines)
    starts = [
        i
        for i, line in enumerate(lines)
        if i not in texts
        and _STARTS.match(line)
        and not _CONTINUES.match(line)
        and not (i and lines[i - 1].startswith("@"))
    ]
    if not starts or starts[0] != 0:
        starts = [0, *starts]
    return [(a, b) for a, b in zip(starts, [*starts[1:], len(lines)], strict=True) if "".join(lines[a:b]).strip()]


def _lines_of_texts(lines: list[str]) -> set[int]:
    """Return the lines that begin inside a text of several lines, as far as Python can read."""
    found: set[int] = set()
    with contextlib.suppress(SyntaxError, tokenize.TokenError):
        for token in tokenize.generate_tokens(iter(f"{line}\n" for line in lines).__next__):
            if token.type == tokenize.STRING:
                found |= {*range(token.start[0], token.end[0])}
    return found


def _fault(error: BaseException, first: int, lines: list[str], method: str | None = None) -> SyntaxFault:
    line = (getattr(error, "lineno", None) or 1) - 1
    line = min(line, len(lines) - 1)
    reason = getattr(error, "msg", None) or "Python cannot read this"
    head = re.match(r"\s*(?:class|def)\s+(\w+)", "\n".join(lines))
    return SyntaxFault(first + line, reason, head[1] if head else "", method, "\n".join(lines))


def _parse_class(lines: list[str], first: int, error: BaseException) -> tuple[list[ast.stmt], list[SyntaxFault]]:
    """Keep the methods of a class that parse, each on its own."""
    head = re.match(r"class\s+(\w+)", lines[0])
    defs = [(i, len(m[1])) for i, line in enumerate(lines) if (m := re.match(r"(\s+)(?:def\b|@)", line))]
    if not head or not defs:
        return [], [_fault(error, first, lines)]
    indent = defs[0][1]
    starts = [
        i
        for i, width in defs
        if width <= indent + 1 and not (i and lines[i - 1].strip().startswith("@") and width == indent)
    ]
    body: list[ast.stmt] = []
    faults: list[SyntaxFault] = []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        own = ["" if line.startswith("#") else line for line in lines[start:end]]  # what stands below the class
        member = textwrap.dedent("\n".join(own)).split("\n")
        name = re.search(r"def\s+(\w+)", "\n".join(member))
        try:
            body += _parse_exactly(member, first + start)
        except (SyntaxError, ValueError) as wrong:
            found = _fault(wrong, first + start, member, name[1] if name else None)
            faults.append(SyntaxFault(found.line, found.reason, head[1], found.method, found.text))
    if not faults:
        place = _fault(error, first, lines)
        inside = [i for i in starts if first + i <= place.line]
        name = re.search(r"def\s+(\w+)", lines[inside[-1]]) if inside else None
        faults = [SyntaxFault(place.line, place.reason, head[1], name[1] if name else None, place.text)]
    kept = ast.parse(f"class {head[1]}:\n    pass\n").body[0]
    assert isinstance(kept, ast.ClassDef)
    ast.increment_lineno(kept, first - 1)
    kept.body = body or kept.body
    return [kept], faults
