"""Planning, evaluating and collecting as a worker does it, on the database that Airflow uses without a connection."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from airflow.sdk import DAG
from airflow.sdk.bases.operator import BaseOperator, ExecutorSafeguard
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
from sqlalchemy import update

from airflow_hpo.core.attempt import TaskTry
from airflow_hpo.core.evaluation import Candidate, Scenario
from airflow_hpo.core.space.space import Float
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.core.window import Window
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.operators.evaluation import EvaluationCollectOperator, EvaluationPlanOperator
from airflow_hpo.operators.function import TrialPythonOperator
from airflow_hpo.operators.group import TrialOpenOperator
from airflow_hpo.operators.scenarios import ScenariosOperator
from airflow_hpo.operators.study import StudyStartOperator, StudySuggestOperator
from airflow_hpo.storage.tables import EditionRow
from airflow_hpo.studies.open import ask_afresh, open_edition
from tests.integration.airflow_answers import AirflowAnswers
from tests.integration.trial_tasks import START
from tests.runs import dag_run_at

STUDY = Study(name="boat", space={"x": Float(0, 1), "y": Float(0, 1)}, objective="loss", max_trials=9, seed=3)
CANDIDATES = [Candidate("trial 7", {"x": 0.1, "y": 0.2}), Candidate("champion", {"x": 0.5, "z": "{{ 7 * 7 }}"})]
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
States = dict[str, dict[str, str | None]]
pytestmark = pytest.mark.usefixtures("default_database")


@pytest.fixture(autouse=True)
def airflow(monkeypatch: pytest.MonkeyPatch) -> AirflowAnswers:
    return AirflowAnswers(monkeypatch)


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> States:
    """What Airflow says about the tasks of the run."""
    found: States = {"r": {}}
    monkeypatch.setattr(RuntimeTaskInstance, "get_task_states", staticmethod(lambda **_: found))
    return found


class Ran:
    """One try of a task, and what came of it."""

    def __init__(
        self,
        operator: BaseOperator,
        index: int = -1,
        states: States | None = None,
        dag: DAG | None = None,
        moment: datetime = MARCH,
    ) -> None:
        self.pushed: dict[str, Any] = {}
        ti = SimpleNamespace(
            dag_id="d", run_id="r", task_id=operator.task_id, map_index=index, try_number=1, max_tries=2
        )
        ti.start_date, ti.xcom_push = MARCH, self.pushed.__setitem__
        ti.get_task_states = lambda **_: states
        run = dag_run_at(moment)
        context: Any = {"ti": ti, "run_id": "r", "params": {}, "dag_run": run, "dag": dag or DAG("d")}
        operator.render_template_fields(context)
        here = contextvars.copy_context()
        here.run(ExecutorSafeguard.tracker.set, operator)
        self.returned = here.run(operator.execute, context=context)


def plan(**options: Any) -> Ran:
    given = {"study": STUDY, "evaluation": "validate", "candidates": CANDIDATES, "scenarios": ["rain"], **options}
    return Ran(EvaluationPlanOperator(task_id="validate.plan", **given))


def evaluate(planned: Ran, function: Callable[[Any], Any]) -> None:
    for index, request in enumerate(planned.returned):
        Ran(TrialPythonOperator(task_id="trial", request=request, function=function), index)


def collect(planned: Ran | None, states: States) -> dict[str, Any]:
    operator = EvaluationCollectOperator(
        task_id="validate.collect",
        requests=planned.returned if planned else None,
        plan_task_id="validate.plan",
        trial_task_id="validate.trial",
    )
    returned: dict[str, Any] = Ran(operator, states=states).returned
    return returned


def test_a_planned_evaluation_is_run_and_collected(states: States) -> None:
    planned = plan(scenarios=[Scenario("rain", {"mm": 3}), "sun"])
    evaluate(planned, lambda trial: trial.params["x"] + (3 if trial.scenario.name == "rain" else 0))

    outcome = collect(planned, states)

    assert (outcome["complete"], outcome["failed"], outcome["look"]) == (4, 0, 1)
    frame = HpoHook().evaluations(outcome["evaluation"]).set_index(["candidate", "scenario"])
    assert frame["loss"].to_dict() == {
        ("trial 7", "rain"): 3.1,
        ("trial 7", "sun"): 0.1,
        ("champion", "rain"): 3.5,
        ("champion", "sun"): 0.5,
    }


def test_a_candidates_parameters_are_never_rendered() -> None:
    requests = [TrialRequest.from_dict(each) for each in plan().returned]

    assert {r.candidate: r.params for r in requests}["champion"] == {"x": 0.5, "z": "{{ 7 * 7 }}"}


def test_candidates_come_as_plain_data_from_a_task() -> None:
    operator = EvaluationPlanOperator(
        task_id="plan", study=STUDY, evaluation="test", candidates=[CANDIDATES[0].to_dict()], scenarios=["rain"]
    )
    operator.candidates = [candidate.to_dict() for candidate in CANDIDATES]

    assert {request["candidate"] for request in Ran(operator).returned} == {"trial 7", "champion"}


def test_a_window_becomes_the_period_of_every_request() -> None:
    requests = [TrialRequest.from_dict(each) for each in plan(window=Window("-28d", "-7d")).returned]

    assert {str(request.period) for request in requests} == {"2026-02-01T00:00:00+00:00 to 2026-02-22T00:00:00+00:00"}


def test_evaluations_of_one_run_have_seeds_of_their_own() -> None:
    def seeds(**options: Any) -> set[int]:
        return {request["seed"] for request in plan(**options).returned}

    assert seeds() == seeds()
    assert not seeds() & seeds(evaluation="test")
    assert not seeds() & seeds(run="next month")


def test_more_evaluations_than_a_task_can_hold_are_refused_before_anything_is_created(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__MAX_MAP_LENGTH", "3")
    operator = EvaluationPlanOperator(
        task_id="plan", study=STUDY, evaluation="test", candidates=CANDIDATES, scenarios=["rain"]
    )
    operator.scenarios = ["rain", "sun"]

    with pytest.raises(AirflowFailException, match=r"holds 3 evaluations .*, but got 4 evaluations .* Take fewer"):
        Ran(operator)

    with HpoHook().store.session() as session:
        assert session.execute(_count()).scalar() == 0


def test_what_a_candidate_lacks_or_has_too_much_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    plan()

    said = capsys.readouterr().out
    assert "Candidate 'champion' lacks ['y'] of the study's parameters and has ['z']" in said
    assert "'trial 7' lacks" not in said


def test_more_scenarios_than_can_be_evaluated_are_refused_when_they_are_known() -> None:
    def hours(period: Any) -> list[str]:
        return [f"hour {i}" for i in range(600)]

    operator = ScenariosOperator(task_id="hours", scenarios=hours, window=Window("-28d", "-7d"), evaluations=2)

    with pytest.raises(AirflowFailException, match=r"holds 1024 evaluations .* but got 600 scenarios of 2 evaluations"):
        Ran(operator)


@pytest.mark.parametrize("given", [{"scenarios": {"rain"}}, {"variants": {"a"}}], ids=str)
def test_a_set_whose_order_differs_from_process_to_process_is_refused(given: dict[str, Any]) -> None:
    options = {"candidates": CANDIDATES, "scenarios": ["rain"], **given}
    with pytest.raises(DeclarationError, match=r"have an order, which a set has not.*Write a list: \['(rain|a)'\]\."):
        EvaluationPlanOperator(task_id="plan", study=STUDY, evaluation="test", **options)


def test_scenarios_that_a_function_returns_have_an_order() -> None:
    operator = ScenariosOperator(task_id="weather", scenarios=lambda period: {"rain", "sun"}, window=Window("-28d"))  # type: ignore[arg-type,return-value]
    with pytest.raises(AirflowFailException, match=r"Write a list: \['rain', 'sun'\]"):
        Ran(operator)


def test_an_evaluation_without_any_result_fails(states: States) -> None:
    planned = plan()
    states["r"] = {"validate.trial_0": "failed", "validate.trial_1": "failed"}

    with pytest.raises(AirflowFailException, match="No evaluation is complete"):
        collect(planned, states)


def test_an_evaluation_is_not_collected_while_it_goes_on(states: States) -> None:
    planned = plan()
    Ran(TrialPythonOperator(task_id="trial", request=planned.returned[0], function=lambda trial: 1.0), 0)
    states["r"] = {"validate.trial_0": "success", "validate.trial_1": "deferred"}

    with pytest.raises(
        AirflowFailException, match=r"when all have ended, but 1 of 2 in .* have not: such as trial 1\."
    ):
        collect(planned, states)


def test_evaluations_that_nobody_runs_any_more_are_given_up(states: States) -> None:
    planned = plan()
    Ran(TrialPythonOperator(task_id="trial", request=planned.returned[0], function=lambda trial: 1.0), 0)
    states["r"] = {"validate.trial_0": "success", "validate.trial_1": "upstream_failed"}

    outcome = collect(planned, states)

    assert (outcome["complete"], outcome["failed"]) == (1, 1)


def test_an_evaluation_whose_plan_was_skipped_is_skipped() -> None:
    with pytest.raises(AirflowSkipException):
        collect(None, {"r": {"validate.plan": "skipped"}})


@pytest.mark.parametrize("state", ["failed", "upstream_failed"])
def test_an_evaluation_whose_plan_failed_fails(state: str) -> None:
    with pytest.raises(AirflowFailException, match=r"The task 'validate\.plan' has planned no evaluation"):
        collect(None, {"r": {"validate.plan": state}})


def test_tasks_of_a_group_are_told_what_they_evaluate() -> None:
    request = plan(scenarios=[Scenario("rain", {"mm": 3})], variants=["night"], window=Window("-1d")).returned[0]

    pushed = Ran(TrialOpenOperator(task_id="open", request=request, code="x"), 0).pushed

    assert {name: pushed[name] for name in ("scenario", "variant", "replicate", "period")} == {
        "scenario": {"name": "rain", "values": {"mm": 3}, "period": None},
        "variant": "night",
        "replicate": 1,
        "period": {"start": "2026-02-28T00:00:00Z", "end": "2026-03-01T00:00:00Z"},
    }
    assert pushed["candidate"] in {"trial 7", "champion"}


@pytest.mark.parametrize("lazy", [False, True])
def test_trials_of_a_study_work_on_its_window(lazy: bool) -> None:
    place = TaskTry(START.task)
    name = open_edition(HpoHook().store, STUDY, "r", place).name
    operator = StudySuggestOperator(task_id="suggest", edition=name, batch=1, lazy=lazy, window=Window("-28d", "-7d"))
    seen = []

    requests = Ran(operator).returned
    trial = TrialPythonOperator(
        task_id="trial", request=requests[0], function=lambda trial: seen.append(trial.period) or 1.0
    )
    Ran(trial, 0)

    assert [str(period) for period in seen] == ["2026-02-01T00:00:00+00:00 to 2026-02-22T00:00:00+00:00"]


TOKYO = DAG("d", schedule="@monthly", start_date=datetime(2026, 1, 1, tzinfo=ZoneInfo("Asia/Tokyo")))
APRIL = datetime(2026, 4, 1, tzinfo=ZoneInfo("Asia/Tokyo")).astimezone(UTC)


def test_trials_and_scenarios_of_a_schedule_in_tokyo_work_on_days_of_tokyo() -> None:
    opened = StudyStartOperator(task_id="tune.start", study=STUDY)
    suggest = StudySuggestOperator(task_id="suggest", edition="demo@r", batch=1, window=Window("-28d", "-7d"))
    weeks = ScenariosOperator(task_id="weeks", scenarios="1w", window=Window("-28d", "-7d"))

    name = Ran(opened, dag=TOKYO, moment=APRIL).returned
    suggest.edition = name
    request = TrialRequest.from_dict(Ran(suggest, dag=TOKYO, moment=APRIL).returned[0])

    assert str(request.period) == "2026-03-04T00:00:00+09:00 to 2026-03-25T00:00:00+09:00"
    named = [each["name"] for each in Ran(weeks, dag=TOKYO, moment=APRIL).returned]
    assert named == ["2026-03-04", "2026-03-11", "2026-03-18"]


def test_a_run_keeps_the_zone_it_began_in_until_it_computes_afresh_in_that_of_the_schedule_of_now() -> None:
    def day(dag: DAG) -> list[str]:
        """The day that trials and scenarios work on after the schedule of the DAG has changed and the run was cleared."""
        opened = StudyStartOperator(task_id="tune.start", study=STUDY)
        name = Ran(opened, dag=dag, moment=APRIL).returned
        editions.append(name)
        suggest = StudySuggestOperator(task_id="suggest", edition=name, batch=1, window=Window("-1d"))
        scenarios = ScenariosOperator(task_id="days", scenarios="1d", window=Window("-1d"))
        period = TrialRequest.from_dict(Ran(suggest, dag=dag, moment=APRIL).returned[0]).period
        assert period
        return [period.start.isoformat(), *(each["name"] for each in Ran(scenarios, dag=dag, moment=APRIL).returned)]

    editions: list[str] = []
    berlin = DAG("d", schedule="@monthly", start_date=datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Berlin")))
    in_berlin, in_tokyo = ["2026-03-30T17:00:00+02:00"] * 2, ["2026-03-31T00:00:00+09:00", "2026-03-31"]
    assert [day(berlin), day(TOKYO)] == [in_berlin, in_berlin]
    ask_afresh(HpoHook().store, editions[0], "ada asked for it.")
    assert [day(TOKYO), day(TOKYO), day(berlin)] == [in_tokyo] * 3


def test_an_evaluation_without_a_study_computes_afresh_in_the_zone_of_the_schedule_of_now() -> None:
    def planned(dag: DAG) -> tuple[str, list[str]]:
        """The edition, and the days that scenarios and evaluations work on."""
        scenarios = Ran(ScenariosOperator(task_id="days", scenarios="1d", window=Window("-1d")), dag=dag, moment=APRIL)
        given = {"study": STUDY, "evaluation": "validate", "candidates": CANDIDATES, "window": Window("-1d")}
        plan = EvaluationPlanOperator(task_id="validate.plan", scenarios=["rain"], **given)
        request = TrialRequest.from_dict(Ran(plan, dag=dag, moment=APRIL).returned[0])
        assert request.period
        return request.study, [request.period.start.isoformat(), *(each["name"] for each in scenarios.returned)]

    berlin = DAG("d", schedule="@monthly", start_date=datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Berlin")))
    in_berlin, in_tokyo = ["2026-03-30T17:00:00+02:00"] * 2, ["2026-03-31T00:00:00+09:00", "2026-03-31"]
    first, days = planned(berlin)
    assert days == in_berlin
    assert planned(TOKYO) == (first, in_berlin)
    ask_afresh(HpoHook().store, first, "ada asked for it.")
    second, days = planned(TOKYO)
    assert (days, second.rpartition("~")[2]) == (in_tokyo, "2")
    assert planned(TOKYO) == planned(berlin) == (second, in_tokyo)


def test_an_edition_from_before_zones_were_kept_goes_on_in_utc() -> None:
    name = Ran(StudyStartOperator(task_id="tune.start", study=STUDY), dag=TOKYO, moment=APRIL).returned
    with HpoHook().store.session() as session:
        session.execute(update(EditionRow).values(timezone=None))
    suggest = StudySuggestOperator(task_id="suggest", edition=name, batch=1, window=Window("-1d"))

    request = TrialRequest.from_dict(Ran(suggest, dag=TOKYO, moment=APRIL).returned[0])
    days = ScenariosOperator(task_id="days", scenarios="1d", window=Window("-1d"))

    assert str(request.period) == "2026-03-30T15:00:00+00:00 to 2026-03-31T15:00:00+00:00"
    assert [each["name"] for each in Ran(days, dag=TOKYO, moment=APRIL).returned] == ["2026-03-30T15:00:00+00:00"]


def _count() -> Any:
    from sqlalchemy import func, select

    return select(func.count()).select_from(EditionRow)
