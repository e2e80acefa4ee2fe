"""What Optuna's samplers and tables know of constraints on metrics."""

from __future__ import annotations

import logging
from typing import Any

import optuna
import pytest
from optuna.trial import FrozenTrial
from sqlalchemy.exc import OperationalError

from airflow_hpo.core.metric_constraint import MetricConstraint
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.space.space import Float, Space
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import TrialRequest, TrialState
from airflow_hpo.core.warm_start import WarmStart
from airflow_hpo.exceptions import StudyConflictError
from airflow_hpo.optuna import ask
from airflow_hpo.optuna.migrate import optuna_storage
from airflow_hpo.optuna.optuna_studies import OptunaStudies
from airflow_hpo.storage.database import Database

SQUARE: Space = {"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)}
MOST = MetricConstraint("total", at_most=1)
NEAR = MetricConstraint("total", at_most="champion + 10%")


@pytest.fixture
def studies(ready_database: Database) -> OptunaStudies:
    return OptunaStudies(ready_database)


def declared(sampler: str = "tpe", constraint: Any = MOST, **options: Any) -> Study:
    objective = Objective("loss", extra_metrics=["total"])
    given = {"name": "c", "objective": objective, "space": SQUARE, "sampler": sampler, "max_trials": 40}
    return Study(**{**given, "parallelism": 5, "constraints": [constraint], **options})


def tell(studies: OptunaStudies, request: TrialRequest, edition: str = "c@1", **metrics: float) -> None:
    x, y = (float(request.params[name] or 0.0) for name in ("x", "y"))
    metrics = metrics or {"total": x + y}
    studies.tell(edition, request.number or 0, TrialState.COMPLETE, (x - 0.8) ** 2 + (y - 0.8) ** 2, metrics)


def tuned(studies: OptunaStudies, study: Study, batches: int, edition: str = "c@1") -> None:
    studies.create(edition, study)
    for batch in range(batches):
        for request in studies.ask(edition, study, [f"{batch}/{index}" for index in range(5)]):
            tell(studies, request, edition)


def trials_of(database: Database, edition: str = "c@1") -> list[FrozenTrial]:
    return optuna.load_study(study_name=edition, storage=optuna_storage(database)).trials


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_a_sampler_learns_to_keep_a_constraint_on_a_metric(studies: OptunaStudies, sampler: str) -> None:
    tuned(studies, declared(sampler), 8)
    late = studies.records("c@1")[20:]
    # At the optimum beyond the constraint hardly one would keep it.
    assert sum(record.metrics["total"] <= 1 for record in late) > len(late) / 3


@pytest.mark.parametrize("sampler", ["tpe", "random", "nsga2"])
def test_optunas_own_best_is_the_best_feasible_trial(
    studies: OptunaStudies, ready_database: Database, sampler: str
) -> None:
    tuned(studies, declared(sampler), 4)
    best = min((r for r in studies.records("c@1") if r.metrics["total"] <= 1), key=lambda record: record.value or 0.0)
    study = optuna.load_study(study_name="c@1", storage=optuna_storage(ready_database))
    assert study.best_trial.number == best.number
    assert study.best_trial.constraints == {"total <= 1": best.metrics["total"] - 1}


def test_a_trial_without_the_metric_is_infeasible_for_optuna_too(
    studies: OptunaStudies, ready_database: Database
) -> None:
    studies.create("c@1", declared())
    first, second = studies.ask("c@1", declared(), ["1/0", "1/1"])
    tell(studies, first, other=1.0)
    studies.tell("c@1", second.number or 0, TrialState.PRUNED, 0.1, {"total": 3.0})
    assert [trial.constraints for trial in trials_of(ready_database)] == [{"total <= 1": 1.0}, {"total <= 1": 2.0}]


def test_trials_that_ended_before_the_champion_are_judged_when_it_has(
    studies: OptunaStudies, ready_database: Database
) -> None:
    study = declared(constraint=NEAR)
    studies.create("c@1", study)
    studies.enqueue_champion("c@1", study, {"x": 0.5, "y": 0.5})
    champion, other, third = studies.ask("c@1", study, ["1/0", "1/1", "1/2"])
    tell(studies, other, total=1.5)
    assert [trial.constraints for trial in trials_of(ready_database)] == [{}, {}, {}]
    tell(studies, champion)
    tell(studies, third, total=1.05)
    studies.ask("c@1", study, ["2/0"])
    known = [trial.constraints.get("total <= champion + 10%", 0.0) for trial in trials_of(ready_database)]
    assert known == [pytest.approx(-0.1), pytest.approx(0.4), pytest.approx(-0.05), 0.0]


def test_what_is_known_at_the_end_is_written_without_another_trial(
    studies: OptunaStudies, ready_database: Database
) -> None:
    study = declared(constraint=NEAR)
    studies.create("c@1", study)
    studies.enqueue_champion("c@1", study, {"x": 0.5, "y": 0.5})
    champion, other = studies.ask("c@1", study, ["1/0", "1/1"])
    tell(studies, other, total=1.5)
    tell(studies, champion)
    studies.rejudge("c@1")
    studies.rejudge("c@1")
    assert [trial.constraints for trial in trials_of(ready_database)] == [
        {"total <= champion + 10%": pytest.approx(-0.1)},
        {"total <= champion + 10%": pytest.approx(0.4)},
    ]


def test_a_commit_that_fails_leaves_the_judgement_to_the_next_request(
    studies: OptunaStudies, ready_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = declared(constraint=NEAR)
    studies.create("c@1", study)
    studies.enqueue_champion("c@1", study, {"x": 0.5, "y": 0.5})
    champion, other = studies.ask("c@1", study, ["1/0", "1/1"])
    tell(studies, other, total=1.5)
    tell(studies, champion)

    def away(*_: Any) -> None:
        raise OperationalError("insert", {}, Exception("The database is away."))

    with monkeypatch.context() as broken:
        broken.setattr(ask, "_created", away)
        with pytest.raises(Exception, match="is away"):
            studies.ask("c@1", study, ["2/0"])
    assert trials_of(ready_database)[1].constraints == {}
    studies.ask("c@1", study, ["2/0"])
    assert trials_of(ready_database)[1].constraints == {"total <= champion + 10%": pytest.approx(0.4)}


def test_a_result_that_was_taken_back_is_no_infeasible_one(studies: OptunaStudies, ready_database: Database) -> None:
    tuned(studies, declared(), 1)
    studies.invalidate("c@1", 0, "It was measured wrongly.")
    studies.rejudge("c@1")
    assert trials_of(ready_database)[0].constraints["hpo:invalid"] == 1.0
    assert "total <= 1" in trials_of(ready_database)[0].constraints


def test_the_champion_is_measured_although_its_value_was_taken_over(studies: OptunaStudies) -> None:
    tuned(studies, declared(), 2)
    study = declared(constraint=NEAR, warm_start=WarmStart(mode="values", trials=3))
    studies.create("c@2", study)
    (_, number), *_ = studies.warm_start("c@2", study, ["c@1"])
    params = studies.record("c@1", number).params
    studies.enqueue_champion("c@2", study, params)
    [first] = studies.ask("c@2", study, ["1/0"])
    assert first.params == params


@pytest.mark.parametrize("mode", ["points", "values"])
def test_results_that_break_it_are_not_taken_over(
    studies: OptunaStudies, caplog: pytest.LogCaptureFixture, mode: str
) -> None:
    tuned(studies, declared(constraints=[]), 4)
    study = declared(warm_start=WarmStart(trials=3, mode=mode))
    studies.create("c@2", study)
    with caplog.at_level(logging.WARNING, logger="airflow_hpo"):
        taken = studies.warm_start("c@2", study, ["c@1"])
    assert len(taken) == 3
    assert all(studies.record(name, number).metrics["total"] <= 1 for name, number in taken)
    assert "they break a constraint on a metric" in caplog.text


def test_other_constraints_on_metrics_are_another_search(studies: OptunaStudies) -> None:
    studies.create("c@1", declared())
    with pytest.raises(StudyConflictError, match="its constraints"):
        studies.create("c@1", declared(constraint=NEAR))


def test_both_kinds_of_constraints_are_kept_in_one_study(studies: OptunaStudies) -> None:
    study = declared(constraints=["x <= y", MOST])
    tuned(studies, study, 6)
    assert all(float(r.params["x"] or 0.0) <= float(r.params["y"] or 0.0) for r in studies.records("c@1"))
