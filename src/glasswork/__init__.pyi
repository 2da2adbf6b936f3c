"""The names that a user imports; `__init__.py` loads each from here when it is first used."""

from .data.batches import Batches as Batches
from .data.batches import int_to_onehot as int_to_onehot
from .data.batches import minibatch_generator as minibatch_generator
from .data.embedded import load_mnist as load_mnist
from .data.image import read_image as read_image
from .data.openml import load_openml as load_openml
from .data.split import Split as Split
from .data.split import split as split
from .errors import (
    DivergedError as DivergedError,
)
from .errors import (
    FileError as FileError,
)
from .errors import (
    GlassworkError as GlassworkError,
)
from .errors import (
    InputError as InputError,
)
from .errors import (
    RecipeError as RecipeError,
)
from .errors import (
    StateError as StateError,
)
from .nn import (
    MLP as MLP,
)
from .nn import (
    Layer as Layer,
)
from .nn import (
    Linear as Linear,
)
from .nn import (
    MSELoss as MSELoss,
)
from .nn import (
    Sigmoid as Sigmoid,
)
from .nn import (
    gradcheck as gradcheck,
)
from .optim import SGD as SGD
from .pixels import normalize as normalize
from .training.loop import EpochResult as EpochResult
from .training.loop import fit as fit
from .training.loop import test as test
from .training.loop import train as train
from .training.loop import valid as valid
from .training.model_file import load_model as load_model
from .training.model_file import save_model as save_model
from .training.recipe import Recipe as Recipe
from .training.recipe import named_recipe as named_recipe
from .training.recipe import read_recipe as read_recipe
from .training.run import Run as Run
