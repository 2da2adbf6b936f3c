"""Prediction by the same 784-300-100-10 network: glasswork, onnxruntime and PyTorch, in turns, in one process.

Prints one JSON line: seconds for one image and for 10,000, round by round, for each contender.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from glasswork import MLP, ReLU, load_mnist, normalize
from glasswork.interop import to_onnx, to_torch

WIDTHS = (784, 300, 100, 10)


def main(rounds: int) -> None:
    threads = int(os.environ["OMP_NUM_THREADS"])
    torch.set_num_threads(threads)
    model = MLP(WIDTHS[0], WIDTHS[1:-1], WIDTHS[-1], activation=ReLU, output_activation=None)
    images = normalize(load_mnist()[0][-10_000:])
    contenders = {
        "glasswork": model.predict,
        "onnxruntime": ours_in_onnx(model, threads),
        "torch": ours_in_torch(model),
    }
    answers = [predict(images) for predict in contenders.values()]
    assert all(np.array_equal(answers[0], other) for other in answers[1:])
    seconds: dict[str, dict[str, list[float]]] = {name: {"one": [], "many": []} for name in contenders}
    one = images[:1]
    for _ in range(rounds + 1):
        for name, predict in contenders.items():
            seconds[name]["one"].append(clock(lambda predict=predict: predict(one), 1000))
            seconds[name]["many"].append(clock(lambda predict=predict: predict(images), 5))
    print(json.dumps({name: {size: times[1:] for size, times in sizes.items()} for name, sizes in seconds.items()}))


def clock(call: Callable[[], object], times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - start) / times


def ours_in_onnx(model: MLP, threads: int) -> Callable[[np.ndarray], np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        to_onnx(model, path)
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda images: session.run(None, {"images": images})[0].argmax(axis=1)


def ours_in_torch(model: MLP) -> Callable[[np.ndarray], np.ndarray]:
    network = to_torch(model)

    def predict(images: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return network(torch.from_numpy(images)).argmax(1).numpy()

    return predict


if __name__ == "__main__":
    main(int(sys.argv[1]))
