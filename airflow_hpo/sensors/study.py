"""Sensor for a study, with or without a worker."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, get_args

from airflow.sdk import BaseSensorOperator, Context, PokeReturnValue
from airflow.sdk.configuration import conf as airflow_conf
from airflow.sdk.exceptions import AirflowSkipException
from airflow.triggers.base import StartTriggerArgs

from airflow_hpo import conf
from airflow_hpo.core.declared import brief_repr
from airflow_hpo.core.owner import DagRunKey
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import DeclarationError, TransientHpoError
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.hooks.study_watch import StudyWatch
from airflow_hpo.operators.context import permanent_errors_end_the_task
from airflow_hpo.storage.retry import while_upgraded
from airflow_hpo.studies.status import Status
from airflow_hpo.triggers.study import LONGEST_WAIT, StudyEvent, StudyTrigger, Until, reached


class StudySensor(BaseSensorOperator):
    """Waits until a study wants another batch of trials, or is over.

    While it waits it gives up a trial when its task has ended without a result. When the study is over the sensor is
    skipped, and with it everything that would have tuned on; with ``until="over"`` it succeeds instead.

    Example::

        StudySensor(task_id="over", edition="valley@{{ run_id }}", until="over")

    :param edition: the edition to wait for: ``<study>@<run>``. Templated.
    :param until: ``"ready"``: ``batch_size`` slots are free; ``"room"``: one is; ``"begin"``: trials may begin, as
        they may unless the study is drained; ``"over"``: the study is over.
    :param hpo_conn_id: connection of the study database.
    :param trial_task_id: id of a batch's trial task, with ``{batch}`` for its number; empty: abandoned trials are left alone.
    :param deferrable: wait in the triggerer.
    :param timeout: how long to wait at most, seconds or timedelta; by default there is no limit, because the study has its own.
    :param start_in_triggerer: with ``deferrable``: start and end there too, so that no worker is ever used.
    """

    template_fields: Sequence[str] = ("edition", "run_id")

    def __init__(
        self,
        *,
        edition: str,
        until: Until = "ready",
        hpo_conn_id: str = HpoHook.default_conn_name,
        trial_task_id: str = "",
        deferrable: bool = airflow_conf.getboolean("operators", "default_deferrable", fallback=False),
        start_in_triggerer: bool = False,
        **kwargs: Any,
    ) -> None:
        if until not in get_args(Until):
            raise DeclarationError(
                f"A sensor waits until a study is 'ready', has 'room', may 'begin' or is 'over', but got until={until!r}. "
                "Write until='over'."
            )
        if not edition or isinstance(edition, Study | int | float):
            name = edition.name if isinstance(edition, Study) else "valley"
            raise DeclarationError(
                f"A sensor waits for an edition, named by text, but got {brief_repr(edition)}. Write edition='{name}@{{{{ run_id }}}}'."
            )
        kwargs.setdefault("poke_interval", conf.poll_interval())
        kwargs.setdefault("timeout", LONGEST_WAIT)
        super().__init__(**kwargs)
        self.edition = edition
        self.run_id = "{{ run_id }}"
        self.until: Until = until
        self.hpo_conn_id = hpo_conn_id
        self.trial_task_id = trial_task_id
        self.deferrable = deferrable
        self.start_in_triggerer = start_in_triggerer
        if deferrable and start_in_triggerer:
            self._start_there()

    def execute(self, context: Context) -> Any:
        """Wait in the triggerer, or here.

        A sensor that starts in the triggerer comes here only under ``dag.test()``, which runs one task after the other:
        there it must give way (``mode="reschedule"``) to the trials that it waits for.
        """
        if self.deferrable and not self.start_in_triggerer:
            self.defer(
                trigger=StudyTrigger(**self._trigger_arguments()),
                method_name="execute_complete",
                timeout=timedelta(seconds=self.timeout),
            )
        with permanent_errors_end_the_task():
            return super().execute(context)

    def poke(self, context: Context) -> PokeReturnValue:
        """Look once."""
        try:
            # Only an upgrade is waited for here: a sensor that is rescheduled does not know how long it has met one.
            status = while_upgraded(conf.database_patience(), self._look)
        except TransientHpoError as err:
            self.log.warning("The study cannot be read now and is tried again: %s", err)
            return PokeReturnValue(False)
        self.log.info("%s", status.outlook)
        if reached(status, self.until):
            self._conclude(StudyEvent(over=status.verdict.over, reason=status.verdict.reason))
            return PokeReturnValue(True)
        return PokeReturnValue(False)

    def _look(self) -> Status:
        store = HpoHook(self.hpo_conn_id, patience=0).store
        edition = store.current(self.edition, DagRunKey(self.dag_id, self.run_id)).name
        return StudyWatch(store, edition, self.dag_id, self.run_id, self.trial_task_id).look()

    def execute_complete(self, context: Context, event: StudyEvent) -> None:
        """End after waiting in the triggerer."""
        self._conclude(event)

    def _conclude(self, event: StudyEvent) -> None:
        self.log.info("%s", event["reason"] or "More trials are wanted.")
        if event["over"] and self.until != "over":
            raise AirflowSkipException(event["reason"])

    def _trigger_arguments(self) -> dict[str, Any]:
        return {
            "edition": self.edition,
            "hpo_conn_id": self.hpo_conn_id,
            "until": self.until,
            "poll_interval": float(self.poke_interval),
            "dag_id": self.dag_id,
            "run_id": self.run_id,
            "trial_task_id": self.trial_task_id,
        }

    def _start_there(self) -> None:
        self.start_from_trigger = True
        self.start_trigger_args = StartTriggerArgs(
            trigger_cls="airflow_hpo.triggers.study.StudyTrigger",
            trigger_kwargs={**self._trigger_arguments(), "end_task": True},
            next_method="execute_complete",
            timeout=timedelta(seconds=self.timeout),
        )
