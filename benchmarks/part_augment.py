"""Distorting training images, affine and elastic, beside the steps that learn from them and beside other libraries."""

from part_training import measure, ratio
from report import Row

#: What a batch's distortion may take, as a share of the record's step on it.
SHARE = 0.25

PEERS = {"SciPy": "scipy.ndimage", "torchvision": "torchvision's transforms v2"}


def rows(rounds: int) -> list[Row]:
    """Thousands of images, by everybody in turns."""
    names = ["record", "NumPy distortion", "compiled distortion", *PEERS]
    times, threads, _ = measure("augment", names, 1, rounds)
    found = [
        Row(
            "augment",
            f"time / step of 784-2048-1024-512-10, {threads['record']} threads",
            ratio(times, "NumPy distortion", "record"),
            ratio(times, "compiled distortion", "record", at_most=SHARE),
        )
    ]
    for peer, words in PEERS.items():
        if peer in times:
            engines = ("NumPy distortion", "compiled distortion")
            found.append(Row("augment", f"{words} / time", *(ratio(times, peer, engine) for engine in engines)))
    return found
