"""Answers that a task which moves a champion needs: those of the approval tasks before it, from the study database.

The state of an approval task and what it returned can be changed by hand, so neither says anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context

from airflow_hpo.core.answer import Answer, Choice
from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.exceptions import ApprovalError
from airflow_hpo.storage import approvals, comparisons
from airflow_hpo.storage.column_types import utc_now
from airflow_hpo.storage.retry import retried

if TYPE_CHECKING:
    from airflow_hpo.storage.comparisons import Comparison
    from airflow_hpo.studies.store import Store


def required_answers(
    store: Store, context: Context, askers: Iterable[Any], comparison: Comparison | None = None
) -> list[Answer]:
    """Return what the approval tasks before a task were answered, about a comparison or about what they asked about.

    Those that asked about something else are passed over.

    :raises ApprovalError: unless each answer is to approve.
    """
    ti = context["ti"]
    kept = _newest(store, ti.dag_id, ti.run_id)
    found: list[Answer] = []
    for asker in askers:
        own = kept.get(asker.task_id) or _of_earlier_release(store, ti, asker.task_id)
        if not own:
            raise ApprovalError(_NONE.format(task=asker.task_id))
        found += _relevant(store, own, comparison, asker.task_id)
    return _approving(found)


@retried
def answers_elsewhere(store: Store, number: int) -> list[Answer]:
    """Return the answers to a comparison that a task of another DAG asked about.

    :raises ApprovalError: unless there is one, and each is to approve.
    """
    found = store.read(approvals.newest, comparison=number)
    if not found and store.read(comparisons.get, number).answers_kept:
        raise ApprovalError(
            f"What an approval task returned counts when the study database has its answer, but comparison {number} has "
            "none there. Clear the approval task, and answer it."
        )
    return _approving(found)


_NONE = (
    "A promotion after an approval task needs its answer in the study database, but {task!r} has written none in this run: "
    "a state or an XCom that was set by hand is no answer. Clear {task!r}, and answer it."
)


@retried
def _newest(store: Store, dag_id: str, run_id: str) -> dict[str, list[Answer]]:
    """Return the newest question of each task of a run, by the task's id; of a mapped task that of each index."""
    found: dict[str, dict[int, Answer]] = {}
    for each in store.read(approvals.newest, dag_id=dag_id, run_id=run_id):
        found.setdefault(each.task.task_id, {})[each.task.map_index] = each
    return {task_id: list(by_index.values()) for task_id, by_index in found.items()}


def _relevant(store: Store, own: list[Answer], comparison: Comparison | None, task_id: str) -> list[Answer]:
    if comparison is None:
        return own
    if found := [each for each in own if each.comparison == comparison.id]:
        return found
    others = [each for each in own if _same_question(store, each.comparison, comparison)]
    if others:
        raise ApprovalError(
            f"An approval belongs to the comparison that was shown, but {task_id!r} asked about comparison "
            f"{others[-1].comparison}, and comparison {comparison.id} is to be promoted. Clear {task_id!r}, and answer it."
        )
    return []


@retried
def _same_question(store: Store, number: int, comparison: Comparison) -> bool:
    other = store.read(comparisons.get, number)
    return (other.family, other.parameter_set) == (comparison.family, comparison.parameter_set)


def _approving(answers: list[Answer]) -> list[Answer]:
    for each in answers:
        if not each.approved:
            raise ApprovalError(
                f"Only what was approved is promoted, but about comparison {each.comparison} the study database says: {each} "
                f"Clear {each.task.task_id!r} to ask again."
            )
    return answers


def _of_earlier_release(store: Store, ti: Any, task_id: str) -> list[Answer]:
    """Return answers of an approval task of an earlier release, which left them in its XCom alone."""
    returned = ti.xcom_pull(task_ids=task_id)
    given = returned if isinstance(returned, list) else [returned]
    read = [_from_xcom(ti, task_id, index, each) for index, each in enumerate(given) if isinstance(each, Mapping)]
    return [each for each in read if each and not retried(_get)(store, each.comparison).answers_kept]


def _get(store: Store, number: int) -> Comparison:
    return store.read(comparisons.get, number)


def _from_xcom(ti: Any, task_id: str, index: int, returned: Mapping[str, Any]) -> Answer | None:
    number, user = returned.get("comparison"), returned.get("responded_by_user") or {}
    if not isinstance(number, int) or "approved" not in returned:
        return None
    at = returned.get("responded_at")
    return Answer(
        comparison=number,
        task=TaskRun(ti.dag_id, ti.run_id, task_id, index),
        asked=utc_now(),
        choice=Choice.APPROVE if returned["approved"] is True else Choice.REJECT,
        answered=datetime.fromisoformat(at) if at else None,
        user_id=user.get("id"),
        user_name=user.get("name") or returned.get("approved_by"),
    )
