"""Decisions through a live Airflow: promote, keep, inconclusive; approved, refused, not answered; cleared."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_hpo.core.parameter_set import Provenance
from airflow_hpo.parameter_sets.history import history
from airflow_hpo.parameter_sets.moves import promote
from airflow_hpo.storage import comparisons, parameter_sets
from airflow_hpo.storage.comparisons import Comparison
from airflow_hpo.studies import migrate
from airflow_hpo.studies.store import Store
from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun


@pytest.fixture(scope="module")
def runs(airflow: LiveAirflow, store: Store) -> dict[str, DagRun]:
    """One run of every DAG, all at once; one of them finds a champion in use."""
    migrate.ensure(store.database)
    promote(store, "demo/whole", {"x": 9.0}, expected=None, key="first", provenance=Provenance(source="a test"))
    return {name: DagRun.trigger(airflow, f"decide_{name}") for name in ("whole", "keep", "luck", "refused", "silence")}


def kept(store: Store, run: DagRun) -> list[Comparison]:
    """The run's comparisons, the oldest first."""
    with store.session() as session:
        found = comparisons.find(session, dag_id=run.dag_id)
    return [each for each in reversed(found) if each.run_id == run.run_id]


def states(run: DagRun) -> dict[str, str]:
    return {ti["task_id"]: ti["state"] for ti in run.tasks()}


def answer(run: DagRun, choice: str) -> dict[str, Any]:
    """Answer the approval as the button in the UI does, and return what was asked."""
    what = f"{run.dag_id} to ask a person"
    run.airflow.wait(lambda: states(run).get("approve") == "awaiting_input", what, timeout=420)
    asked: dict[str, Any] = run.airflow.get(f"{run.path}/taskInstances/approve/-1/hitlDetails")
    run.approve("approve", choice)
    return asked


def test_a_champion_that_is_better_is_kept(runs: dict[str, DagRun], store: Store) -> None:
    run = runs["keep"]
    assert run.wait(timeout=500) == "success"
    assert [each.verdict for each in kept(store, run)] == ["keep"]
    found = states(run)
    assert (found["kept"], found["undecided"], found["approve"], found["promoted"]) == (
        "success",
        "skipped",
        "skipped",
        "skipped",
    )


def test_clearing_the_comparison_and_the_decision_decides_the_same(
    runs: dict[str, DagRun], airflow: LiveAirflow, store: Store
) -> None:
    run = runs["keep"]
    assert run.wait(timeout=500) == "success"
    before, said = kept(store, run), run.xcom("compare.compare_1")
    run.clear("compare.compare_1", "decide", downstream=True)
    airflow.wait(lambda: run.tasks("decide")[0]["try_number"] == 2, "the decision to run again")
    assert run.wait(timeout=500) == "success"
    assert kept(store, run) == before
    again = run.xcom("compare.compare_1")
    assert again["answered"].endswith(", 0 of 12 trials run.")
    assert again["report"] == f"{said['report'].rstrip()}\n\n{again['answered']}\n"
    assert {**again, "answered": None, "report": said["report"]} == said
    assert states(run)["kept"] == "success"


def test_an_inconclusive_comparison_orders_one_more_look_and_then_ends(runs: dict[str, DagRun], store: Store) -> None:
    run = runs["luck"]
    assert run.wait(timeout=500) == "success"
    first, second = kept(store, run)
    assert [first.verdict, second.verdict] == ["inconclusive", "inconclusive"]
    assert [each.decision["evidence"]["replicates"] for each in (first, second)] == [1, 2]
    assert [each.decision["next_look"] for each in (first, second)] == [2, None]
    assert run.xcom("compare.decision")["comparison"] == second.id
    assert (states(run)["undecided"], states(run)["kept"]) == ("success", "skipped")


def test_an_approval_that_is_marked_as_success_promotes_nothing(
    runs: dict[str, DagRun], airflow: LiveAirflow, store: Store
) -> None:
    run = runs["whole"]
    airflow.wait(lambda: states(run).get("approve") == "awaiting_input", "whole to ask a person", timeout=420)
    airflow.patch(f"{run.path}/taskInstances/approve", {"new_state": "success"})
    assert run.wait(timeout=200) == "failed"
    assert (states(run)["approve"], states(run)["promote"]) == ("success", "failed")
    assert "Clear 'approve' to ask again." in run.log("promote")
    with store.session() as session:
        assert parameter_sets.version_in_use(session, "demo/whole").version == 1
    run.clear("approve", downstream=True)


def test_the_whole_cycle_promotes_what_a_person_approves(runs: dict[str, DagRun], store: Store) -> None:
    run = runs["whole"]
    asked = answer(run, "Approve")
    assert run.wait(timeout=500) == "success"
    comparison = kept(store, run)[0]
    challenger = run.xcom("challenger")[0]
    assert asked["subject"] == f"Promote {challenger['name']} to demo/whole, in place of version 1?"
    assert asked["body"].startswith("## Promote\n")
    assert "The study's winner was " in asked["body"]

    finalists = run.xcom("finalists")
    assert [each["role"] for each in finalists] == ["challenger", "challenger", "champion"]
    assert (comparison.verdict, comparison.champion_version, comparison.family) == ("promote", 1, "whole")
    with store.session() as session:
        champion = parameter_sets.version_in_use(session, "demo/whole")
    assert champion.params == challenger["params"]
    assert (champion.provenance.approved_by, champion.provenance.comparison) == ("admin", comparison.id)
    assert history(store, "demo/whole")[0]["approval"].startswith("Approved by admin at ")


def promoted(run: DagRun) -> DagRun:
    """Return the run once a person has approved, which may be for this test to do."""

    def asked_or_over() -> bool:
        return run.state in ("success", "failed") or states(run).get("approve") == "awaiting_input"

    run.airflow.wait(asked_or_over, "whole to ask a person, or to be over", timeout=420)
    if states(run).get("approve") == "awaiting_input":
        answer(run, "Approve")
    assert run.wait(timeout=500) == "success"
    return run


def test_clearing_an_approval_asks_no_person_again(runs: dict[str, DagRun], airflow: LiveAirflow, store: Store) -> None:
    run = promoted(runs["whole"])
    run.clear("approve")
    airflow.wait(lambda: run.tasks("approve")[0]["try_number"] > 1, "the approval to run again")
    assert run.wait(timeout=120) == "success"
    tried = run.tasks("approve")[0]["try_number"]
    assert "no person is asked again" in run.log("approve", try_number=tried)
    assert (run.xcom("approve")["approved"], run.xcom("approve")["asked"]) == (True, False)
    with store.session() as session:
        assert parameter_sets.version_in_use(session, "demo/whole").version == 2


def test_looks_that_are_not_needed_are_skipped_to_the_last_task(runs: dict[str, DagRun]) -> None:
    run = promoted(runs["whole"])
    second = {name: state for name, state in states(run).items() if name.startswith(("test.look_2", "test.compare_2"))}
    assert len(second) == 4
    assert set(second.values()) == {"skipped"}
    assert run.xcom("test.decision") == run.xcom("test.compare_1")


def test_people_are_told_that_an_answer_is_wanted_and_what_became_of_it(runs: dict[str, DagRun]) -> None:
    run = promoted(runs["whole"])
    assert "Waiting for approval" in run.log("approve")
    assert "demo/whole is version 2 now" in run.log("promote", try_number=run.tasks("promote")[0]["try_number"])


def test_what_a_person_refuses_is_not_promoted(runs: dict[str, DagRun]) -> None:
    run = runs["refused"]
    answer(run, "Reject")
    assert run.wait(timeout=500) == "success"
    assert (states(run)["approve"], states(run)["promoted"]) == ("success", "skipped")
    said = run.xcom("approve")
    assert (said["approved"], said["timed_out"], said["responded_by_user"]["name"]) == (False, False, "admin")


def test_silence_is_a_refusal(runs: dict[str, DagRun]) -> None:
    run = runs["silence"]
    assert run.wait(timeout=500) == "success"
    assert (states(run)["approve"], states(run)["promoted"]) == ("success", "skipped")
    said = run.xcom("approve")
    assert (said["approved"], said["timed_out"], said["responded_by_user"]) == (False, True, None)
