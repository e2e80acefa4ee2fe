from __future__ import annotations

import math
from collections.abc import Mapping

import pytest
from optuna.trial import Trial

from airflow_hpo.core.algorithms import Pruner
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import TrialState
from airflow_hpo.exceptions import PermanentHpoError
from airflow_hpo.optuna.optuna_studies import OptunaStudies
from airflow_hpo.optuna.pruners import PruningSession, pruner_for
from tests.integration.optuna.conftest import EDITION, declared

PRUNERS = [
    Pruner("median", n_startup_trials=1),
    Pruner("percentile", percentile=25.0, n_startup_trials=1),
    Pruner("successive_halving", reduction_factor=2),
    Pruner("hyperband", max_resource=8, reduction_factor=2),
    Pruner("threshold", upper=5.0),
    Pruner("patient", patience=1, n_startup_trials=1),
    Pruner("wilcoxon", p_threshold=0.4),
]
CURVES = [[4, 3, 2, 1, 1, 1, 1, 1], [9, 8, 7, 6, 5, 4, 3, 2], [5, 4, 4, 4, 4, 4, 4, 4], [3, 2, 1, 1, 0, 0, 0, 0]]


def started(studies: OptunaStudies, study: Study, edition: str = EDITION) -> None:
    studies.create(edition, study)
    studies.ask(edition, study, [f"001/{i}" for i in range(len(CURVES))])


def reported(session: PruningSession, values: Mapping[int, float]) -> bool:
    """Report values and say whether the trial has to end."""
    return not session.keep(values) or session.should_prune()


@pytest.mark.parametrize("ready_database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("pruner", PRUNERS, ids=lambda pruner: pruner.name)
def test_every_pruner_answers_as_it_does_in_optuna(studies: OptunaStudies, pruner: Pruner) -> None:
    study = declared(pruner=pruner)
    started(studies, study, "mine@1")
    started(studies, study, "bare@1")
    bare = studies.load("bare@1")
    # Hyperband's brackets depend on the name of the study.
    bare.study_name = "mine@1"
    bare.pruner = pruner_for(study)
    for number, curve in enumerate(CURVES):
        session, trial = studies.pruning("mine@1", study, number), Trial(bare, bare.trials[number]._trial_id)
        for step, value in enumerate(curve):
            trial.report(value, step)
            assert reported(session, {step: value}) == trial.should_prune(), (number, step)
        studies.tell("mine@1", number, TrialState.COMPLETE, curve[-1])
        bare.tell(number, curve[-1])


def test_a_hopeless_trial_is_given_up(studies: OptunaStudies) -> None:
    study = declared(pruner=Pruner("median", n_startup_trials=1))
    started(studies, study)
    studies.pruning(EDITION, study, 0).keep({0: 1.0, 1: 1.0})
    studies.tell(EDITION, 0, TrialState.COMPLETE, 1.0)
    assert reported(studies.pruning(EDITION, study, 1), {0: 5.0})
    assert not reported(studies.pruning(EDITION, study, 2), {0: 0.5})


def test_a_session_sees_what_others_told_since_it_was_opened(studies: OptunaStudies) -> None:
    study = declared(pruner=Pruner("median", n_startup_trials=2))
    started(studies, study)
    session = studies.pruning(EDITION, study, 2)
    answers = [reported(session, {0: 5.0})]
    for number in (0, 1, 3):
        studies.pruning(EDITION, study, number).keep({0: 1.0, 1: 1.0})
        studies.tell(EDITION, number, TrialState.COMPLETE, 1.0)
        answers.append(session.should_prune())
    assert answers == [False, False, True, True]


def test_without_a_pruner_values_are_kept_and_nothing_is_given_up(studies: OptunaStudies, study: Study) -> None:
    started(studies, study)
    assert not reported(studies.pruning(EDITION, study, 1), {0: 1.0, 7: math.nan, 8: math.inf})
    assert str(studies.load(EDITION).trials[1].intermediate_values) == "{0: 1.0, 7: nan, 8: inf}"


def test_the_first_value_of_a_step_stays(studies: OptunaStudies, study: Study) -> None:
    started(studies, study)
    studies.pruning(EDITION, study, 0).keep({0: 9.0, 1: 8.0})
    studies.pruning(EDITION, study, 0).keep({0: 0.1, 1: 0.1, 2: 7.0})
    assert studies.load(EDITION).trials[0].intermediate_values == {0: 9.0, 1: 8.0, 2: 7.0}


def test_a_trial_that_was_told_should_stop_and_keeps_its_values(studies: OptunaStudies, study: Study) -> None:
    started(studies, study)
    session = studies.pruning(EDITION, study, 0)
    session.keep({0: 1.0})
    studies.tell(EDITION, 0, TrialState.FAIL)
    assert not session.keep({1: 2.0})
    assert studies.load(EDITION).trials[0].intermediate_values == {0: 1.0}


def test_a_negative_step_is_refused(studies: OptunaStudies, study: Study) -> None:
    started(studies, study)
    with pytest.raises(PermanentHpoError, match="step -1"):
        studies.pruning(EDITION, study, 0).keep({-1: 1.0})
