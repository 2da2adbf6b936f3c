"""Networks of glasswork in the formats of other libraries.

    ONNX, PyTorch, Keras, scikit-learn, and what export wrote ──load──► MLP

    MLP ──export───► a file for ONNX, C, Python or PyTorch, with its preprocessing where the format can hold it
        ──to_onnx──► the layers alone, for onnxruntime and similar programs
        ──to_torch─► a torch.nn.Sequential

What is bare takes the numbers that the network's first layer takes: ``model.prepared(rows)``.
Layers that act only in training, such as dropout and noise, are left out.
"""

from glasswork.interop.export import Exported, export
from glasswork.interop.load import load
from glasswork.interop.onnx import to_onnx
from glasswork.interop.torch import to_torch

__all__ = ["Exported", "export", "load", "to_onnx", "to_torch"]
