"""A folder of data files: train.csv and test.csv, or the shards of a Parquet dataset; each is read as its own kind."""

import dataclasses
from pathlib import Path

from glasswork.data.dataset import natural_order
from glasswork.data.sources.found import Found, Part
from glasswork.data.sources.naming import part_of
from glasswork.data.sources.peek import Peek
from glasswork.errors import FileError, InputError


def recognise(source: Peek) -> str | None:
    """Say by what a folder is recognised, or None."""
    if not source.is_folder:
        return None
    files = _files(source.path)
    return f"data files in it: {', '.join(path.name for path in files[:4])}" if files else None


def read(source: Peek) -> Found:
    """Find the parts of a folder by the names of its files."""
    from glasswork.data.sources import find

    piles: dict[str, list[Found]] = {}
    problems = []
    for path in _files(source.path):
        try:
            found = find(path)
        except (InputError, FileError) as error:
            problems.append(f"{path.name} was left out: {error}")
            continue
        for name, part in found.parts.items():
            own = (part_of(path.name) or part_of(path.parent.name) or "all") if name == "all" else name
            if not _has_labels(part):
                problems.append(f"{path.name} has no labels, and was left out")
                continue
            piles.setdefault(own, []).append(
                found if name == "all" else dataclasses.replace(found, parts={"all": part})
            )
    if not piles:
        raise InputError("; ".join(problems) or "no data in it")
    if len(piles) > 1 and "all" in piles:
        problems.append(
            f"{len(piles.pop('all'))} files say neither train, valid nor test in their names, and were left out"
        )
    first = next(iter(piles.values()))[0]
    parts = {name: Part.chain([found.parts["all"] for found in pile]) for name, pile in piles.items()}
    notes = list(dict.fromkeys([note for pile in piles.values() for found in pile for note in found.notes]))
    return dataclasses.replace(first, recognised="", parts=parts, notes=notes + problems)


def _has_labels(part: Part) -> bool:
    block = next(part.blocks(), None)
    return block is not None and block.labels is not None


def _files(folder: Path) -> list[Path]:
    places = [folder, folder / "data", *(p for p in sorted(folder.iterdir()) if p.is_dir() and part_of(p.name))]
    found: dict[str, Path] = {}
    for place in places:
        for path in place.iterdir() if place.is_dir() else []:
            if (
                path.is_file()
                and not path.name.startswith((".", "README"))
                and path.suffix not in (".md", ".txt", ".json")
            ):
                found[str(path)] = path
    return [found[name] for name in natural_order(found)]
