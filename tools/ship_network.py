"""Put the network of a run into the package, in half precision: what ``load_model("record")`` reads.

python tools/ship_network.py RUN
"""

import sys

from glasswork.models.model_file import SHIPPED, read_model_file, save_model


def main() -> None:
    """Write the network of the run that the command line names, with its training images to compare with."""
    read = read_model_file(sys.argv[1])
    path = SHIPPED["record"]
    path.parent.mkdir(exist_ok=True)
    save_model(read.model, path, reference=read.reference, no_reference=read.no_reference, half=True)
    print(f"{path.stat().st_size:>9,} bytes  {path.name}")


if __name__ == "__main__":
    main()
