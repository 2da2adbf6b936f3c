"""ReportData: all the data of the page, in one typed structure.

The page reads it as JSON; the fields have the same names there.
"""

import msgspec

from glasswork.features import ColumnScaling
from glasswork.report.packing import Encoding, Packed
from glasswork.report.words import Language


class LayerData(msgspec.Struct, frozen=True):
    """One layer: the name of its kind, its settings, its arrays by name."""

    name: str
    kind: str
    settings: dict[str, float | int | str]
    arrays: dict[str, Packed]


class NetworkData(msgspec.Struct, frozen=True):
    """The network as it is stored in the page.

    Attributes
    ----------
    precision : str
        How the weights are stored.
    difference : float
        The largest difference between the scores of the network and of its stored form, over the test images.
    changed : int
        The number of test images whose answer changes.
    confidence : {"softmax", "normalise"}
        How scores become shares: by the softmax of logits, or by normalising the scores of an output activation.
    """

    layers: list[LayerData]
    precision: Encoding
    difference: float
    changed: int
    confidence: str


class Pictures(msgspec.Struct, frozen=True):
    """Images, or the rows of a table, and their labels."""

    images: Packed
    labels: list[int]


class Columns(msgspec.Struct, frozen=True):
    """The columns of a table of features: how a row is scaled, and what is usual; see `glasswork.features`.

    Attributes
    ----------
    typical : list of float
        The mean of each column over the training rows.
    """

    names: list[str]
    low: list[float]
    high: list[float]
    centre: list[float]
    spread: list[float]
    missing: list[float] | None
    typical: list[float]
    scaling: ColumnScaling


class ScepticData(msgspec.Struct, frozen=True):
    """The second network: filters ``(16, 25)``, weights ``(576, hidden)``; see `glasswork.models.doubt.sceptic`."""

    filters: Packed
    weights: Packed
    bias: list[float]
    output: list[float]


class Novelty(msgspec.Struct, frozen=True):
    """The data that tell whether an image is unlike the training images; see `glasswork.models.doubt.reference`.

    Attributes
    ----------
    labels : list of int
        The classes of all images of the reference set.
    maps : Packed or None
        What describes each of them, where the images are too large for the page; otherwise it is computed there.
    """

    spread: Packed
    threshold: float
    limits: list[float]
    labels: list[int]
    sceptic: ScepticData | None
    maps: Packed | None


class Snapshot(msgspec.Struct, frozen=True):
    """The network after an epoch.

    Attributes
    ----------
    whole : bool
        Whether all layers are kept. Else it is the first alone, of its first neurons.
    layers : list of LayerData
        Empty where it is the page's own network.
    """

    epoch: int
    accuracy: float | None
    whole: bool
    layers: list[LayerData]


class EpochData(msgspec.Struct, frozen=True):
    """The metrics of an epoch."""

    epoch: int
    train_loss: float
    valid_loss: float
    valid_accuracy: float
    seconds: float
    findings: list[str]


class Bin(msgspec.Struct, frozen=True):
    """Images whose highest share lies in one bin: their number, their mean share, and how many are right."""

    count: int
    confidence: float
    accuracy: float


class Robustness(msgspec.Struct, frozen=True):
    """Accuracy in percent at each strength of one kind of change."""

    name: str
    unit: str
    strengths: list[float]
    accuracies: list[float]


class Evaluation(msgspec.Struct, frozen=True):
    """The performance of the network on the test set.

    Attributes
    ----------
    count : int
        The number of test images.
    accuracy : float
        In percent.
    confusion : (classes, classes)
        ``confusion[true][answer]``.
    calibration_error : float
        Mean distance between confidence and accuracy over the bins, weighted by their counts, in percent.
    """

    count: int
    accuracy: float
    confusion: list[list[int]]
    bins: list[Bin]
    calibration_error: float
    robustness: list[Robustness]
    robustness_count: int


class Tested(msgspec.Struct, frozen=True):
    """Test images in the page.

    Attributes
    ----------
    pictures : Pictures
        First ``checked`` test images in their order, then further ones that the network answers wrongly.
    answers : list of int
        The network's answer to each.
    checked : int
        The number of images whose scores are given.
    scores : Packed
        ``(checked, classes)`` float32, computed by NumPy from the stored weights.
    worst : list of int
        The wrong answers with the highest share, the worst first.
    """

    pictures: Pictures
    answers: list[int]
    checked: int
    scores: Packed
    worst: list[int]


class ReportData(msgspec.Struct, frozen=True):
    """All the data of the page.

    Attributes
    ----------
    title : str
        The data, the architecture and the accuracy.
    examples : Pictures
        Training images: those of the reference set if there is one.
    exciting : dict
        By the name of each linear layer except the last: for each neuron, the examples that excite it most.
    inkless : list of int
        Pixels that are blank in every training image.
    state : {"running", "finished", "interrupted", ...}
        The state of the run.
    epochs : int
        The number of epochs in its recipe.
    validated : int
        The number of validation images.
    facts : dict
        A description of the run, for the last part of the page.
    thing : str
        The word for a class: ``"digit"`` or ``"class"``.
    handwriting : str
        What a writer of digits should know about the training images; otherwise empty.
    pictures : {"digits", "as they are"}
        How a picture is read; see `glasswork.reading`.
    ink : bool
        Whether images are light ink on a dark ground, painted as ink on paper. Others are painted as they are.
    dark : bool
        Whether ink is dark on a light ground in the training images.
    no_reference : str
        Why nothing is known about strange images; otherwise empty.
    columns : Columns or None
        If the network was trained on a table of features; "images" are its rows then.
    language : {"en", "de"}
        The language of the page.
    """

    title: str
    version: str
    classes: list[str]
    shape: tuple[int, ...]
    network: NetworkData
    examples: Pictures
    novelty: Novelty | None
    exciting: dict[str, list[list[int]]]
    inkless: list[int]
    tested: Tested
    evaluation: Evaluation
    history: list[EpochData]
    loss_name: str
    snapshots: list[Snapshot]
    state: str
    epochs: int
    facts: dict[str, str]
    recipe: str
    command: str
    attribution: str
    thing: str
    handwriting: str = ""
    pictures: str = "digits"
    ink: bool = True
    dark: bool = False
    no_reference: str = ""
    columns: Columns | None = None
    language: Language = "en"
    validated: int = 0
