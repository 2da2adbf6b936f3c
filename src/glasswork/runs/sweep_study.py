"""Study: the trials of a sweep, and the search for the next ones.

space ──grid, random or Optuna's TPE──► next trial ──► runs ──► validation accuracy ──► study.journal, in its folder

The journal is Optuna's, so its own tools can read it. A command that was killed goes on from it.
"""

import shutil
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from glasswork.errors import DivergedError, InputError, StateError, TaskError
from glasswork.recipes.recipe import Recipe, leaves
from glasswork.runs.folder import RunFolder
from glasswork.runs.many import Site, Trained, Wanted, Watch
from glasswork.runs.run import Run
from glasswork.runs.sweep import Keep, Sweep, Trial, run_folder
from glasswork.runs.sweep_optuna import (
    StopIfWorse,
    as_optuna_has,
    as_recipe_has,
    distribution,
    load_optuna,
    open_study,
)
from glasswork.runs.sweep_space import grid_point, random_point
from glasswork.runs.worker import is_seen
from glasswork.statistics import Sample, accuracies_in_words

#: The accuracy that a diverged trial counts as, for the search.
_DIVERGED = 0.0


class Study:
    """The trials of a sweep, kept in ``study.journal``; other processes and machines may read it meanwhile.

    Parameters
    ----------
    sweep : Sweep
    site : Site
        The sweep's folder.

    Raises
    ------
    MissingLibraryError
        If Optuna is not installed.
    InputError
        If the folder holds another sweep.
    StateError
        If trials cannot be pruned, because a worker does not see the folder.
    """

    def __init__(self, sweep: Sweep, site: Site) -> None:
        self.sweep, self.site, self.folder = sweep, site, site.folder
        optuna = load_optuna()
        facts = {**sweep.facts(), "data": site.source(sweep.recipe.data).sha256}
        self.study = open_study(self.folder, create=True)
        seed = sweep.recipe.seed + len(self._frozen())
        self.study.sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=True)
        there = self.study.user_attrs.get("sweep", facts)
        there["recipe"] = Recipe.from_dict(there["recipe"], newer=True).to_dict()  # perhaps of an earlier version
        if facts != there:
            then, now = (dict(leaves(one)) for one in (there, facts))
            differ = ", ".join(name.removeprefix("recipe.") for name in now | then if now.get(name) != then.get(name))
            raise InputError(
                f"{self.folder}: holds a sweep with other {differ}; give the same options to add trials to it, or "
                "choose another --out"
            )
        if sweep.prune and not site.pool.executor.submit(is_seen, str(site.token.absolute())).result():
            raise StateError(
                f"--prune: a worker does not see {self.folder.absolute()}, where trials are compared; share the folder "
                "with the workers, or leave out --prune"
            )
        self.study.set_user_attr("sweep", facts)
        for one in self._frozen():
            if len(one.params) < len(sweep.spaces) and not one.state.is_finished():  # the command was killed in between
                self.study.tell(one.number, state=optuna.trial.TrialState.FAIL)

    def trials(self) -> list[Trial]:
        """Return all trials that were begun."""
        noted = self.study.user_attrs
        return [self._read(one, noted) for one in self._frozen() if one.state.name != "FAIL"]

    def trial(self, number: int) -> Trial:
        """Return one trial."""
        return self._read(self._frozen()[number], self.study.user_attrs)

    def run(self, count: int, *, keep: Keep = "all", watch: Watch = len) -> Iterator[Trial]:
        """Run trials until there are ``count`` of them, and yield each when it has a result.

        Parameters
        ----------
        count : int
            Trials in all, with those that there are.
        keep : {"best", "all", "none"}
            Which trials keep the folders of their runs; "none" keeps the best one, too, which is to be tested.
        watch : callable
            See `Site.train`.

        Raises
        ------
        TaskError
            At the end, if a run failed, but for one that diverged, which is a result. Its trial is tried again by the
            next call.
        """
        waiting: deque[Wanted] = deque()
        for trial in self.trials():
            if trial.state == "running" and not self._settle(trial):
                waiting.extend(self._runs(trial))
        failed = []

        def ready() -> Wanted | None:
            if not waiting and len(self.trials()) < count:
                waiting.extend(self._runs(self._next()))
            return waiting.popleft() if waiting else None

        for trained in self.site.train(ready, watch=watch):
            number, seed = _place_of(trained.wanted.folder)
            if trained.error is not None and not isinstance(trained.error.__cause__, DivergedError):
                failed.append(str(trained.error))
                continue
            trial = self._note(number, seed, trained)
            if trial.state == "running":
                if self.sweep.prune and seed == 1:
                    waiting.extendleft(reversed(self._runs(trial)))
                continue
            if keep != "all":
                self._remove_all_but_best()
            yield trial
        if keep != "all":
            self._remove_all_but_best()
        if failed:
            raise TaskError(f"sweep: {len(failed)} failed; the same command tries them again: {'; '.join(failed)}")

    def winner(self) -> Trial | None:
        """Return the finished trial with the best mean validation accuracy, the first of equals; None if none is."""
        finished = [trial for trial in self.trials() if trial.state == "finished"]
        return max(finished, key=lambda trial: (trial.sample.mean, -trial.number), default=None)

    def test(self, trial: Trial) -> tuple[float, ...]:
        """Look at the test images with the runs of a trial, once; return each run's accuracy, percent."""
        tested = dict(self.study.user_attrs.get("tested", {}))
        if str(trial.number) not in tested:
            found = []
            for seed in range(1, self.sweep.seeds + 1):
                place = run_folder(self.folder, trial.number, seed)
                if RunFolder(place).result().test_accuracy is None:
                    with Run.resume(place) as run:
                        for _ in run.epochs():
                            pass
                found.append(RunFolder(place).result().test_accuracy)
            tested[str(trial.number)] = found
            self.study.set_user_attr("tested", tested)
        return tuple(tested[str(trial.number)])

    def judgement(self) -> list[str]:
        """Return sentences about the winner, whose runs are tested now, unless that was done before."""
        winner, trials = self.winner(), len(self.trials())
        if winner is None:
            return ["No trial was finished, so there is no winner."]
        tested, looks = self.test(winner), len(self.study.user_attrs["tested"])
        validated, count, division = self.study.user_attrs["images"]
        things = self._things
        valid = accuracies_in_words(winner.accuracies, validated, f"validation {things}", division)
        times = "once, for the winner alone" if looks == 1 else f"for {looks} winners, as trials were added"
        chosen = "the only trial" if trials == 1 else f"chosen as the best of {trials}, so it is too optimistic"
        return [
            f"Winner: trial {winner.number}, validation accuracy {valid}; {chosen}.",
            f"Its test accuracy: {accuracies_in_words(tested, count, f'test {things}', division)}.",
            f"The test {things} were looked at {times}.",
        ]

    @property
    def measured(self) -> str:
        """What trials are judged by, in words: ``5,000 validation images, handout split``; empty if none was."""
        validated, _, division = self.study.user_attrs.get("images", (0, 0, ""))
        return f"{validated:,} validation {self._things}, {division}" if validated else ""

    @property
    def _things(self) -> str:
        return self.site.source(self.sweep.recipe.data).things

    def remove(self, number: int) -> None:
        """Remove the runs of a trial; its result stays in the journal."""
        shutil.rmtree(run_folder(self.folder, number, 1).parent, ignore_errors=True)

    def importances(self) -> dict[str, float]:
        """Return the share of each key in the differences between trials, the largest first.

        Each is the part of the variance of the trials' ranks that a random forest explains by the key (functional
        ANOVA, as Optuna has it). With fewer than ten finished or diverged trials, or if all are equal, it is empty.
        """
        optuna = load_optuna()
        done = [one for one in self._frozen() if one.state.name == "COMPLETE"]
        values = sorted(one.value for one in done)
        if len(done) < 10 or values[0] == values[-1]:
            return {}
        ranks = {one.number: float(values.index(one.value)) for one in done}
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
        shares = optuna.importance.get_param_importances(
            self.study, evaluator=evaluator, target=lambda one: ranks[one.number]
        )
        return {key: float(share) for key, share in shares.items()}

    def _frozen(self) -> Sequence[Any]:
        """Return the trials as Optuna has them; they must not be changed."""
        found: Sequence[Any] = self.study.get_trials(deepcopy=False)
        return found

    def _next(self) -> Trial:
        """Begin a trial."""
        sweep, number = self.sweep, len(self._frozen())
        distributions = {space.key: distribution(space) for space in sweep.spaces}
        if sweep.search == "tpe":
            return self.trial(self.study.ask(distributions).number)
        point = (
            grid_point(sweep.spaces, number)
            if sweep.search == "grid"
            else random_point(sweep.spaces, sweep.recipe.seed, number)
        )
        params = {space.key: as_optuna_has(space, point[space.key]) for space in sweep.spaces}
        trials = load_optuna().trial
        running = trials.create_trial(state=trials.TrialState.RUNNING, params=params, distributions=distributions)
        self.study.add_trial(running)
        return self.trial(number)

    def _runs(self, trial: Trial) -> list[Wanted]:
        """Return the runs that a trial needs; if trials are pruned, the first decides whether there will be others."""
        noted = self.study.user_attrs
        seeds = [seed for seed in range(1, self.sweep.seeds + 1) if _key(trial.number, seed) not in noted]
        stop = None
        if self.sweep.prune and 1 in seeds:
            seeds = [1]
            identity = self._frozen()[trial.number]._trial_id
            stop = StopIfWorse(str(self.folder.absolute()), identity, self.sweep.recipe.training.epochs)
        return [
            Wanted(run_folder(self.folder, trial.number, seed), self.sweep.recipe_of(trial, seed=seed), False, stop)
            for seed in seeds
        ]

    def _note(self, number: int, seed: int, trained: Trained) -> Trial:
        """Note the result of a run; return its trial, which may have its result now."""
        if trained.error is not None:
            noted: float | str = str(trained.error.__cause__)
        else:
            result = trained.result
            self.study.set_user_attr("images", [result.validated, result.tested, result.division])
            noted = "pruned" if result.state != "finished" else result.valid_accuracy or 0.0
        self.study.set_user_attr(_key(number, seed), noted)
        trial = self.trial(number)
        self._settle(trial)
        return self.trial(number)

    def _settle(self, trial: Trial) -> bool:
        """Tell Optuna the result of a trial, if it has one and that is not known yet."""
        optuna, noted = load_optuna(), self.study.user_attrs
        found = [noted.get(_key(trial.number, seed)) for seed in range(1, self.sweep.seeds + 1)]
        if found[0] == "pruned":
            self.study.tell(trial.number, state=optuna.trial.TrialState.PRUNED, skip_if_finished=True)
        elif any(isinstance(one, str) for one in found):
            self.study.tell(trial.number, _DIVERGED, skip_if_finished=True)
        elif None not in found:
            self.study.tell(trial.number, Sample.of(found).mean, skip_if_finished=True)
        else:
            return False
        return True

    def _read(self, frozen: Any, noted: Mapping[str, Any]) -> Trial:
        """Return a trial of Optuna's as one of ours."""
        settings = {space.key: as_recipe_has(space, frozen.params[space.key]) for space in self.sweep.spaces}
        found = [noted.get(_key(frozen.number, seed)) for seed in range(1, self.sweep.seeds + 1)]
        accuracies = tuple(one for one in found if isinstance(one, float))
        if frozen.state.name == "PRUNED":
            last = max(frozen.intermediate_values)
            return Trial(frozen.number, settings, "pruned", (frozen.intermediate_values[last],))
        if any(isinstance(one, str) and one != "pruned" for one in found):
            return Trial(frozen.number, settings, "diverged")
        return Trial(frozen.number, settings, "finished" if frozen.state.name == "COMPLETE" else "running", accuracies)

    def _remove_all_but_best(self) -> None:
        """Remove the runs of all trials that have a result, but for those of the best."""
        best = self.winner()
        for trial in self.trials():
            if trial.state != "running" and trial != best:
                self.remove(trial.number)


def _key(number: int, seed: int) -> str:
    """Return the name under which the result of a run is noted: its accuracy, or why there is none."""
    return f"trial-{number} seed-{seed}"


def _place_of(folder: Path) -> tuple[int, int]:
    """Return the number of the trial and the seed of a run's folder."""
    return int(folder.parent.name.removeprefix("trial-")), int(folder.name.removeprefix("seed-"))
