"""The settings of augmentation: how far each kind may go, and how its strength changes over the training.

    strength  start_strength ╲
                     1.0       ╲_______________
                                              |________  end_strength
              epoch  1                        the last end_share of the epochs

A strength multiplies all kinds: 0.5 halves the largest angle, the largest shift, the share of erased images and so on.
"""

import dataclasses
from collections.abc import Sequence
from typing import Annotated

from glasswork.errors import InputError
from glasswork.settings import Range, check_number, check_settings

#: The names of the classes that have variants.
VARIANTS = ("0", "1", "9")

#: The settings that switch a kind on; the others only change these.
_SWITCHES = ("rotation", "scale", "shear", "shift", "elastic", "thickness", "variants", "pixel_noise", "erase")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How training images are distorted. Every kind is off until its number is above 0.

    Parameters
    ----------
    rotation : float
        Largest angle, in degrees.
    calm : tuple of str
        The names of classes that turn at most half as far, such as 1 and 7, which are told apart by a slope.
    scale, shear : float
        Largest change of width and height, and largest slope, as shares of the image.
    shift : float
        Largest shift in each direction, in pixels.
    elastic, smoothness : float
        Displacement of the pixels by a smooth random field: its standard deviation, and how far it reaches, in pixels.
    thickness : float
        How much thicker or thinner strokes become, at most, on each side, in pixels.
    variants : float
        Share of the images of classes named 0, 1 and 9 that get a slash, a flag or foot, or a hook.
    pixel_noise : float
        Standard deviation of noise on the pixels, which range from -1 to 1.
    erase, erase_area : float
        Share of the images in which a rectangle is erased, and its largest area as a share of the image.
    start_strength, end_strength, end_share : float
        The strength moves from ``start_strength`` in the first epoch to 1; in the last ``end_share`` of the epochs it
        is ``end_strength``.
    epochs : int, optional
        Epochs of the whole training; only needed for a strength that changes.

    Raises
    ------
    InputError
        If a number is out of its range, or a strength changes and ``epochs`` is missing.
    """

    rotation: Annotated[float, Range(ge=0, le=180), "largest angle by which a training image is turned, in degrees"] = (
        0.0
    )
    calm: tuple[str, ...] = ()
    scale: Annotated[float, Range(ge=0, le=0.5), "largest change of width and of height, as a share"] = 0.0
    shear: Annotated[float, Range(ge=0, le=1), "largest slope of what was upright"] = 0.0
    shift: Annotated[float, Range(ge=0, le=1000), "largest shift in each direction, in pixels"] = 0.0
    elastic: Annotated[
        float, Range(ge=0, le=1000), "displacement by a smooth random field: its standard deviation, in pixels"
    ] = 0.0
    smoothness: Annotated[
        float, Range(ge=0.5, le=100), "standard deviation of the Gaussian that smooths this field, in pixels"
    ] = 4.0
    thickness: Annotated[
        float, Range(ge=0, le=1), "how much thicker or thinner strokes become, at most, on each side, in pixels"
    ] = 0.0
    variants: Annotated[
        float, Range(ge=0, le=1), "share of the images of 0, 1 and 9 that get a slash, a flag or foot, or a hook"
    ] = 0.0
    pixel_noise: Annotated[
        float, Range(ge=0, le=2), "standard deviation of noise on the pixels, which range from -1 to 1"
    ] = 0.0
    erase: Annotated[float, Range(ge=0, le=1), "share of the images in which a rectangle is erased"] = 0.0
    erase_area: Annotated[float, Range(gt=0, le=0.5), "largest area that is erased, as a share of the image"] = 0.15
    start_strength: Annotated[
        float, Range(ge=0, lt=2), "factor of all distortions in the first epoch; it moves steadily to 1"
    ] = 1.0
    end_strength: Annotated[float, Range(ge=0, lt=2), "factor of all distortions in the last epochs"] = 1.0
    end_share: Annotated[float, Range(ge=0, le=1), "share of the epochs that are the last ones"] = 0.15
    epochs: int | None = None

    def __post_init__(self) -> None:
        names = [field.name for field in dataclasses.fields(self) if field.name not in ("calm", "epochs")]
        check_settings("Augmentation", type(self), **{name: getattr(self, name) for name in names})
        object.__setattr__(self, "calm", tuple(map(str, self.calm)))
        if self.epochs is not None:
            check_number("Augmentation", "epochs", self.epochs, 1)
        if self.epochs is None and self.changes:
            raise InputError("Augmentation: a strength that changes needs epochs, the length of the whole training")

    @property
    def is_on(self) -> bool:
        """Whether any kind is on."""
        return any(getattr(self, name) > 0 for name in _SWITCHES)

    @property
    def changes(self) -> bool:
        """Whether the strength depends on the epoch."""
        return self.is_on and (self.start_strength != 1 or (self.end_strength != 1 and self.end_share > 0))

    def notes(self, classes: Sequence[str]) -> list[str]:
        """Return a note for each setting that names a class which the data do not have, perhaps a misspelt one."""
        missing = [name for name in self.calm if name not in classes]
        notes = (
            [f"augment.calm: no class is called {' or '.join(missing)}; nothing turns less for it"] if missing else []
        )
        if self.variants and not set(VARIANTS) & set(classes):
            notes.append(f"augment.variants: no class is called {' or '.join(VARIANTS)}, so no image gets a stroke")
        return notes

    def strength(self, epoch: int) -> float:
        """Return the factor of all distortions in an epoch, from 1."""
        if self.epochs is None or not self.changes:
            return 1.0
        weak_from = self.epochs - round(self.end_share * self.epochs)
        if epoch > weak_from:
            return self.end_strength
        gone = (epoch - 1) / max(1, weak_from - 1)
        return self.start_strength + gone * (1 - self.start_strength)
