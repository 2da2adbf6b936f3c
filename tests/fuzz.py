"""Files that cannot be trusted: every reader gives the right answer or one clear error, whatever the bytes.

    python tests/fuzz.py [inputs] [seed]

Every file of a run, data in every format and pictures are truncated, have bits flipped, bytes changed, parts taken out,
doubled or exchanged. What has a seal is also changed behind it, in the facts that it states, its header and its arrays,
and sealed anew, as somebody who means harm would do, so that the checks within are reached. A reader may raise a
GlassworkError or give what the undamaged file gives, or another answer where a change is not part of what is sealed or
was sealed anew. All else is a fault, and so are more than a gigabyte of memory or two seconds for one input.
`make fuzz` reads 200,000 inputs.
"""

import datetime
import functools
import gzip
import hashlib
import io
import json
import platform
import random
import resource
import sys
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from containers import put_together, take_apart
from fuzz_files import Reader, readers
from glasswork import GlassworkError
from glasswork.sealed import seal

#: Memory that one input may ask for beyond what is there, and seconds.
MEGABYTES, SECONDS = 1000, 2.0

#: What is put in the place of a fact.
STRANGE = [
    0, 1, -1, 2, 7, 255, 2**31, 2**53, 2**63 - 1, 2**64 - 1, -(2**63), 10**30, 10**400, 0.5, -0.5, 1e308, True, False,
    None, "", "0", "linear1", "relu", "float64", "uint8", "\0", "x" * 5000, [], [0], [[]], {}, {"": 0}, [-1, -784],
    [2**40, 2**40], [0, 2**62], functools.reduce(lambda inner, _: [inner], range(500), 0),
]  # fmt: skip


# Damage --------------------------------------------------------------------------------------------


def damage(content: bytes, draw: random.Random) -> bytes:
    """Return the content, changed in one to four places."""
    changed = bytearray(content)
    for _ in range(draw.choice([1, 1, 2, 4])):
        place = draw.randrange(len(changed) + 1)
        length = draw.choice([1, 2, 4, 8, 64, 1024])
        match draw.randrange(6):
            case 0:
                del changed[place:]
            case 1 if place < len(changed):
                changed[place] ^= 1 << draw.randrange(8)
            case 2:
                changed[place : place + length] = draw.randbytes(length)
            case 3:
                del changed[place : place + length]
            case 4:
                changed[place:place] = changed[place : place + length]
            case 5:
                other = draw.randrange(len(changed) + 1)
                changed[place : place + length] = changed[other : other + length]
        if not changed:
            break
    return bytes(changed)


def flips(content: bytes, count: int, draw: random.Random) -> list[bytes]:
    """Return copies of which each has one bit flipped at a random place."""
    copies = []
    for _ in range(count):
        changed = bytearray(content)
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
        copies.append(bytes(changed))
    return copies


def truncations(content: bytes, most: int) -> list[bytes]:
    """Return the first bytes of the content: every length up to ``most`` and near its end, and ``most`` between."""
    lengths = {*range(min(most, len(content))), *range(max(0, len(content) - most), len(content))}
    lengths |= {int(length) for length in np.linspace(0, len(content) - 1, most)}
    return [content[:length] for length in sorted(lengths)]


# Behind the seal -----------------------------------------------------------------------------------


def changed_tree(value: Any, draw: random.Random) -> Any:
    """Return a tree of JSON with one node replaced, removed, doubled or renamed."""
    if isinstance(value, dict) and value and draw.random() < 0.9:
        key = draw.choice(list(value))
        rest = {name: inner for name, inner in value.items() if name != key}
        match draw.randrange(12):
            case 0:
                return rest
            case 1:
                return {**rest, draw.choice([*value, "", "x", f"{key}.bias"]): value[key]}
        return {**value, key: changed_tree(value[key], draw)}
    if isinstance(value, list) and value and draw.random() < 0.9:
        place = draw.randrange(len(value))
        match draw.randrange(8):
            case 0:
                return value[:place] + value[place + 1 :]
            case 1:
                return value[:place] + [value[place]] * draw.choice([2, 3, 3000]) + value[place + 1 :]
            case 2:
                return draw.sample(value, len(value))
        return [*value[:place], changed_tree(value[place], draw), *value[place + 1 :]]
    if isinstance(value, int | float) and draw.random() < 0.3:
        return draw.choice([-value, value + 1, value * 1000, float(value)])
    return draw.choice(STRANGE)


def resealed(reader: Reader, content: bytes, draw: random.Random) -> bytes:
    """Return a file changed behind its seal, and sealed anew."""
    if reader.seal == "history":
        return reseal_history(reader, damage(content, draw))
    if reader.seal == "gzip":
        return gzip.compress(damage(gzip.decompress(content), draw), 1)
    if reader.seal == "zip":
        return repacked(content, draw)
    if reader.seal == "json":
        facts = changed_tree(json.loads(content), draw)
        text = json.dumps({"format": 2, "sha256": "", **facts} if isinstance(facts, dict) else facts).encode()
        return seal(text) if b'"sha256"' in text else text
    reader.path.write_bytes(content)
    header, body = take_apart(reader.path)
    facts = json.loads(header.pop("__metadata__")["glasswork"])
    match draw.randrange(4):
        case 0 | 1:
            facts = changed_tree(facts, draw)
        case 2:
            header = changed_tree(header, draw)
        case 3:
            place = draw.randrange(len(body))
            value = draw.choice(
                [np.float32(np.nan), np.float32(-np.inf), np.float32(1e38), np.float64(-1), np.uint8(9)]
            )
            body = (body[:place] + value.tobytes() + body[place + value.nbytes :])[: len(body)]
    if isinstance(facts, dict):
        facts = {"format": 2, **facts, "sha256": "", "arrays_sha256": digest(header, body)}
    text = json.dumps(facts).encode()
    sealed = seal(text) if b'"sha256"' in text else text
    put_together(
        reader.path,
        {"__metadata__": {"glasswork": sealed.decode()}, **(header if isinstance(header, dict) else {})},
        body,
    )
    return reader.path.read_bytes()


def repacked(content: bytes, draw: random.Random) -> bytes:
    """Return a zip with one of its members damaged, and packed anew."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        wrong = draw.choice(old.namelist())
        for name in old.namelist():
            new.writestr(name, damage(old.read(name), draw) if name == wrong else old.read(name))
    return stream.getvalue()


def digest(header: Any, body: bytes) -> str:
    """Return the digest of the arrays that a header states, as far as it can be made sense of."""
    found = hashlib.sha256()
    names = {"F32": "float32", "F64": "float64", "U8": "uint8", "I64": "int64"}
    try:
        for name in sorted(header):
            start, end = header[name]["data_offsets"]
            kind, shape = names.get(header[name]["dtype"]), tuple(header[name]["shape"])
            found.update(f"{name} {kind} {shape}\n".encode() + body[start:end])
    except (LookupError, TypeError, ValueError):
        pass
    return found.hexdigest()


def reseal_history(reader: Reader, content: bytes) -> bytes:
    """Let result.json state the digest of another history."""
    result = reader.path.with_name("result.json")
    facts = {**json.loads(result.read_bytes()), "history_sha256": hashlib.sha256(content).hexdigest()}
    result.write_bytes(seal(json.dumps(facts).encode()))
    return content


# One input after the other -------------------------------------------------------------------------


def try_one(reader: Reader, content: bytes, right: Any, *, sealed: bool) -> str:
    """Read one damaged file; return what came of it, or raise what must not be."""
    reader.path.write_bytes(content)
    start = time.process_time()
    try:
        answer = reader.read(reader.path)
    except GlassworkError as error:
        came = f"refused: {reason(str(error), reader.path)}"
    else:
        same = answer == right
        assert same or not sealed, f"{reader.path.name}: a damaged file was taken for whole"
        came = "the right answer" if same else "another answer"
    assert time.process_time() - start < SECONDS, f"{reader.path.name}: took {time.process_time() - start:.1f} s"
    return came


def reason(message: str, path: Path) -> str:
    """Return the first words of a message behind the name of the file, which it has to have."""
    names = (path, path.parent, path.parent.parent, path.name)
    named = next((str(name) for name in names if str(name) in message), None)
    assert named is not None, f"refused without naming {path}: {message}"
    words = message.partition(named)[2].lstrip(": ").split()
    return " ".join(words[:3])


@contextmanager
def limited(megabytes: int) -> Iterator[None]:
    """Context manager: this process gets no more address space than it has and so much more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (psutil.Process().memory_info().vms + (megabytes << 20), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def fuzz(folder: Path, *, inputs: int, seed: int, places: int) -> dict[str, Counter[str]]:
    """Truncate each file at every class of length, flip bits at ``places`` places, and damage it otherwise."""
    counted = {}
    made = readers(folder)
    for name, reader in made.items():
        draw = random.Random(f"{seed} {name}")
        whole, beside = reader.path.read_bytes(), reader.path.with_name("result.json")
        before = beside.read_bytes() if beside.exists() else b""
        right = reader.read(reader.path)
        counted[name] = Counter()

        def tried(*, behind: bool, content: bytes) -> None:
            try:
                counted[name][try_one(reader, content, right, sealed=reader.sealed and not behind)] += 1  # noqa: B023
            except BaseException:
                Path(tempfile.gettempdir(), f"found-{name}").write_bytes(content)  # noqa: B023
                raise

        with limited(MEGABYTES), warnings.catch_warnings():
            warnings.simplefilter("error")
            for content in [*truncations(whole, places), *flips(whole, places, draw)]:
                tried(behind=False, content=content)
            for k in range(inputs // len(made)):
                behind = bool(reader.seal) and k % 2 == 0
                tried(behind=behind, content=resealed(reader, whole, draw) if behind else damage(whole, draw))
                if reader.seal == "history":
                    beside.write_bytes(before)
        reader.path.write_bytes(whole)
        shown = ", ".join(f"{number:,} {came}" for came, number in counted[name].most_common(8))
        print(f"{name}: {counted[name].total():,} inputs, {len(counted[name])} outcomes: {shown}", flush=True)
    return counted


def main() -> None:
    inputs, seed = (int(word) for word in (sys.argv[1:] + ["200000", "1"][len(sys.argv) - 1 :]))
    print(f"{datetime.date.today()}, {platform.machine()}, Python {platform.python_version()}, seed {seed}")
    with tempfile.TemporaryDirectory() as folder:
        counted = fuzz(Path(folder), inputs=inputs, seed=seed, places=200)
    print(f"{sum(one.total() for one in counted.values()):,} inputs, nothing but a right answer or a clear error")


if __name__ == "__main__":
    main()
