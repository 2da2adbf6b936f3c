"""Distorting images, image by image, with the same settings: ours, SciPy's and torchvision's; and steps of a training.

A contender's ``train(1)`` distorts a thousand images of MNIST in batches of 250, or trains on four such batches.
"""

import importlib.util
import os
import re
from pathlib import Path

import numpy as np
from scipy import ndimage

from glasswork import MLP, AdamW, Augmentation, Batches, CrossEntropyLoss, load_mnist
from glasswork.engine.compiled.engine import CompiledEngine
from glasswork.engine.compiled.sampling import sampler
from glasswork.engine.contract import NO_LIMIT

IMAGES, BATCH = 1000, 250
ROTATION, SCALE, SHEAR, SHIFT, ELASTIC, SMOOTHNESS = 15.0, 0.15, 0.15, 0.5, 1.2, 4.0
AUGMENT = Augmentation(rotation=ROTATION, scale=SCALE, shear=SHEAR, shift=SHIFT, elastic=ELASTIC, smoothness=SMOOTHNESS)


def loader(**options) -> Batches:
    images, labels = load_mnist()
    return Batches(images[:IMAGES], labels[:IMAGES], BATCH, seed=1, shape=(28, 28), **options)


class InNumpy:
    sample: tuple = ()

    def __init__(self, work: str) -> None:
        self.loader, self.epoch = loader(augment=AUGMENT), 0

    def train(self, epochs: int) -> None:
        for _ in range(epochs):
            self.epoch += 1
            order = self.loader.order(self.epoch)
            for start in range(0, IMAGES, BATCH):
                self.loader.distorted(order[start : start + BATCH], self.epoch, *self.sample)

    def test(self) -> float:
        return float("nan")


class Compiled(InNumpy):
    def __init__(self, work: str) -> None:
        super().__init__(work)
        self.sample = (sampler(int(os.environ["NUMBA_NUM_THREADS"]), self.loader.dtype),)


class Steps(InNumpy):
    """Steps of the record's network: 784-2048-1024-512-10, batch normalisation, ReLU, AdamW."""

    def __init__(self, work: str) -> None:
        self.loader = loader()
        model = MLP(784, (2048, 1024, 512), 10, activation="relu", output_activation=None, batch_norm=True)
        optimizer = AdamW(model.parameters(), model.gradients(), 0.002, weight_decay=0.1)
        self.engine = CompiledEngine(model, optimizer, CrossEntropyLoss(label_smoothing=0.05))

    def train(self, epochs: int) -> None:
        for _ in range(epochs):
            for chunk in self.engine.batches(self.loader, lambda: NO_LIMIT):
                self.engine.step(chunk)


class Scipy(InNumpy):
    """A Gaussian filter and ``map_coordinates`` for each image."""

    def __init__(self, work: str) -> None:
        self.images = load_mnist()[0][:IMAGES].reshape(-1, 28, 28).astype(np.float32)
        self.rng = np.random.default_rng(0)
        self.kernel = "none"

    def train(self, epochs: int) -> None:
        rng, spread = self.rng, np.float32(4 * np.pi) ** 0.5 * SMOOTHNESS  # of smoothed uniform numbers, inverted
        rows, columns = np.mgrid[:28, :28].astype(np.float32) - 13.5
        for _ in range(epochs):
            for image in self.images:
                turn, tall, wide = np.radians(rng.uniform(-ROTATION, ROTATION)), *rng.uniform(1 - SCALE, 1 + SCALE, 2)
                cosine, sine, shear = np.cos(turn), np.sin(turn), rng.uniform(-SHEAR, SHEAR)
                x = cosine * wide * columns + (shear - sine * tall) * rows + 13.5 + rng.uniform(-SHIFT, SHIFT)
                y = sine * wide * columns + cosine * tall * rows + 13.5 + rng.uniform(-SHIFT, SHIFT)
                noise = rng.uniform(-1, 1, (2, 28, 28)).astype(np.float32)
                field = ndimage.gaussian_filter(noise, (0, SMOOTHNESS, SMOOTHNESS)) * (3**0.5 * ELASTIC * spread)
                moved = ndimage.map_coordinates(image, (y + field[1], x + field[0]), order=1, mode="grid-constant")
                moved /= 127.5
                moved -= 1


def _declare_operators() -> None:
    """Declare the operators that torchvision expects of its own library, if that cannot be loaded beside torch.

    A torchvision that was built for CUDA has none beside a torch for CPUs, and is not even imported. Transforms call
    none of these operators.
    """
    import torch

    folder = Path(importlib.util.find_spec("torchvision").origin).parent
    try:
        torch.ops.load_library(folder / "_C.so")
    except OSError:
        text = "".join(path.read_text() for path in folder.glob("_*_registrations.py"))
        library = torch.library.Library("torchvision", "DEF")
        for name in sorted(set(re.findall(r'(?:register_meta\("|torchvision::)(\w+)', text))):
            library.define(f"{name}(Tensor x) -> Tensor")
        _declared.append(library)  # they vanish with it


_declared: list[object] = []


class Torchvision(InNumpy):
    """``RandomAffine`` and ``ElasticTransform`` of torchvision's transforms v2, bilinear."""

    def __init__(self, work: str) -> None:
        import torch

        _declare_operators()
        from torchvision.transforms import InterpolationMode, v2

        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        self.kernel = f"PyTorch's own, {torch.backends.cpu.get_cpu_capability()}"
        self.images = torch.from_numpy(load_mnist()[0][:IMAGES].reshape(-1, 1, 28, 28))
        bilinear = InterpolationMode.BILINEAR
        affine = {"translate": (SHIFT / 28, SHIFT / 28), "scale": (1 - SCALE, 1 + SCALE), "shear": np.degrees(SHEAR)}
        self.change = v2.Compose([
            v2.RandomAffine(ROTATION, **affine, interpolation=bilinear),
            v2.ElasticTransform(alpha=34.0, sigma=SMOOTHNESS, interpolation=bilinear),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize([0.5], [0.5]),
        ])  # fmt: skip

    def train(self, epochs: int) -> None:
        for _ in range(epochs):
            for image in self.images:
                self.change(image)
