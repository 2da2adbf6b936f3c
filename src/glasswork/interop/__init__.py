"""Networks of glasswork in the formats of other libraries.

    MLP ──to_onnx──► a file for onnxruntime and similar programs
        ──to_torch─► a torch.nn.Sequential

All of them take the numbers that the network's first layer takes: floats from -1 to 1, see `glasswork.normalize`.
Layers that act only in training, such as dropout and noise, are left out.
"""

from glasswork.interop.onnx import to_onnx
from glasswork.interop.torch import to_torch

__all__ = ["to_onnx", "to_torch"]
