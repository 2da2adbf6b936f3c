"""What README and docs show is true: their code runs, their output has the shape of what is printed."""

import json
import re
import sys
import tomllib
from pathlib import Path

import pytest

from glasswork.recipes.keys import recipe_keys
from glasswork.recipes.recipe import Recipe

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def shape(line):
    """Return a line with every number made ``#``, so that two runs of a command can be compared."""
    return re.sub(r"\d[\d.,]*", "#", line).rstrip()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    assert targets or page.name in {"classroom.md", "data.md"}
    for target in targets:
        assert (page.parent / target).exists(), target


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


def test_commands_of_the_readme_are_commands(glasswork, tmp_path):
    shown = re.findall(r"^\$ glasswork (\w+)(.*)$", "\n".join(blocks(ROOT / "README.md", "console")), re.MULTILINE)
    assert len(shown) >= 5
    for verb, rest in shown:
        described = glasswork(verb, "--help", folder=tmp_path)
        options = re.findall(r"(?<= )--[a-z-]+", rest.partition("#")[0])
        assert [option for option in options if option not in described] == []


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *(ROOT / "docs" / name for name in ("handout.md", "recipes.md"))], ids=lambda p: p.name
)
def test_python_runs(page, capsys):
    shown = blocks(page, "python")
    assert shown
    for code in shown:
        exec(code, {})
    if page.name == "README.md":
        printed = capsys.readouterr().out
        assert re.search(r"^3: 9[2-5]\.\d\d% of the validation images are right$", printed, re.MULTILINE)
        assert "linear1.weight" in printed
    if page.name == "recipes.md":
        assert f"# {capsys.readouterr().out}" in shown[0]


def test_the_recipe_that_is_shown_is_one():
    (text,) = blocks(ROOT / "docs" / "recipes.md", "toml")
    assert Recipe.from_dict({"name": "mine", **tomllib.loads(text)}).network.hidden == (300, 100)


def test_every_key_of_a_recipe_is_in_the_table():
    """Each with its default, what is allowed and what it means, as ``glasswork recipes --keys`` prints them."""
    page = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| `([a-z_.0-9]+)` \| `(.*?)` \| (.*?) \| (.*?) \|$", page, re.MULTILINE)
    expected = [
        (
            key.path,
            json.dumps(key.default),
            key.expected + (f" (only {', '.join(key.only)})" if key.only else ""),
            key.meaning,
        )
        for key in recipe_keys()
    ]
    assert table == expected
