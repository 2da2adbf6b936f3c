"""The classwork to fill in: one template, written as a notebook or a script, with its gaps or solved.

exercise.template ──read──► cells ──► classwork.ipynb, classwork.py
                                  └─► classwork-solution.ipynb, classwork-solution.py

The template is a script in the percent format. A cell begins with ``# %% id=NAME``, a text with
``# %% [markdown] id=NAME``; ``only=notebook`` and ``only=script`` limit a cell to one form. A gap belongs to a part and
holds both versions of its lines. ``open`` says that the part is left open unless a teacher chooses other parts, and
``given`` that it is not. ``optional`` parts are open too, and if a teacher chooses one of them, all are open::

    #[ open Linear.forward
            output = ... # TODO: the linear equation.
    #[ solved
            output = np.dot(x, self.weight) + self.bias
    #]

Lines between ``#{ PART PART`` and ``#}`` are there only if one of these parts is left open.
"""

import ast
import base64
import difflib
import json
import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from glasswork.classroom.exercise.figures import FIGURES, Say
from glasswork.classroom.exercise.sizes import with_sizes
from glasswork.classroom.handout import SIZES
from glasswork.errors import FileError, InputError
from glasswork.figures.figure import own_settings

Form = Literal["notebook", "script"]

_CELL = re.compile(r"# %%(?P<text> \[markdown\])? id=(?P<id>[\w-]+)(?: only=(?P<only>notebook|script))?")
_GAP = re.compile(
    r"^#\[ (?P<kind>open|given|optional) (?P<part>\S+)\n(?P<open>.*?)^#\[ solved\n(?P<solved>.*?)^#\]\n",
    re.MULTILINE | re.DOTALL,
)
_TASK = re.compile(r"^#\{ (?P<parts>[^\n]+)\n(?P<lines>.*?)^#\}\n", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r'(?P<mark># |""")(?P<text>[^#\n]+?)(?P<end>"""|$)', re.MULTILINE)
_FIGURE = re.compile(r"!\[(?P<title>[^\]]*)\]\(attachment:(?P<name>[\w-]+)\.png\)")

#: The languages of the texts; English ones are in the template itself.
LANGUAGES = ("en", "de")

#: The forms of the classwork: the end of the file name, and the function that renders it.
_SUFFIXES: dict[Form, str] = {"notebook": ".ipynb", "script": ".py"}


@dataclass(frozen=True)
class Cell:
    """One cell of the template: its name, whether it is text, and its lines with the gaps open or solved."""

    id: str
    is_text: bool
    only: str | None
    source: str


def read_template(
    *,
    solution: bool,
    parts: Sequence[str] | None = None,
    template: Path | None = None,
    language: str = "en",
    sizes: dict[str, int] = SIZES,
) -> list[Cell]:
    """Return the cells of the classwork.

    Parameters
    ----------
    solution : bool
        Whether the gaps are solved.
    parts : sequence of str, optional
        The parts that are left open; those that the template calls open unless told otherwise.
    template : Path, optional
        A template of a teacher's own, which is written as it is.
    language : str
        One of `LANGUAGES`.
    sizes : dict
        The sizes of the sets ``train``, ``valid`` and ``test``.

    Returns
    -------
    list of Cell
        A text's source is Markdown; a code cell's is Python.

    Raises
    ------
    FileError
        If the template cannot be read.
    InputError
        If it has another form, or no such part.
    """
    words = _words(language) if template is None else {}
    source = template or files("glasswork.classroom.exercise").joinpath("exercise.template")
    try:
        content = source.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{template}: the template cannot be read as text in UTF-8 ({error})") from error
    who = template or "exercise.template"
    known = {gap["part"]: gap["kind"] for gap in _GAP.finditer(content)}
    asked = {name for part in parts or () for name in _parts_of(part, known)} if known else set()
    chosen = {part for part in known if (part in asked if parts else known[part] != "given")}
    if any(known[part] == "optional" for part in chosen):
        chosen |= {part for part in known if known[part] == "optional"}
    content = _GAP.sub(lambda gap: gap["solved" if solution or gap["part"] not in chosen else "open"], content)

    def with_tasks(text: str) -> str:
        return _TASK.sub(lambda task: task["lines"] if chosen & set(task["parts"].split()) else "", text)

    content = with_tasks(content)
    for number, line in enumerate(content.split("\n"), 1):
        if line.startswith(("#[", "#]", "#{", "#}")):
            raise InputError(f"{who}: {line!r} belongs to no gap (line {number} with the gaps filled in)")
    cells: list[Cell] = []
    for block in re.split(r"^(?=# %%)", content, flags=re.MULTILINE)[1:]:
        header, _, body = block.partition("\n")
        match = _CELL.fullmatch(header)
        if match is None:
            raise InputError(f"{who}: {header!r} does not begin a cell; expected '# %% id=NAME'")
        lines = body.strip("\n").split("\n")
        if match["text"]:
            lines = [line.removeprefix("#").removeprefix(" ") for line in lines]
        text = "\n".join(lines)
        if words and match["text"]:
            text = with_tasks(words["texts"][match["id"]]).strip("\n")
        elif words:
            text = _COMMENT.sub(lambda c: c["mark"] + words["comments"].get(c["text"], c["text"]) + c["end"], text)
        text = with_sizes(text, sizes, lambda word: words.get("words", {}).get(word, word))
        cells.append(Cell(match["id"], bool(match["text"]), match["only"], text))
    _check_whole(cells, who, has_gaps=bool(known), solution=solution)
    return cells


def _check_whole(cells: list[Cell], who: object, *, has_gaps: bool, solution: bool) -> None:
    """Raise InputError if a template has no cells or gaps, or if its solution is none."""
    if not cells:
        raise InputError(f"{who}: no line begins a cell; expected '# %% id=NAME'")
    if not has_gaps:
        raise InputError(
            f"{who}: no gap is marked, so nothing is left open; a gap is the line '#[ open PART', what a student gets, "
            "the line '#[ solved', what the solution has, and the line '#]'"
        )
    for cell in cells if solution else ():
        if line := _left_open(cell):
            raise InputError(
                f"{who}: the solution still holds {line!r} (cell {cell.id}); write the solution between the lines "
                "'#[ solved' and '#]'"
            )


def _parts_of(name: str, known: dict[str, str]) -> list[str]:
    """Return the parts that a name stands for: one, or all that are open in a class."""
    found = [name] if name in known else [p for p in known if p.startswith(f"{name}.") and known[p] != "given"]
    if not found:
        like = difflib.get_close_matches(name, dict.fromkeys(n for p in known for n in (p.partition(".")[0], p)), 1)
        meant = f"; did you mean {like[0]}?" if like else ";"
        raise InputError(f"--parts: no part {name!r} can be left open{meant} Expected some of {', '.join(known)}")
    return found


def _left_open(cell: Cell) -> str:
    """Return the line of a code cell in which ``...`` stands for a value."""
    try:
        nodes = [] if cell.is_text else list(ast.walk(ast.parse(cell.source)))
    except SyntaxError:  # such as %magic
        return ""
    values = (n.value for n in nodes if isinstance(n, ast.Assign | ast.Return) and n.value is not None)
    lines = [n.lineno for n in values if isinstance(n, ast.Constant) and n.value is ...]
    return cell.source.split("\n")[min(lines) - 1].strip() if lines else ""


def render(
    form: Form,
    *,
    solution: bool,
    name: str = "classwork",
    parts: Sequence[str] | None = None,
    template: Path | None = None,
    language: str = "en",
    sizes: dict[str, int] = SIZES,
) -> bytes:
    """Return the classwork as the content of a file; the same bytes at every call.

    Parameters
    ----------
    form : {"notebook", "script"}
        A Jupyter notebook (nbformat 4.5, its figures attached), or a script in the percent format.
    solution : bool
        Whether the gaps are solved.
    name : str
        The file's name without its suffix, which the text mentions.
    parts, template, language, sizes
        See `read_template`.

    Returns
    -------
    bytes
        UTF-8.
    """
    cells = read_template(solution=solution, parts=parts, template=template, language=language, sizes=sizes)
    words = _words(language).get("words", {})
    content = _RENDERERS[form](
        [cell for cell in cells if cell.only in (None, form)], lambda word: words.get(word, word), sizes
    )
    return content.replace("{name}", name).encode()


def write_classwork(
    folder: Path,
    *,
    solution: bool = False,
    parts: Sequence[str] | None = None,
    template: Path | None = None,
    language: str = "en",
    sizes: dict[str, int] = SIZES,
) -> list[Path]:
    """Write the classwork into a folder, as a notebook and as a script.

    Parameters
    ----------
    folder : Path
        It is created if necessary.
    solution : bool
        Write ``classwork-solution.ipynb`` and ``.py``, with the gaps solved, instead of ``classwork.ipynb`` and
        ``.py``.
    parts, template, language, sizes
        See `read_template`.

    Returns
    -------
    list of Path
        The files that were written.

    Raises
    ------
    FileError
        If one of the files exists already, in which case none is written, or if the folder cannot be written to.
    """
    name = "classwork-solution" if solution else "classwork"
    contents = {
        folder / f"{name}{suffix}": render(
            form, solution=solution, name=name, parts=parts, template=template, language=language, sizes=sizes
        )
        for form, suffix in _SUFFIXES.items()
    }
    for path in contents:
        if path.exists() or path.is_symlink():
            raise FileError(
                f"{path}: this file exists already, and somebody's work may be in it; "
                "nothing was written. Choose another folder, or move the file away"
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in contents.items():
            _write_new(path, content)
    except OSError as error:
        raise FileError(
            f"{folder}: cannot write the classwork here ({error.strerror}); choose another folder"
        ) from error
    return list(contents)


def _words(language: str) -> dict[str, dict[str, str]]:
    """Return the texts, comments and words of a language; nothing for English."""
    if language not in LANGUAGES:
        raise InputError(f"language: expected one of {', '.join(LANGUAGES)}, got {language!r}")
    if language == "en":
        return {}
    table = files("glasswork.classroom.exercise").joinpath(f"exercise.{language}.toml").read_text("utf-8")
    return tomllib.loads(table)


def _write_new(path: Path, content: bytes) -> None:
    """Write a file that must not exist yet; a write that fails leaves nothing behind."""
    with path.open("xb") as stream:
        try:
            stream.write(content)
        except BaseException:
            path.unlink()
            raise


def _as_script(cells: list[Cell], say: Say, _: dict[str, int]) -> str:
    """Return the script: texts are comments, figures are named by their titles."""
    blocks = []
    for cell in cells:
        source = cell.source
        if cell.is_text:
            source = _FIGURE.sub(rf"(\g<title>: {say('see the notebook')}.)", source)
            source = "\n".join(f"# {line}".rstrip() for line in source.split("\n"))
        blocks.append(f"# %%{' [markdown]' if cell.is_text else ''}\n{source}\n")
    return "\n".join(blocks)


def _as_notebook(cells: list[Cell], say: Say, sizes: dict[str, int]) -> str:
    """Return the notebook as Jupyter itself lays it out: sorted keys, one space of indentation."""
    notebook = {
        "cells": [_notebook_cell(cell, say, sizes) for cell in cells],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _notebook_cell(cell: Cell, say: Say, sizes: dict[str, int]) -> dict[str, Any]:
    written: dict[str, Any] = {"id": cell.id, "metadata": {}, "source": cell.source.splitlines(keepends=True)}
    if not cell.is_text:
        return written | {"cell_type": "code", "execution_count": None, "outputs": []}
    with own_settings():  # not the teacher's matplotlibrc: the bytes are the same everywhere
        figures = {name: FIGURES[name](say, sizes) for _, name in _FIGURE.findall(cell.source)}
    if figures:
        written["attachments"] = {
            f"{name}.png": {"image/png": base64.b64encode(png).decode()} for name, png in figures.items()
        }
    return written | {"cell_type": "markdown"}


_RENDERERS: dict[Form, Callable[[list[Cell], Say, dict[str, int]], str]] = {
    "notebook": _as_notebook,
    "script": _as_script,
}
