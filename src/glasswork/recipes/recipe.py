"""A recipe: one experiment, whole, as a short TOML file.

[network]                       unknown key      → "did you mean ...?"
hidden = [50]                   wrong type/range → what is allowed, with the key's full path
activation = "sigmoid"          left out         → the default below
"""

import difflib
import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self, get_args, get_origin

import msgspec

from glasswork.errors import RecipeError

Positive = Annotated[int, msgspec.Meta(ge=1, le=2**31)]
Seed = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]
Width = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a recipe: nothing unknown, nothing changed once made."""


class Data(Section, frozen=True):
    """Which images, and how they are cut into train, valid and test."""

    source: Annotated[
        str, msgspec.Meta(pattern=r"^(mnist|openml:.+)\Z", description="mnist, or openml: and a name")
    ] = "mnist"
    split: Literal["handout", "official"] = "handout"
    split_seed: Seed = 123


ActivationName = Literal["sigmoid", "tanh", "relu", "leaky-relu", "silu", "gelu", "identity"]
Chance = Annotated[float, msgspec.Meta(ge=0, le=0.99)]
Share = Annotated[float, msgspec.Meta(ge=0, le=0.9999999)]
Strength = Annotated[float, msgspec.Meta(ge=0, le=10)]
NotNegative = Annotated[float, msgspec.Meta(ge=0)]


class Network(Section, frozen=True):
    """The network's shape. ``output_activation = "none"`` leaves logits."""

    hidden: Annotated[tuple[Width, ...], msgspec.Meta(max_length=100)] = (50,)
    activation: ActivationName | tuple[ActivationName, ...] = "sigmoid"
    output_activation: ActivationName | Literal["none"] = "sigmoid"
    batch_norm: bool = False
    dropout: Chance = 0.0
    input_dropout: Chance = 0.0
    noise: Strength = 0.0
    input_noise: Strength = 0.0
    initializer: Literal[
        "auto", "handout", "xavier", "xavier-uniform", "he", "he-uniform", "lecun", "lecun-uniform"
    ] = "auto"
    bias_grad: Literal["sum", "mean"] = "sum"
    dtype: Literal["float32", "float64"] = "float32"

    def __post_init__(self) -> None:
        if not isinstance(self.activation, str) and len(self.activation) != len(self.hidden):
            raise ValueError(
                f"activation: expected one word, or {len(self.hidden)}, one a hidden layer; got {len(self.activation)}"
            )


class Loss(Section, frozen=True):
    """What is made small."""

    name: Literal["mse", "cross-entropy"] = "mse"
    label_smoothing: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0

    def __post_init__(self) -> None:
        if self.name == "mse" and self.label_smoothing:
            raise ValueError("label_smoothing: only cross-entropy has it")


class Optimizer(Section, frozen=True):
    """How weights move. A norm of 0 means no limit."""

    name: Literal["sgd", "adam", "adamw", "rmsprop"] = "sgd"
    learning_rate: NotNegative = 0.1
    momentum: Share = 0.0
    nesterov: bool = False
    weight_decay: NotNegative = 0.0
    clip_norm: NotNegative = 0.0
    max_norm: NotNegative = 0.0

    def __post_init__(self) -> None:
        if self.name != "sgd" and (self.momentum or self.nesterov):
            raise ValueError(f"momentum and nesterov: only sgd has them, not {self.name}")
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov: needs a momentum above 0, such as 0.9")


class Schedule(Section, frozen=True):
    """The learning rate along the way; ``warmup`` is a share of the run."""

    name: Literal["constant", "step", "cosine", "one-cycle"] = "constant"
    warmup: Share = 0.0


class Training(Section, frozen=True):
    """How long, and in what portions. 0 switches averaging and early stopping off.

    ``average`` is the decay of an exponential moving average of the weights, such as 0.999;
    ``early_stopping`` is how many epochs may pass without a better validation accuracy. ``threads`` is how many
    threads matrix products are shared among; 0 leaves it to their size.
    """

    epochs: Positive = 50
    batch_size: Positive = 100
    average: Share = 0.0
    early_stopping: Annotated[int, msgspec.Meta(ge=0)] = 0
    threads: Annotated[int, msgspec.Meta(ge=0, le=1024)] = 0


class Recipe(Section, frozen=True):
    """One experiment: everything that decides its result.

    A recipe that is written and read again is equal to the first.
    """

    name: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\Z",
            max_length=80,
            description="at most 80 letters, digits, points, underscores and hyphens",
        ),
    ]
    description: str = ""
    seed: Seed = 123
    data: Data = Data()
    network: Network = Network()
    loss: Loss = Loss()
    optimizer: Optimizer = Optimizer()
    schedule: Schedule = Schedule()
    training: Training = Training()

    def __post_init__(self) -> None:
        if self.loss.name == "cross-entropy" and self.network.output_activation not in ("none", "identity"):
            raise ValueError(
                "loss.name: cross-entropy takes logits; set network.output_activation to none "
                f"(it is {self.network.output_activation})"
            )
        if self.network.batch_norm and self.training.batch_size == 1:
            raise ValueError("training.batch_size: batch normalisation needs at least 2 images in a batch (given: 1)")

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any], *, newer: bool = False) -> Self:
        """Make a recipe of nested dictionaries, checked whole.

        Raises
        ------
        RecipeError
            Naming the key's full path and what is allowed there.
        """
        for path, value in leaves(settings):
            if isinstance(value, float) and not math.isfinite(value):
                raise RecipeError(f"{path}: expected a finite number, got {value}")
        _refuse_unknown(settings, cls, "")
        try:
            return msgspec.convert(settings, cls)
        except msgspec.ValidationError as error:
            raise RecipeError(_explain(error, settings)) from None

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe as nested dictionaries, defaults included."""
        return dict(msgspec.to_builtins(self))

    def override(self, settings: Mapping[str, Any]) -> Self:
        """Return a recipe with some settings changed, as ``{"optimizer.learning_rate": 0.05}``."""
        changed = self.to_dict()
        for path, value in settings.items():
            if isinstance(value, Mapping):
                raise RecipeError(f"{path}: expected a value, got a table; set its keys one by one, as {path}.KEY")
            *sections, key = path.split(".")
            table = changed
            for section in sections:
                table = table.setdefault(section, {})
                if not isinstance(table, dict):
                    raise RecipeError(f"{path}: {section} is a value, not a table with keys of its own")
            table[key] = value
        return self.from_dict(changed)

    def to_toml(self) -> str:
        """Return the recipe as the text of a TOML file."""
        import tomli_w

        return tomli_w.dumps(self.to_dict())


def leaves(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the keys of nested dictionaries, with their full paths, and their values."""
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _refuse_unknown(settings: Mapping[str, Any], section: type[Section], prefix: str) -> None:
    known = {field.name: field.type for field in msgspec.structs.fields(section)}
    for key, value in settings.items():
        if key not in known:
            raise RecipeError(
                f"{prefix}{key}: no such key{did_you_mean(key, list(known))}; "
                f"{prefix.rstrip('.') or 'a recipe'} has {', '.join(known)}"
            )
        inner = known[key]
        if isinstance(inner, type) and issubclass(inner, Section) and isinstance(value, Mapping):
            _refuse_unknown(value, inner, f"{prefix}{key}.")


def did_you_mean(word: str, known: list[str]) -> str:
    """Return a suggestion to append to an error message, or nothing if no known word is close."""
    close = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _explain(error: msgspec.ValidationError, settings: Mapping[str, Any]) -> str:
    """Turn ``Expected `int` >= 1 - at `$.training.epochs``` into words with the key first and the value last."""
    problem, _, where = str(error).partition(" - at ")
    path = where.strip("`").removeprefix("$").removeprefix(".") or "recipe"
    key = path.partition("[")[0]
    given = dict(leaves(settings)).get(key, "")
    words, description = _allowed(key)
    if problem.startswith("Invalid enum value"):
        wrong = next(
            (value for value in (given if isinstance(given, list | tuple) else [given]) if value not in words), given
        )
        return f"{path}: expected one of {', '.join(words)}{did_you_mean(str(wrong), words)} (given: {given!r})"
    allowed = f"expected {description}" if "regex" in problem and description else problem.replace("`", "")
    allowed = allowed.replace("array, got", "a list such as [300, 100], got").replace("object, got", "a table, got")
    return f"{path}: {allowed[0].lower()}{allowed[1:]}" + (f" (given: {given!r})" if given != "" else "")


def _allowed(key: str) -> tuple[list[str], str]:
    """Return the words that a key may have, as far as it has words, and the description of its values."""
    kind: Any = Recipe
    for part in key.split("."):
        fields = {field.name: field.type for field in msgspec.structs.fields(kind)} if kind in _SECTIONS else {}
        kind = fields.get(part)
    words: list[str] = []
    description = ""
    waiting = [kind]
    while waiting:
        kind = waiting.pop(0)
        if get_origin(kind) is Literal:
            words += get_args(kind)
        elif isinstance(kind, msgspec.Meta):
            description = kind.description or ""
        else:
            waiting += get_args(kind)
    return list(dict.fromkeys(words)), description


_SECTIONS = (Recipe, Data, Network, Loss, Optimizer, Schedule, Training)
