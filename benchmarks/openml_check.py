"""Is the MNIST that comes with glasswork, bit for bit, the ``mnist_784`` of OpenML? Needs the network.

    python benchmarks/openml_check.py [name]

Ends with status 0 if images and labels are identical, 1 if not or if OpenML cannot be reached.
"""

import sys

import numpy as np

from glasswork.data import load_mnist
from glasswork.data.sources.openml import load_openml
from glasswork.errors import GlassworkError


def main() -> int:
    name = sys.argv[1] if len(sys.argv) > 1 else "mnist_784"
    try:
        fetched = load_openml(name)
    except GlassworkError as error:
        print(error, file=sys.stderr)
        return 1
    same = True
    for what, ours, theirs in zip(("images", "labels"), load_mnist(), fetched, strict=True):
        identical = ours.dtype == theirs.dtype and np.array_equal(ours, theirs)
        same &= identical
        print(f"{what}: embedded {ours.shape} {ours.dtype}, OpenML {theirs.shape} {theirs.dtype}: ", end="")
        print("identical" if identical else "NOT identical")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
