"""The page: template, style, script and data in one HTML file, under a policy that allows nothing else.

Content-Security-Policy   no source at all, but for one style and one script, by their SHA-256
"""

import base64
import hashlib
from pathlib import Path

import msgspec

from glasswork.files import write_whole
from glasswork.report.bundle import bundle
from glasswork.report.data import ReportData

_HERE = Path(__file__).parent

#: Pixels of a side below which images are too coarse to be drawn; js/part-draw.js knows it too.
_DRAWABLE = 16


def write_report(data: ReportData, path: str | Path) -> int:
    """Write the page, whole or not at all.

    Returns
    -------
    int
        Bytes of the file.

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
    style = (_HERE / "style.css").read_text(encoding="utf-8")
    script = bundle(_HERE / "js")
    facts = msgspec.json.encode(data).decode().replace("</", "<\\/")  # nothing in the data may end its element
    return _fill(
        (_HERE / "page.html").read_text(encoding="utf-8"),
        title=_escape(data.title),
        thing=data.thing,
        **_words_for_drawing(data),
        things=f"{data.thing}s" if data.thing == "digit" else "images",
        policy=f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'",
        style=style,
        data=facts,
        script=script,
    )


def _words_for_drawing(data: ReportData) -> dict[str, str]:
    """Return what the first part asks for: to draw, or to choose where drawing makes no sense."""
    height, width = data.shape
    if height != width or height < _DRAWABLE:
        return {
            "skip": "Skip to the images",
            "task": "choose an image",
            "verb": "Choose",
            "draw_title": "Choose an image",
            "draw_lead": "Each bar shows how much of the network’s answer goes to one class. Choose a test image below "
            "to see the answer to it; every part of this page is about the image that is chosen.",
            "drawn_only": " hidden",
        }
    task = f"draw {'a digit' if data.thing == 'digit' else 'an image'}"
    return {
        "skip": "Skip to the drawing board",
        "task": task,
        "verb": "Draw",
        "draw_title": task.capitalize(),
        "draw_lead": f"Each bar shows how much of the network’s answer goes to one {data.thing}, while you draw. Your "
        "strokes are cropped, scaled and centred like the images that the network learnt from, so size, place and pen "
        "do not matter.",
        "drawn_only": "",
    }


def _fill(template: str, **parts: str) -> str:
    """Put parts in place of ``{{name}}``; what is put in is not looked at again."""
    pieces = template.split("{{")
    filled = [pieces[0]]
    for piece in pieces[1:]:
        name, _, rest = piece.partition("}}")
        filled += [parts[name], rest]
    return "".join(filled)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
