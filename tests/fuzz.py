"""Files that cannot be trusted: every reader gives the right answer or one clear error, whatever the bytes.

    python tests/fuzz.py [inputs] [seed]

Every file of a run, the data's files and a picture are truncated, have bits flipped, bytes changed, parts taken out,
doubled or exchanged. A reader may raise a GlassworkError or give what the undamaged file gives (where a change is
not part of what is kept, such as a space in a recipe); all else is a fault, and so are more than 200 MB of memory or
a second of time for one input. `make fuzz` reads 200,000 inputs.
"""

import datetime
import gzip
import platform
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from glasswork import GlassworkError, Run, load_mnist, named_recipe, read_image, read_recipe
from glasswork.data.sources.idx import read_idx
from glasswork.models.model_file import read_model_file
from glasswork.runs.checkpoint import Checkpoints
from glasswork.runs.folder import RunFolder

#: Memory that one input may take beyond what is there, and seconds.
MEGABYTES, SECONDS = 200, 1.0


@dataclass(frozen=True)
class Reader:
    """A file that is read, and how.

    Attributes
    ----------
    path : Path
    read : callable
        Returns something that can be compared.
    sealed : bool
        Whether any change must be found, or leave the answer as it is; a text without a seal may say another thing.
    """

    path: Path
    read: Callable[[Path], Any]
    sealed: bool


def readers(folder: Path) -> dict[str, Reader]:
    """Make one file of each kind; return how each is read."""
    recipe = named_recipe("dropout").override(
        {"network.hidden": [5], "training.epochs": 2, "training.batch_size": 500, "training.average": 0.9}
    )
    with Run(recipe, folder / "run") as run:
        list(run.epochs())
    run.save()
    (folder / "settings.toml").write_text(recipe.to_toml())
    images, labels = load_mnist()
    Image.fromarray(images[0].reshape(28, 28)).resize((60, 60)).save(folder / "digit.png")
    header = b"\0\0\x08\x03" + np.array([5, 28, 28], ">u4").tobytes()
    (folder / "images.gz").write_bytes(gzip.compress(header + images[:5].tobytes()))
    (folder / "labels").write_bytes(b"\0\0\x08\x01" + np.array([300], ">u4").tobytes() + bytes(labels[:300].tolist()))

    def model(path: Path) -> bytes:
        read = read_model_file(path)
        assert read.reference is not None
        arrays = [*read.model.state().values(), *read.reference.to_arrays().values()]
        return b"".join(array.tobytes() for array in arrays) + repr((read.classes, read.image_shape)).encode()

    def checkpoint(path: Path) -> bytes:
        one, made, progress = Checkpoints(path.parent), run.experiment, run.progress
        one.paths = [path]
        facts, _ = one.load(made, progress)
        assert facts is not None
        assert made.average is not None
        state = [*made.model.state().values(), *made.optimizer.state().values(), *progress.last_good]
        state += made.average.averages
        return b"".join(array.tobytes() for array in state) + repr((facts.position, facts.history)).encode()

    return {
        "model": Reader(folder / "run" / "model.safetensors", model, True),
        "checkpoint": Reader(folder / "run" / "checkpoint-1.safetensors", checkpoint, True),
        "recipe": Reader(folder / "settings.toml", read_recipe, False),
        "recipe of a run": Reader(folder / "run" / "recipe.toml", lambda path: RunFolder(path.parent).recipe(), False),
        "history": Reader(folder / "run" / "history.csv", lambda path: RunFolder(path.parent).history(), True),
        "result": Reader(folder / "run" / "result.json", lambda path: RunFolder(path.parent).result(), True),
        "images": Reader(folder / "images.gz", lambda path: read_idx(path).tobytes(), True),
        "labels": Reader(folder / "labels", lambda path: read_idx(path).tobytes(), False),
        "picture": Reader(folder / "digit.png", lambda path: read_image(path).tobytes(), False),
    }


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
    """Return the first bytes of the content: every length up to 200 and near its end, and ``most`` between."""
    lengths = {*range(min(200, len(content))), *range(max(0, len(content) - 200), len(content))}
    lengths |= {int(length) for length in np.linspace(0, len(content) - 1, most)}
    return [content[:length] for length in sorted(lengths)]


def try_one(reader: Reader, content: bytes, right: Any) -> str:
    """Read one damaged file; return what came of it, or raise what must not be."""
    reader.path.write_bytes(content)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    try:
        answer = reader.read(reader.path)
    except GlassworkError as error:
        came = "refused" if reader.path.name in str(error) else f"refused, without naming the file: {error}"
    else:
        same = answer == right
        assert same or not reader.sealed, f"{reader.path.name}: a damaged file was taken for whole"
        came = "the right answer" if same else "another answer"
    assert time.process_time() - start < SECONDS, f"{reader.path.name}: took {time.process_time() - start:.1f} s"
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < MEGABYTES, f"{reader.path.name}: took {grown:.0f} MB"
    return came


def fuzz(folder: Path, *, inputs: int, seed: int, places: int) -> dict[str, Counter[str]]:
    """Truncate each file at every class of length, flip bits at ``places`` places, and damage it otherwise."""
    counted = {}
    made = readers(folder)
    for name, reader in made.items():
        draw = random.Random(f"{seed} {name}")
        whole = reader.path.read_bytes()
        right = reader.read(reader.path)
        counted[name] = Counter(try_one(reader, content, right) for content in truncations(whole, 100))
        counted[name] += Counter(try_one(reader, content, right) for content in flips(whole, places, draw))
        for _ in range(inputs // len(made)):
            content = damage(whole, draw)
            try:
                counted[name][try_one(reader, content, right)] += 1
            except BaseException:
                Path(tempfile.gettempdir(), f"found-{name}").write_bytes(content)
                raise
        reader.path.write_bytes(whole)
        print(f"{name}: {sum(counted[name].values()):,} inputs: "
              + ", ".join(f"{number:,} {came}" for came, number in counted[name].items()), flush=True)  # fmt: skip
    return counted


def main() -> None:
    inputs, seed = (int(word) for word in (sys.argv[1:] + ["200000", "1"][len(sys.argv) - 1 :]))
    print(f"{datetime.date.today()}, {platform.machine()}, Python {platform.python_version()}, seed {seed}")
    with tempfile.TemporaryDirectory() as folder:
        counted = fuzz(Path(folder), inputs=inputs, seed=seed, places=2000)
    print(
        f"{sum(sum(one.values()) for one in counted.values()):,} inputs, nothing but the right answer or a clear error"
    )


if __name__ == "__main__":
    main()
