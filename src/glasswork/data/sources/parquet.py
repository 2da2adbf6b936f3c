"""Parquet: the format of Hugging Face's datasets, with encoded pictures in a column, or a column for each pixel.

image: struct<bytes, path>, label: int64       found by the types in the file's metadata, or by content
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from glasswork.data.decode import HEAD, format_of
from glasswork.data.sources.columns import Columns, find_columns
from glasswork.data.sources.found import Block, Found, Part, Unreadable
from glasswork.data.sources.peek import Peek, decoded
from glasswork.data.sources.picture import read_image
from glasswork.data.sources.pile import note_usual_shape
from glasswork.errors import FileError, InputError, MissingLibraryError

if TYPE_CHECKING:
    import polars as pl

#: Rows that are read at a time.
_ROWS = 2000


def recognise(source: Peek) -> str | None:
    """Return how the file was recognised, or None."""
    return "it begins with PAR1" if source.head.startswith(b"PAR1") else None


def read(source: Peek) -> Found:
    """Find the columns of images and labels."""
    pl = _polars(source.path)
    if source.packing:
        raise FileError(f"{source.path}: a Parquet file compressed with {source.packing}; decompress it first")
    with decoded(source.path):
        schema = pl.read_parquet_schema(source.path)
        features = _features(pl, source.path)
        head = pl.scan_parquet(source.path).head(300).collect()
    found = Found("Parquet", "", {})
    column = _image_column(pl, schema, features, head)
    if column is None:
        _pixel_columns(source.path, head, found)
    else:
        label, names = _label_column(pl, schema, features, column)
        found.names, found.pictures = names, True
        found.note(
            f"images are the column {column!r}, labels " + (f"are the column {label!r}" if label else "are missing")
        )
        found.parts = {"all": Part(lambda: _picture_blocks(source.path, column, label, found))}
    return found


def _polars(path: Path) -> Any:
    try:
        import polars
    except ImportError as error:
        raise MissingLibraryError(f"{path}: a Parquet file; to read it: pip install 'glasswork[formats]'") from error
    return polars


def _features(pl: Any, path: Path) -> dict[str, Any]:
    """Return the information that Hugging Face's datasets library stored about each column."""
    try:
        stated = json.loads(pl.read_parquet_metadata(path).get("huggingface", "{}"))
        return dict(stated.get("info", {}).get("features", {}))
    except (ValueError, AttributeError):
        return {}


def _image_column(pl: Any, schema: Any, features: dict[str, Any], head: "pl.DataFrame") -> str | None:
    stated = [name for name in schema if (features.get(name) or {}).get("_type") == "Image"]
    by_content = [name for name in schema if _holds_pictures(pl, head[name])]
    columns = stated or by_content
    if len(columns) > 1:
        raise InputError(f"several columns hold images: {', '.join(columns)}; keep one")
    return columns[0] if columns else None


def _holds_pictures(pl: Any, column: Any) -> bool:
    first = next((cell for cell in (_bytes(cell) for cell in column.head(20).to_list()) if cell), None)
    return first is not None and format_of(first[:HEAD]) is not None


def _bytes(cell: Any) -> bytes | None:
    content = cell.get("bytes") if isinstance(cell, dict) else cell
    return content if isinstance(content, bytes) else None


def _label_column(pl: Any, schema: Any, features: dict[str, Any], image: str) -> tuple[str | None, list[str] | None]:
    """Return the column of labels, and the names of the classes if the metadata state them."""
    stated = [name for name in schema if (features.get(name) or {}).get("_type") == "ClassLabel"]
    others = [
        name
        for name in schema
        if name != image and (schema[name].is_integer() or schema[name] in (pl.String, pl.Categorical))
    ]
    named = [
        name for name in others if name.lower() in ("label", "labels", "class", "target", "digit", "y", "category")
    ]
    columns = stated or named or others
    if len(columns) > 1:
        raise InputError(f"several columns may be the label: {', '.join(columns)}; keep one, or name it label")
    if not columns:
        return None, None
    names = (features.get(columns[0]) or {}).get("names")
    return columns[0], list(names) if names else None


def _slices(path: Path) -> "Iterator[pl.DataFrame]":
    pl = _polars(path)
    frame = pl.scan_parquet(path)
    with decoded(path):
        count = frame.select(pl.len()).collect().item()
    for start in range(0, count, _ROWS):
        with decoded(path):
            rows = frame.slice(start, _ROWS).collect()
        if rows.is_empty():
            return
        yield rows


def _picture_blocks(path: Path, column: str, label: str | None, found: Found) -> Iterator[Block]:
    first = 0
    for frame in _slices(path):
        pictures = [_bytes(cell) for cell in frame[column].to_list()]
        if found.shape is None:  # the most frequent shape among the first thousands
            found.shape = note_usual_shape([picture for picture in pictures if picture is not None], found)
        images, rows = [], []
        for row, content in enumerate(pictures):
            try:
                if content is None:
                    raise FileError("the cell holds no picture")
                pixels, coloured = read_image(content, **found.as_pictures)
            except FileError as error:
                why = f"{path.name}, row {first + row + 1:,}: {error}"
                found.skipped.append(Unreadable(why, row=first + row))
                continue
            found.note_colours(coloured=coloured)
            images.append(pixels)
            rows.append(row)
        labels = None if label is None else np.array(frame[label].to_list(), dtype=object)[rows]
        if images:
            yield Block(np.stack(images), _plain(labels), rows=[first + row for row in rows])
        first += len(frame)


def _plain(labels: Any) -> Any:
    """Return labels as integers if all are integers."""
    if labels is not None and all(isinstance(label, int) for label in labels):
        return labels.astype(np.int64)
    return labels


def _pixel_columns(path: Path, head: "pl.DataFrame", found: Found) -> None:
    """Find pixels and labels in a table of numbers."""
    rows = [head.columns, *([("" if cell is None else str(cell)) for cell in row] for row in head.rows())]
    columns = find_columns(rows, header=True)

    def use(chosen: Columns) -> None:
        found.parts = {"all": Part(lambda: _table_blocks(path, chosen))}
        found.shape, found.notes, found.columns = chosen.shape, list(chosen.notes), chosen.names
        found.unused = chosen.unused
        found.where = lambda row, place: f"row {row + 1:,}, column {chosen.names[place]!r}"
        if chosen.label is not None:
            found.label = chosen.header[chosen.label]
            found.note(f"labels are the column {found.label!r}")

    use(columns)
    found.choose = lambda *wanted: use(columns.choosing(*wanted))


def _table_blocks(path: Path, columns: Columns) -> Iterator[Block]:
    columns.refuse_words()
    for frame in _slices(path):
        labels = None
        if columns.label is not None:
            labels = _plain(np.array(frame[columns.header[columns.label]].to_list(), dtype=object))
        elif columns.one_hot:
            labels = frame[[columns.header[k] for k in columns.one_hot]].to_numpy()
        yield Block(frame.select(columns.names).to_numpy(), labels)
