"""Promotion and rollback as tasks execute them, on a real file."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_hpo.core.parameter_set import Provenance
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.hooks.system_user import system_user
from airflow_hpo.operators.approval import PromotionApprovalOperator
from airflow_hpo.operators.promotion import PromoteOperator, RollbackOperator
from airflow_hpo.parameter_sets.moves import assign, move_before, promote, rollback
from airflow_hpo.storage import migrate
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.store import Store
from tests.integration.decisions import decision
from tests.integration.trial_tasks import Tuned, declared
from tests.runs import dag_run_at

NAME = "dispatch/tokyo"
JANUARY, JUNE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def store(default_database: Database) -> Store:
    """The default store of an empty home."""
    return Store(default_database)


class Events:
    """The asset events of one asset, as a task reads and writes them."""

    def __init__(self) -> None:
        self.extras: list[dict[str, Any]] = []

    def add(self, asset: Any, extra: dict[str, Any]) -> None:
        self.extras.append(extra)


class Everything(dict[Any, Events]):
    """The same events under any key."""

    def __init__(self, events: Events) -> None:
        self.events = events

    def __getitem__(self, _: Any) -> Events:
        return self.events


@pytest.fixture
def events() -> Events:
    """Events that outlive a task."""
    return Events()


def execute(
    operator: Any,
    events: Events,
    run_id: str = "r1",
    dag_id: str = "d",
    data_until: datetime = JUNE,
    *,
    succeeds: bool = True,
    try_number: int = 1,
    max_tries: int = 0,
) -> dict[str, Any]:
    names = {"dag_id": dag_id, "run_id": run_id, "task_id": operator.task_id, "map_index": -1}
    ti = SimpleNamespace(**names, try_number=try_number, max_tries=max_tries, task=operator)
    run = dag_run_at(data_until, triggering_user_name="grace")
    context = {"ti": ti, "dag_run": run, "outlet_events": Everything(events)}
    context["task"] = operator
    result: dict[str, Any] = operator.execute(context)
    if succeeds:
        for callback in operator.on_success_callback:
            callback(context)
    else:
        events.extras.pop()
    return result


def compared(wait: int, champion_version: int | None, verdict: str = "promote", **finding: Any) -> dict[str, Any]:
    return decision(HpoHook().store, {"wait": wait}, champion_version, verdict, **finding)


def promotion(**options: Any) -> PromoteOperator:
    return PromoteOperator(**{"task_id": "promote", "parameter_set": NAME, **options})


def test_the_challenger_of_a_comparison_is_promoted_with_all_that_is_known(store: Store, events: Events) -> None:
    given = compared(60, None)
    done = execute(promotion(comparison=given, approved_by="ada"), events)
    event = {"name": NAME, "version": 1, "params": {"wait": 60}, "previous": None}
    assert done == {**event, "moved": True, "current": 1}
    assert HpoHook().champion(NAME).provenance == Provenance(
        study="s@r",
        number=7,
        comparison=given["comparison"],
        dag_id="d",
        run_id="r1",
        approved_by="ada",
        acted_by=system_user(),
        triggered_by="grace",
        reason="60 is better.",
        data_until=JUNE,
    )
    assert events.extras == [event]


def test_an_event_of_a_task_that_did_not_succeed_is_emitted_by_its_next_try(store: Store, events: Events) -> None:
    given = promotion(comparison=compared(60, None), retries=1)
    execute(given, events, succeeds=False, max_tries=1)
    assert events.extras == []
    execute(given, events, try_number=2, max_tries=1)
    assert [extra["version"] for extra in events.extras] == [1]


@pytest.mark.parametrize(("max_tries", "versions"), [(1, [1]), (2, [])], ids=["tried again", "cleared"])
def test_an_event_from_before_events_were_kept_is_emitted_only_by_a_task_that_had_not_succeeded(
    store: Store, events: Events, max_tries: int, versions: list[int]
) -> None:
    given = promotion(comparison=compared(60, None), retries=1)
    execute(given, events, succeeds=False, max_tries=1)
    migrate.downgrade(store.database, "0006")
    migrate.upgrade(store.database)
    execute(given, events, try_number=2, max_tries=max_tries)
    assert [extra["version"] for extra in events.extras] == versions


@pytest.mark.parametrize("end", [None, "incomplete"])
def test_the_best_trial_of_a_study_without_an_end_is_not_promoted(store: Store, events: Events, end: Any) -> None:
    best = {"edition": "s@r", "params": {"wait": 60}, "end": end, "reason": "Task suggest failed."}
    with pytest.raises(AirflowFailException, match=r"but 's@r' has not\. Task suggest failed\. Or name the parameters"):
        execute(promotion(candidate=best), events)
    assert execute(promotion(candidate={**best, "end": "max_trials"}), events)["version"] == 1


def test_a_task_that_runs_again_promotes_and_announces_once(store: Store, events: Events) -> None:
    given = compared(60, None)
    first, again = (execute(promotion(comparison=given), events) for _ in range(2))
    assert again == {**first, "moved": False}
    assert [extra["version"] for extra in events.extras] == [1]
    assert len(HpoHook().promotions(NAME)) == 1


def test_a_task_that_was_killed_before_it_announced_announces_when_it_runs_again(store: Store, events: Events) -> None:
    origin = Provenance(dag_id="d", run_id="r1")
    given = compared(60, None)
    promote(store, NAME, {"wait": 60}, expected=None, key="d/r1", provenance=origin)
    done = execute(promotion(comparison=given), events)
    assert (done["version"], done["moved"]) == (1, True)
    assert [extra["version"] for extra in events.extras] == [1]


def test_a_version_that_was_replaced_since_is_not_announced_again(store: Store, events: Events) -> None:
    execute(promotion(comparison=compared(60, None)), events)
    execute(promotion(comparison=compared(70, 1)), events, "r2")
    events.extras.clear()
    done = execute(promotion(comparison=compared(60, None)), events)
    assert (done["version"], done["moved"], done["current"]) == (1, False, 2)
    assert events.extras == []


def approving(
    comparison: dict[str, Any], events: Events, run_id: str = "r1", data_until: datetime = JUNE
) -> dict[str, Any]:
    asks = PromotionApprovalOperator(task_id="approve", comparison=comparison)
    return execute(asks, events, run_id, data_until=data_until)


def test_nobody_is_asked_again_about_what_the_run_has_promoted(store: Store, events: Events) -> None:
    execute(promotion(comparison=compared(60, None), approved_by="ada"), events)
    execute(promotion(comparison=compared(70, 1)), events, "r2")

    answer = approving(compared(60, None, parameter_set=NAME), events)

    assert (answer["approved"], answer["approved_by"], answer["asked"]) == (True, "ada", False)


OLDER = (
    "but its data end at 2026-01-01 00:00+00:00 and those of version 1 of 'dispatch/tokyo' at 2026-06-01 00:00+00:00. Start a "
    "run about newer data, or promote it all the same by allow_older=True."
)


def test_a_backfill_does_not_replace_what_was_found_on_newer_data(store: Store, events: Events) -> None:
    execute(promotion(comparison=compared(60, None)), events)
    with pytest.raises(AirflowFailException) as refused:
        execute(promotion(comparison=compared(70, 1)), events, "january", data_until=JANUARY)
    assert str(refused.value).endswith(OLDER)
    with pytest.raises(AirflowFailException) as unasked:
        approving(compared(70, 1, parameter_set=NAME), events, "january", JANUARY)
    assert str(unasked.value) == str(refused.value)
    again = execute(promotion(comparison=compared(70, 1), allow_older=True), events, "january", data_until=JANUARY)
    assert (again["version"], again["moved"]) == (2, True)
    # Cleared without the argument, it finds its own move.
    assert not execute(promotion(comparison=compared(70, 1)), events, "january", data_until=JANUARY)["moved"]


def test_a_promotion_in_another_dag_is_as_old_as_the_study_that_found_it(store: Store, events: Events) -> None:
    name = Tuned(store, declared(), "january", JANUARY).name
    best = {"edition": name, "params": {"wait": 60}, "end": "max_trials"}
    execute(promotion(candidate=best), events)
    assert HpoHook().champion(NAME).provenance.data_until == JANUARY


def test_a_champion_that_is_kept_elsewhere_does_not_keep_a_person_from_being_asked(store: Store) -> None:
    assert move_before(store, NAME, "d/r1", expected=1) is None


def test_nobody_is_asked_about_a_champion_that_has_changed(store: Store, events: Events) -> None:
    execute(promotion(comparison=compared(60, None)), events)

    with pytest.raises(AirflowFailException, match="but it is version 1 now"):
        approving(compared(70, None, parameter_set=NAME), events, "r2")


@pytest.mark.parametrize("champion_version", [None, 2])
def test_a_stale_comparison_fails_without_another_try(store: Store, events: Events, champion_version: Any) -> None:
    execute(promotion(comparison=compared(60, None)), events)
    with pytest.raises(AirflowFailException, match="but it is version 1 now"):
        execute(promotion(comparison=compared(70, champion_version)), events, "r2")


@pytest.mark.parametrize("verdict", ["keep", "inconclusive"])
def test_a_comparison_that_did_not_decide_for_it_promotes_nothing(store: Store, events: Events, verdict: Any) -> None:
    with pytest.raises(AirflowFailException, match="must say 'promote'"):
        execute(promotion(comparison=compared(60, None, verdict)), events)
    assert len(HpoHook().promotions(NAME)) == 0


def test_a_named_candidate_needs_no_verdict_but_the_champion_it_was_compared_with(store: Store, events: Events) -> None:
    mine = {"params": {"wait": 90}}
    execute(promotion(comparison=compared(60, None, "inconclusive"), candidate=mine), events)
    with pytest.raises(AirflowFailException, match="but it is version 1 now"):
        execute(promotion(comparison=compared(60, None, "keep"), candidate=mine), events, "r2")


def test_the_result_of_a_study_is_promoted_whatever_is_in_use(store: Store, events: Events) -> None:
    best = {"edition": "s@r", "number": 4, "value": 0.5, "params": {"wait": 70}}
    execute(promotion(candidate=best), events)
    execute(promotion(candidate=best, reason="Because."), events, "r2")
    found = HpoHook().champion(NAME)
    assert (found.version, found.provenance.study, found.provenance.number) == (2, "s@r", 4)
    assert found.provenance.reason == "Because."


@pytest.mark.parametrize(("expected", "works"), [("0", True), (0, True), ("1", False)], ids=repr)
def test_the_version_in_use_may_be_demanded(store: Store, events: Events, expected: Any, works: bool) -> None:
    operator = promotion(candidate={"params": {"wait": 70}}, expected_version=expected)
    if works:
        assert execute(operator, events)["version"] == 1
        return
    with pytest.raises(AirflowFailException, match="while version 1 is the champion, but it has none"):
        execute(operator, events)


@pytest.mark.parametrize("options", [{"candidate": "{'params': 1}"}, {"comparison": "text"}, {"comparison": {}}])
def test_what_cannot_be_promoted_fails_without_another_try(
    store: Store, events: Events, options: dict[str, Any]
) -> None:
    with pytest.raises(AirflowFailException):
        execute(promotion(**options), events)


def test_a_rollback_happens_and_is_announced_once_and_beside_a_promotion_of_the_same_run(
    store: Store, events: Events
) -> None:
    execute(promotion(comparison=compared(60, None)), events, "r1")
    execute(promotion(comparison=compared(70, 1)), events, "r2")
    operator = RollbackOperator(task_id="back", parameter_set=NAME, reason="Complaints.", expected_version="2")
    first, again = (execute(operator, events, "r2") for _ in range(2))
    done = {"name": NAME, "version": 3, "params": {"wait": 60}, "previous": 2, "current": 3}
    assert (first, again) == ({**done, "moved": True}, {**done, "moved": False})
    assert [extra["version"] for extra in events.extras] == [1, 2, 3]
    found = HpoHook().champion(NAME)
    assert (found.restores, found.provenance.reason) == (1, "Complaints.")


def test_a_rollback_may_name_its_version_by_rendered_text(store: Store, events: Events) -> None:
    for number, wait in enumerate((60, 70, 80)):
        execute(promotion(candidate={"params": {"wait": wait}}), events, f"r{number}")
    done = execute(RollbackOperator(task_id="back", parameter_set=NAME, to="1"), events)
    assert done["params"] == {"wait": 60}


def test_a_rollback_of_what_has_changed_since_is_refused(store: Store, events: Events) -> None:
    for number, wait in enumerate((60, 70, 80)):
        execute(promotion(candidate={"params": {"wait": wait}}), events, f"r{number}")
    with pytest.raises(AirflowFailException, match="while version 2 is the champion, but it is version 3 now"):
        execute(RollbackOperator(task_id="back", parameter_set=NAME, expected_version=2), events)


@pytest.mark.parametrize(
    "operator", [promotion(candidate={"params": {"wait": 90}}), RollbackOperator(task_id="back", parameter_set=NAME)]
)
def test_a_set_of_another_dag_is_moved_by_nobody_else_who_is_not_allowed(
    store: Store, events: Events, operator: Any
) -> None:
    for number, wait in enumerate((60, 70)):
        execute(promotion(candidate={"params": {"wait": wait}}), events, f"r{number}")
    with pytest.raises(
        AirflowFailException, match=r"belongs to DAG 'd', but DAG 'copy' .* transfer dispatch/tokyo --to-dag copy"
    ):
        execute(operator, events, "r9", "copy")
    assert HpoHook().champion(NAME).version == 2
    operator.allow_other_owner = True
    assert execute(operator, events, "r9", "copy")["version"] == 3
    operator.allow_other_owner = False
    with pytest.raises(AirflowFailException, match="belongs to DAG 'd'"):
        execute(operator, events, "r10", "copy")


def test_a_set_that_was_made_on_the_command_line_belongs_to_the_first_dag_that_promotes_it(
    store: Store, events: Events
) -> None:
    assign(store, NAME, {"wait": 50}, Provenance(acted_by="ada@here"))
    execute(promotion(candidate={"params": {"wait": 60}}), events, "r1", "one")
    with pytest.raises(AirflowFailException, match="belongs to DAG 'one'"):
        execute(promotion(candidate={"params": {"wait": 70}}), events, "r1", "two")
    assert rollback(store, NAME, provenance=Provenance(acted_by="ada@here")).made.version == 3


def test_a_promotion_that_is_refused_owns_nothing(store: Store, events: Events) -> None:
    with pytest.raises(AirflowFailException, match="while version 1 is the champion"):
        execute(promotion(candidate={"params": {"wait": 70}}, expected_version=1), events, "r1", "one")
    assert execute(promotion(candidate={"params": {"wait": 70}}), events, "r1", "two")["version"] == 1
