"""The live page: the report's style and modules with those of this room, and a policy that allows nothing else.

The page that is served holds no data. Its script says hello through the WebSocket and then runs one of two programs,
which wait in the page as text: the stage of one run, or the studio's list.
"""

from functools import cache
from pathlib import Path

from glasswork.report.bundle import bundle
from glasswork.report.page import fill, hash_of, inert, translated
from glasswork.report.words import Language, Words

_HERE = Path(__file__).parent
_REPORT = _HERE.parent / "report"


@cache
def live_page(host: str, language: Language) -> tuple[str, str]:
    """Return the page and its content security policy, for a server that is called so."""
    words = Words(language)
    style = "".join(
        (folder / name).read_text(encoding="utf-8") for folder, name in ((_REPORT, "style.css"), (_HERE, "live.css"))
    )
    link, stage, studio = (  # each in a block, as they have modules in common
        f"{{\n{bundle(_HERE / 'js', _REPORT / 'js', entry=entry)}\n}}" for entry in ("link", "live", "studio")
    )
    text = fill(
        translated((_HERE / "live.html").read_text(encoding="utf-8"), words),
        language=language,
        words=inert({"language": language, "kinds": {}, "table": words.table}),
        style=style,
        link=link,
        stage=stage,
        studio=studio,
    )
    scripts = " ".join(map(hash_of, (link, stage, studio)))
    return text, (
        f"default-src 'none'; style-src {hash_of(style)}; script-src {scripts}; connect-src ws://{host}; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def preferred(accepted: str) -> Language:
    """Return the language of the page for a browser's ``Accept-Language``."""
    return "de" if accepted.lower().startswith("de") else "en"
