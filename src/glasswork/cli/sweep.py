"""``glasswork sweep``: search the values of a recipe's keys, judged by the validation images."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from glasswork.cli.many import at_once, counted, site_with_bar
from glasswork.cli.options import Debug, FigureFormat, Format, Jobs, OnCluster, command
from glasswork.paths import for_shell, typed_path

if TYPE_CHECKING:
    from glasswork.runs.sweep_study import Study

#: Trials unless told otherwise, if the grid does not say how many there are.
_TRIALS = 20

#: Trials in the printed table.
_SHOWN = 10


def sweep(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A recipe's name, a TOML file, or a run's folder.")],
    over: Annotated[
        list[str],
        typer.Option(
            metavar="KEY=SPACE",
            help="A key and its values (repeatable): log:1e-4..1, 0.1..0.9, int:10..100, relu,tanh or [50],[300,100].",
        ),
    ],
    trials: Annotated[
        int | None,
        typer.Option(min=1, help="Trials in all; more can be added later.", show_default=f"the grid's, or {_TRIALS}"),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each trial.")] = 1,
    search: Annotated[
        Literal["grid", "random", "tpe"] | None,
        typer.Option(
            help="grid: all combinations. random: independent points. tpe: Optuna's, which learns from earlier trials.",
            show_default="grid if all values are listed, else tpe",
        ),
    ] = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Stop trials that are worse than the median at some epoch.")
    ] = False,
    keep: Annotated[Literal["best", "all", "none"], typer.Option(help="Trials whose runs are kept.")] = "best",
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Change a key of the recipe, as --KEY VALUE does (repeatable)."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the sweep.", show_default="runs/sweep-<recipe>", parser=typed_path),
    ] = None,
    jobs: Jobs = None,
    cluster: OnCluster = None,
    figure_format: FigureFormat = "png",
    debug: Debug = False,
) -> None:
    """Search the values of a recipe's keys: many trials, judged by the validation images; the winner is tested once.

    You can stop it at any time: the same command continues it. With a higher --trials, it adds trials.

    Examples:

    glasswork sweep relu --over learning_rate=log:1e-3..1 --over hidden=[50],[300,100] --epochs 10

    glasswork sweep deep --over lr=log:1e-4..1e-1 --over dropout=0..0.5 --trials 40 --prune
    """
    from glasswork.cli.train import changed_recipe, kept_data
    from glasswork.recipes.differences import in_words
    from glasswork.runs.sweep import Sweep
    from glasswork.runs.sweep_optuna import load_optuna
    from glasswork.runs.sweep_space import check_spaces, grid_size, parse_space
    from glasswork.runs.sweep_study import Study
    from glasswork.runs.sweep_table import outcome

    wanted, old, changes = changed_recipe(recipe, settings or [])
    spaces = tuple(parse_space(text) for text in over)
    check_spaces(wanted, spaces)
    listed = all(space.values for space in spaces)
    search = search or ("grid" if listed else "tpe")
    most = grid_size(spaces) if search == "grid" else None
    count = min(trials or most or _TRIALS, most or trials or _TRIALS)
    asked = Sweep(wanted, spaces, search, seeds, prune)
    load_optuna()  # before anything is printed, if it is missing
    folder = out or Path("runs") / f"sweep-{wanted.name}"
    each = "" if seeds == 1 else f", {seeds} seeds each"
    print(
        f"{wanted.name}: {counted(count, 'trial')} by {search} search{each}, {at_once(jobs, cluster)}; the sweep is in "
        f"{folder}"
    )
    for space in spaces:
        print(f"  {space.key} = {space.text}", flush=True)
    start = time.monotonic()
    data = kept_data(old, changes)
    with site_with_bar(folder, count, jobs=jobs, cluster=cluster, dataset=data) as (site, bar):
        study = Study(asked, site)
        before = sum(trial.state != "running" for trial in study.trials())
        bar.note(before)
        for done, trial in enumerate(study.run(count, keep=keep, watch=bar.watch), start=before + 1):
            bar.note(done)
            minutes = (time.monotonic() - start) / 60
            what = f"trial {trial.number}: {in_words(trial.settings)}: {outcome(trial)}"
            print(f"{done:>3}/{count}  {what}  ({minutes:.1f} min)", flush=True)
        _conclude(study, folder, figure_format)
        if keep == "none" and (winner := study.winner()) is not None:
            study.remove(winner.number)


def _conclude(study: "Study", folder: Path, figure_format: Format) -> None:
    """Test the winner; print and write the result."""
    from glasswork.files import write_whole
    from glasswork.runs.sweep_figures import draw_sweep
    from glasswork.runs.sweep_table import markdown, mattered, ranked, table

    trials, winner = study.trials(), study.winner()
    judgement = [*study.judgement(), *mattered(study.importances())]
    if winner is not None:
        recipe = study.sweep.recipe_of(winner, name=f"{study.sweep.recipe.name[:70]}-winner")
        write_whole(folder / "winner.toml", recipe.to_toml().encode())
    write_whole(folder / "sweep.md", markdown(study.sweep, trials, judgement, study.measured).encode())
    print(f"\n{table(study.sweep, ranked(trials)[:_SHOWN])}\n", *judgement, sep="\n", flush=True)
    draw_sweep(study.sweep, trials, folder / "figures", figure_format, measured=study.measured)
    print(f"All trials: {folder / 'sweep.md'}; figures: {folder / 'figures'}")
    if winner is not None:
        print(f"Next:\n  {command()} train {for_shell(folder / 'winner.toml')}")
