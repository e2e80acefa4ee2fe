"""Trials for keys: those that exist are found by their key, new ones are written whole."""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from optuna.trial import FrozenTrial, create_trial
from optuna.trial import TrialState as OptunaState
from sqlalchemy import Connection

from airflow_hpo.core.seeds import derived_seed
from airflow_hpo.core.space.space import Params
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import Origin, TrialRecord, TrialRequest, TrialState
from airflow_hpo.exceptions import PermanentHpoError, StudyNotFoundError
from airflow_hpo.optuna import attributes, excesses
from airflow_hpo.optuna.distributions import distributions_of
from airflow_hpo.optuna.finished_trials import TrialCache
from airflow_hpo.optuna.insert import add_running
from airflow_hpo.optuna.read import StoredStudy, StudyReader, as_record, latest_of
from airflow_hpo.optuna.refused import SHOWN_TO
from airflow_hpo.optuna.sample import Draft, SamplingRound
from airflow_hpo.optuna.write import locked_trial, set_study_attributes
from airflow_hpo.storage.database import Database

logger = logging.getLogger(__name__)

Allow = Callable[[Database, list[TrialRecord]], int]
"""Returns how many trials may start, from a study's trials and what else it reads in the database that it is given."""


def ask(
    database: Database,
    cache: TrialCache,
    study: Study,
    keys: Sequence[str],
    allow: Allow | None = None,
) -> list[TrialRequest]:
    """Return the trials of the given keys, suggesting those that do not exist; only the study's holder may call it."""
    stored, trials = cache.snapshot(StudyReader(database))
    wanted = list(dict.fromkeys(keys))
    found = {key: _request(cache.edition, trial) for key, trial in _lowest(trials, wanted).items()}
    missing = [key for key in wanted if key not in found]
    room = allow(database, [as_record(trial) for trial in trials]) if allow and missing else len(missing)
    if missing and room > 0:
        found |= _new_trials(database, stored, trials, study, missing[:room])
    return [found[key] for key in keys if key in found]


def rerun(database: Database, edition: str, number: int, key: str) -> TrialRequest:
    """Return a trial that runs a finished one again; only the study's holder may call it."""
    stored, trials = StudyReader(database).snapshot(edition)
    existing = next((trial for trial in trials if trial.user_attrs.get(attributes.KEY) == key), None)
    latest = existing or _latest(trials, edition, number)
    if existing or (latest.number != number and not latest.state.is_finished()):
        return _request(edition, latest)
    if not latest.state.is_finished():
        raise PermanentHpoError(
            f"Only a finished trial is run again, but trial {number} of {edition!r} is {latest.state.name.lower()}. "
            f"Wait for its end."
        )
    attrs = {
        attributes.KEY: key,
        attributes.SEED: latest.user_attrs.get(attributes.SEED, 0),
        attributes.ORIGIN: Origin.RERUN.value,
        attributes.REPLACES: latest.number,
    }
    if (part_of := latest.user_attrs.get(attributes.PART_OF)) is not None:
        attrs[attributes.PART_OF] = part_of
    # An evolution counts the rerun in the generation of the trial it replaces; older optimizer states stay behind.
    generation = {name: value for name, value in latest.system_attrs.items() if name.endswith("generation")}
    with database.transaction() as connection:
        request = _written(connection, stored, latest.params, latest.distributions, attrs, generation)
        if latest.state is not OptunaState.FAIL:
            with locked_trial(connection, edition, latest.number) as replaced:
                replaced.note({attributes.REPLACED: 1.0}, system=True)
        return request


def add(
    database: Database, edition: str, study: Study, simulations: Mapping[str, tuple[str, int]]
) -> list[TrialRequest]:
    """Return the simulations of the given keys, writing those that do not exist; only the study's holder may call it.

    Each is given by its scenario and the number of the trial that it is a part of.
    """
    reader = StudyReader(database)
    # Not the trials themselves: thousands may have ended, and each task that begins one asks.
    stored, known = reader.study(edition), reader.numbers_by_key(edition, simulations)
    found: dict[str, TrialRequest] = {}
    with database.transaction() as connection:
        for key, (scenario, part_of) in simulations.items():
            params: Params = {"scenario": scenario}
            if key in known:
                found[key] = TrialRequest(study=edition, key=key, number=known[key], params=params)
                continue
            attrs = {attributes.KEY: key, attributes.PART_OF: part_of}
            found[key] = _written(connection, stored, params, distributions_of(study.space, params), attrs, {})
    return [found[key] for key in simulations]


def _new_trials(
    database: Database, stored: StoredStudy, trials: list[FrozenTrial], study: Study, keys: Sequence[str]
) -> dict[str, TrialRequest]:
    sampling = SamplingRound(study, stored, trials)
    drafts: dict[str, Draft] = {}
    for key in keys:
        draft = sampling.next(key)
        if draft is None:
            break
        drafts[key] = draft
    with database.transaction() as connection:
        excesses.update(connection, stored.name)
        if sampling.changed_system_attrs:
            set_study_attributes(connection, stored.id, sampling.changed_system_attrs)
        for number, why in sampling.refused.items():
            _refuse(connection, stored, number, why)
        return {key: _created(connection, stored, study, key, draft) for key, draft in drafts.items()}


def _refuse(connection: Connection, stored: StoredStudy, number: int, why: str) -> None:
    """Fail a trial that was enqueued and is never run; it counts neither as one of the study's nor as a failure."""
    with locked_trial(connection, stored.name, number) as waiting:
        if waiting.record().state is TrialState.WAITING:
            waiting.note({attributes.INVALID: why})
            waiting.finish(TrialState.FAIL)
            logger.warning("Trial %d of %s was enqueued and is not run. %s", number, stored.name, why)


def _created(connection: Connection, stored: StoredStudy, study: Study, key: str, draft: Draft) -> TrialRequest:
    attrs: dict[str, Any] = {attributes.KEY: key, attributes.SEED: derived_seed(study.seed, stored.name, key, "trial")}
    if draft.point:
        attrs |= {attributes.ORIGIN: draft.origin.value, attributes.POINT: draft.point.fingerprint}
    if draft.refused and study.sampler.name in SHOWN_TO:
        attrs[attributes.REFUSED] = draft.refused
    replaces = draft.point.replaces if draft.point else None
    if replaces is not None:
        attrs[attributes.REPLACES] = replaces
    distributions = distributions_of(study.space, draft.params)
    request = _written(connection, stored, draft.params, distributions, attrs, draft.system_attrs)
    if replaces is not None:
        with locked_trial(connection, stored.name, replaces) as waiting:
            if not waiting.record().state.finished:
                waiting.finish(TrialState.FAIL)
    return request


def _written(
    connection: Connection,
    stored: StoredStudy,
    params: dict[str, Any],
    distributions: dict[str, Any],
    attrs: dict[str, Any],
    system_attrs: dict[str, Any],
) -> TrialRequest:
    trial = create_trial(
        state=OptunaState.RUNNING,
        params=params,
        distributions=distributions,
        user_attrs=attrs,
        system_attrs=system_attrs,
    )
    trial.number = add_running(connection, stored.id, trial)
    return _request(stored.name, trial)


def _request(edition: str, trial: FrozenTrial) -> TrialRequest:
    return TrialRequest(
        study=edition,
        key=trial.user_attrs[attributes.KEY],
        number=trial.number,
        params=trial.params,
        seed=trial.user_attrs.get(attributes.SEED, 0),
    )


def _lowest(trials: Iterable[FrozenTrial], keys: Collection[str]) -> dict[str, FrozenTrial]:
    """Return the trials by key; of several with the same key the one with the lowest number."""
    result: dict[str, FrozenTrial] = {}
    for trial in trials:
        key = trial.user_attrs.get(attributes.KEY)
        if key is not None and key in keys:
            result.setdefault(key, trial)
    return result


def _latest(trials: Sequence[FrozenTrial], edition: str, number: int) -> FrozenTrial:
    """Return the end of the chain of trials that ran this one again."""
    by_number = {trial.number: trial for trial in trials}
    if number not in by_number:
        raise StudyNotFoundError(f"Study {edition!r} has no trial {number}. Ask for it first, or correct the number.")
    replaced = ((t.user_attrs.get(attributes.REPLACES), t.number) for t in reversed(trials))
    return by_number[latest_of(number, {earlier: later for earlier, later in replaced if earlier is not None})]
