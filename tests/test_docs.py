"""What README and docs show is true: their code runs, their output has the shape of what is printed."""

import ast
import io
import re
import shlex
import subprocess
import sys
import tokenize
import tomllib
from pathlib import Path

import numpy as np
import pytest

import glasswork
from glasswork import MLP, SGD, MSELoss
from glasswork.recipes.keys import find_key
from glasswork.recipes.recipe import Recipe

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *(page for page in sorted(DOCS.rglob("*.md")) if not {"_build", "generated"} & {*page.parts}),
]


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def shape(line):
    """Return a line with every number made ``#``, so that two runs of a command can be compared."""
    return re.sub(r"\d[\d.,]*", "#", line).rstrip()


def lines_of_code(path):
    """Return how many lines of a file hold code: none that are blank, comments or docstrings."""
    source = path.read_text(encoding="utf-8")
    skipped = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    tokens = [token for token in tokenize.generate_tokens(io.StringIO(source).readline) if token.type not in skipped]
    docstrings = {
        line
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for line in range(node.lineno, node.end_lineno + 1)
    }
    return len({line for token in tokens for line in range(token.start[0], token.end[0] + 1)} - docstrings)


def test_the_reading_order_is_that_of_a_bare_step():
    """No other file of ours runs in a step, and they are as short as the page says."""
    section = (DOCS / "learn" / "reading.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\d\. \[`(.*?)`\]", section, re.MULTILINE)
    model, loss = MLP(20, 10, 5), MSELoss()
    optimizer = SGD(model.parameters(), model.gradients(), 0.1)
    x, target = np.ones((8, 20), np.float32), np.ones((8, 5), np.float32)
    room = Path(glasswork.__file__).parent
    ran = set()
    sys.setprofile(lambda frame, *_: ran.add(frame.f_code.co_filename))
    try:
        optimizer.zero_grad()
        loss(model(x), target)
        model.backward(loss.backward())
        optimizer.step()
    finally:
        sys.setprofile(None)
    ours = {str(Path(name).relative_to(room)) for name in ran if Path(name).is_relative_to(room)}
    assert ours | {"training/step.py"} == set(listed)
    assert len(listed) == 7
    assert sum(lines_of_code(room / name) for name in listed) <= 645


def anchors(page):
    """Return the anchors of a page's headings, as GitHub and MyST make them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target, _, anchor in re.findall(r"\]\(([^)#\s]*)(#([^)\s]+))?\)", page.read_text(encoding="utf-8")):
        if target.startswith("https://"):
            continue  # for make linkcheck
        path = page.parent / target if target else page
        assert path.exists(), target
        if page.is_relative_to(DOCS) and path.suffix == ".md":
            assert path.resolve().is_relative_to(DOCS), f"{target}: no page of the site"
        assert not anchor or anchor in anchors(path), f"{target}#{anchor}"


def test_output_of_make_train_is_what_it_prints(default_run):
    """Line by line, but for the numbers and for what the dots leave out."""
    shown = blocks(ROOT / "README.md", "console")[0].replace(".venv/bin/glasswork", "glasswork")
    shown = shown[shown.index("$ make train\n") + len("$ make train\n") : shown.index("$ make test")]
    printed = (default_run.parents[1] / "printed.txt").read_text(encoding="utf-8")
    printed = printed.replace(f"{Path(sys.executable).parent}/", "")
    printed = [shape(line) for line in printed.splitlines()]
    lines = [shape(line) for line in shown.splitlines() if line != "..."]
    assert [line for line in lines if line not in printed] == []
    assert [line for line in printed if line not in lines] == []


def test_commands_of_the_pages_are_commands(glasswork, tmp_path):
    """Every verb and every option that a page shows is one; where there is ``--set``, so is any key of a recipe."""
    command = re.compile(r"^(?:\$ )?glasswork ((?:data |classwork )?[a-z]+)\b(.*)$", re.MULTILINE)
    shown = {}
    for page in PAGES:
        for block in re.findall(r"```(?:console|text)?\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            for verb, rest in command.findall(block):
                shown.setdefault(verb, set()).update(re.findall(r"(?<= )--[a-z0-9-]+", rest.partition("  #")[0]))
    assert len(shown) >= 20
    for verb, options in shown.items():
        described = glasswork(*verb.split(), "--help", folder=tmp_path)
        unknown = {option for option in options if option not in described}
        assert {option for option in unknown if "--set" not in described or not find_key(option[2:])} == set(), verb


@pytest.mark.parametrize(
    "page",
    [DOCS / name for name in ("do/library.md", "learn/augmentation.md", "learn/handout.md", "lookup/recipes.md")],
    ids=lambda p: p.name,
)
def test_python_runs(page, capsys):
    shown = blocks(page, "python")
    assert shown
    for code in shown:
        exec(code, {})
    if page.name == "library.md":
        printed = capsys.readouterr().out
        assert re.search(r"^3: 9[2-5]\.\d\d% of the validation images are right$", printed, re.MULTILINE)
        assert "linear1.weight" in printed
    if page.name == "augmentation.md":
        assert capsys.readouterr().out == "(100, 784) True True\n" * 5 + "True\n"
    if page.name == "recipes.md":
        assert f"# {capsys.readouterr().out}" in shown[0]


def test_the_recipes_that_are_shown_are_recipes():
    (text,) = blocks(DOCS / "lookup" / "recipes.md", "toml")
    assert Recipe.from_dict({"name": "mine", **tomllib.loads(text)}).network.hidden == (300, 100)
    (text,) = blocks(DOCS / "learn" / "augmentation.md", "toml")
    assert Recipe.from_dict({"name": "mine", **tomllib.loads(text)}).augment.calm == ("1", "7")


def test_wine_from_csv_to_predictions(glasswork, tmp_path):
    """The commands of the page run, but for the report; the lines that it shows are printed, but for the numbers."""
    (shown,) = blocks(DOCS / "do" / "own-data.md", "console")
    commands = [shlex.split(line[2:]) for line in shown.splitlines() if line.startswith("$ ")]
    assert [words[:2] for words in commands[1:]] == [["glasswork", verb] for verb in ("train", "report", "predict")]
    subprocess.run([sys.executable, *commands[0][1:]], cwd=tmp_path, check=True)
    printed = glasswork(*commands[1][1:], "--no-figures", "--no-report", folder=tmp_path)
    printed += glasswork(*commands[3][1:], folder=tmp_path)
    printed = {shape(line.replace(f"{tmp_path}/", "")) for line in printed.splitlines()}
    lines = [shape(line) for line in shown.splitlines() if line != "..." and not line.startswith(("$ ", "relu: "))]
    assert len(lines) == 5
    assert [line for line in lines if line not in printed] == []
