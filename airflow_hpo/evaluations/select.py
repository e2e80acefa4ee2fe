"""Selection of candidates: the best trials of a study with the champion, and then the finalist among them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from airflow_hpo.comparison.finalists import Selection, select
from airflow_hpo.core.budget import End
from airflow_hpo.core.declared import fingerprint
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.evaluation import CHAMPION, Candidate
from airflow_hpo.core.objective import Direction
from airflow_hpo.core.progress import own_trials, taken_over
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
    edition: str,
    k: int = 3,
    parameter_set: str | None = None,
    defaults: Mapping[str, Choice] | None = None,
) -> Shortlist:
    """Return the best trials of a study and the champion.

    A trial with the champion's own parameters is no challenger; the next best takes its place. What the champion
    lacks is taken from the defaults, which are the edition's own unless others are given.
    """
    found = store.edition(edition)
    if not found.ended:
        raise ComparisonError(_NO_END.format(edition=edition, state=found.reason or "It goes on."))
    direction = found.study.objective.direction
    records = store.optuna.records(edition)
    defaults = found.study.space_defaults if defaults is None else defaults
    champion, remarks = _champion(store, parameter_set, records, found.study.space, defaults)
    best = best_trials(_results(found, records), direction, k + 1)
    same_as_champion = [t for t in best if champion and same_params(t.params, champion.params)]
    remarks += [f"Trial {t.number} has the champion's parameters and is left out." for t in same_as_champion]
    challengers = [t for t in best if t not in same_as_champion][:k]
    if not challengers and champion and same_as_champion:
        kept = (
            f"Keep version {champion.version} of {parameter_set!r}: no trial of {edition!r} with other parameters is complete, "
            f"so there is nothing to compare it with. {found.reason or ''}"
        )
        return Shortlist([champion], remarks, kept.rstrip())
    if not challengers:
        raise ComparisonError(
            f"A challenger is a complete trial with other parameters than the champion's, but {edition!r} has none. "
            "Look at its trials, or tune more of them."
        )
    return Shortlist([*(_challenger(edition, t) for t in challengers), *([champion] if champion else [])], remarks)


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
    """Challengers, best of the new evaluation first, then the champion when there is one."""
    selection: Selection


@retried
def choose(store: Store, evaluation: str, challengers: int = 1) -> Chosen:
    """Return the challengers that were best when they were measured again, and the champion."""
    require_end(store, evaluation)
    plan = store.read(evaluations.get, evaluation).plan
    champion = next((each for each in plan.candidates if each.role == CHAMPION), None)
    observed = _observed(plan.candidates)
    frame = evaluations_frame(store, [evaluation])
    selection = select(frame, observed, plan.objective, champion=champion.name if champion else None)
    measured = [finalist.candidate for finalist in selection.finalists if math.isfinite(finalist.mean)]
    if not measured:
        raise ComparisonError(
            f"A challenger needs results in most scenarios, but none of {len(selection.finalists)} has them in "
            f"{evaluation!r}. Look at the failed evaluations' logs, then clear them."
        )
    chosen = [plan.candidate(name) for name in measured[:challengers]]
    return Chosen([*chosen, *([champion] if champion else [])], selection)


def _results(edition: Edition, records: Sequence[TrialRecord]) -> list[TrialRecord]:
    """Return what a study has found; a grid that had nothing left to measure has found what it took over."""
    own = own_trials(records)
    return taken_over(records) if not own and edition.end is End.EXHAUSTED else own


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
    own = [t for t in own_trials(records) if t.state is TrialState.COMPLETE and same_params(t.params, whole.params)]
    candidate = Candidate(
        CHAMPION,
        whole.params,
        added=whole.added,
        left_out=whole.left_out,
        parameter_set=parameter_set,
        version=version.version,
        value=own[0].value if own else None,
    )
    return candidate, list(changes(who, whole, space))


def _challenger(edition: str, trial: TrialRecord) -> Candidate:
    return Candidate(f"trial {trial.number}", trial.params, study=edition, number=trial.number, value=trial.value)


def _observed(candidates: Sequence[Candidate]) -> dict[str, float]:
    unknown = [each.name for each in candidates if each.value is None and each.role != CHAMPION]
    if unknown:
        raise ComparisonError(
            f"How much a challenger was overstated needs the study's value, but {unknown[0]!r} has none. "
            "Take the candidates from SelectCandidatesOperator, or compare them without selecting."
        )
    return {each.name: each.value for each in candidates if each.value is not None}
