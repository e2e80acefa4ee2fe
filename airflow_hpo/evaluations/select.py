"""Selection of candidates: the best trials of a study with the champion, and then the finalist among them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from airflow_hpo.comparison.finalists import Selection, select
from airflow_hpo.comparison.order import order_of
from airflow_hpo.comparison.rule import Dependence
from airflow_hpo.core.budget import End
from airflow_hpo.core.declared import fingerprint
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.evaluation import CHAMPION, Candidate
from airflow_hpo.core.feasibility import Limits
from airflow_hpo.core.objective import Direction
from airflow_hpo.core.progress import own_trials, results_known, taken_over
from airflow_hpo.core.space.completion import changes, completed, lacking_sentence
from airflow_hpo.core.space.parameter import Choice, same_params
from airflow_hpo.core.space.space import Space
from airflow_hpo.core.trial import TrialRecord, TrialState
from airflow_hpo.evaluations.run import evaluations_frame, require_end
from airflow_hpo.exceptions import ComparisonError, ParameterSetNotFoundError
from airflow_hpo.storage import evaluations, parameter_sets
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies.store import Store

_NO_END = (
    "Candidates are selected from a study that has ended, but {edition!r} has not. {state} Clear its task finish, or the task "
    "that ended too early with everything downstream."
)


@dataclass(frozen=True, slots=True)
class Shortlist:
    """Candidates that are evaluated under the same conditions."""

    candidates: list[Candidate]
    """Challengers, best of the study first, then the champion when there is one."""
    remarks: list[str]
    """What people should know of how they were chosen."""
    kept: str | None = None
    """Why the champion stays without any comparison: no other trial is complete; None when there is a challenger."""


@retried
def shortlist(
    store: Store,
    edition: str | Mapping[str, str],
    k: int = 3,
    parameter_set: str | None = None,
    defaults: Mapping[str, Choice] | None = None,
) -> Shortlist:
    """Return the best trials of a study, or of each of several editions by the name of its window, and the champion.

    A trial with the champion's own parameters is no challenger; the next best takes its place. What the champion
    lacks is taken from the defaults, which are the edition's own unless others are given.
    """
    names = {"": edition} if isinstance(edition, str) else edition
    tuned = {window: _Tuned.read(store, name, window, k) for window, name in names.items()}
    first = next(iter(tuned.values()))
    study, alone = first.edition.study, first.records if len(tuned) == 1 else []
    defaults = study.space_defaults if defaults is None else defaults
    champion, remarks = _champion(store, parameter_set, alone, study.space, defaults)
    found = {window: each.challengers(champion) for window, each in tuned.items()}
    remarks += [remark for each in tuned.values() for remark in each.remarks(champion)]
    challengers = [each for those in found.values() for each in those]
    of = " or ".join(repr(name) for name in names.values())
    if not challengers and champion and any(each.same_as(champion) for each in tuned.values()):
        kept = (
            f"Keep version {champion.version} of {parameter_set!r}: no trial of {of} with other parameters is complete, "
            f"so there is nothing to compare it with. {first.edition.reason or ''}"
        )
        return Shortlist([champion], remarks, kept.rstrip())
    infeasible = " ".join(each.infeasible for each in tuned.values() if each.infeasible)
    if not challengers and champion and infeasible:
        kept = f"Keep version {champion.version} of {parameter_set!r}: nothing else may take its place. {infeasible}"
        return Shortlist([champion], remarks, kept)
    if not challengers and infeasible:
        raise ComparisonError(
            f"A challenger keeps every constraint, but of {of} none does. {infeasible} Widen a limit."
        )
    if not challengers:
        raise ComparisonError(
            f"A challenger is a complete trial with other parameters than the champion's, but {of} has none. "
            "Look at its trials, or tune more of them."
        )
    if len(tuned) > 1:
        remarks += [f"{window} has no challenger." for window, those in found.items() if not those]
    return Shortlist([*challengers, *([champion] if champion else [])], remarks)


@dataclass(frozen=True, slots=True)
class _Tuned:
    """An edition that has ended, with its trials."""

    edition: Edition
    records: Sequence[TrialRecord]
    window: str
    k: int
    best: Sequence[TrialRecord]
    """One feasible trial more than ``k``, of which one may have the champion's parameters."""
    infeasible: str | None
    """That no trial is feasible although some are complete; None otherwise."""

    @classmethod
    def read(cls, store: Store, name: str, window: str, k: int) -> Self:
        found = store.edition(name)
        if not found.ended:
            raise ComparisonError(_NO_END.format(edition=name, state=found.reason or "It goes on."))
        records = store.optuna.records(name)
        limits = Limits.of(found.study.metric_constraints, records)
        results, objective = _results(found, records), found.study.objective
        least = limits.least_infeasible(results)
        said = limits.none_feasible(least, objective.metric) if least else None
        return cls(found, records, window, k, best_trials(limits.kept_by(results), objective.direction, k + 1), said)

    def same_as(self, champion: Candidate | None) -> list[TrialRecord]:
        return [t for t in self.best if champion and same_params(t.params, champion.params)]

    def others(self, champion: Candidate | None) -> list[TrialRecord]:
        return [t for t in self.best if not champion or not same_params(t.params, champion.params)][: self.k]

    def challengers(self, champion: Candidate | None) -> list[Candidate]:
        return [_challenger(self.edition.name, t, self.window) for t in self.others(champion)]

    def remarks(self, champion: Candidate | None) -> list[str]:
        same = [trial_name(t.number, self.window) for t in self.same_as(champion)]
        return [
            *(f"{name.capitalize()} has the champion's parameters and is left out." for name in same),
            *(
                f"{trial_name(t.number, self.window).capitalize()} was {t.known}."
                for t in self.others(champion)
                if t.known
            ),
        ]


def best_trials(trials: Iterable[TrialRecord], direction: Direction, k: int) -> list[TrialRecord]:
    """Return the best complete trials with different parameters, best first; the earlier of equals."""
    sign = 1.0 if direction is Direction.MINIMIZE else -1.0
    complete = [t for t in trials if t.state is TrialState.COMPLETE and t.value is not None]
    unique: dict[str, TrialRecord] = {}
    for trial in sorted(complete, key=lambda t: (sign * (t.value or 0.0), t.number)):
        unique.setdefault(fingerprint(trial.params), trial)
    return list(unique.values())[:k]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Who meets the champion, and how it came to that."""

    candidates: list[Candidate]
    """Challengers, best of the new evaluation first and window by window, then the champion when there is one."""
    selections: Mapping[str, Selection]
    """How they were chosen, by the name of their window; the name is empty where there was one."""


@retried
def choose(store: Store, evaluation: str, challengers: int = 1) -> Chosen:
    """Return the challengers that were best when they were measured again, of each window as many, and the champion."""
    require_end(store, evaluation)
    plan = store.read(evaluations.get, evaluation).plan
    champion = next((each for each in plan.candidates if each.role == CHAMPION), None)
    frame = evaluations_frame(store, [evaluation])
    order = order_of(plan.scenarios, Dependence.AUTO)
    windows = dict.fromkeys(_window_of(each) for each in plan.candidates if each.role != CHAMPION)
    selections = {
        window: select(
            frame,
            _observed(store, plan.candidates, window, champion),
            plan.objective,
            champion=champion.name if champion else None,
            order=order,
        )
        for window in windows
    }
    measured = {
        window: [finalist.candidate for finalist in found.finalists if math.isfinite(finalist.mean)]
        for window, found in selections.items()
    }
    if not any(measured.values()):
        raise ComparisonError(
            f"A challenger needs results in most scenarios, but none of {len(plan.candidates) - bool(champion)} has them in "
            f"{evaluation!r}. Look at the failed evaluations' logs, then clear them."
        )
    chosen = [plan.candidate(name) for names in measured.values() for name in names[:challengers]]
    if len(windows) > 1:
        chosen = _found_once(chosen)
    return Chosen([*chosen, *([champion] if champion else [])], selections)


def _found_once(challengers: Iterable[Candidate]) -> list[Candidate]:
    """Return each challenger once, with all windows that found it: twice, it would cost the others certainty."""
    found: list[Candidate] = []
    for each in challengers:
        place = next((place for place, one in enumerate(found) if same_params(one.params, each.params)), None)
        if place is None:
            found.append(each)
        else:
            windows = [*found[place].windows, *each.windows]
            found[place] = found[place].model_copy(update={"windows": windows})
    return found


def _window_of(candidate: Candidate) -> str:
    return candidate.windows[0] if candidate.windows else ""


def _results(edition: Edition, records: Sequence[TrialRecord]) -> list[TrialRecord]:
    """Return what a study has found or knew; a grid of before that had nothing left to measure has found what it took over."""
    found = results_known(records)
    return taken_over(records) if not found and edition.end is End.EXHAUSTED else found


def _champion(
    store: Store,
    parameter_set: str | None,
    records: Sequence[TrialRecord],
    space: Space,
    defaults: Mapping[str, Choice],
) -> tuple[Candidate | None, list[str]]:
    if parameter_set is None:
        return None, []
    try:
        version = store.read(parameter_sets.version_in_use, parameter_set)
    except ParameterSetNotFoundError:
        return None, [f"Nothing is in use yet for {parameter_set!r}, so there is no champion."]
    who, whole = f"Version {version.version} of {parameter_set!r}", completed(space, version.params, defaults)
    if whole.lacking:
        raise ComparisonError(lacking_sentence(who, whole, space))
    candidate = Candidate(
        CHAMPION,
        whole.params,
        added=whole.added,
        left_out=whole.left_out,
        parameter_set=parameter_set,
        version=version.version,
        value=_value_of(records, whole.params),
    )
    return candidate, list(changes(who, whole, space))


def _value_of(records: Sequence[TrialRecord], params: Mapping[str, Choice]) -> float | None:
    """Return what a study measured of some parameters, else what it took over."""
    found = [*own_trials(records), *results_known(records)]
    values = (t.value for t in found if t.state is TrialState.COMPLETE and same_params(t.params, params))
    return next(values, None)


def trial_name(number: int, window: str = "") -> str:
    """Return what tables and reports call a trial, with its window where there are several."""
    return f"trial {number} of {window}" if window else f"trial {number}"


def _challenger(edition: str, trial: TrialRecord, window: str) -> Candidate:
    name = trial_name(trial.number, window)
    return Candidate(
        name, trial.params, study=edition, number=trial.number, value=trial.value, windows=[window] if window else []
    )


def _observed(
    store: Store, candidates: Sequence[Candidate], window: str, champion: Candidate | None
) -> dict[str, float]:
    """Return what the study of a window measured of its challengers, and of the champion."""
    those = [each for each in candidates if each.role != CHAMPION and _window_of(each) == window]
    unknown = [each.name for each in those if each.value is None]
    if unknown:
        raise ComparisonError(
            f"How much a challenger was overstated needs the study's value, but {unknown[0]!r} has none. "
            "Take the candidates from SelectCandidatesOperator, or compare them without selecting."
        )
    found = {each.name: each.value for each in those}
    if champion:
        edition = those[0].study if window else None
        found[champion.name] = _value_of(store.optuna.records(edition), champion.params) if edition else champion.value
    return {name: value for name, value in found.items() if value is not None}
