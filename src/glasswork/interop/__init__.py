"""Networks of glasswork as other libraries run them.

    MLP ──to_onnx──► a file for onnxruntime and its kin
        ──to_torch─► a torch.nn.Sequential

All of them take images as the network's first layer does: floats from -1 to 1, see `glasswork.normalize`. What only
acts in training, dropout and noise, is left out.
"""

from glasswork.interop.onnx import to_onnx
from glasswork.interop.torch import to_torch

__all__ = ["to_onnx", "to_torch"]
