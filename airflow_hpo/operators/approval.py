"""Operator that asks a person whether a challenger may be promoted."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowException, DownstreamTasksSkipped

from airflow_hpo.core.answer import Answer, Choice
from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.core.parameter_set import ParameterVersion
from airflow_hpo.core.zone import moment_in
from airflow_hpo.evaluations.decided import decided, number_of
from airflow_hpo.exceptions import ApprovalError, DeclarationError
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.operators.comparison import comparing_store
from airflow_hpo.operators.context import (
    data_until_of,
    permanent_errors_end_the_task,
    promotion_key,
    run_start,
    task_try_of,
    zone_of_schedule,
)
from airflow_hpo.operators.responders import Responder, by_id, checked_responders, may_answer, names_of
from airflow_hpo.parameter_sets.moves import move_before
from airflow_hpo.storage import approvals, comparisons
from airflow_hpo.storage.column_types import utc_now
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies.store import Store

RESPONSE_TIMEOUT = timedelta(days=7)
RETRIES = 3
RETRY_DELAY = timedelta(seconds=10)
LATE = timedelta(minutes=5)
"""By how much an approval may miss its time: the clocks of two machines differ, and Airflow looks now and then."""


class PromotionApprovalOperator(ApprovalOperator):
    """Shows the comparison's report to a person and waits, without a worker, for "Approve" or "Reject".

    Without an answer in time, the answer is "Reject": nothing is promoted by silence. After "Reject" the tasks directly
    after it are skipped. Who answered what and when is kept in the study database, where :class:`PromoteOperator` looks: a task
    that is marked as success, or an XCom that is written by hand, approves nothing. Cleared, the task asks again, and what it was
    answered before counts no longer. Cleared after this DAG run has promoted, the task asks no person again; when the champion has changed
    since the comparison, it fails before it asks. Returns ``approved``, ``approved_by`` (None unless a person approved), ``responded_by_user``,
    ``responded_at``, ``timed_out``, ``comparison`` (its number) and ``asked`` (False when no person was asked, for the champion had moved).

    Example::

        from datetime import timedelta

        PromotionApprovalOperator(
            task_id="approve",
            comparison="{{ ti.xcom_pull('compare') }}",
            response_timeout=timedelta(days=2),
        )

    :param comparison: what ``CompareTaskGroup`` or ``CompareOperator`` returns. Templated.
    :param subject: the headline; None says which challenger, which parameter set and which version it would replace.
    :param body: the text, Markdown; None for the comparison's report.
    :param defaults: the answer when no person answers in time: ``"Reject"`` or ``"Approve"``.
    :param response_timeout: how long to wait for a person; default: seven days.
    :param users: who may answer: names, or ``HITLUser(id=..., name=...)`` where ids are not names; empty for every user who may in
        Airflow. The answer of another user counts as none, and the question is asked again, ``retries`` times at most. Airflow
        itself refuses other users when each user has an id.
    :param retries: how often to ask again after the answer of a user who may not, and when Airflow fails the task, as it does with one that is answered before the
        scheduler knows that it waits: within a second or two, or more on a busy machine; default: 3.
    :param retry_delay: how long to wait before asking again; default: ten seconds.
    :param allow_older: as for :class:`PromoteOperator`: what that one would refuse, no person is asked about.
    :param hpo_conn_id: connection of the study database.
    :raises DeclarationError: when a user is neither a name nor has an id and a name.
    :raises AirflowFailException: when the comparison is not as it was made, the champion is not the one that the challenger was compared with, or was found on newer data.
    """

    template_fields: Sequence[str] = ("subject", "body", "comparison")

    def __init__(
        self,
        *,
        comparison: Any,
        subject: str | None = None,
        body: str | None = None,
        defaults: str = ApprovalOperator.REJECT,
        response_timeout: timedelta = RESPONSE_TIMEOUT,
        users: Sequence[Responder] = (),
        retries: int = RETRIES,
        retry_delay: timedelta = RETRY_DELAY,
        allow_older: bool = False,
        hpo_conn_id: str = HpoHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        self.users = checked_responders(users or kwargs.get("assigned_users") or ())
        kwargs.setdefault("assigned_users", by_id(self.users))
        super().__init__(
            subject=subject or "",
            body=body,
            defaults=defaults,
            response_timeout=_checked_time(response_timeout),
            retries=retries,
            retry_delay=retry_delay,
            **kwargs,
        )
        self.comparison = comparison
        self.allow_older = allow_older
        self.hpo_conn_id = hpo_conn_id

    def execute(self, context: Context) -> Any:
        """Ask, and wait; no person is asked about what has happened already, or cannot happen any more."""
        with permanent_errors_end_the_task():
            store = comparing_store(self, self.hpo_conn_id)
            # What the person sees is what is stored, whatever was handed over.
            self.comparison = decided(store, self.comparison, run_start(context)).data
            made = self._made_before(context)
            if made:
                self.log.info(
                    "This run made version %s of %s before, so no person is asked again.", made.version, made.name
                )
                return self._answer_of(made)
            until = utc_now() + self.response_timeout if self.response_timeout else None
            retried(_ask)(store, number_of(self.comparison), task_try_of(context).task, until)
        self.subject = self.subject or subject_of(self.comparison)
        self.body = self.body or self._page(moment_in(until, zone_of_schedule(context)) if until else None)
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Keep the answer and return it, or skip what follows."""
        if "error" not in event:
            with permanent_errors_end_the_task():
                answer = self._kept(context, event)
            # Of several answers to one question the first holds.
            event = {**event, "chosen_options": [answer.choice], "responded_at": answer.answered}
        try:
            super().execute_complete(context, event)
        except DownstreamTasksSkipped:
            # What a task returns is lost when it skips others; who refused must not be.
            context["ti"].xcom_push("return_value", self._returned(answer))
            raise
        self.log.info("%s", answer)
        return self._returned(answer)

    def _kept(self, context: Context, event: Mapping[str, Any]) -> Answer:
        user = event["responded_by_user"]
        if user and not may_answer(self.users, user):
            raise AirflowException(
                f"Task {self.task_id} takes the answer of {names_of(self.users)}, but user {user.get('name')!r} with the id "
                f"{user.get('id')!r} answered, which counts as no answer. It asks again while it has retries, and then when it is "
                "cleared."
            )
        store = comparing_store(self, self.hpo_conn_id)
        number, task = number_of(self.comparison), task_try_of(context).task
        asked = retried(_question)(store, number, task)
        choice, given = Choice(_chosen(event)), {"user": user, "params": event.get("params_input") or {}}
        late = bool(asked and asked.until and event["responded_at"] > asked.until + LATE)
        if late and user and choice is Choice.APPROVE:
            choice = Choice(self.defaults[0]) if self.defaults else Choice.REJECT
            given = {"user": None, "params": {}}
            self.log.warning("The answer came after its time, so that the one for silence counts: %s.", choice)
        return retried(_answer)(store, number, asked.task if asked else task, choice, event["responded_at"], given)

    def _made_before(self, context: Context) -> ParameterVersion | None:
        name = self.comparison.get("parameter_set")
        if not name:
            return None
        store, expected = HpoHook(self.hpo_conn_id).store, self.comparison.get("champion_version")
        key = promotion_key(context, store, self.comparison)
        data_until = data_until_of(store, context, self.comparison.get("challenger") or {})
        return move_before(store, name, key, expected, data_until, allow_older=self.allow_older)

    def _page(self, until: str | None) -> str:
        silence = " or ".join(self.defaults or ["failure"])
        told = [
            *([f"To be answered by {names_of(self.users)}."] if self.users else []),
            *([f"The task waits until {until}; no answer by then means {silence}."] if until else []),
        ]
        report = str(self.comparison["report"])
        return f"{report.rstrip()}\n\n{' '.join(told)}\n" if told else report

    def _answer_of(self, made: ParameterVersion) -> dict[str, Any]:
        """Return the answer that an earlier try of the task got, as far as the version keeps it."""
        return {
            "approved": True,
            "approved_by": made.provenance.approved_by,
            "responded_by_user": None,
            "responded_at": None,
            "timed_out": False,
            "comparison": self.comparison["comparison"],
            "asked": False,
        }

    def _returned(self, answer: Answer) -> dict[str, Any]:
        user = {"id": answer.user_id, "name": answer.user_name} if answer.person else None
        return {
            "approved": answer.approved,
            "approved_by": answer.person if answer.approved else None,
            "responded_by_user": user,
            "responded_at": answer.answered.isoformat() if answer.answered else None,
            "timed_out": user is None,
            "comparison": answer.comparison,
            "asked": True,
        }


def _chosen(event: Mapping[str, Any]) -> str:
    if len(event["chosen_options"]) == 1:
        return str(event["chosen_options"][0])
    raise ApprovalError(f"One answer is chosen, but got {event['chosen_options']}. Clear this task to ask again.")


def _ask(store: Store, number: int, task: TaskRun, until: Any) -> None:
    with store.session() as session:
        approvals.ask(session, number, task, until)


def _question(store: Store, number: int, task: TaskRun) -> Answer | None:
    """Return what a task has asked last; None for one that began to wait in an earlier release."""
    with store.session(read_only=True) as session:
        asked = approvals.newest_of(session, task)
        if asked is None and not comparisons.get(session, number).answers_kept:
            return None
    if asked is None or asked.comparison != number:
        about = f"comparison {asked.comparison}" if asked else "none"
        raise ApprovalError(
            f"An answer is about the comparison that was shown, but this task asked about {about}, and comparison {number} is "
            "handed over now. Clear this task to ask again."
        )
    return asked


def _answer(store: Store, number: int, task: TaskRun, choice: Choice, at: Any, given: Mapping[str, Any]) -> Answer:
    with store.session() as session:
        return approvals.answer(session, number, task, choice, at, **given)


def subject_of(comparison: Mapping[str, Any]) -> str:
    """Return the question in one line."""
    challenger = (comparison.get("challenger") or {}).get("name") or "nobody"
    name = comparison.get("parameter_set") or comparison["study"]
    version = comparison.get("champion_version")
    return f"Promote {challenger} to {name}, {f'in place of version {version}' if version else 'the first version'}?"


def _checked_time(given: Any) -> timedelta | None:
    if given is None or (isinstance(given, timedelta) and given > timedelta(0)):
        return given  # None waits for ever
    days = f"days={given}" if isinstance(given, int | float) and given > 0 else "days=7"
    raise DeclarationError(
        f"An answer is waited for within a positive timedelta, but got {given!r}. Write response_timeout=timedelta({days})."
    )
