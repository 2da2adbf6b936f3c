"""``glasswork committee``: several networks answer together."""

from pathlib import Path
from typing import Annotated

import typer

from glasswork.cli.options import Debug, Force, Jobs, OnCluster, command, run_path
from glasswork.paths import for_shell, typed_path


def committee(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[RUN]...",
            help="Two or more finished runs, or a folder of runs.",
            parser=run_path,
            show_default=False,
        ),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Train the members: a recipe's name, a TOML file, or a run's folder."),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=2, help="With --recipe: how many members, with the seeds 1, 2, ...")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Change a key of the recipe, as --KEY VALUE does (repeatable)."
        ),
    ] = None,
    jobs: Jobs = None,
    cluster: OnCluster = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR|FILE",
            help="A new folder, which every command takes as a run; or a model file alone, .safetensors.",
            show_default="runs/<date>-committee; with --recipe, the folder of all runs and the committee",
            parser=typed_path,
        ),
    ] = None,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Make a committee of runs: its answer is the mean of their probabilities.

    evaluate, predict, report and export take a committee as they take a run.

    Examples:

    glasswork committee runs/relu-1 runs/relu-2 runs/relu-3

    glasswork committee --recipe relu --seeds 5 --epochs 10

    glasswork predict runs/relu-seeds/committee seven.jpg
    """
    from glasswork.cli.compare import names_of
    from glasswork.cli.seeds import train_many
    from glasswork.cli.train import changed_recipe, kept_data
    from glasswork.data.kinds import noun
    from glasswork.models.model_file import save_model
    from glasswork.outputs import check_output
    from glasswork.runs.committee import Standing, gather_committee, write_committee
    from glasswork.runs.folder import RunFolder, find_runs, free_folder

    if (recipe is None) == (not runs) or (recipe is None) != (seeds is None):
        raise typer.BadParameter("expected runs, or --recipe and --seeds", param_hint="RUN")
    if recipe is not None:
        wanted, old, changes = changed_recipe(recipe, settings or [])
        data = kept_data(old, changes)
        runs = train_many(wanted, seeds or 2, out, jobs=jobs, cluster=cluster, dataset=data)
        out = runs[0].parent / "committee"
    elif settings or jobs or cluster:
        raise typer.BadParameter(
            "these options are for --recipe, which trains", param_hint="--set, --jobs or --cluster"
        )
    places = [
        found
        for run in runs or []
        for found in (
            [run]
            if RunFolder(run).exists() or not run.is_dir()
            else [one.path for one in find_runs(run) if not one.result().members]
        )
    ]
    if len({place.resolve() for place in places}) < len(places):
        raise typer.BadParameter("expected each run once", param_hint="RUN")
    members = dict(zip(names_of(places), map(RunFolder, places), strict=True))
    alone = out is not None and out.suffix == ".safetensors"
    if alone and out is not None:
        check_output(out, places, force=force)
        place = out
    else:
        place = free_folder(out, "committee").path
    file, parts = gather_committee(members)
    if alone:
        save_model(file.model, place, reference=file.reference, no_reference=file.no_reference)
    else:
        write_committee(place, file, parts, members)
    print(f"{file.model}")
    print(f"Accuracy on {len(parts.test):,} test {noun(parts.kind)}, {parts.division}:")
    print("\n".join(Standing.of(file, parts.test).in_words()))
    print(f"Saved to {place}. Next:")
    what = "TABLE.csv" if parts.kind == "features" else "IMAGES"
    for verb in (f"predict {for_shell(place)} {what}", *([] if alone else [f"report {for_shell(place)} --open"])):
        print(f"  {command()} {verb}")
