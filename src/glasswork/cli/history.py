"""``glasswork history``: the classic results on MNIST, trained again."""

from pathlib import Path
from typing import Annotated

import typer

from glasswork.cli.ladder import Engine, climb_and_tell
from glasswork.cli.options import Debug, Jobs, OnCluster


def history(
    seeds: Annotated[int, typer.Option(min=1, help="Runs for each network.")] = 1,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Epochs for every network, for a quick look.", show_default="each one's")
    ] = None,
    engine: Engine = "auto",
    jobs: Jobs = None,
    cluster: OnCluster = None,
    out: Annotated[Path, typer.Option(help="Folder for the runs and the table.")] = Path("runs/history"),
    debug: Debug = False,
) -> None:
    """Train the networks of classic papers, from LeCun 1998 to Cireşan 2010, and set our errors beside theirs.

    This takes hours on one core. You can stop it at any time: the same command then resumes the runs that are not
    finished.
    """
    from glasswork.files import write_whole
    from glasswork.runs.classics import recipes, table
    from glasswork.runs.ladder_table import summarize

    folder = out if epochs is None else out / f"{epochs}-epochs"
    networks = recipes(epochs=epochs, engine=engine)
    climb_and_tell(networks, folder, "network", "official split", seeds=seeds, jobs=jobs, cluster=cluster)
    found = table(summarize(networks, folder, seeds=seeds))
    write_whole(folder / "history.md", found.encode())
    print(f"\n{found}\nWritten to {folder / 'history.md'}")
