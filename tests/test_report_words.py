"""The page in other languages: the table holds every sentence of the page, and no other."""

import ast
import json
import re
from pathlib import Path

import pytest

import glasswork
from glasswork.errors import InputError
from glasswork.recipes.shelf import named_recipe, recipe_names
from glasswork.report.robustness import CHANGES
from glasswork.report.words import Words

REPORT = Path(glasswork.__file__).parent / "report"
WEB = REPORT.parent / "web"

#: What pages call their inputs and classes, as ``kinds_of`` in page.py says.
IMAGES = {"one": "image", "many": "images", "things": "images"}
INK, LIGHT = {"ink": "ink", "ground": "blank page"}, {"ink": "light", "ground": "black image"}
PAGES = [
    IMAGES | INK | {"thing": "digit"},
    IMAGES | LIGHT | {"thing": "digit"},
    IMAGES | INK | {"thing": "class"},
    IMAGES | LIGHT | {"thing": "class"},
    {"one": "row", "many": "rows", "things": "rows", "thing": "class"} | LIGHT,
]

#: Sentences that reach `say` as data.
FROM_DATA = [
    *(named_recipe(name).description for name in recipe_names()),
    *(word for change in CHANGES for word in (change.name, change.unit)),
    *("finished", "interrupted", "running", "failed", "unknown", "damaged"),
    "its model file holds no training images to compare with",
    "it needs grey images, and these are in colour",
    "it needs two training images and a validation image",
    "x, or 0 if x is negative",
    "x, or a small part of x if x is negative",
    "x × the normal distribution function of x",
    "(x − usual mean) ÷ usual deviation × scale + shift",
]


def in_scripts():
    for path in (*(REPORT / "js").glob("*.js"), *(WEB / "js").glob("*.js")):
        literals = re.findall(r'\b(?:say|phrase)\(\s*("(?:[^"\\]|\\.)*")', path.read_text(encoding="utf-8"))
        yield from map(json.loads, literals)


def in_python():
    for name in ("facts.py", "gather.py", "page.py"):
        for node in ast.walk(ast.parse((REPORT / name).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("say", "words.say"):
                yield literal(node.args[0])


def literal(node):
    """The text of a literal; what an f-string fills in stays a name in braces."""
    if isinstance(node, ast.JoinedStr):
        return "".join(
            part.value if isinstance(part, ast.Constant) else f"{{{ast.unparse(part.value)}}}" for part in node.values
        )
    return node.value if isinstance(node, ast.Constant) else ""


def in_template(kind, other):
    """The sentences of the template, with what is for pixels or for columns only."""
    pages = "".join(path.read_text(encoding="utf-8") for path in (REPORT / "page.html", WEB / "live.html"))
    template = re.sub(r"\{\{(one|many|thing|ground)\}\}", r"{\1}", pages)
    text = re.sub(rf"\{{\{{#{other}\}}\}}.*?\{{\{{/{other}\}}\}}", "", template, flags=re.DOTALL)
    text = re.sub(r"\{\{[#/]\w+\}\}", "", text)
    found = re.findall(r"<(h2|a|p|summary)\b[^>]*>(.+)</\1>", text) + re.findall(r'(aria-label)="([^"]+)', text)
    yield from (sentence for _, sentence in found if not re.fullmatch(r"\{\{\w+\}\}", sentence))


def in_pages(sentence, pages):
    for words in pages:
        yield re.sub(r"\{(\w+)\}", lambda name, words=words: words.get(name[1], name[0]), sentence)


def sentences():
    """Every sentence that a page can ask its table for."""
    everywhere = [*FROM_DATA, *in_scripts(), *in_python()]
    found = [filled for sentence in everywhere for filled in in_pages(sentence, PAGES)]
    found += [filled for sentence in in_template("pixels", "columns") for filled in in_pages(sentence, PAGES[:-1])]
    found += [filled for sentence in in_template("columns", "pixels") for filled in in_pages(sentence, PAGES[-1:])]
    return dict.fromkeys(sentence for sentence in found if sentence)


@pytest.fixture(scope="module")
def german():
    return json.loads((REPORT / "words.de.json").read_text(encoding="utf-8"))


def test_the_table_has_every_sentence_and_no_stale_one(german):
    wanted = sentences()
    assert not [sentence for sentence in wanted if sentence not in german]
    assert not [sentence for sentence in german if sentence not in wanted]


def test_a_translation_keeps_the_places_and_the_markup_of_its_sentence(german):
    marks = re.compile(r"\{\{?\w+\}\}?|</?\w[^>]*>")
    assert {
        english: text
        for english, text in german.items()
        if sorted(marks.findall(english)) != sorted(marks.findall(text))
    } == {}
    assert all(text.strip() for text in german.values())


def test_numbers_and_missing_words():
    assert Words("de").number(12345.678, 2) == "12.345,68"
    assert Words("en").number(12345.678, 2) == "12,345.68"
    assert (
        Words("de").say("a sentence that nobody has translated: {n}", n=3) == "a sentence that nobody has translated: 3"
    )
    with pytest.raises(InputError, match="language: expected one of en, de; got 'fr'"):
        Words("fr")
