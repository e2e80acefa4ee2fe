"""Messages to people, made from the context of a task or a DAG run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from airflow.sdk.configuration import conf

from airflow_hpo.core.masking import masked, masked_data
from airflow_hpo.core.trial import TrialView, brief
from airflow_hpo.notifications.page import page_of
from airflow_hpo.operators.approval import PromotionApprovalOperator, subject_of
from airflow_hpo.operators.promotion import RollbackOperator, person
from airflow_hpo.operators.trial import TrialOperator

RESULT = "return_value"


class Event(StrEnum):
    """Event of a notification."""

    FINISHED = "finished"
    """A study has its best trial."""
    FAILED = "failed"
    """A task or a run failed for good."""
    RECOMMENDED = "recommended"
    """The verdict of a comparison is promote."""
    KEPT = "kept"
    """The verdict of a comparison is keep."""
    INCONCLUSIVE = "inconclusive"
    """The verdict of a comparison is inconclusive."""
    WAITING = "waiting"
    """A person is asked."""
    APPROVED = "approved"
    REFUSED = "refused"
    """A person refused, or no person answered in time."""
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"
    UNCHANGED = "unchanged"
    """A task ran again, and nothing moved: its run had moved the champion, or got its answer, before."""
    DONE = "done"
    """Anything else that succeeded."""


@dataclass(frozen=True, slots=True)
class Message:
    """Message of a notification: ``{{ hpo.subject }}``, ``{{ hpo.text }}``, ``{{ hpo.event }}``, ``{{ hpo.data }}``."""

    event: Event
    subject: str
    """One line."""
    text: str
    """The whole message, the subject included; plain text."""
    data: Mapping[str, Any]
    """What the task returned, or the comparison that is asked about."""


def message_of(context: Mapping[str, Any], event: Event | None = None) -> Message:
    """Return the message about a task or a DAG run."""
    data = _result(context)
    found = event or _event(context, data)
    page = page_of(data)
    told = (*_TEXTS[found](context, data), *([f"Page: {page}"] if page else []), *_where(context, found))
    lines = [masked(line) for line in told]
    return Message(found, lines[0], "\n".join(lines), masked_data(data))


def _result(context: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the task returned, or what an approval that goes on is about."""
    ti: Any = context.get("ti")
    task, found = context.get("task"), None
    # A callback of a run in the DAG processor has no task instance, or one that cannot look up what it returned; and what
    # made a task fail may keep it from looking.
    if hasattr(ti, "xcom_pull") and not context.get("exception"):
        found = ti.xcom_pull(task_ids=ti.task_id, key=RESULT, map_indexes=ti.map_index)
    if found is None and isinstance(task, PromotionApprovalOperator):
        found = task.comparison
    return found if isinstance(found, Mapping) else {}


def _event(context: Mapping[str, Any], data: Mapping[str, Any]) -> Event:
    if context.get("exception") or getattr(context.get("dag_run"), "state", None) == "failed":
        return Event.FAILED
    task = context.get("task")
    if data.get("moved") is False or data.get("asked") is False:
        return Event.UNCHANGED
    if "approved" in data:
        return Event.APPROVED if data["approved"] else Event.REFUSED
    if "verdict" in data:
        return Event.WAITING if isinstance(task, PromotionApprovalOperator) else _VERDICTS[data["verdict"]]
    if "version" in data and "previous" in data:
        return Event.ROLLED_BACK if isinstance(task, RollbackOperator) else Event.PROMOTED
    return Event.FINISHED if "edition" in data and "complete" in data else Event.DONE


_VERDICTS = {"promote": Event.RECOMMENDED, "keep": Event.KEPT, "inconclusive": Event.INCONCLUSIVE}


def _finished(context: Mapping[str, Any], data: Mapping[str, Any]) -> list[str]:
    best = f"trial {data['number']} with {brief(data['value'])}"
    none = data["number"] is None
    return [
        f"Study {data['study']} has no feasible trial among {data['complete']}. {data['reason']}"
        if none
        else f"Study {data['study']} is tuned: the best of {data['complete']} trials is {best}.",
        *_params(data["params"]),
        *([f"{data['failed']} trials failed."] if data["failed"] else []),
        *_answered(data),
    ]


def _failed(context: Mapping[str, Any], data: Mapping[str, Any]) -> list[str]:
    error = context.get("exception") or context.get("reason")
    trial, task = context.get("trial"), context.get("task")
    if isinstance(trial, TrialView) and isinstance(task, TrialOperator):
        return [
            f"Trial {trial.number} of {trial.study} failed.",
            *_params(dict(vars(trial.params))),
            *([str(error)] if error else []),
            _goes_on(trial, task),
        ]
    name = f"Task {context['ti'].task_id} of {_dag_id(context)}" if context.get("ti") else f"DAG {_dag_id(context)}"
    return [f"{name} failed.", *([str(error)] if error else [])]


def _goes_on(trial: TrialView, task: TrialOperator) -> str:
    if trial.candidate:
        return "The evaluation goes on without it, and counts it as missing."
    allowed = task.run.study.failures_allowed if task.run else None
    return f"The study goes on, unless more than {'max_failures' if allowed is None else allowed} trials fail."


def _decided(context: Mapping[str, Any], data: Mapping[str, Any]) -> list[str]:
    return [f"{data['parameter_set'] or data['study']}: {data['verdict']}.", data["sentence"], *_answered(data)]


def _waiting(context: Mapping[str, Any], data: Mapping[str, Any]) -> list[str]:
    timeout = str(context["task"].response_timeout).removesuffix(", 0:00:00")
    silence = " or ".join(context["task"].defaults or ["failure"])
    return [
        f"Waiting for approval: {subject_of(data)}",
        data["sentence"],
        *_answered(data),
        *_params((data.get("challenger") or {}).get("params", {})),
        f"No answer within {timeout} means {silence}.",
    ]


def _approved(context: Mapping[str, Any], data: Mapping[str, Any]) -> list[str]:
    return [f"Approved by {data['approved_by'] or 'no person in time, which means yes'}."]


def _refused(context: Mapping[str, Any], data: Mapping[str, Any]) -> list[str]:
    who = person(data)
    return [f"Refused by {who}." if who else "Refused: no person answered in time."]


def _promoted(context: Mapping[str, Any], data: Mapping[str, Any]) -> list[str]:
    before = f", after version {data['previous']}" if data["previous"] else ", the first"
    who = person(getattr(context.get("task"), "approved_by", None))
    return [
        f"Promoted: {data['name']} is version {data['version']} now{before}.",
        *_params(data["params"]),
        *([f"Approved by {who}."] if who else []),
    ]


def _rolled_back(context: Mapping[str, Any], data: Mapping[str, Any]) -> list[str]:
    return [
        f"Rolled back: {data['name']} is version {data['version']} now, in place of version {data['previous']}.",
        *_params(data["params"]),
    ]


def _unchanged(context: Mapping[str, Any], data: Mapping[str, Any]) -> list[str]:
    if "version" not in data:
        return ["Nothing moved, and no person is asked: this run has promoted before."]
    made, current = data["version"], data["current"]
    now = "which is in use" if made == current else f"and version {current} is in use"
    return [f"Nothing moved: this run made version {made} of {data['name']} before, {now}."]


def _done(context: Mapping[str, Any], data: Mapping[str, Any]) -> list[str]:
    return [f"Task {context['ti'].task_id} of {_dag_id(context)} is done." if context.get("ti") else "Done."]


_TEXTS: Mapping[Event, Callable[[Mapping[str, Any], Mapping[str, Any]], list[str]]] = {
    Event.FINISHED: _finished,
    Event.FAILED: _failed,
    Event.RECOMMENDED: _decided,
    Event.KEPT: _decided,
    Event.INCONCLUSIVE: _decided,
    Event.WAITING: _waiting,
    Event.APPROVED: _approved,
    Event.REFUSED: _refused,
    Event.PROMOTED: _promoted,
    Event.ROLLED_BACK: _rolled_back,
    Event.UNCHANGED: _unchanged,
    Event.DONE: _done,
}


def _answered(data: Mapping[str, Any]) -> list[str]:
    """Return what was answered from the store, and what is left of the error budget; results of earlier releases do not say."""
    return [data[name] for name in ("answered", "error") if data.get(name)]


def _params(params: Mapping[str, Any]) -> list[str]:
    return [f"  {name} = {value}" for name, value in params.items()]


def _dag_id(context: Mapping[str, Any]) -> str:
    return str(getattr(context.get("dag") or context.get("dag_run"), "dag_id", "unknown"))


def _where(context: Mapping[str, Any], event: Event) -> list[str]:
    ti: Any = context.get("ti")
    task = context.get("task")
    if event is Event.WAITING and isinstance(task, PromotionApprovalOperator):
        # Without the option Airflow does not know its own address.
        known = conf.get("api", "base_url", fallback="")
        where = task.generate_link_to_ui(task_instance=ti) if known else f"task {ti.task_id} of {ti.dag_id} in Airflow"
        return [f"Answer: {where}"]
    run = [f"Run {context['run_id']} of {_dag_id(context)}."] if context.get("run_id") else []
    url = getattr(ti, "log_url", None)
    return [*run, *([f"Log: {url}"] if url else [])]
