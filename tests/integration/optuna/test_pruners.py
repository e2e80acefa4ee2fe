from __future__ import annotations

import math

import pytest

from airflow_hpo.core.algorithms import Pruner
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import TrialState
from airflow_hpo.exceptions import PermanentHpoError
from airflow_hpo.optuna.optuna_studies import OptunaStudies
from tests.integration.optuna.conftest import EDITION, declared, reported


def started(studies: OptunaStudies, study: Study, edition: str = EDITION) -> None:
    studies.create(edition, study)
    studies.ask(edition, study, [f"001/{i}" for i in range(4)])


def test_a_hopeless_trial_is_given_up(studies: OptunaStudies) -> None:
    study = declared(pruner=Pruner("median", n_startup_trials=1))
    started(studies, study)
    reported(studies.pruning(EDITION, study, 0), {0: 1.0, 1: 1.0})
    studies.tell(EDITION, 0, TrialState.COMPLETE, 1.0)
    assert reported(studies.pruning(EDITION, study, 1), {0: 5.0})
    assert not reported(studies.pruning(EDITION, study, 2), {0: 0.5})


def test_a_session_sees_what_others_told_since_it_was_opened(studies: OptunaStudies) -> None:
    study = declared(pruner=Pruner("median", n_startup_trials=2))
    started(studies, study)
    session = studies.pruning(EDITION, study, 2)
    answers = [reported(session, {0: 5.0})]
    for step, number in enumerate((0, 1, 3), start=1):
        reported(studies.pruning(EDITION, study, number), {1: 1.0, 2: 1.0, 3: 1.0})
        studies.tell(EDITION, number, TrialState.COMPLETE, 1.0)
        answers.append(reported(session, {step: 5.0}))
    assert answers == [False, False, True, True]


def test_without_a_pruner_values_are_kept_and_nothing_is_given_up(studies: OptunaStudies, study: Study) -> None:
    started(studies, study)
    assert not reported(studies.pruning(EDITION, study, 1), {0: 1.0, 7: math.nan, 8: math.inf})
    assert str(studies.load(EDITION).trials[1].intermediate_values) == "{0: 1.0, 7: nan, 8: inf}"


def test_the_first_value_of_a_step_stays(studies: OptunaStudies, study: Study) -> None:
    started(studies, study)
    reported(studies.pruning(EDITION, study, 0), {0: 9.0, 1: 8.0})
    reported(studies.pruning(EDITION, study, 0), {0: 0.1, 1: 0.1, 2: 7.0})
    assert studies.load(EDITION).trials[0].intermediate_values == {0: 9.0, 1: 8.0, 2: 7.0}


def test_a_trial_that_was_told_should_stop_and_keeps_its_values(studies: OptunaStudies, study: Study) -> None:
    started(studies, study)
    session = studies.pruning(EDITION, study, 0)
    reported(session, {0: 1.0})
    studies.tell(EDITION, 0, TrialState.FAIL)
    assert reported(session, {1: 2.0})
    assert studies.load(EDITION).trials[0].intermediate_values == {0: 1.0}


def test_a_negative_step_is_refused(studies: OptunaStudies, study: Study) -> None:
    started(studies, study)
    with pytest.raises(PermanentHpoError, match="step -1"):
        reported(studies.pruning(EDITION, study, 0), {-1: 1.0})
