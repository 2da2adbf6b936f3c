"""The root of a dataset cloned from Hugging Face: shards in data/ or in a folder for each configuration, and README.md.

The block at the start of README.md, between two lines of three hyphens, names the classes if the shards do not.
"""

import re
from pathlib import Path


def class_names(folder: Path) -> list[str] | None:
    """Return the names of the classes that README.md states, if it states them for one column."""
    readme = folder / "README.md"
    if not readme.is_file():
        return None
    start = re.match(r"---\n(.*?)\n---", readme.read_text("utf-8", "replace"), re.DOTALL)
    blocks = re.findall(r"class_label:\s*\n\s*names:[ \t]*\n((?:\s*'?\d+'?:.*\n?)+)", start[1] if start else "")
    distinct = {tuple(re.findall(r"'?(\d+)'?:[ \t]*(.+?)[ \t]*(?:\n|$)", block)) for block in blocks}
    if len(distinct) != 1:
        return None
    named = {int(number): name.strip("'\"") for number, name in distinct.pop()}
    return [named[k] for k in range(len(named))] if sorted(named) == list(range(len(named))) else None
