"""Finding a recipe's key by a short name, or by what other libraries call it.

momentum ──► optimizer.momentum     lr, learning_rate_init ──► optimizer.learning_rate     solver ──► optimizer.name
"""

import difflib

from glasswork.recipes.recipe import SECTIONS, recipe_keys
from glasswork.recipes.schema import Key

#: Other names for keys: the handout's, and those that scikit-learn, Keras and PyTorch use.
SYNONYMS = {
    "lr": "optimizer.learning_rate",
    "eta": "optimizer.learning_rate",
    "learning_rate_init": "optimizer.learning_rate",
    "solver": "optimizer.name",
    "decay": "optimizer.weight_decay",
    "l2": "optimizer.weight_decay",
    "nesterovs_momentum": "optimizer.nesterov",
    "beta_1": "optimizer.beta1",
    "beta_2": "optimizer.beta2",
    "epsilon": "optimizer.eps",
    "clipnorm": "optimizer.clip_norm",
    "criterion": "loss.name",
    "num_epochs": "training.epochs",
    "n_epochs": "training.epochs",
    "max_iter": "training.epochs",
    "minibatch_size": "training.batch_size",
    "batch": "training.batch_size",
    "patience": "training.early_stopping",
    "n_iter_no_change": "training.early_stopping",
    "ema": "training.average",
    "hidden_size": "network.hidden",
    "hidden_layer_sizes": "network.hidden",
    "hidden_layers": "network.hidden",
    "units": "network.hidden",
    "layers": "network.hidden",
    "output": "network.output_activation",
    "out_activation_": "network.output_activation",
    "dropout_rate": "network.dropout",
    "batch_normalization": "network.batch_norm",
    "init": "network.initializer",
    "kernel_initializer": "network.initializer",
    "random_state": "seed",
    "dataset": "data.source",
    "data": "data.source",
    "scheduler": "schedule.name",
    "lr_scheduler": "schedule.name",
}


def find_key(word: str) -> str | None:
    """Return the path of the key that a word means, or None.

    Parameters
    ----------
    word : str
        A path, such as ``optimizer.momentum``; its last part, where only one key ends in it; a table's name, for its
        ``name``; or a synonym. Hyphens stand for underscores.
    """
    word = word.strip().lower().replace("-", "_")
    paths = {key.path for key in recipe_keys()}
    if word in paths:
        return word
    if word in SECTIONS and f"{word}.name" in paths:
        return f"{word}.name"
    ending = [path for path in paths if path.rpartition(".")[2] == word]
    if len(ending) == 1:
        return ending[0]
    synonym = SYNONYMS.get(word)
    return synonym if synonym in paths else None


def close_keys(word: str) -> list[str]:
    """Return the paths of keys whose last part, or a synonym, is spelt much like a word."""
    known = {key.path.rpartition(".")[2]: key.path for key in recipe_keys()} | SYNONYMS
    found = difflib.get_close_matches(word.strip().lower().replace("-", "_"), known, n=3, cutoff=0.7)
    return list(dict.fromkeys(known[name] for name in found))


def explain_key(key: Key) -> str:
    """Return a key in words: what it may be, its default, what it means."""
    default = (
        "none" if key.default == "" else str(key.default).lower() if isinstance(key.default, bool) else key.default
    )
    only = f"\n  belongs to  {', '.join(key.only)}" if key.only else ""
    return f"{key.path}: {key.meaning}\n  expected    {key.expected}\n  default     {default}{only}"
