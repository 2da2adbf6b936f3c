"""Sealed files, taken apart and put together again by hand: the layout of safetensors, and the text within it."""

import json
import struct
from pathlib import Path

from glasswork.sealed import seal


def take_apart(path):
    """Return a file's header, as a dictionary, and its bytes (the layout is safetensors' own)."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def put_together(path, header, body):
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def rewrite(path, change):
    """Replace what a sealed file states: ``change`` maps the old facts, a dictionary, to the new; sealed anew."""
    if Path(path).suffix == ".json":
        path.write_bytes(seal(json.dumps(change(json.loads(path.read_bytes())), indent=2).encode()))
        return
    header, body = take_apart(path)
    text = json.dumps(change(json.loads(header["__metadata__"]["glasswork"])))
    header["__metadata__"]["glasswork"] = seal(text.encode()).decode()  # whoever writes such a file can seal it too
    put_together(path, header, body)
