"""Who approved: the study database says, and neither the state of a task nor an XCom nor a conf."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.standard.operators import hitl
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException, DownstreamTasksSkipped, TaskAwaitingInput
from sqlalchemy import update

from airflow_hpo.core.parameter_set import Provenance
from airflow_hpo.exceptions import StoreUnavailableError
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.operators.approval import PromotionApprovalOperator
from airflow_hpo.operators.comparison import DecisionBranchOperator
from airflow_hpo.operators.promotion import PromoteOperator, RollbackOperator
from airflow_hpo.parameter_sets.history import find_version, history
from airflow_hpo.parameter_sets.moves import assign
from airflow_hpo.storage.column_types import utc_now
from airflow_hpo.storage.tables import ComparisonRow
from airflow_hpo.studies.store import Store
from tests.integration.decisions import decision
from tests.runs import dag_run_at

NAME = "dispatch/tokyo"
ANN, BOB = {"id": "7", "name": "ann"}, {"id": "9", "name": "bob"}
JUNE = datetime(2026, 6, 1, tzinfo=UTC)


class Events(dict[Any, Any]):
    """No asset events, and none is kept."""

    def __getitem__(self, _: Any) -> Any:
        return SimpleNamespace(ascending=lambda _: SimpleNamespace(limit=lambda _: []), add=lambda *_, **__: None)


class Run:
    """A DAG run in which tasks execute when a test says so, with XComs that everybody may write."""

    def __init__(self, dag_id: str = "d", run_id: str = "r1") -> None:
        self.dag_id, self.run_id = dag_id, run_id
        self.xcoms: dict[str, Any] = {}
        self.tries: dict[str, int] = {}

    def context(self, operator: Any, map_index: int = -1) -> dict[str, Any]:
        task_id = operator.task_id
        ti = SimpleNamespace(
            id="0",
            dag_id=self.dag_id,
            run_id=self.run_id,
            task_id=task_id,
            map_index=map_index,
            try_number=self.tries.setdefault(task_id, 1),
            max_tries=3,
            xcom_pull=lambda task_ids, **_: self.xcoms.get(task_ids),
            xcom_push=lambda key, value: self.xcoms.update({task_id: value}),
        )
        run = dag_run_at(JUNE, start_date=None)
        events = {"outlet_events": Events()}
        return {"ti": ti, "task_instance": ti, "task": operator, "dag": operator.get_dag(), "dag_run": run, **events}

    def execute(self, operator: Any) -> Any:
        return operator.execute(self.context(operator))

    def ask(self, operator: Any, map_index: int = -1) -> None:
        """Run an approval task until it waits."""
        with pytest.raises(TaskAwaitingInput):
            operator.execute(self.context(operator, map_index))

    def clear(self, operator: Any) -> None:
        self.tries[operator.task_id] += 1

    def answer(
        self, operator: Any, choice: str = "Approve", user: Any = ANN, at: datetime | None = None, map_index: int = -1
    ) -> Any:
        """Resume an approval task with an answer."""
        event = {
            "chosen_options": [choice],
            "params_input": {},
            "responded_at": at or utc_now(),
            "responded_by_user": user,
        }
        skips = pytest.raises(DownstreamTasksSkipped) if choice == "Reject" else nullcontext()
        with skips:
            self.xcoms[operator.task_id] = operator.execute_complete(self.context(operator, map_index), event)
        return self.xcoms[operator.task_id]


class Cycle:
    """Decision, approval and promotion of one comparison."""

    def __init__(self, comparison: Any, dag_id: str = "d", **approval: Any) -> None:
        with DAG(dag_id) as self.dag:
            self.approve = PromotionApprovalOperator(task_id="approve", comparison=comparison, **approval)
            self.promote = PromoteOperator(task_id="promote", parameter_set=NAME, comparison=comparison)
            self.approve >> self.promote

    def with_comparison(self, comparison: Any) -> Cycle:
        self.approve.comparison = self.promote.comparison = comparison
        return self


@pytest.fixture(autouse=True)
def asked(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Operators use the store of the test; what Airflow would show to people is kept."""
    shown: list[dict[str, Any]] = []
    monkeypatch.setattr(HpoHook, "store", store)
    monkeypatch.setattr(hitl, "upsert_hitl_detail", lambda **question: shown.append(question))
    monkeypatch.setattr("airflow_hpo.operators.promotion.write_mirror", lambda *_, **__: False)
    return shown


@pytest.fixture
def run() -> Run:
    """A run of the DAG that compares."""
    return Run()


def compared(store: Store, wait: int = 60, champion_version: int | None = None, **finding: Any) -> dict[str, Any]:
    known = {"parameter_set": NAME, "dag_id": "d", "run_id": "r1", **finding}
    return decision(store, {"wait": wait}, champion_version, **known)


def refused(run: Run, cycle: Cycle, match: str) -> None:
    with pytest.raises(AirflowFailException, match=match):
        run.execute(cycle.promote)
    assert HpoHook().store.read(lambda session: session.query(ComparisonRow).count()) >= 1


def test_what_a_person_approves_is_promoted_in_her_name(store: Store, run: Run) -> None:
    cycle = Cycle(compared(store))
    run.ask(cycle.approve)
    assert run.answer(cycle.approve)["approved_by"] == "ann"
    assert run.execute(cycle.promote)["version"] == 1
    assert find_version(store.database, NAME).provenance.approved_by == "ann"
    [row] = history(store, NAME)
    assert row["approval"].startswith("Approved by ann (id 7) at 20")
    assert row["approval"].endswith("asked by approve.")


def test_a_task_that_is_marked_as_success_has_approved_nothing(store: Store, run: Run) -> None:
    refused(run, Cycle(compared(store)), r"'approve' has written none in this run.* Clear 'approve', and answer it\.")


def test_nor_has_one_that_is_marked_as_success_while_it_waits(store: Store, run: Run) -> None:
    cycle = Cycle(compared(store))
    run.ask(cycle.approve)
    refused(run, cycle, r"Task approve waits for an answer\. Clear 'approve' to ask again\.")


def test_an_xcom_that_is_written_by_hand_approves_nothing(store: Store, run: Run) -> None:
    given = compared(store)
    cycle = Cycle(given)
    run.xcoms["approve"] = {"approved": True, "approved_by": "eve", "comparison": given["comparison"], "asked": True}
    cycle.promote.approved_by = run.xcoms["approve"]
    refused(run, cycle, "'approve' has written none")


def test_what_was_rejected_is_not_promoted_by_marking_tasks(store: Store, run: Run) -> None:
    cycle = Cycle(compared(store))
    run.ask(cycle.approve)
    run.answer(cycle.approve, "Reject")
    refused(run, cycle, r"Rejected by ann \(id 7\) at .* Clear 'approve' to ask again")


def test_an_answer_counts_no_longer_once_the_question_is_asked_again(store: Store, run: Run) -> None:
    cycle = Cycle(compared(store))
    run.ask(cycle.approve)
    run.answer(cycle.approve)
    run.clear(cycle.approve)
    run.ask(cycle.approve)
    refused(run, cycle, "waits for an answer")
    run.answer(cycle.approve, user=BOB)
    run.execute(cycle.promote)
    assert find_version(store.database, NAME).provenance.approved_by == "bob"


def test_of_two_answers_to_one_question_the_first_holds(store: Store, run: Run) -> None:
    cycle = Cycle(compared(store))
    run.ask(cycle.approve)
    run.answer(cycle.approve, user=ANN)
    assert run.answer(cycle.approve, user=BOB)["approved_by"] == "ann"


@pytest.mark.parametrize(("declared", "promoted"), [("Approve", True), ("Reject", False)])
def test_silence_is_kept_as_silence(store: Store, run: Run, declared: str, promoted: bool) -> None:
    cycle = Cycle(compared(store), defaults=declared)
    run.ask(cycle.approve)
    assert run.answer(cycle.approve, declared, user=None)["timed_out"] is True
    if not promoted:
        refused(run, cycle, "Rejected by silence, as the DAG declares")
        return
    run.execute(cycle.promote)
    assert find_version(store.database, NAME).provenance.approved_by is None
    assert history(store, NAME)[0]["approval"].startswith("Approved by silence, as the DAG declares at ")


@pytest.mark.parametrize(
    ("declared", "chosen", "counts", "by"),
    [
        ("Reject", "Approve", "Reject", None),
        ("Approve", "Approve", "Approve", None),
        ("Approve", "Reject", "Reject", "ann"),
    ],
)
def test_an_approval_after_its_time_counts_as_silence_and_a_refusal_as_one(
    store: Store, run: Run, declared: str, chosen: str, counts: str, by: str | None
) -> None:
    cycle = Cycle(compared(store), defaults=declared, response_timeout=timedelta(days=1))
    run.ask(cycle.approve)
    event = {"chosen_options": [chosen], "params_input": {}, "responded_by_user": ANN}
    event["responded_at"] = utc_now() + timedelta(days=2)
    with pytest.raises(DownstreamTasksSkipped) if counts == "Reject" else nullcontext():
        run.xcoms["approve"] = cycle.approve.execute_complete(run.context(cycle.approve), event)
    said = run.xcoms["approve"]
    assert (said["approved"], (said["responded_by_user"] or {}).get("name")) == (counts == "Approve", by)


@pytest.mark.parametrize("elsewhere", [Run("copy", "r1"), Run("d", "r2")], ids=["another DAG", "another run"])
def test_an_approval_task_of_another_dag_or_run_approves_nothing_here(store: Store, run: Run, elsewhere: Run) -> None:
    given = compared(store)
    copy = Cycle(given, elsewhere.dag_id)
    elsewhere.ask(copy.approve)
    elsewhere.answer(copy.approve)
    refused(run, Cycle(given), "has written none in this run")


def test_an_approval_belongs_to_the_comparison_that_it_saw(store: Store, run: Run) -> None:
    first = compared(store)
    cycle = Cycle(first)
    run.ask(cycle.approve)
    run.answer(cycle.approve)
    second = compared(store, 70)
    refused(
        run,
        cycle.with_comparison(second),
        rf"asked about comparison {first['comparison']}, and comparison {second['comparison']}",
    )
    assert run.execute(cycle.with_comparison(first).promote)["params"] == {"wait": 60}


def test_an_older_approval_does_not_count_once_a_newer_comparison_was_asked_about(store: Store, run: Run) -> None:
    first, second = compared(store), compared(store, 70)
    cycle = Cycle(first)
    run.ask(cycle.approve)
    run.answer(cycle.approve)
    run.clear(cycle.approve)
    cycle.approve.body, cycle.approve.subject = None, ""
    run.ask(cycle.with_comparison(second).approve)
    run.answer(cycle.approve, "Reject")
    refused(run, cycle.with_comparison(first), f"asked about comparison {second['comparison']}")


def test_a_comparison_that_is_exchanged_while_a_person_thinks_gets_no_answer(store: Store, run: Run) -> None:
    cycle = Cycle(compared(store))
    run.ask(cycle.approve)
    cycle.with_comparison(compared(store, 70))
    with pytest.raises(AirflowFailException, match=r"is handed over now\. Clear this task to ask again"):
        run.answer(cycle.approve)


CHANGES: list[dict[str, Any]] = [
    {"verdict": "keep"},
    {"champion_version": 5},
    {"parameter_set": "dispatch/osaka"},
    {"challenger": {"name": "trial 7", "params": {"wait": 1}}},
    {"challenger": {"name": "trial 8", "params": {"wait": 60}}},
    {"challenger": None},
    {"next_look": 2},
]


@pytest.mark.parametrize("change", CHANGES, ids=str)
@pytest.mark.parametrize("task", ["decide", "approve", "promote"])
def test_a_comparison_that_was_changed_on_its_way_is_refused(
    store: Store, run: Run, change: dict[str, Any], task: str, asked: list[Any]
) -> None:
    changed = {**compared(store), **change}
    cycle = Cycle(changed)
    with cycle.dag:
        decide = DecisionBranchOperator(task_id="decide", comparison=changed, if_promote="approve")
    act: Callable[[], Any] = {
        "decide": lambda: decide.choose_branch(run.context(decide)),
        "approve": lambda: run.execute(cycle.approve),
        "promote": lambda: run.execute(cycle.promote),
    }[task]
    with pytest.raises(
        AirflowFailException, match=rf"{next(iter(change))} of comparison \d+ is .* in the study database"
    ):
        act()
    assert not asked


FOLLOWED = [("promote", ["approve"]), ("keep", ["tell"]), ("inconclusive", ["ask", "tell"])]


@pytest.mark.parametrize(("verdict", "followed"), FOLLOWED)
def test_each_verdict_has_its_own_tasks(store: Store, run: Run, verdict: str, followed: list[str]) -> None:
    given = {"if_promote": ["approve"], "if_keep": "tell", "if_inconclusive": ["ask", "tell"]}
    decide = DecisionBranchOperator(task_id="decide", comparison=compared(store, verdict=verdict), **given)
    assert decide.choose_branch(run.context(decide)) == followed


@pytest.mark.parametrize(("declared", "followed"), [(None, ["tell"]), ([], [])])
def test_inconclusive_is_treated_as_keep_unless_it_is_said_otherwise(
    store: Store, run: Run, declared: Any, followed: list[str]
) -> None:
    decide = DecisionBranchOperator(
        task_id="decide", comparison=compared(store, verdict="inconclusive"), if_keep="tell", if_inconclusive=declared
    )
    assert decide.choose_branch(run.context(decide)) == followed


def test_a_person_sees_the_report_that_is_stored(store: Store, run: Run, asked: list[Any]) -> None:
    run.ask(Cycle({**compared(store), "report": "## All is well", "sentence": "Trust me."}).approve)
    report, _, deadline = asked[0]["body"].partition("\n\n")
    assert report == "## Promote"
    assert re.fullmatch(
        r"The task waits until \d{4}-\d\d-\d\d \d\d:\d\d UTC; no answer by then means Reject\.\n", deadline
    )


def test_a_person_sees_no_deadline_where_the_task_waits_for_ever(store: Store, run: Run, asked: list[Any]) -> None:
    run.ask(Cycle(compared(store), response_timeout=None).approve)
    assert asked[0]["body"] == "## Promote\n"


@pytest.mark.parametrize("of", [{"run_id": "r0"}, {"run_id": None}], ids=["an earlier run", "no run"])
def test_the_comparison_of_an_earlier_run_is_not_promoted_without_an_approval(
    store: Store, run: Run, of: dict[str, Any]
) -> None:
    with DAG("d"):
        promote = PromoteOperator(task_id="promote", parameter_set=NAME, comparison=compared(store, **of))
    with pytest.raises(AirflowFailException, match="A DAG run promotes what it compared itself"):
        run.execute(promote)


def test_a_comparison_about_another_set_is_not_promoted(store: Store, run: Run) -> None:
    with DAG("d"):
        promote = PromoteOperator(
            task_id="promote", parameter_set=NAME, comparison=compared(store, parameter_set="dispatch/osaka")
        )
    with pytest.raises(AirflowFailException, match="is about 'dispatch/osaka' and not 'dispatch/tokyo'"):
        run.execute(promote)


def test_a_person_who_is_not_listed_is_refused_and_the_question_is_asked_again(store: Store, run: Run) -> None:
    cycle = Cycle(compared(store), users=["ann"])
    run.ask(cycle.approve)
    with pytest.raises(AirflowException, match=r"takes the answer of ann, but user 'bob' with the id '9'") as again:
        run.answer(cycle.approve, user=BOB)
    assert not isinstance(again.value, AirflowFailException)
    refused(run, cycle, "waits for an answer")
    run.clear(cycle.approve)
    run.ask(cycle.approve)
    run.answer(cycle.approve, user=ANN)
    assert run.execute(cycle.promote)["version"] == 1


def test_what_was_not_shown_is_not_promoted_after_an_approval(store: Store, run: Run) -> None:
    cycle = Cycle(compared(store))
    cycle.promote.candidate = {"params": {"wait": 1}}
    run.ask(cycle.approve)
    run.answer(cycle.approve)
    refused(run, cycle, r"was about \{'wait': 60\}, and the candidate has \{'wait': 1\}")
    cycle.promote.candidate = {"params": {"wait": 60}}
    assert run.execute(cycle.promote)["version"] == 1


def test_a_second_approver_is_needed_as_well(store: Store, run: Run) -> None:
    given = compared(store)
    cycle = Cycle(given)
    with cycle.dag:
        second = PromotionApprovalOperator(task_id="risk", comparison=given)
        cycle.approve >> second >> cycle.promote
    run.ask(cycle.approve)
    run.answer(cycle.approve)
    refused(run, cycle, "'risk' has written none")
    run.ask(second)
    run.answer(second, user=BOB)
    run.execute(cycle.promote)
    assert set(find_version(store.database, NAME).provenance.approved_by.split(", ")) == {"ann", "bob"}


def test_an_approval_before_an_earlier_promotion_is_that_one_s(store: Store, run: Run) -> None:
    cycle = Cycle(compared(store))
    with cycle.dag:
        later = PromoteOperator(
            task_id="later", parameter_set="dispatch/osaka", comparison=compared(store, parameter_set="dispatch/osaka")
        )
        cycle.promote >> later
    assert run.execute(later)["version"] == 1


def test_an_approval_task_that_is_not_just_before_counts_too(store: Store, run: Run) -> None:
    cycle = Cycle(compared(store))
    with cycle.dag:
        between = BaseOperator(task_id="freeze")
        last = PromoteOperator(task_id="last", parameter_set=NAME, comparison=cycle.approve.comparison)
        cycle.approve >> between >> last
    with pytest.raises(AirflowFailException, match="'approve' has written none"):
        run.execute(last)


def test_a_run_that_has_promoted_needs_no_answer_to_be_cleared(store: Store, run: Run) -> None:
    cycle = Cycle(compared(store))
    run.ask(cycle.approve)
    run.answer(cycle.approve)
    first = run.execute(cycle.promote)
    run.clear(cycle.approve)
    assert run.execute(cycle.approve)["asked"] is False
    assert run.execute(cycle.promote) == {**first, "moved": False} or run.execute(cycle.promote)["version"] == 1


def of_earlier_release(store: Store, given: dict[str, Any]) -> dict[str, Any]:
    with store.session() as session:
        session.execute(update(ComparisonRow).values(answers_kept=None))
    return given


def test_what_an_earlier_release_was_answered_is_promoted_after_the_upgrade(store: Store, run: Run) -> None:
    given = of_earlier_release(store, compared(store))
    cycle = Cycle(given)
    refused(run, cycle, "'approve' has written none")
    run.xcoms["approve"] = {
        "approved": True,
        "approved_by": "ann",
        "responded_by_user": ANN,
        "responded_at": JUNE.isoformat(),
        "timed_out": False,
        "comparison": given["comparison"],
    }
    run.execute(cycle.promote)
    assert find_version(store.database, NAME).provenance.approved_by == "ann"


def test_a_question_that_an_earlier_release_asked_is_answered_after_the_upgrade(store: Store, run: Run) -> None:
    cycle = Cycle(of_earlier_release(store, compared(store)))
    run.answer(cycle.approve)
    run.xcoms.clear()
    run.execute(cycle.promote)
    assert history(store, NAME)[0]["approval"].startswith("Approved by ann (id 7)")


def test_a_rollback_after_an_approval_task_needs_its_answer(store: Store, run: Run) -> None:
    for wait in (60, 70):
        assign(store, NAME, {"wait": wait}, Provenance(acted_by="ada@here"))
    given = compared(store, champion_version=2)
    with DAG("d"):
        approve = PromotionApprovalOperator(task_id="approve", comparison=given)
        back = RollbackOperator(task_id="back", parameter_set=NAME, to=1)
        approve >> back
    with pytest.raises(AirflowFailException, match="'approve' has written none"):
        run.execute(back)
    run.ask(approve)
    run.answer(approve)
    run.execute(back)
    found = find_version(store.database, NAME).provenance
    assert (found.approved_by, found.comparison) == ("ann", given["comparison"])


def test_an_approval_of_another_dag_that_is_handed_over_is_looked_up(store: Store, run: Run) -> None:
    given = compared(store, dag_id="other")
    other = Cycle(given, "other")
    answer = {"approved": True, "approved_by": "eve", "comparison": given["comparison"], "asked": True}
    with DAG("d"):
        promote = PromoteOperator(task_id="promote", parameter_set=NAME, comparison=given, approved_by=answer)
    with pytest.raises(AirflowFailException, match=r"comparison \d+ has none there\. Clear the approval task"):
        run.execute(promote)
    there = Run("other")
    there.ask(other.approve)
    there.answer(other.approve)
    run.execute(promote)
    assert find_version(store.database, NAME).provenance.approved_by == "ann"


def test_every_index_of_a_mapped_approval_is_its_own_question(store: Store, run: Run) -> None:
    given = compared(store)
    cycle = Cycle(given)
    for index in (0, 1):
        run.ask(cycle.approve, index)
    run.answer(cycle.approve, map_index=0)
    refused(run, cycle, "waits for an answer")


def test_an_answer_that_cannot_be_kept_is_not_taken(store: Store, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    cycle = Cycle(compared(store))
    run.ask(cycle.approve)

    def away(*_: Any, **__: Any) -> None:
        raise StoreUnavailableError("The database does not answer.")

    monkeypatch.setattr("airflow_hpo.operators.approval.approvals.answer", away)
    with pytest.raises(StoreUnavailableError):
        run.answer(cycle.approve)
    refused(run, cycle, "waits for an answer")
