"""The report page: template, style, script and data in one HTML file, with a policy that allows nothing else.

Content-Security-Policy   no source except one style and one script, identified by their SHA-256
"""

import base64
import hashlib
import re
from pathlib import Path

import msgspec

from glasswork.files import write_whole
from glasswork.report.bundle import bundle
from glasswork.report.data import ReportData
from glasswork.report.words import Words

_HERE = Path(__file__).parent

#: Images with fewer pixels per side are too coarse to be drawn; js/board-panel.js has the same number.
_DRAWABLE = 16

#: ``{{#kind}}...{{/kind}}``: a text for one kind of input only, pixels or columns, or of what is in the page.
_ONLY_FOR = re.compile(r"\{\{#(\w+)\}\}(.*?)\{\{/\1\}\}", re.DOTALL)

#: The sentences of the template, in elements and in attributes: what is before each, and the sentence.
_SENTENCES = (
    re.compile(r"(?P<before><(h2|a|p|summary)\b[^>]*>)(?P<sentence>.+)(?=</\2>)"),
    re.compile(r'(?P<before>aria-label=")(?P<sentence>[^"]+)'),
)


def write_report(data: ReportData, path: str | Path) -> int:
    """Write the page, either completely or not at all.

    Returns
    -------
    int
        The size of the file in bytes.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    content = render(data).encode()
    write_whole(Path(path), content)
    return len(content)


def render(data: ReportData) -> str:
    """Return the page as HTML."""
    words = Words(data.language)
    kinds = kinds_of(data)
    style = (_HERE / "style.css").read_text(encoding="utf-8")
    script = bundle(_HERE / "js")
    parts = {
        "columns" if data.columns else "pixels",
        "distance" if data.novelty else "",
        "sceptic" if data.novelty and data.novelty.sceptic else "",
    }
    template = (_HERE / "page.html").read_text(encoding="utf-8")
    template = _ONLY_FOR.sub(lambda found: found[2] if found[1] in parts else "", template)
    for name, word in kinds.items():
        template = template.replace(f"{{{{{name}}}}}", word)
    return fill(
        translated(template, words),
        title=_escape(data.title),
        heading=" ".join(f"<span>{part}</span>" for part in _escape(data.title).replace(" · ", " ·\n").split("\n")),
        language=data.language,
        **_words_for_drawing(data, words),
        policy=f"default-src 'none'; style-src {hash_of(style)}; script-src {hash_of(script)}; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'",
        style=style,
        words=inert({"language": data.language, "kinds": kinds, "table": words.table}),
        data=inert(data),
        script=script,
    )


def kinds_of(data: ReportData) -> dict[str, str]:
    """Return what the page calls its inputs and classes: these words are filled in before a sentence is looked up."""
    return {
        "one": "row" if data.columns else "image",
        "many": "rows" if data.columns else "images",
        "thing": data.thing,
        "ink": "ink" if data.ink else "light",
        "ground": "blank page" if data.ink else "black image",
    }


def _words_for_drawing(data: ReportData, words: Words) -> dict[str, str]:
    """Return the texts of the stage: draw an image, or choose one if drawing makes no sense."""
    say = words.say
    ends = say("blank paper is −1 and full ink is 1")
    if not data.ink:
        ends = say("black is −1, and white, or a full colour, is 1")
    if data.columns is not None:
        return {"skip": say("Skip to the columns"), "verb": say("Ask"), "drawn_only": "", "ends": ends}
    height, width, *planes = data.shape
    if height != width or height < _DRAWABLE or planes:
        return {"skip": say("Skip to the images"), "verb": say("Choose"), "drawn_only": " hidden", "ends": ends}
    return {"skip": say("Skip to the drawing board"), "verb": say("Draw"), "drawn_only": "", "ends": ends}


def translated(template: str, words: Words) -> str:
    """Return a template whose sentences are in the language of the page."""
    for pattern in _SENTENCES:
        template = pattern.sub(lambda found: found["before"] + words.lookup(found["sentence"]), template)
    return template


def fill(template: str, **parts: str) -> str:
    """Replace each ``{{name}}`` by its part; the inserted text is not searched again."""
    pieces = template.split("{{")
    filled = [pieces[0]]
    for piece in pieces[1:]:
        name, _, rest = piece.partition("}}")
        filled += [parts[name], rest]
    return "".join(filled)


def inert(data: object) -> str:
    """Return data as JSON in which nothing, such as ``</script>``, can end its element."""
    return msgspec.json.encode(data).decode().replace("<", "\\u003c")


def hash_of(text: str) -> str:
    """Return what a content security policy calls a script or a style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
