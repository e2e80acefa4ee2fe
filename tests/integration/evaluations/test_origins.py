"""Candidates that claim to be a trial or a version, and have other parameters."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_hpo.core.evaluation import Candidate, Plan
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.parameter_set import Provenance
from airflow_hpo.evaluations.origins import check_trial
from airflow_hpo.evaluations.run import open_evaluation
from airflow_hpo.exceptions import ComparisonError
from airflow_hpo.parameter_sets.moves import assign
from airflow_hpo.studies.store import Store
from tests.integration.trial_tasks import START, Tuned, declared


def evaluate(store: Store, *candidates: Candidate) -> str:
    plan = Plan(objective=Objective("loss"), candidates=list(candidates), scenarios=["day"])
    return open_evaluation(store, plan, "demo/test", "r", START).edition


def champion(**params: Any) -> Candidate:
    return Candidate("champion", params, parameter_set="demo/tokyo", version=1)


def test_a_champion_that_was_made_easy_to_beat_is_not_evaluated(store: Store) -> None:
    assign(store, "demo/tokyo", {"wait": 60}, Provenance())
    with pytest.raises(
        ComparisonError, match=r"version 1 of 'demo/tokyo' has \{'wait': 60\}, and the candidate \{'wait': 9\}"
    ):
        evaluate(store, champion(wait=9), Candidate("mine", {"wait": 50}))
    assert evaluate(store, champion(wait=60), Candidate("mine", {"wait": 50}))


def test_a_champion_that_is_kept_elsewhere_is_evaluated_as_it_is_given(store: Store) -> None:
    assert evaluate(store, champion(wait=9), Candidate("mine", {"wait": 50}))


def test_a_finalist_has_the_parameters_of_its_trial(store: Store) -> None:
    tuned = Tuned(store, declared())
    request = tuned.suggest()[0]
    number, params = request.number, dict(request.params)
    name = next(iter(params))
    with pytest.raises(ComparisonError, match=rf"trial {number} of '{tuned.name}' has .*Clear the task that chose it"):
        evaluate(store, Candidate(f"trial {number}", {**params, "more": 1}, study=tuned.name, number=number))
    with pytest.raises(ComparisonError):
        check_trial(store, tuned.name, number, {**params, name: "something else"})
    assert evaluate(store, Candidate(f"trial {number}", params, study=tuned.name, number=number))


def test_a_candidate_of_a_study_that_is_kept_elsewhere_is_evaluated(store: Store) -> None:
    assert evaluate(store, Candidate("trial 3", {"wait": 9}, study="elsewhere@r", number=3))
