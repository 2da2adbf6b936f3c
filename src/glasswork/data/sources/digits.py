"""scikit-learn's digits: 1,797 images of 8×8 pixels from 0 to 16 (E. Alpaydin and C. Kaynak, 1998)."""

from glasswork.data.dataset import Dataset
from glasswork.data.sources.arrange import Asked
from glasswork.data.sources.found import Found, Part
from glasswork.data.sources.gather import gather


def load(argument: str = "", asked: Asked | None = None) -> Dataset:
    """Load the digits."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    found = Found("scikit-learn", "its name", {"all": Part.of(bunch.images, bunch.target)}, levels=(0.0, 16.0))
    return gather(found, name="digits", source="digits")
