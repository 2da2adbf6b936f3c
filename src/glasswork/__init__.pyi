"""The names that a user imports; `__init__.py` loads each from here when it is first used."""

from .classroom.notebook import check as check
from .data.augment import Augmentation as Augmentation
from .data.batches import Batches as Batches, int_to_onehot as int_to_onehot, minibatch_generator as minibatch_generator
from .data.dataset import Dataset as Dataset
from .data.photos import Digit as Digit, read_digits as read_digits, read_image as read_image
from .data.sources import load_dataset as load_dataset
from .data.sources.embedded import load_mnist as load_mnist
from .data.sources.openml import load_openml as load_openml
from .data.split import Split as Split, split as split
from .engine.prediction import compiled as compiled
from .errors import (
    DivergedError as DivergedError,
    FileError as FileError,
    GlassworkError as GlassworkError,
    InputError as InputError,
    MissingLibraryError as MissingLibraryError,
    RecipeError as RecipeError,
    StateError as StateError,
    UnhealthyError as UnhealthyError,
)
from .gradcheck import GradientReport as GradientReport, gradcheck as gradcheck
from .inputs import Inputs as Inputs
from .models.answer import Answer as Answer
from .models.committee import Committee as Committee
from .models.model_file import load_model as load_model, save_model as save_model
from .models.predict_file import predict_file as predict_file
from .nn import (
    GELU as GELU,
    MLP as MLP,
    Activation as Activation,
    BatchNorm as BatchNorm,
    BinaryCrossEntropyLoss as BinaryCrossEntropyLoss,
    CrossEntropyLoss as CrossEntropyLoss,
    Dropout as Dropout,
    GaussianNoise as GaussianNoise,
    Identity as Identity,
    Layer as Layer,
    LeakyReLU as LeakyReLU,
    Linear as Linear,
    Loss as Loss,
    MSELoss as MSELoss,
    PoissonLoss as PoissonLoss,
    ReLU as ReLU,
    Scale as Scale,
    Sigmoid as Sigmoid,
    SiLU as SiLU,
    Tanh as Tanh,
    softmax as softmax,
)
from .optim import (
    SGD as SGD,
    Adam as Adam,
    AdamW as AdamW,
    Average as Average,
    Optimizer as Optimizer,
    RMSprop as RMSprop,
)
from .pixels import normalize as normalize
from .recipes.recipe import Recipe as Recipe
from .recipes.shelf import named_recipe as named_recipe, read_recipe as read_recipe
from .runs.run import Run as Run
from .training.evaluation import test as test, valid as valid
from .training.health import diagnose as diagnose
from .training.loop import (
    StopTraining as StopTraining,
    fit as fit,
    train as train,
)
from .training.progress import Progress as Progress
from .training.results import EpochResult as EpochResult, Finding as Finding
