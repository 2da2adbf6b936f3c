"""Keep a run's figures with its recipe, since folders of runs and machines do not last.

python benchmarks/keep.py RUN FILE.json [quiet]       quiet: nothing else was running on the machine
"""

import json
import platform
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from glasswork.cores import granted_cores
from glasswork.version import __version__

KEPT = ("test_accuracy", "valid_accuracy", "tested", "validated", "epochs", "parameters", "seconds", "engine", "split")


def main() -> None:
    """Write the file."""
    run, path = map(Path, sys.argv[1:3])
    load = "quiet" if sys.argv[3:] == ["quiet"] else "shared with other work"
    result = json.loads((run / "result.json").read_text())
    facts = {key: result[key] for key in KEPT}
    facts["test_accuracy"] = round(facts["test_accuracy"], 2)
    facts |= {
        "finished": datetime.fromtimestamp((run / "model.safetensors").stat().st_mtime, UTC).date().isoformat(),
        "machine": f"{platform.system()} {platform.machine()}, {granted_cores()} cores, {load}",
        "versions": {"glasswork": __version__, "python": platform.python_version(), "numpy": np.__version__},
        "recipe": tomllib.loads((run / "recipe.toml").read_text()),
    }
    path.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
