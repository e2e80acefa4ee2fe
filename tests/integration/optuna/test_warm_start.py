from __future__ import annotations

from typing import Any

import optuna
import pytest

from airflow_hpo.core.objective import Objective
from airflow_hpo.core.progress import progress_of
from airflow_hpo.core.space.space import Categorical, Float, Int
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import Origin, TrialState
from airflow_hpo.core.warm_start import WarmStart
from airflow_hpo.optuna.optuna_studies import OptunaStudies

NARROW = {"x": Float(0, 1), "c": Categorical(["a", "b"])}
WIDER = {"x": Float(0, 0.5), "c": Categorical(["b", "a", "c"])}


class Crash(Exception):
    """Stands for the death of a process."""


def declared(space: object, mode: str = "values", direction: str = "minimize", **limits: Any) -> Study:
    warm_start = WarmStart(mode=mode, **limits)
    objective = {"metric": "loss", "direction": direction}
    return Study(name="w", space=space, objective=objective, max_trials=40, parallelism=4, warm_start=warm_start)


@pytest.fixture
def earlier(studies: OptunaStudies) -> OptunaStudies:
    """A store with two earlier editions over the old space."""
    for edition in ("w@1", "w@2"):
        study = declared(NARROW)
        studies.create(edition, study)
        for request in studies.ask(edition, study, [f"001/{i}" for i in range(8)]):
            studies.tell(edition, request.number, TrialState.COMPLETE, float(request.params["x"]), {"f1": 1.0})
    return studies


def test_values_of_trials_that_fit_are_known_from_the_start(earlier: OptunaStudies) -> None:
    study = declared(WIDER, trials=3)
    earlier.create("w@3", study)
    taken = earlier.warm_start("w@3", study, ["w@2", "w@1"])
    best = sorted((r for r in earlier.records("w@2") if r.params["x"] <= 0.5), key=lambda r: r.value)[:3]
    records = earlier.records("w@3")
    assert taken == [("w@2", record.number) for record in best]
    assert [(r.params, r.value, r.metrics) for r in records] == [(r.params, r.value, r.metrics) for r in best]
    assert {(r.state, r.origin, r.key) for r in records} == {(TrialState.COMPLETE, Origin.WARM_START, None)}


def test_values_taken_over_do_not_count_as_progress(earlier: OptunaStudies) -> None:
    study = declared(WIDER)
    earlier.create("w@3", study)
    earlier.warm_start("w@3", study, ["w@2"])
    assert progress_of(earlier.records("w@3"), study.objective.direction).finished == 0


def test_values_taken_over_have_the_new_distributions(earlier: OptunaStudies) -> None:
    study = declared(WIDER)
    earlier.create("w@3", study)
    earlier.warm_start("w@3", study, ["w@2"])
    spaces = [trial.distributions["x"] for trial in earlier.load("w@3").trials]
    assert set(map(repr, spaces)) == {repr(optuna.distributions.FloatDistribution(0, 0.5))}


def test_several_editions_give_their_best_together(earlier: OptunaStudies) -> None:
    study = declared(NARROW, trials=5, editions=2)
    earlier.create("w@3", study)
    taken = earlier.warm_start("w@3", study, ["w@2", "w@1"])
    values = sorted(r.value or 0 for edition in ("w@1", "w@2") for r in earlier.records(edition))
    assert [r.value for r in earlier.records("w@3")] == values[:5]
    assert len(taken) == 5


@pytest.mark.parametrize("mode", ["values", "points"])
def test_all_editions_give_their_best_together(earlier: OptunaStudies, mode: str) -> None:
    study = declared(NARROW, mode, trials=16, editions="all")
    earlier.create("w@3", study)
    taken = earlier.warm_start("w@3", study, ["w@2", "w@1"])
    values = [earlier.record(*source).value for source in taken]
    assert values == sorted(r.value or 0 for edition in ("w@1", "w@2") for r in earlier.records(edition))


def test_the_best_are_the_largest_where_large_is_good(earlier: OptunaStudies) -> None:
    study = declared(NARROW, direction="maximize", trials=2)
    for edition in ("w@5", "w@6"):
        earlier.create(edition, study)
    for value, request in enumerate(earlier.ask("w@5", study, ["1/0", "1/1", "1/2"])):
        earlier.tell("w@5", request.number, TrialState.COMPLETE, float(value))
    earlier.warm_start("w@6", study, ["w@5"])
    assert [r.value for r in earlier.records("w@6")] == [2.0, 1.0]


@pytest.mark.parametrize(
    "objective",
    [
        Objective("other"),
        Objective("loss", direction="maximize"),
        Objective("loss", strategy="best"),
        Objective("loss", strategy="mean", window=3),
    ],
    ids=repr,
)
@pytest.mark.parametrize("mode", ["values", "points"])
def test_nothing_is_taken_from_an_edition_with_another_objective(
    earlier: OptunaStudies, objective: Objective, mode: str
) -> None:
    study = declared(NARROW, mode).model_copy(update={"objective": objective})
    earlier.create("w@3", study)
    assert earlier.warm_start("w@3", study, ["w@2", "w@1"]) == []


def test_another_goal_is_the_same_objective(earlier: OptunaStudies) -> None:
    study = declared(NARROW).model_copy(update={"objective": Objective("loss", goal=0.0, extra_metrics=["f1"])})
    earlier.create("w@3", study)
    assert len(earlier.warm_start("w@3", study, ["w@2"])) == 8


def test_editions_without_a_result_are_passed_over_and_not_counted(earlier: OptunaStudies) -> None:
    study = declared(NARROW, editions=1)
    for edition in ("w@3", "w@4", "w@5"):
        earlier.create(edition, study)
    for request in earlier.ask("w@4", study, ["1/0", "1/1"]):
        earlier.tell("w@4", request.number, TrialState.FAIL)
    taken = earlier.warm_start("w@5", study, ["w@4", "w@3", "w@2", "w@1"])
    assert {name for name, _ in taken} == {"w@2"}


@pytest.mark.parametrize("mode", ["values", "points"])
def test_warming_up_twice_takes_over_once(earlier: OptunaStudies, mode: str) -> None:
    study = declared(WIDER, mode)
    earlier.create("w@3", study)
    assert earlier.warm_start("w@3", study, ["w@2"]) == earlier.warm_start("w@3", study, ["w@2"])
    points = [repr(r.params) for r in earlier.ask("w@3", study, [f"1/{i}" for i in range(20)])]
    assert len(set(points)) == len(points)


def test_a_killed_warm_start_is_completed(earlier: OptunaStudies, monkeypatch: pytest.MonkeyPatch) -> None:
    study, create, created = declared(NARROW, trials=6), optuna.storages.RDBStorage.create_new_trial, []

    def create_two(storage: object, *args: object, **kwargs: object) -> int:
        if len(created) == 2:
            raise Crash
        created.append(create(storage, *args, **kwargs))
        return created[-1]

    earlier.create("w@3", study)
    with monkeypatch.context() as patch:
        patch.setattr(optuna.storages.RDBStorage, "create_new_trial", create_two)
        with pytest.raises(Crash):
            earlier.warm_start("w@3", study, ["w@2"])
    earlier.warm_start("w@3", study, ["w@2"])
    assert len(earlier.records("w@3")) == 6


def test_points_are_evaluated_again_first(earlier: OptunaStudies) -> None:
    study = declared(WIDER, "points", trials=2)
    earlier.create("w@3", study)
    taken = earlier.warm_start("w@3", study, ["w@2"])
    requests = earlier.ask("w@3", study, ["1/0", "1/1", "1/2"])
    assert [r.params for r in requests[:2]] == [earlier.record(*source).params for source in taken]
    assert [r.origin for r in earlier.records("w@3")] == [Origin.WARM_START, Origin.WARM_START, Origin.SAMPLER]


def test_of_other_studies_the_best_come_in_turns_and_equal_points_once(studies: OptunaStudies) -> None:
    # What osaka measures is a hundred times as much; its best point is tokyo's second.
    points = {"tokyo@1": {0.1: 1.0, 0.2: 2.0, 0.3: 3.0}, "osaka@1": {0.2: 100.0, 0.8: 200.0}, "w@1": {}}
    for edition, values in points.items():
        study = declared({"x": Float(0, 1)}, "points").model_copy(update={"start_points": [{"x": x} for x in values]})
        studies.create(edition, study)
        for request in studies.ask(edition, study, [f"1/{place}" for place in range(len(values))]):
            studies.tell(edition, request.number, TrialState.COMPLETE, values[float(request.params["x"])])
    study = declared({"x": Float(0, 1)}, "points", trials=4)
    taken = studies.warm_start("w@1", study, [], [["tokyo@1"], ["osaka@1"]])
    assert taken == [("tokyo@1", 0), ("osaka@1", 0), ("osaka@1", 1), ("tokyo@1", 2)]
    assert [each.params["x"] for each in studies.ask("w@1", study, [f"2/{n}" for n in range(4)])] == [
        0.1,
        0.2,
        0.8,
        0.3,
    ]


def test_nothing_is_taken_over_when_nothing_fits(earlier: OptunaStudies) -> None:
    study = declared({"other": Int(1, 3)})
    earlier.create("w@3", study)
    assert earlier.warm_start("w@3", study, ["w@2", "w@1"]) == []


def test_editions_that_are_gone_are_passed_over(earlier: OptunaStudies) -> None:
    study = declared(NARROW, editions=2)
    earlier.create("w@3", study)
    assert earlier.warm_start("w@3", study, ["gone@1", "w@1"])


def test_the_champion_is_the_first_trial(studies: OptunaStudies) -> None:
    study = Study(name="w", space=NARROW, objective="loss", max_trials=9, start_points=[{"x": 0.9, "c": "a"}])
    studies.create("w@1", study)
    assert studies.enqueue_champion("w@1", study, {"c": "b", "x": 0.25})
    first, second = studies.ask("w@1", study, ["001/0", "001/1"])
    assert (first.number, first.params, second.params["x"]) == (0, {"x": 0.25, "c": "b"}, 0.9)
    assert studies.record("w@1", 0).origin is Origin.CHAMPION


def test_a_champion_outside_the_space_is_no_trial(studies: OptunaStudies) -> None:
    study = Study(name="w", space=NARROW, objective="loss", max_trials=9)
    studies.create("w@1", study)
    assert not studies.enqueue_champion("w@1", study, {"c": "b", "x": 2.5})
    studies.ask("w@1", study, ["001/0"])
    assert studies.record("w@1", 0).origin is Origin.SAMPLER


def test_a_champion_that_changes_while_the_study_runs_changes_no_trial(studies: OptunaStudies) -> None:
    study = Study(name="w", space=NARROW, objective="loss", max_trials=9)
    studies.create("w@1", study)
    studies.enqueue_champion("w@1", study, {"c": "b", "x": 0.25})
    studies.enqueue_champion("w@1", study, {"c": "a", "x": 0.75})
    requests = studies.ask("w@1", study, ["001/0", "001/1"])
    assert requests[0].params["x"] == 0.25
    assert requests[1].params["x"] != 0.75


def test_a_champion_that_is_also_a_start_point_is_evaluated_once(studies: OptunaStudies) -> None:
    point = {"x": 0.25, "c": "b"}
    study = Study(name="w", space=NARROW, objective="loss", max_trials=9, start_points=[point])
    studies.create("w@1", study)
    studies.enqueue_champion("w@1", study, point)
    requests = studies.ask("w@1", study, ["001/0", "001/1"])
    assert [r.params == point for r in requests] == [True, False]
