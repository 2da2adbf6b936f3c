"""The tables of a recipe and their keys: names, types, ranges, defaults, and what each means, written once.

[network]                    hidden, activation, dropout, ...
[loss] [optimizer]           a name, and the keys that belong to it: only sgd has momentum, only adam has beta1
[schedule]

The names and their keys come from the tables of losses, optimisers, schedules and activations.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal, Self, cast, get_args, get_type_hints

from glasswork.data.sources import check_source, forms
from glasswork.data.split import Scheme
from glasswork.errors import InputError, RecipeError
from glasswork.nn import ACTIVATIONS, LOSSES, Dropout, GaussianNoise
from glasswork.nn.initializers import INITIALIZERS
from glasswork.optim import OPTIMIZERS, SCHEDULES
from glasswork.optim.schedules import warmup
from glasswork.recipes.kinds import (
    Checked,
    Choice,
    Chosen,
    ChosenList,
    Kind,
    Options,
    Scalar,
    Table,
    Widths,
    Word,
    default_of,
    refuse,
    unknown,
)
from glasswork.settings import Range, settings_of

ACTIVATION_TABLE = Table(ACTIVATIONS)
LOSS_TABLE = Table(LOSSES)
OPTIMIZER_TABLE = Table(OPTIMIZERS, rename={"lr": "learning_rate"})
SCHEDULE_TABLE = Table(SCHEDULES)

_SIGMOID = Choice("sigmoid")
_CHANCE = settings_of(Dropout)["p"].range
_STD = settings_of(GaussianNoise)["std"].range
_WARMUP = settings_of(warmup)["share"].range


@dataclass(frozen=True)
class Key:
    """One key of a recipe.

    Attributes
    ----------
    path : str
        Such as ``optimizer.momentum``.
    expected : str
        What it may be, in words.
    default : object
        As TOML holds it.
    meaning : str
        One line of help.
    only : tuple of str
        The names of activations, losses, optimisers or schedules that have this key; empty if it is always there.
    """

    path: str
    expected: str
    default: Any
    meaning: str
    only: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Section:
    """A table of a recipe: each field is annotated with what it may be and what it means."""

    @classmethod
    def kinds(cls) -> dict[str, tuple[Kind, str]]:
        """Return, for each field, what it may be and what it means."""
        hints, maker = get_type_hints(cls, include_extras=True), cast(Any, cls)
        found: dict[str, tuple[Kind, str]] = {}
        for name in (f.name for f in dataclasses.fields(cls) if f.name != "options"):
            _, *notes = get_args(hints[name])
            kind = next((note for note in notes if hasattr(note, "read")), None) or Scalar(settings_of(maker)[name])
            found[name] = (kind, next(note for note in notes if isinstance(note, str)))
        return found

    @classmethod
    def read(cls, value: object, path: str, *, newer: bool = False) -> Self:
        """Return the table that a mapping describes, or raise RecipeError."""
        own, rest = cls._read_own(value, path, newer=newer)
        if rest and not newer:
            raise unknown(path, next(iter(rest)), list(cls.kinds()))
        try:
            return cls(**own)
        except InputError as error:
            raise RecipeError(f"{path}.{error}") from None

    @classmethod
    def _read_own(cls, value: object, path: str, *, newer: bool) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the values of the fields that are given, and the keys that are not fields."""
        if not isinstance(value, Mapping):
            raise refuse(path, "a table", value)
        kinds = cls.kinds()
        own = {
            key: kind.read(value[key], f"{path}.{key}", newer=newer) for key, (kind, _) in kinds.items() if key in value
        }
        return own, {key: value[key] for key in value if key not in kinds}

    def write(self) -> dict[str, Any]:
        """Return the table as TOML holds it, defaults included."""
        return {key: kind.write(getattr(self, key)) for key, (kind, _) in self.kinds().items()}

    @classmethod
    def keys(cls, path: str) -> Iterator[Key]:
        """Yield the keys that this table may have."""
        default = cls.read({}, path)
        for name, (kind, meaning) in cls.kinds().items():
            yield Key(f"{path}.{name}", kind.expected, kind.write(getattr(default, name)), meaning)
            if isinstance(kind, Chosen | ChosenList):
                yield from _option_keys(kind.table, f"{path}.{name}")


@dataclass(frozen=True, kw_only=True)
class ChoiceSection(Section):
    """A table with a name out of another table, the options that go with it, and perhaps more."""

    table: ClassVar[Table]
    name: str
    options: Options = field(default_factory=Options)

    @classmethod
    def read(cls, value: object, path: str, *, newer: bool = False) -> Self:
        """Return the table that a mapping describes, the options of its name at their defaults unless given."""
        own, rest = cls._read_own(value, path, newer=newer)
        name: str = own.get("name", cls.__dataclass_fields__["name"].default)
        return cls(**own, options=cls.table.read_options(name, rest, path, beside=list(cls.kinds()), newer=newer))

    def write(self) -> dict[str, Any]:
        """Return the table as TOML holds it, the defaults of its name included."""
        return {**super().write(), **self.options}

    @property
    def choice(self) -> Choice:
        """The name and its options."""
        return Choice(self.name, self.options)

    def not_in(self, name: object) -> list[str]:
        """Return the options that another name does not have."""
        known = self.table.options(name) if isinstance(name, str) and name in self.table.makers else self.options
        return [option for option in self.options if option not in known]

    def changed(self) -> dict[str, Any]:
        """Return the options that are not at their defaults."""
        kinds = self.table.options(self.name)
        return {key: value for key, value in self.options.items() if value != default_of(kinds[key])}

    @classmethod
    def keys(cls, path: str) -> Iterator[Key]:
        """Yield the keys that this table may have, those of all names."""
        yield from super().keys(path)
        yield from _option_keys(cls.table, path)


def _option_keys(table: Table, path: str) -> Iterator[Key]:
    """Yield the keys of all options of a table, one for each default."""
    seen: set[tuple[str, Any]] = set()
    for name in table.makers:
        for key, kind in table.options(name).items():
            default = default_of(kind)
            alike = [other for other in table.having(key) if default_of(table.options(other)[key]) == default]
            only = () if len(alike) == len(table.makers) else tuple(alike)
            if (key, default) not in seen:
                yield Key(f"{path}.{key}", kind.expected, default, kind.setting.meaning, only)
            seen.add((key, default))


# The tables -----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Data(Section):
    """Which images, and how they are divided into train, valid and test."""

    source: Annotated[str, Checked(check_source, forms()), "where the images come from"] = "mnist"
    split: Annotated[
        Scheme, "handout: test images drawn from all; official: MNIST's last 10,000; source: as its files divide it"
    ] = "handout"
    test: Annotated[float, Range(ge=0, lt=1), "share of the images to test on; 0: a seventh"] = 0.0
    valid: Annotated[float, Range(ge=0, lt=1), "share of the images to validate on; 0: a fourteenth"] = 0.0
    scaling: Annotated[
        Literal["handout", "zero-to-one", "standardize"],
        "of pixels; handout: -1 to 1; standardize: mean 0 and standard deviation 1 over the training images",
    ] = "handout"
    split_seed: Annotated[int, Range(ge=0, lt=2**32), "decides which images are drawn for valid and test"] = 123


@dataclass(frozen=True, kw_only=True)
class Network(Section):
    """The network's shape."""

    hidden: Annotated[tuple[int, ...], Widths(), "neurons in each hidden layer"] = (50,)
    activation: Annotated[
        Choice | tuple[Choice, ...], ChosenList(Chosen(ACTIVATION_TABLE)), "of the hidden layers, or of each of them"
    ] = _SIGMOID
    output_activation: Annotated[
        Choice, Chosen(ACTIVATION_TABLE, none=True), "of the output layer; none leaves logits, for cross-entropy"
    ] = _SIGMOID
    batch_norm: Annotated[bool, "normalise each hidden layer's sums over the batch"] = False
    dropout: Annotated[float, _CHANCE, "chance of leaving out each hidden neuron while training"] = 0.0
    input_dropout: Annotated[float, _CHANCE, "chance of leaving out each pixel while training"] = 0.0
    noise: Annotated[float, _STD, "standard deviation of noise on hidden sums while training"] = 0.0
    input_noise: Annotated[float, _STD, "standard deviation of noise on pixels, from -1 to 1, while training"] = 0.0
    initializer: Annotated[
        str, Word(("auto", *INITIALIZERS)), "of the weights; auto: the one that suits each activation"
    ] = "auto"
    bias_grad: Annotated[Literal["sum", "mean"], "sum: the true gradient; mean: as in the handout's listing"] = "sum"
    dtype: Annotated[Literal["float32", "float64"], "of all weights and activations"] = "float32"

    def __post_init__(self) -> None:
        if isinstance(self.activation, tuple) and len(self.activation) != len(self.hidden):
            raise InputError(
                f"activation: expected one activation, or {len(self.hidden)}, one for each hidden layer, got "
                f"{len(self.activation)}"
            )

    @property
    def activations(self) -> tuple[Choice, ...]:
        """The activation of each hidden layer."""
        return self.activation if isinstance(self.activation, tuple) else (self.activation,) * len(self.hidden)


@dataclass(frozen=True, kw_only=True)
class Loss(ChoiceSection):
    """What training minimises."""

    table: ClassVar[Table] = LOSS_TABLE
    name: Annotated[str, Word(tuple(LOSSES)), "mse: squared error; cross-entropy: of softmax probabilities"] = "mse"


@dataclass(frozen=True, kw_only=True)
class Optimizer(ChoiceSection):
    """How weights move."""

    table: ClassVar[Table] = OPTIMIZER_TABLE
    name: Annotated[str, Word(tuple(OPTIMIZERS)), "the rule by which weights move"] = "sgd"

    @property
    def learning_rate(self) -> float:
        """The learning rate."""
        return float(self.options["learning_rate"])


@dataclass(frozen=True, kw_only=True)
class Schedule(ChoiceSection):
    """The learning rate over the run."""

    table: ClassVar[Table] = SCHEDULE_TABLE
    name: Annotated[str, Word(tuple(SCHEDULES)), "the shape of the learning rate's curve"] = "constant"
    warmup: Annotated[float, _WARMUP, "share of the run in which the rate rises to its start"] = 0.0


@dataclass(frozen=True, kw_only=True)
class Training(Section):
    """How long, and in what batches."""

    epochs: Annotated[int, Range(ge=1, le=1_000_000), "times through the training images"] = 50
    batch_size: Annotated[int, Range(ge=1, le=2**31), "images in a step"] = 100
    average: Annotated[float, Range(ge=0, lt=1), "decay of a moving average of the weights, as 0.999; 0: none"] = 0.0
    early_stopping: Annotated[
        int, Range(ge=0, le=1_000_000), "epochs without a better validation accuracy before the end; 0: never"
    ] = 0
    threads: Annotated[int, Range(ge=0, le=1024), "threads of a matrix product; 0: chosen by size"] = 0
    engine: Annotated[
        Literal["auto", "numpy", "compiled"],
        "what does the steps; auto: compiled for long trainings, where it is installed; the last digits differ",
    ] = "auto"
