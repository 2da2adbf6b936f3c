"""Sealed files, taken apart and put together again by hand: the layout of safetensors, and the text within it."""

import hashlib
import json
import struct
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

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


def rewrite_arrays(path, change):
    """Replace the arrays of a sealed file: ``change`` maps the old ones, by name, to the new; sealed anew."""
    header, _ = take_apart(path)
    facts = json.loads(header["__metadata__"]["glasswork"])
    put_sealed(path, facts, change(load_file(path)))


def put_sealed(path, facts, arrays):
    """Write a sealed file of any facts and arrays, whether or not a reader takes it: what no writer of ours would."""
    digest = hashlib.sha256()
    header, body = {}, b""
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.name} {array.shape}\n".encode() + array.tobytes())
        place = [len(body), len(body) + array.nbytes]
        kind = f"{array.dtype.kind.upper()}{8 * array.dtype.itemsize}"
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": place}
        body += array.tobytes()
    text = json.dumps({**facts, "sha256": "", "arrays_sha256": digest.hexdigest()}).encode()
    put_together(path, {"__metadata__": {"glasswork": seal(text).decode()}, **header}, body)
