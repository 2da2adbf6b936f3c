"""
How do I use my network from JavaScript?
========================================

Export it as ONNX, and run it with onnxruntime, in Node or in a browser. Most wrong answers in JavaScript come from
pixels that are prepared differently than in training. Here the file itself prepares them: it takes pixels from 0 to
255, as a canvas has them.
"""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from glasswork import MLP, AdamW, Batches, CrossEntropyLoss, ReLU, fit, load_mnist
from glasswork.interop import export

images, labels = load_mnist()
model = MLP(784, 50, 10, activation=ReLU, output_activation=None, seed=1)
optimizer = AdamW(model.parameters(), model.gradients(), lr=0.002)
for _ in fit(
    model,
    Batches(images[:5000], labels[:5000], 100, seed=1),
    None,
    optimizer,
    CrossEntropyLoss(),
    epochs=4,
):
    pass

# %%
# Python writes the file
# ----------------------
# After writing it, ``export`` asks the file about some images, and compares its answers with the network's.

folder = Path(tempfile.mkdtemp())
shown = images[60000:60006]
written = export(model, folder / "digits.onnx", rows=images[60000:61000])
print(
    f"{written.path.name} gives {written.same_labels:,} of 1,000 images the same label as the network"
)
(folder / "pixels.json").write_text(json.dumps(shown.tolist()))

# %%
# JavaScript reads it
# -------------------
# In a web page, ``InferenceSession.create`` takes the address of the file, and the pixels come from a canvas. The label
# is a whole number of 64 bits, which JavaScript calls a BigInt.

program = """
import { readFile } from "node:fs/promises";
import * as ort from "onnxruntime-web";

const pixels = JSON.parse(await readFile("pixels.json", "utf8"));
const session = await ort.InferenceSession.create(await readFile("digits.onnx"));
const images = new ort.Tensor("float32", Float32Array.from(pixels.flat()), [pixels.length, 784]);
const { label, probabilities } = await session.run({ images });
console.log(JSON.stringify({ label: Array.from(label.data, Number), probabilities: Array.from(probabilities.data) }));
"""
(folder / "ask.mjs").write_text(program)


def run_javascript():
    """Return what JavaScript answers; None where Node or the package onnxruntime-web cannot be had."""
    if not (shutil.which("node") and shutil.which("npm")):
        return None
    npm = [
        "npm",
        "install",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--prefer-offline",
        "--fetch-retries=0",
    ]
    got = subprocess.run([*npm, "onnxruntime-web"], cwd=folder, capture_output=True, check=False)
    if got.returncode:
        return None
    done = subprocess.run(
        ["node", "ask.mjs"], cwd=folder, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


answers = run_javascript()
ours = model.probabilities(shown)
if answers is None:
    print("JavaScript was not run: Node, npm or the package onnxruntime-web could not be found.")
    theirs = None
else:
    theirs = np.array(answers["probabilities"]).reshape(ours.shape)
    assert answers["label"] == model.predict(shown).tolist()
    print(
        f"JavaScript gives the same labels; probabilities differ by at most {np.abs(ours - theirs).max():.1e}"
    )

# %%
# Side by side
# ------------
# Below each image are the probabilities of the ten digits: the two bars of a digit are of equal height.

figure, axes = plt.subplots(2, 6, figsize=(10, 3.4), layout="constrained", height_ratios=(1, 1.2))
for k in range(6):
    axes[0, k].imshow(shown[k].reshape(28, 28), cmap="gray_r")
    axes[1, k].bar(np.arange(10) - 0.2, ours[k], width=0.4, color="#0072b2", label="Python")
    if theirs is not None:
        axes[1, k].bar(
            np.arange(10) + 0.2, theirs[k], width=0.4, color="#e69f00", label="JavaScript"
        )
    axes[0, k].set(xticks=[], yticks=[])
    axes[1, k].set(xticks=range(10), yticks=[], ylim=(0, 1))
axes[1, 0].legend(fontsize=8)
plt.show()
