"""ReportData: everything that the page knows, in one typed structure.

The page reads it as JSON; every field here is a field there, by the same name.
"""

import msgspec

from glasswork.report.packing import Encoding, Packed


class LayerData(msgspec.Struct, frozen=True):
    """One layer: the word for its kind, its settings, its arrays by name."""

    name: str
    kind: str
    settings: dict[str, float | int | str]
    arrays: dict[str, Packed]


class NetworkData(msgspec.Struct, frozen=True):
    """The network as it is stored in the page.

    Attributes
    ----------
    precision : str
        How its weights are stored.
    difference : float
        Largest difference between a score of the network and of what is stored, over the test images in the page.
    changed : int
        Of those images, how many get another answer.
    confidence : {"softmax", "normalise"}
        How scores become shares: softmax of logits; or scores of an output activation, made to sum to 1.
    """

    layers: list[LayerData]
    precision: Encoding
    difference: float
    changed: int
    confidence: str


class Pictures(msgspec.Struct, frozen=True):
    """Images and their labels."""

    images: Packed
    labels: list[int]


class ScepticData(msgspec.Struct, frozen=True):
    """The second network: filters ``(16, 25)``, weights ``(576, hidden)``; see `glasswork.models.doubt.sceptic`."""

    filters: Packed
    weights: Packed
    bias: list[float]
    output: list[float]


class Novelty(msgspec.Struct, frozen=True):
    """What it takes to say that an image is unlike the training images; see `glasswork.models.doubt.reference`."""

    spread: Packed
    threshold: float
    limits: list[float]
    sceptic: ScepticData | None


class Snapshot(msgspec.Struct, frozen=True):
    """The first layer after an epoch: weights of its first neurons, ``(features, neurons)``."""

    epoch: int
    accuracy: float | None
    weights: Packed


class EpochData(msgspec.Struct, frozen=True):
    """The metrics of an epoch."""

    epoch: int
    train_loss: float
    valid_loss: float
    valid_accuracy: float
    seconds: float
    findings: list[str]


class Bin(msgspec.Struct, frozen=True):
    """Images whose highest share lies in one tenth of the scale: how many, mean share, and how many are right."""

    count: int
    confidence: float
    accuracy: float


class Robustness(msgspec.Struct, frozen=True):
    """Accuracy, percent, at each strength of one kind of change."""

    name: str
    unit: str
    strengths: list[float]
    accuracies: list[float]


class Evaluation(msgspec.Struct, frozen=True):
    """How the network does on the test set.

    Attributes
    ----------
    count : int
        Test images.
    accuracy : float
        Percent.
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
        First ``checked`` test images in their order, then further ones that the network gets wrong.
    answers : list of int
        Its answer to each.
    checked : int
        How many have their scores here.
    scores : Packed
        ``(checked, classes)`` float32, computed by NumPy from the stored weights.
    worst : list of int
        Which of them are answered wrongly by the largest lead, the worst first.
    """

    pictures: Pictures
    answers: list[int]
    checked: int
    scores: Packed
    worst: list[int]


class ReportData(msgspec.Struct, frozen=True):
    """Everything that the page knows.

    Attributes
    ----------
    untrained : list of LayerData or None
        The network before its first step.
    examples : Pictures
        Training images: those of the reference set where there is one.
    exciting : dict
        For each linear layer but the last, by name: for each neuron, which examples excite it most.
    inkless : list of int
        Pixels that are blank in every training image.
    state : {"running", "finished", "interrupted", ...}
        How the run stands.
    epochs : int
        That its recipe asks for.
    facts : dict
        What the run is, in words, for the last part of the page.
    thing : str
        What the classes are: ``"digit"`` or ``"class"``.
    no_reference : str
        Why nothing is known about strange images, where nothing is.
    """

    title: str
    version: str
    classes: list[str]
    shape: tuple[int, int]
    network: NetworkData
    untrained: list[LayerData] | None
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
    no_reference: str = ""
