"""A trial that we write is the one that Optuna would have written."""

from __future__ import annotations

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from airflow_hpo.core.study import Study
from airflow_hpo.optuna.insert import add_running
from airflow_hpo.optuna.migrate import optuna_storage
from airflow_hpo.optuna.optuna_studies import OptunaStudies
from airflow_hpo.storage.database import Database
from tests.integration.optuna.conftest import EDITION

PARAMS = {
    "x": (0.1, FloatDistribution(1e-5, 1.0, log=True)),
    "depth": (4, IntDistribution(2, 10, step=2)),
    "kind": ("b'ü", CategoricalDistribution(["a", "b'ü", None, 3, True])),
    "nothing": (None, CategoricalDistribution(["a", None])),
}


def running(params: dict[str, tuple[object, optuna.distributions.BaseDistribution]]) -> FrozenTrial:
    """A trial such as ``ask`` makes."""
    return create_trial(
        state=TrialState.RUNNING,
        params={name: value for name, (value, _) in params.items()},
        distributions={name: distribution for name, (_, distribution) in params.items()},
        user_attrs={"hpo:key": "001/0", "seed": 7, "list": [1, {"a": None}]} if params else {},
        system_attrs={"nsga2:generation": 3} if params else {},
    )


def added(database: Database, study_id: int, trial: FrozenTrial) -> int:
    """Write a trial in a transaction of its own."""
    with database.connect() as connection, connection.begin():
        return add_running(connection, study_id, trial)


@pytest.mark.parametrize("params", [PARAMS, {}], ids=["all kinds", "nothing"])
def test_optuna_reads_the_same_trial_whoever_wrote_it(
    studies: OptunaStudies, study: Study, optuna_database: Database, params: dict
) -> None:
    storage, given = optuna_storage(optuna_database), running(params)
    study_id = storage.get_study_id_from_name(EDITION)
    theirs = storage.create_new_trial(study_id, template_trial=given)
    number = added(optuna_database, study_id, given)
    first, second = storage.get_all_trials(study_id)
    assert (first._trial_id, first.number, second.number, number) == (theirs, 0, 1, 1)
    assert list(first.params) == list(second.params)
    second.number, second._trial_id = first.number, first._trial_id
    assert first == second
    started = given.datetime_start
    if optuna_database.dialect == "mysql":  # Optuna's column has no fractions of a second there.
        started = started.replace(microsecond=0)
    assert first.datetime_start == second.datetime_start == started


def test_numbers_go_on_where_optuna_left_off(studies: OptunaStudies, study: Study, optuna_database: Database) -> None:
    storage = optuna_storage(optuna_database)
    study_id = storage.get_study_id_from_name(EDITION)
    assert added(optuna_database, study_id, running(PARAMS)) == 0
    assert storage.get_trial_number_from_id(storage.create_new_trial(study_id)) == 1
    assert added(optuna_database, study_id, running({})) == 2
