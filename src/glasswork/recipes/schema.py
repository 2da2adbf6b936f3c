"""The keys of a recipe as msgspec structures: name, type, range, default and meaning, each written once.

[network]                    hidden, activation, dropout, ...
[loss] [optimizer]           a name, and the keys that belong to it: only sgd has momentum, only adam has beta1
[schedule]
[augment]                    how training images are distorted

A choice by name is a tagged union. `_kinds` makes its structures from the tables of activations, losses, optimisers
and schedules: one for each entry, with the settings that the entry's constructor declares.
"""

import dataclasses
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeAlias, Union

import msgspec
from msgspec import Meta, Struct

from glasswork.data.augment import Augmentation
from glasswork.data.sources import forms
from glasswork.data.split import Scheme
from glasswork.nn import ACTIVATIONS, LOSSES, Dropout, GaussianNoise
from glasswork.nn.initializers import INITIALIZERS
from glasswork.optim import OPTIMIZERS, SCHEDULES
from glasswork.optim.schedules import warmup
from glasswork.settings import Setting, settings_of
from glasswork.training.measures import Monitor


class Choice(Struct, frozen=True, kw_only=True, tag_field="name", rename={"lr": "learning_rate"}):
    """An entry of a table by its name, with the options of its constructor: ``leaky-relu`` with ``slope`` 0.2.

    An option that may be None is 0 instead, since TOML has no word for None.
    """

    kinds: ClassVar[dict[str, Any]]
    maker: ClassVar[Callable[..., Any]]

    @property
    def name(self) -> str:
        """The entry's name in its table."""
        return str(self.__struct_config__.tag)

    @property
    def options(self) -> dict[str, Any]:
        """The arguments of the constructor, under the names that recipes use."""
        own = settings_of(self.maker)
        return {f.encode_name: getattr(self, f.name) for f in msgspec.structs.fields(self) if f.name in own}

    def changed(self) -> dict[str, Any]:
        """Return the options that differ from their defaults."""
        defaults = type(self)().options
        return {key: value for key, value in self.options.items() if value != defaults[key]}

    def make(self, *arguments: Any, **more: Any) -> Any:
        """Call the constructor with the options and these arguments."""
        for name, setting in settings_of(self.maker).items():
            more[name] = getattr(self, name) or None if setting.optional else getattr(self, name)
        return self.maker(*arguments, **more)

    def __str__(self) -> str:
        options = ", ".join(f"{name} {value:g}" for name, value in self.options.items())
        return f"{self.name} ({options})" if options else self.name


def _limits(setting: Setting, meaning: str = "") -> Meta:
    """Return a setting's range for msgspec, with the setting's meaning unless another one is given."""
    limits = {name: limit for name, limit in dataclasses.asdict(setting.range).items() if limit is not None}
    if setting.optional:
        limits = {"ge": 0}
    if setting.type is float and not limits.keys() & {"le", "lt"}:
        limits["le"] = sys.float_info.max  # keeps out infinity and NaN
    expected = setting.expected.replace(", or None", ", or 0 for none").replace("True or False", "true or false")
    return Meta(**limits, description=meaning or setting.meaning, extra={"expected": expected})


def _kinds(base: type[Choice], table: Mapping[str, Callable[..., Any]]) -> Any:
    """Create a structure for each entry of a table, store them as the base's ``kinds``, and return their union."""
    base.kinds = {}
    for name, maker in table.items():
        fields = [
            (option, Annotated[setting.type, _limits(setting)], 0.0 if setting.default is None else setting.default)
            for option, setting in settings_of(maker).items()
        ]
        namespace = {"maker": staticmethod(maker), "__doc__": base.__doc__}
        base.kinds[name] = msgspec.defstruct(
            name, fields, bases=(base,), namespace=namespace, module=__name__, tag=name, frozen=True, kw_only=True
        )
    return Union[tuple(base.kinds.values())]  # noqa: UP007


_DROPOUT, _NOISE = settings_of(Dropout)["p"], settings_of(GaussianNoise)["std"]
_WARMUP = settings_of(warmup)["share"]


class Activation(Choice, frozen=True, kw_only=True):
    """An activation."""


class _Logits(Activation, frozen=True, kw_only=True, tag="none"):
    """No activation."""

    maker = staticmethod(lambda: None)


class Loss(Choice, frozen=True, kw_only=True):
    """What training minimises."""


class Optimizer(Choice, frozen=True, kw_only=True):
    """The rule that changes the weights."""

    @property
    def learning_rate(self) -> float:
        """The learning rate."""
        return float(self.options["learning_rate"])


class Schedule(Choice, frozen=True, kw_only=True):
    """The learning rate over the run."""

    warmup: Annotated[float, _limits(_WARMUP, "share of the run in which the learning rate rises to its start")] = 0.0


class _Augment(Struct, frozen=True, kw_only=True):
    """How training images are distorted, each differently in every epoch."""

    def __str__(self) -> str:
        defaults, own = msgspec.structs.asdict(type(self)()), msgspec.structs.asdict(self)
        words = ((k, " and ".join(v) if k == "calm" else f"{v:g}") for k, v in own.items() if v != defaults[k])
        return ", ".join(f"{key.replace('_', ' ')} {word}" for key, word in words)

    def make(self, epochs: int) -> Augmentation:
        """Return the settings for a training of some epochs."""
        return Augmentation(**msgspec.structs.asdict(self), epochs=epochs)


def _augment() -> Any:
    """Return the structure with the settings of `Augmentation`."""
    fields: list[tuple[str, Any, Any]] = [
        (name, Annotated[setting.type, _limits(setting)], setting.default)
        for name, setting in settings_of(Augmentation).items()
    ]
    calm = Meta(
        description="the names of classes that turn only half as far",
        extra={"expected": 'a list of names of classes, such as ["1", "7"]'},
    )
    fields.insert(1, ("calm", Annotated[tuple[str, ...], calm], ()))
    return msgspec.defstruct(
        "Augment", fields, bases=(_Augment,), namespace={"__doc__": _Augment.__doc__}, module=__name__, frozen=True,
        kw_only=True,
    )  # fmt: skip


if TYPE_CHECKING:
    AnyActivation: TypeAlias = Activation
    AnyOutputActivation: TypeAlias = Activation
    AnyLoss: TypeAlias = Loss
    AnyOptimizer: TypeAlias = Optimizer
    AnySchedule: TypeAlias = Schedule
    Initializer: TypeAlias = str
    Augment: TypeAlias = _Augment
else:
    AnyActivation = _kinds(Activation, ACTIVATIONS)
    AnyOutputActivation = AnyActivation | _Logits
    AnyLoss = Annotated[
        _kinds(Loss, LOSSES), Meta(description="mse: squared error; cross-entropy: of softmax probabilities")
    ]
    AnyOptimizer = Annotated[_kinds(Optimizer, OPTIMIZERS), Meta(description="the rule that changes the weights")]
    AnySchedule = Annotated[_kinds(Schedule, SCHEDULES), Meta(description="the curve of the learning rate")]
    Initializer = Literal[("auto", *INITIALIZERS)]
    Augment = _augment()

# The keys and tables of a recipe ---------------------------------------------------------------------

_NAME = {"expected": "at most 80 letters, digits, points, underscores and hyphens"}
_LINE = {"expected": "at most 10,000 characters"}
Name: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\Z",
        max_length=80,
        description="name of the recipe and of its runs' folders",
        extra=_NAME,
    ),
]
Line: TypeAlias = Annotated[str, Meta(max_length=10_000, description="one line", extra=_LINE)]
Seed: TypeAlias = Annotated[
    int, Meta(ge=0, lt=2**32, description="determines initial weights, order of images, masks and noise")
]

_SIGMOID: Activation = Activation.kinds["sigmoid"]()
_DEEPEST, _WIDEST = 100, 1_000_000
_WIDTHS = f"a list of up to {_DEEPEST} whole numbers from 1 to {_WIDEST:,}, such as [300, 100]"
_ONE_OR_EACH = f"one of {', '.join(ACTIVATIONS)}, or a list with one for each hidden layer"


class Data(Struct, frozen=True, kw_only=True):
    """The images, and how they are divided into train, valid and test."""

    source: Annotated[str, Meta(description="where the images come from", extra={"expected": forms()})] = "mnist"
    split: Annotated[
        Scheme,
        Meta(
            description="handout: test images drawn from all; official: MNIST's last 10,000; "
            "source: as its files divide it"
        ),
    ] = "handout"
    test: Annotated[float, Meta(ge=0, lt=1, description="share of the images for testing; 0: a seventh")] = 0.0
    valid: Annotated[float, Meta(ge=0, lt=1, description="share of the images for validation; 0: a fourteenth")] = 0.0
    scaling: Annotated[
        Literal["handout", "zero-to-one", "standardize"],
        Meta(
            description="of pixels; handout: -1 to 1; standardize: mean 0 and standard deviation 1 over the training "
            "images; of features, column by column: handout as standardize"
        ),
    ] = "handout"
    range: Annotated[
        tuple[float, ...],
        Meta(
            max_length=2,
            description="the values of black and white, where the data do not state them; none: what they show",
            extra={"expected": "two numbers, such as [0, 16], or none: []"},
        ),
    ] = ()
    missing: Annotated[
        Literal["refuse", "median"],
        Meta(description="what is done about missing features; median: that of their column in the training rows"),
    ] = "refuse"
    colour: Annotated[
        Literal["grey", "rgb"],
        Meta(description="what becomes of colours; rgb: the red, green and blue of each pixel are inputs"),
    ] = "grey"
    split_seed: Annotated[int, Meta(ge=0, lt=2**32, description="determines which images are in valid and test")] = 123
    fold: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=1000)], ...],
        Meta(
            max_length=2,
            description="[2, 5]: test on the second of five folds of the training and validation images, and leave the "
            "test images alone; none: []",
            extra={"expected": "two whole numbers, such as [2, 5], or none: []"},
        ),
    ] = ()


class Network(Struct, frozen=True, kw_only=True):
    """The structure of the network."""

    hidden: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=_WIDEST)], ...],
        Meta(max_length=_DEEPEST, description="neurons in each hidden layer", extra={"expected": _WIDTHS}),
    ] = (50,)
    activation: Annotated[
        AnyActivation | tuple[AnyActivation, ...],
        Meta(description="activation of all hidden layers, or of each", extra={"expected": _ONE_OR_EACH}),
    ] = _SIGMOID
    output_activation: Annotated[
        AnyOutputActivation, Meta(description="activation of the output layer; none leaves logits, for cross-entropy")
    ] = _SIGMOID
    batch_norm: Annotated[bool, Meta(description="normalise each hidden layer's sums over the batch")] = False
    dropout: Annotated[float, _limits(_DROPOUT, "chance of leaving out each hidden neuron in training")] = 0.0
    input_dropout: Annotated[float, _limits(_DROPOUT, "chance of leaving out each pixel in training")] = 0.0
    noise: Annotated[float, _limits(_NOISE, "standard deviation of noise on hidden sums in training")] = 0.0
    input_noise: Annotated[
        float, _limits(_NOISE, "standard deviation of noise in training on pixels, which range from -1 to 1")
    ] = 0.0
    initializer: Annotated[Initializer, Meta(description="initial weights; auto: those that suit each activation")] = (
        "auto"
    )
    bias_grad: Annotated[
        Literal["sum", "mean"], Meta(description="sum: the true gradient; mean: as in the handout's listing")
    ] = "sum"
    dtype: Annotated[Literal["float32", "float64"], Meta(description="dtype of all weights and activations")] = (
        "float32"
    )

    @property
    def activations(self) -> tuple[Activation, ...]:
        """The activation of each hidden layer."""
        return self.activation if isinstance(self.activation, tuple) else (self.activation,) * len(self.hidden)


_CHANGES = 'a list of changes in the order of their steps, such as [[3912, "learning_rate", 0.05]]'

_CHANGE = 'a change such as [3912, "learning_rate", 0.05]: a step, learning_rate or dropout, and its new value'

#: A change while a training runs: before the step with this number, from 0, a setting gets another value.
Change: TypeAlias = tuple[
    Annotated[int, Meta(ge=0, lt=2**48, extra={"expected": _CHANGE})], Literal["learning_rate", "dropout"], float
]


class Training(Struct, frozen=True, kw_only=True):
    """The length of the training, and its batches."""

    epochs: Annotated[int, Meta(ge=1, le=1_000_000, description="passes over the training images")] = 50
    batch_size: Annotated[int, Meta(ge=1, le=2**31, description="images per step")] = 100
    drop_last: Annotated[
        bool, Meta(description="leave the last batch of an epoch out where it is smaller than the others")
    ] = False
    average: Annotated[
        float, Meta(ge=0, lt=1, description="decay of a moving average of the weights, such as 0.999; 0: none")
    ] = 0.0
    early_stopping: Annotated[
        int,
        Meta(
            ge=0,
            le=1_000_000,
            description="epochs without a better validation accuracy, or what is monitored, to stop after; 0: never",
        ),
    ] = 0
    class_weights: Annotated[
        Literal["none", "balanced"] | tuple[Annotated[float, Meta(ge=0, le=1e9)], ...],
        Meta(
            description="of the classes' losses, in the order of the labels; balanced: so that all classes weigh the "
            "same",
            extra={"expected": "none, balanced, or a list of a number for each class, such as [1.0, 5.0]"},
        ),
    ] = "none"
    sample_weights: Annotated[
        str,
        Meta(
            description="a file with a weight of each image's loss, in the order of the data",
            extra={"expected": "the path of a .npy file, or of a text file with a number a line; empty for none"},
        ),
    ] = ""
    monitor: Annotated[
        Monitor,
        Meta(
            description="what early stopping watches on the validation images; balanced-accuracy, f1: means over the "
            "classes; auc: of two classes"
        ),
    ] = "accuracy"
    threads: Annotated[int, Meta(ge=0, le=1024, description="threads for matrix products; 0: chosen by size")] = 0
    engine: Annotated[
        Literal["auto", "numpy", "compiled"],
        Meta(
            description="what computes the steps; auto: compiled for long trainings, if it is installed; the last "
            "digits differ"
        ),
    ] = "auto"
    changes: Annotated[
        tuple[Change, ...],
        Meta(
            description="what was changed while it ran: before this step, the learning_rate, or the dropout of hidden "
            "neurons, became that; none: []",
            extra={"expected": _CHANGES},
        ),
    ] = ()
