"""The parts of the exercise: their names, their order, and where in a file each is written."""

#: Every part, in the order of the handout. The last two are optional tasks.
PARTS: tuple[str, ...] = (
    "data",
    "normalize",
    "split",
    "minibatch_generator",
    "Linear.__init__",
    "Linear.forward",
    "Linear.backward",
    "Sigmoid.forward",
    "Sigmoid.backward",
    "MSELoss.forward",
    "MSELoss.backward",
    "SGD",
    "MLP.__init__",
    "MLP.forward",
    "MLP.backward",
    "train",
    "valid",
    "int_to_onehot",
    "settings",
    "test",
    "ReLU",
    "CrossEntropyLoss",
)

#: The images of the three sets.
SIZES = {"train": 55_000, "valid": 5_000, "test": 10_000}

#: Shown only when the file has them.
OPTIONAL = ("ReLU", "CrossEntropyLoss")

#: The entry of a report on the run of the whole file; it is there only if something is to be said.
WHOLE_FILE = "whole file"

#: The classes and functions that the file defines, and the methods that the handout gives them.
CLASSES: dict[str, tuple[str, ...]] = {
    "Linear": ("__init__", "__call__", "forward", "backward", "parameters", "gradients"),
    "Sigmoid": ("__call__", "forward", "backward"),
    "MSELoss": ("__call__", "forward", "backward"),
    "SGD": ("__init__", "step", "zero_grad"),
    "MLP": ("__init__", "__call__", "forward", "backward", "parameters", "gradients"),
    "ReLU": ("__call__", "forward", "backward"),
    "CrossEntropyLoss": ("__call__", "forward", "backward"),
}
FUNCTIONS = ("minibatch_generator", "train", "valid", "int_to_onehot", "test")

#: Methods that are no part of their own are judged with another one.
_JUDGED_WITH = {"__call__": "forward", "parameters": "backward", "gradients": "backward"}


def part_of(owner: str, method: str | None = None) -> str | None:
    """Return the part to which a class's method, or a function, belongs."""
    if owner in FUNCTIONS or owner in ("SGD", *OPTIONAL):
        return owner
    if owner not in CLASSES:
        return None
    name = f"{owner}.{_JUDGED_WITH.get(method or '', method or '')}"
    return name if name in PARTS else next(part for part in PARTS if part.startswith(owner))


def sections(part: str) -> tuple[str, str | None]:
    """Return the class and the method, or the function and None, of which a part consists."""
    owner, _, method = part.partition(".")
    return owner, method or None
