"""How the gallery is built from the scripts in docs/gallery: their order, and the figures that they show."""

from pathlib import Path
from weakref import WeakSet

from sphinx_gallery.scrapers import figure_rst

#: The examples, from the first network to other programs.
ORDER = (
    "plot_xor", "plot_loss_surface", "plot_momentum", "plot_dead_relus", "plot_own_layer", "plot_overfitting",
    "plot_calibration", "plot_smudges", "plot_letters", "plot_wine", "plot_committee", "plot_sweep",
    "plot_onnx_javascript", "plot_killed_and_resumed", "plot_grading",
)  # fmt: skip

_saved = WeakSet()  # figures that were saved: a block's last value is still there in the next block


class Order:
    """Sorts the examples as `ORDER` lists them."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, name):
        return ORDER.index(Path(name).stem)


def figures(block, variables, config):
    """Save the figure of glasswork that is the last value of a block, as a notebook shows it."""
    shown = variables["example_globals"].get("___")
    if not hasattr(shown, "_repr_png_") or shown in _saved:
        return ""
    _saved.add(shown)
    path = Path(next(variables["image_path_iterator"]))
    path.write_bytes(shown._repr_png_())
    return figure_rst([str(path)], config["src_dir"])
