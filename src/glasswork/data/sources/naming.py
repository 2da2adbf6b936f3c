"""What the names of files and arrays tell: the part of a dataset, and whether they hold images or labels.

train-images-idx3-ubyte → train, images      y_test → test, labels      kmnist-val-imgs → valid, images
"""

import re

_PARTS = {
    "train": "train", "training": "train", "tr": "train",
    "valid": "valid", "val": "valid", "validation": "valid", "dev": "valid",
    "test": "test", "testing": "test", "t10k": "test", "te": "test",
}  # fmt: skip
_ROLES = {
    **dict.fromkeys(
        ("x", "image", "images", "img", "imgs", "data", "fea", "feature", "features", "pixel", "pixels"), "images"
    ),
    **dict.fromkeys(("y", "label", "labels", "lbl", "lbls", "target", "targets", "class", "classes", "gnd"), "labels"),
}
_WORD = re.compile(r"[a-z]+(?:10k)?")


def _words(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)  # trainX, xTrain
    found = _WORD.findall(spaced.lower())
    return [part for word in found for part in _unjoined(word)]


def _unjoined(word: str) -> list[str]:
    """Return the words of ``xtrain`` and ``testy``."""
    if word in _PARTS or word in _ROLES:
        return [word]
    for part in ("training", "train", "testing", "test", "valid", "val"):
        rest = word.removeprefix(part) if word.startswith(part) else word.removesuffix(part)
        if rest != word and rest in _ROLES:
            return [part, rest]
    return [word]


def part_of(name: str) -> str | None:
    """Return ``train``, ``valid`` or ``test`` if a name contains one of them."""
    return next((_PARTS[word] for word in _words(name) if word in _PARTS), None)


def role_of(name: str) -> str | None:
    """Return ``images`` or ``labels`` if a name tells one of them."""
    return next((_ROLES[word] for word in reversed(_words(name)) if word in _ROLES), None)


def dataset_of(name: str) -> str:
    """Return a name without its part and role: ``emnist-letters`` for ``emnist-letters-train-images-idx3``."""
    stem = name.split(".", 1)[0] if re.search(r"[a-z]", name.split(".", 1)[0].lower()) else name
    words = re.split(r"[-_.\s]+", stem)
    own = [w for w in words if not any(part in _PARTS or part in _ROLES for part in _words(w))]
    return "-".join(w for w in own if not re.fullmatch(r"(?i)idx\d?|u?byte|int|npy|npz", w))
