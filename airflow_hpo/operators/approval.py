"""Operator that asks a person whether a challenger may be promoted."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Context
from airflow.sdk.exceptions import DownstreamTasksSkipped

from airflow_hpo.core.parameter_set import ParameterVersion
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.operators.comparison import verdict_of
from airflow_hpo.operators.context import data_until_of, permanent_errors_end_the_task, promotion_key
from airflow_hpo.parameter_sets.moves import move_before

RESPONSE_TIMEOUT = timedelta(days=7)
RETRIES = 3
RETRY_DELAY = timedelta(seconds=10)


class PromotionApprovalOperator(ApprovalOperator):
    """Shows the comparison's report to a person and waits, without a worker, for "Approve" or "Reject".

    Without an answer in time, the answer is "Reject": nothing is promoted by silence. After "Reject" the tasks directly
    after it are skipped. Cleared after this DAG run has promoted, the task asks no person again; when the champion has changed
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
    :param retries: how often to ask again when Airflow fails the task, as it does with one that is answered before the
        scheduler knows that it waits: within a second or two, or more on a busy machine; default: 3.
    :param retry_delay: how long to wait before asking again; default: ten seconds.
    :param allow_older: as for :class:`PromoteOperator`: what that one would refuse, no person is asked about.
    :param hpo_conn_id: connection of the study database.
    :raises AirflowFailException: when the champion is not the one that the challenger was compared with, or was found on newer data.
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
        retries: int = RETRIES,
        retry_delay: timedelta = RETRY_DELAY,
        allow_older: bool = False,
        hpo_conn_id: str = HpoHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            subject=subject or "",
            body=body,
            defaults=defaults,
            response_timeout=response_timeout,
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
            verdict_of(self.comparison)
            made = self._made_before(context)
        if made:
            self.log.info(
                "This run made version %s of %s before, so no person is asked again.", made.version, made.name
            )
            return self._answer_of(made)
        self.subject = self.subject or subject_of(self.comparison)
        self.body = self.body or self.comparison["report"]
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Return the answer, or skip what follows."""
        try:
            super().execute_complete(context, event)
        except DownstreamTasksSkipped:
            # What a task returns is lost when it skips others; who refused must not be.
            context["ti"].xcom_push("return_value", self._answer(event))
            raise
        answer = self._answer(event)
        self.log.info("%s by %s.", "Approved" if answer["approved"] else "Rejected", answer["approved_by"])
        return answer

    def _made_before(self, context: Context) -> ParameterVersion | None:
        name = self.comparison.get("parameter_set")
        if not name:
            return None
        store, expected = HpoHook(self.hpo_conn_id).store, self.comparison.get("champion_version")
        key = promotion_key(context, store, self.comparison)
        data_until = data_until_of(store, context, self.comparison.get("challenger") or {})
        return move_before(store, name, key, expected, data_until, allow_older=self.allow_older)

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

    def _answer(self, event: Mapping[str, Any]) -> dict[str, Any]:
        user, approved = event.get("responded_by_user"), self.APPROVE in event["chosen_options"]
        return {
            "approved": approved,
            "approved_by": (user.get("name") or user.get("id")) if user and approved else None,
            "responded_by_user": user,
            "responded_at": event["responded_at"].isoformat(),
            "timed_out": user is None,
            "comparison": self.comparison["comparison"],
            "asked": True,
        }


def subject_of(comparison: Mapping[str, Any]) -> str:
    """Return the question in one line."""
    challenger = (comparison.get("challenger") or {}).get("name") or "nobody"
    name = comparison.get("parameter_set") or comparison["study"]
    version = comparison.get("champion_version")
    return f"Promote {challenger} to {name}, {f'in place of version {version}' if version else 'the first version'}?"
