from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import optuna
import pytest

from airflow_hpo.core.space.space import Categorical, Float, Int, Space
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import TrialRequest, TrialState
from airflow_hpo.core.warm_start import WarmStart
from airflow_hpo.exceptions import DeclarationError, StudyConflictError
from airflow_hpo.optuna.migrate import create_schema, optuna_storage
from airflow_hpo.optuna.optuna_studies import OptunaStudies
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.migrate import upgrade

SQUARE: Space = {"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)}
STEPS: Space = {"x": Float(0.0, 1.0, step=0.25), "y": Float(0.0, 1.0, step=0.25)}


@pytest.fixture
def studies(ready_database: Database) -> OptunaStudies:
    return OptunaStudies(ready_database)


def declared(sampler: str = "tpe", space: Space = SQUARE, **options: Any) -> Study:
    given = {"name": "c", "objective": "loss", "space": space, "sampler": sampler, "max_trials": 30, "parallelism": 5}
    return Study(**{**given, "constraints": ["x + y <= 1"], **options})


def tuned(studies: OptunaStudies, study: Study, batches: int = 6, edition: str = "c@1") -> list[TrialRequest]:
    studies.create(edition, study)
    found: list[TrialRequest] = []
    for batch in range(batches):
        asked = studies.ask(edition, study, [f"{batch}/{index}" for index in range(5)])
        for request in asked:
            x, y = (float(request.params[name] or 0.0) for name in ("x", "y"))
            studies.tell(edition, request.number or 0, TrialState.COMPLETE, (x - 0.8) ** 2 + (y - 0.8) ** 2)
        found += asked
    return found


def total(request: TrialRequest) -> float:
    return float(request.params["x"] or 0.0) + float(request.params["y"] or 0.0)


@pytest.mark.parametrize("sampler", ["tpe", "random", "cmaes", "nsga2", "qmc"])
def test_no_trial_breaks_a_constraint(studies: OptunaStudies, sampler: str) -> None:
    pytest.importorskip("cmaes" if sampler == "cmaes" else "scipy")
    found = tuned(studies, declared(sampler, max_trials=20), batches=4)
    assert len({request.number for request in found}) == 20
    assert all(total(request) <= 1 for request in found)


@pytest.mark.parametrize(("sampler", "count"), [("tpe", 15), ("random", 15), ("grid", 15)])
def test_a_countable_space_gives_each_point_that_keeps_it_once(
    studies: OptunaStudies, sampler: str, count: int
) -> None:
    study = declared(sampler, STEPS)
    found = tuned(studies, study, batches=3)
    assert len({tuple(request.params.items()) for request in found}) == count
    assert all(total(request) <= 1 for request in found)
    if sampler == "grid":
        assert study.wanted == count
        assert studies.points_left("c@1", study) == 0
        assert studies.ask("c@1", study, ["9/0"]) == []


def test_a_sampler_is_shown_what_was_refused_and_draws_it_less(
    studies: OptunaStudies, ready_database: Database
) -> None:
    tuned(studies, declared(), batches=8)
    trials = optuna.load_study(study_name="c@1", storage=optuna_storage(ready_database)).trials
    refused = [len(trial.user_attrs.get("hpo:refused", [])) for trial in trials]
    assert all(point["x"] + point["y"] > 1 for trial in trials for point in trial.user_attrs.get("hpo:refused", []))
    # Drawn alone, TPE comes to draw mostly what lies beyond the constraint.
    assert 0 < sum(refused) < 80
    assert min(trial.value for trial in trials) < 0.21


def test_a_key_has_one_trial_and_another_database_draws_the_same(studies: OptunaStudies, tmp_path: Path) -> None:
    first = tuned(studies, declared(), batches=2)
    assert tuned(studies, declared(), batches=2) == first
    elsewhere = Database.sqlite(tmp_path / "other.db")
    upgrade(elsewhere)
    create_schema(elsewhere)
    assert tuned(OptunaStudies(elsewhere), declared(), batches=2) == first


def test_a_constraint_of_which_no_draw_is_met_is_named(studies: OptunaStudies) -> None:
    study = declared(constraints=["x + y <= -1"])
    with pytest.raises(DeclarationError, match=r"10,020 draws in a row broke one, as 'x \+ y <= -1', with x=.*, y="):
        tuned(studies, study, batches=1)


def test_a_narrow_constraint_is_kept_by_draws_at_random(studies: OptunaStudies) -> None:
    found = tuned(studies, declared(constraints=["x < y * 0.01"]), batches=2)
    assert all(float(r.params["x"] or 0) < float(r.params["y"] or 0) * 0.01 for r in found)


def test_a_start_point_is_completed_so_that_it_keeps_the_constraint(studies: OptunaStudies) -> None:
    study = declared(start_points=[{"x": 0.9}])
    first = tuned(studies, study, batches=1)[0]
    assert first.params["x"] == 0.9
    assert total(first) <= 1


def test_a_constraint_does_not_apply_where_one_of_its_parameters_is_inactive(studies: OptunaStudies) -> None:
    space: Space = {"kind": Categorical(["a", "b"]), "x": Int(1, 9, when={"kind": "a"}), "y": Int(1, 9)}
    study = declared(space=space, constraints=["x + y <= 4"])
    studies.create("c@1", study)
    params = [request.params for request in studies.ask("c@1", study, [f"1/{index}" for index in range(20)])]
    assert {request["kind"] for request in params} == {"a", "b"}
    assert all(int(p["x"] or 0) + int(p["y"] or 0) <= 4 for p in params if p["kind"] == "a")
    assert max(int(p["y"] or 0) for p in params if p["kind"] == "b") > 4


def test_a_champion_that_breaks_a_constraint_is_no_trial_and_is_named(
    studies: OptunaStudies, caplog: pytest.LogCaptureFixture
) -> None:
    study = declared()
    studies.create("c@1", study)
    with caplog.at_level(logging.WARNING, logger="airflow_hpo"):
        assert not studies.enqueue_champion("c@1", study, {"x": 0.9, "y": 0.9})
    assert "breaks 'x + y <= 1', with x=0.9, y=0.9" in caplog.text


@pytest.mark.parametrize("mode", ["points", "values"])
def test_what_earlier_editions_found_beyond_a_constraint_is_not_taken_over(
    studies: OptunaStudies, caplog: pytest.LogCaptureFixture, mode: str
) -> None:
    tuned(studies, declared(constraints=[]), batches=4)
    study = declared(warm_start=WarmStart(trials=3, mode=mode))
    studies.create("c@2", study)
    with caplog.at_level(logging.WARNING, logger="airflow_hpo"):
        taken = studies.warm_start("c@2", study, ["c@1"])
    assert len(taken) == 3
    assert all(total(request) <= 1 for request in studies.ask("c@2", study, ["1/0", "1/1", "1/2"]))
    assert all(float(r.params["x"] or 0) + float(r.params["y"] or 0) <= 1 for r in studies.records("c@2"))
    assert "is not taken over: it breaks 'x + y <= 1'" in caplog.text


def test_a_point_that_optunas_api_enqueued_beyond_a_constraint_is_named_and_not_run(
    studies: OptunaStudies, ready_database: Database
) -> None:
    study = declared()
    studies.create("c@1", study)
    optuna.load_study(study_name="c@1", storage=optuna_storage(ready_database)).enqueue_trial({"x": 0.9, "y": 0.8})
    [asked] = studies.ask("c@1", study, ["1/0"])
    assert total(asked) <= 1
    assert "with x=0.9, y=0.8" in (studies.record("c@1", 0).invalid or "")


def test_other_constraints_are_another_search(studies: OptunaStudies) -> None:
    studies.create("c@1", declared())
    with pytest.raises(StudyConflictError, match="its constraints"):
        studies.create("c@1", declared(constraints=["x + y <= 0.5"]))
