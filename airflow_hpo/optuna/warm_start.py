"""Warm start from what earlier editions and a file have found, as far as it fits the space of today."""

import logging
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import chain, islice, zip_longest
from typing import Literal

from optuna.storages import RDBStorage

from airflow_hpo.core.feasibility import Limits
from airflow_hpo.core.objective import Direction
from airflow_hpo.core.progress import own_trials, taken_over
from airflow_hpo.core.results_file import results_of
from airflow_hpo.core.space.completion import completed
from airflow_hpo.core.space.constraint import breach
from airflow_hpo.core.space.space import Params, fits
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import TrialRecord, TrialState
from airflow_hpo.core.trial_key import edition_and_number
from airflow_hpo.optuna import attributes
from airflow_hpo.optuna.distributions import canonical_point
from airflow_hpo.optuna.known_values import copy_values, source_of, still_counting
from airflow_hpo.optuna.points import identity
from airflow_hpo.optuna.read import StudyReader

logger = logging.getLogger(__name__)


def warm_start(
    storage: RDBStorage, reader: StudyReader, edition: str, study: Study, earlier: Sequence[Sequence[str]]
) -> list[tuple[str, int]]:
    """Take over the best trials of each study's first editions that have any, in turns; only the study's holder may call it."""
    if study.warm_start is None:
        return []
    own, *others = [_newest(reader, study, names, study.warm_start.editions) for names in earlier]
    each = [chain(own, _elsewhere(study)), *others]
    best = _in_turns(study, [_best(study, results) for results in each])[: study.warm_start.trials]
    if study.warm_start.mode == "points":
        _remember_points(storage, reader, edition, study, [trial for _, trial in best])
    else:
        copy_values(storage, reader, edition, study, best)
    return [edition_and_number(source_of(name, trial)) for name, trial in best]


def enqueue_champion(storage: RDBStorage, reader: StudyReader, edition: str, study: Study, params: Params) -> bool:
    """Remember the parameters that production uses as the first point; only the study's holder may call it.

    A retry finds what the first call has remembered, although production may have moved on in between.
    """
    stored = reader.study(edition)
    if attributes.CHAMPION not in stored.user_attrs:
        point = canonical_point(study.space, params) if fits(study.space, params) else {}
        if said := breach(study.parameter_constraints, point):
            logger.warning("The champion of %s is no trial of it: it breaks %s.", edition, said)
            point = {}
        storage.set_study_user_attr(stored.id, attributes.CHAMPION, point)
        return bool(point)
    return bool(stored.user_attrs[attributes.CHAMPION])


def _newest(
    reader: StudyReader, study: Study, names: Iterable[str], editions: int | Literal["all"]
) -> Iterable[tuple[str, list[TrialRecord]]]:
    wanted = None if editions == "all" else editions
    return islice(((name, found) for name in names if (found := _complete(reader, study, name))), wanted)


def _elsewhere(study: Study) -> list[tuple[str, list[TrialRecord]]]:
    """Return the results of the file that is declared, and say what of it is left out."""
    if study.warm_start is None or study.warm_start.results is None:
        return []
    found = results_of(study.warm_start.results, study)
    for remark in found.remarks():
        logger.warning("Warm start from %s: %s", found.name, remark)
    logger.info(
        "Warm start from %s: %d results fit; of all that is known the best trials=%d points are taken over.",
        *(found.name, len(found.trials), study.warm_start.trials),
    )
    return [(found.name, found.trials)]


def _in_turns(study: Study, best: Sequence[list[tuple[str, TrialRecord]]]) -> list[tuple[str, TrialRecord]]:
    """Return the best of each study, then the second best, and so on: their values cannot be compared."""
    found: dict[object, tuple[str, TrialRecord]] = {}
    for entry in filter(None, chain.from_iterable(zip_longest(*best))):
        found.setdefault(identity(study.space, entry[1].params), entry)
    return list(found.values())


def _best(study: Study, results: Iterable[tuple[str, list[TrialRecord]]]) -> list[tuple[str, TrialRecord]]:
    """Return the best result of every point, best first; of equal points the newest edition's."""
    found: dict[object, tuple[str, TrialRecord]] = {}
    for name, trials in results:
        for trial in sorted(trials, key=_badness(study)):
            found.setdefault(identity(study.space, trial.params), (name, trial))
    return sorted(found.values(), key=lambda entry: _badness(study)(entry[1]))


def _complete(reader: StudyReader, study: Study, name: str) -> list[TrialRecord]:
    """Return an edition's results that fit the space, measured for the same objective."""
    stored = reader.find(name)
    if stored is None or stored.user_attrs.get(attributes.OBJECTIVE) != study.search["objective"]:
        return []
    trials = _feasible(study, name, still_counting(reader, reader.records(name)))
    done = (trial for trial in trials if trial.state is TrialState.COMPLETE and trial.value is not None)
    fitting = [trial for trial in (_as_of_today(study, each) for each in done) if fits(study.space, trial.params)]
    broken = {trial.number: said for trial in fitting if (said := breach(study.parameter_constraints, trial.params))}
    for number, said in list(broken.items())[:1]:
        more = f", and {len(broken) - 1} more break a constraint" if len(broken) > 1 else ""
        logger.warning("Trial %d of %s is not taken over: it breaks %s%s.", number, name, said, more)
    return [trial for trial in fitting if trial.number not in broken]


def _feasible(study: Study, name: str, records: Sequence[TrialRecord]) -> list[TrialRecord]:
    """Return the trials that do not break today's constraints on metrics; a point may be tried of which the metric is not known."""
    limits, found = Limits.of(study.metric_constraints, records), [*own_trials(records), *taken_over(records)]
    known = math.inf if study.warm_start and study.warm_start.mode == "points" else math.nan
    broken = [t for t in found if any(excess > 0 and excess != known for excess in limits.excesses(t).values())]
    if broken:
        logger.warning("%d trials of %s are not taken over: they break a constraint on a metric.", len(broken), name)
    gone = {trial.number for trial in broken}
    return [trial for trial in found if trial.number not in gone]


def _as_of_today(study: Study, trial: TrialRecord) -> TrialRecord:
    """Return a result with the declared defaults of parameters that are newer; it was measured with those."""
    whole = completed(study.space, trial.params, study.space_defaults)
    return trial if whole.left_out or not whole.added else replace(trial, params=whole.params)


def _badness(study: Study) -> Callable[[TrialRecord], tuple[float, int]]:
    sign = 1.0 if study.objective.direction is Direction.MINIMIZE else -1.0
    return lambda trial: (sign * (trial.value or 0.0), trial.number)


def _remember_points(
    storage: RDBStorage, reader: StudyReader, edition: str, study: Study, best: Sequence[TrialRecord]
) -> None:
    stored = reader.study(edition)
    if attributes.WARM_POINTS not in stored.user_attrs:
        points = [canonical_point(study.space, trial.params) for trial in best]
        storage.set_study_user_attr(stored.id, attributes.WARM_POINTS, points)
