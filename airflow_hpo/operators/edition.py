"""Operator that opens an edition: one for each study in a DAG, and one DAG run at a time."""

from __future__ import annotations

import re
from typing import Any

from airflow.sdk import BaseOperator, Context

from airflow_hpo.core.edition import Edition
from airflow_hpo.core.owner import DagRunKey, Owner
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial_key import group_of
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.hooks.dag_runs import ended_state, runs_on
from airflow_hpo.operators.promotion import ChampionOperator
from airflow_hpo.parameter_sets.owner import check_parameter_set
from airflow_hpo.studies.owner import claim_evaluated
from airflow_hpo.studies.stopped_runs import end_stopped_editions
from airflow_hpo.studies.store import Store
from airflow_hpo.triggers.dag_run import DagRunEndTrigger

_NONE = re.compile(r"(?<![^\W_])None(?![^\W_])")


class EditionOperator(BaseOperator):
    """Opens an edition of a study family."""

    study: Study
    run: str
    hpo_conn_id: str

    @property
    def family(self) -> str:
        """Name of the study, or of its evaluation."""
        return self.study.name

    @property
    def group(self) -> str:
        """The task group that the study is run by, as messages name it."""
        group = group_of(self.task_id)
        return f"task group {group!r}" if group else f"task {self.task_id!r}"

    def check_alone(self) -> None:
        """Refuse a run that is no text, and a second task of the DAG that opens the same study, unless both share it; for the end of the constructor."""
        if not self.run or isinstance(self.run, int | float | list | tuple | dict):
            plain = isinstance(self.run, int | float) and self.run is not False
            meant = f"Write run={str(self.run)!r}" if plain else "Leave `run` out"
            raise DeclarationError(f"`run` is text that is different for each edition, but got {self.run!r}. {meant}.")
        dag = self.get_dag()
        if dag is None:
            return
        for other in dag.task_dict.values():
            if isinstance(other, EditionOperator) and self._is_same(other) and not self._shares_with(other):
                raise DeclarationError(
                    f"One task group of a DAG runs a study, but {other.group} and {self.group} of DAG {dag.dag_id!r} "
                    f"both run {self.family!r}. Rename the study of one of them, or declare Study(name={self.study.name!r}, ..., "
                    "shared=True) in both to run trials of one study together."
                )

    def check_run(self) -> None:
        """Refuse a run that its template left empty: every DAG run would answer with the results of the first.

        :raises DeclarationError: when it is empty, or has Python's ``None`` in it.
        """
        if not self.run.strip() or _NONE.search(self.run):
            raise DeclarationError(
                f"`run` is different for each edition, but in this DAG run its template gave {self.run!r}, as in each one without "
                "that value. Leave `run` out, or name what stands in: run=\"{{ dag_run.conf.get('month', run_id) }}\"."
            )

    def after_its_end(self, edition: str, before: DagRunKey | None) -> DagRunKey | None:
        """Return the DAG run that worked on an edition before; while it is running, defer until it has ended.

        Two runs of one edition would run the same trials twice and take each other's for lost.
        """
        if before is not None and runs_on(before):
            self.log.info(
                "Edition %s is in use by %s, which has not ended. This DAG run goes on when it has.", edition, before
            )
            self.defer(trigger=DagRunEndTrigger(before.dag_id, before.run_id), method_name="execute_after")
        return before

    def refuse_sets_of_others(self, store: Store, dag_id: str) -> None:
        """Refuse a DAG before it spends hours, when a later task of it is to move the champion of another DAG's parameter set.

        :raises OwnerError: as the later task would.
        """
        later = self.get_flat_relatives(upstream=False) if self.get_dag() else ()
        moves = [task for task in later if isinstance(task, ChampionOperator) and task.hpo_conn_id == self.hpo_conn_id]
        for name in sorted({task.parameter_set for task in moves if not task.allow_other_owner}):
            check_parameter_set(store, name, dag_id)

    def claim_evaluated(self, store: Store, asker: Owner) -> None:
        """Own the studies that later tasks evaluate, such as the one for all tuning windows, before hours are spent.

        :raises OwnerError: as the later task would.
        """
        later = self.get_flat_relatives(upstream=False) if self.get_dag() else ()
        tasks = [task for task in later if isinstance(task, EditionOperator) and task.family != task.study.name]
        for study in {task.study.name: task.study for task in tasks if task.study.name != self.study.name}.values():
            claim_evaluated(store, study, asker)

    def end_stopped(self, store: Store, but: str) -> None:
        """End the editions that a DAG run left unfinished when it ended, except the one that is open now."""
        for ended in end_stopped_editions(store, self.family, ended_state, but=but):
            self.log.warning("The earlier edition %s has ended now. %s", ended.name, ended.reason)

    def log_afresh(self, edition: Edition) -> None:
        """Say why an edition is another generation than the first."""
        if edition.afresh:
            self.log.info("%s is computed afresh. %s", edition.name, edition.afresh)

    def execute_after(self, context: Context, event: dict[str, Any]) -> Any:
        """Go on when the DAG run that had the edition has ended."""
        return self.execute(context)

    def _is_same(self, other: EditionOperator) -> bool:
        names = other.family == self.family and other.hpo_conn_id == self.hpo_conn_id
        return names and other.task_id != self.task_id

    def _shares_with(self, other: EditionOperator) -> bool:
        """Say whether both take part in one shared study; they are told apart by their groups."""
        tune = self.family == self.study.name and other.family == other.study.name
        return tune and self.study.shared and other.study.shared and self.group != other.group
