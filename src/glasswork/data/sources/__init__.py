"""Where images come from: one file a source, one line for each in the table `SOURCES`."""

from collections.abc import Callable
from dataclasses import dataclass

from glasswork.data.dataset import Dataset
from glasswork.errors import InputError


@dataclass(frozen=True)
class Source:
    """A place that datasets come from.

    Attributes
    ----------
    load : callable
        From what follows the colon, to a `Dataset`.
    form : str
        How it is written, such as ``openml:NAME``.
    description : str
        One line for lists.
    """

    load: Callable[[str], Dataset]
    form: str
    description: str

    @property
    def takes_argument(self) -> bool:
        """Whether something must follow a colon."""
        return ":" in self.form


def _load_mnist(argument: str) -> Dataset:
    from glasswork.data.sources.embedded import mnist_dataset

    return mnist_dataset()


def _load_openml(argument: str) -> Dataset:
    from glasswork.data.sources.openml import openml_dataset, parse_name

    name, version = parse_name(argument)
    return openml_dataset(name, version=version)


#: The word before the colon, and what it means.
SOURCES: dict[str, Source] = {
    "mnist": Source(_load_mnist, "mnist", "the 70,000 digits that come with glasswork"),
    "openml": Source(_load_openml, "openml:NAME or openml:NAME@VERSION", "a dataset of openml.org, from the network"),
}


def check_source(source: str) -> tuple[Source, str]:
    """Return the source that a text names, and the argument after its colon; nothing is loaded.

    Raises
    ------
    InputError
        If there is no such source, or its argument is missing or left over.
    """
    word, colon, argument = source.partition(":")
    if word in SOURCES and SOURCES[word].takes_argument == bool(colon and argument):
        return SOURCES[word], argument
    raise InputError(f"expected {forms()}, got {source!r}")


def forms() -> str:
    """Return how all sources are written, in one line: ``mnist, openml:NAME or openml:NAME@VERSION``."""
    return ", ".join(source.form for source in SOURCES.values())


def load_dataset(source: str) -> Dataset:
    """Load a dataset by its name.

    Parameters
    ----------
    source : str
        ``mnist``, which comes with glasswork, or ``openml:NAME`` or ``openml:NAME@VERSION``, over the network.

    Returns
    -------
    Dataset

    Raises
    ------
    InputError
        If there is no such source or dataset.
    FileError
        If it cannot be fetched or read.

    Examples
    --------
    >>> load_dataset("mnist")
    Dataset('MNIST', 70,000 images of 28×28, 10 classes)
    """
    try:
        found, argument = check_source(source)
    except InputError as error:
        raise InputError(f"load_dataset: {error}") from None
    return found.load(argument)
