"""Origins of candidates: a trial of a study, or a version of a parameter set, has the parameters that the store knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_hpo.core.declared import brief_repr
from airflow_hpo.core.evaluation import Candidate
from airflow_hpo.core.space.parameter import same_params
from airflow_hpo.exceptions import ComparisonError, ParameterSetNotFoundError
from airflow_hpo.storage import editions, parameter_sets
from airflow_hpo.storage.retry import retried

if TYPE_CHECKING:
    from airflow_hpo.studies.store import Store


@retried
def check_origins(store: Store, candidates: Sequence[Candidate]) -> None:
    """Refuse candidates that claim to be what they are not; what the store does not know is not checked."""
    for each in candidates:
        check_trial(store, each.study, each.number, each.params)
        if each.parameter_set and each.version is not None:
            _check_version(store, each.parameter_set, each.version, each.as_kept)


def check_trial(store: Store, study: str | None, number: int | None, params: Mapping[str, Any]) -> None:
    """Refuse parameters that are not those of the trial that they are said to be from."""
    if study is None or number is None or store.read(editions.find_one, study) is None:
        return
    _refuse_other(f"trial {number} of {study!r}", store.optuna.record(study, number).params, params)


def _check_version(store: Store, name: str, version: int, params: Mapping[str, Any]) -> None:
    try:
        found = store.read(parameter_sets.version, name, version)
    except ParameterSetNotFoundError:
        # It is kept elsewhere.
        return
    _refuse_other(f"version {version} of {name!r}", found.params, params)


def _refuse_other(what: str, known: Mapping[str, Any], params: Mapping[str, Any]) -> None:
    if not same_params(known, params):
        raise ComparisonError(
            f"A candidate has the parameters of what it names, but {what} has {brief_repr(dict(known))}, and the candidate "
            f"{brief_repr(dict(params))}. Clear the task that chose it, or name other parameters without a study, trial or version."
        )
