"""Task group that runs a whole study, with what all task groups share."""

import logging
from typing import Any, Literal

from airflow.sdk import TaskGroup, TriggerRule, get_parsing_context
from airflow.sdk.configuration import conf as airflow_conf

from airflow_hpo import conf
from airflow_hpo.comparison.guardrails_in_search import constrained
from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.core.advice import advice
from airflow_hpo.core.layout import Layout
from airflow_hpo.core.remedy import closest
from airflow_hpo.core.scenarios import as_laid_out
from airflow_hpo.core.study import Study, checked_study
from airflow_hpo.core.trial_key import BATCH_GROUP, task_in_batch
from airflow_hpo.core.window import Window, checked_window
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.operators.comparison import check_guardrails
from airflow_hpo.operators.study import StudyFinishOperator, StudyStartOperator, StudySuggestOperator
from airflow_hpo.sensors.study import StudySensor
from airflow_hpo.task_groups.backends import TrialBackend
from airflow_hpo.task_groups.bookkeeping import RETRY_DELAY, bookkeeping, sensor_bookkeeping
from airflow_hpo.task_groups.checks import (
    check_asked_for,
    check_declarations,
    check_places,
    refuse_mapped,
    refuse_unknown_argument,
)
from airflow_hpo.task_groups.form import add_form
from airflow_hpo.task_groups.pipeline import GroupTrial
from airflow_hpo.task_groups.task_docs import explain

LOG = logging.getLogger(__name__)
Dispatch = Literal["batches", "continuous"]

MOST_BATCHES = 3000
"""With more of them a DAG takes longer to parse than Airflow allows."""


class TuneTaskGroup(TaskGroup):
    """Tunes a study: start, batches of trials, finish.

    Airflow has no loops, so the batches are laid out when the DAG is parsed, as many as the budget can need; those that are
    not needed are skipped without starting a process.

    Example::

        study = Study(name="valley", objective="loss", space={"x": Float(-1.0, 1.0)}, max_trials=20)
        TuneTaskGroup(
            group_id="tune",
            study=study,
            trial=ProcessTrial(["python", "train.py", "--x={{ trial.params.x }}"]),
            dispatch="continuous",
        )

    :param group_id: id of the group.
    :param study: the declaration.
    :param trial: what runs a trial: :class:`ProcessTrial`, :class:`PythonTrial`, :class:`GroupTrial`, ``PodTrial``.
    :param dispatch: ``"batches"``: suggest a batch whenever enough slots are free; ``"continuous"``: every trial asks for its
        parameters just before it starts.
    :param window: what data the trials work on, relative to the run (``{{ trial.period.start }}``, ``HPO_PERIOD_START``); None
        when their program decides. ``Study(scenarios="1d")`` cuts it into days, each of which has its own period.
    :param run: a value that is different for each edition; a constant makes every DAG run continue the same edition. Templated.
    :param parameter_set: parameter set; its champion, which production uses now, is tried first; None for no such trial.
    :param rule: rule of a later comparison with the champion of ``parameter_set``; its guardrails are constraints of new editions, unless they
        are declared with ``in_search=False``. None for none.
    :param accept_incomplete: True makes ``finish`` succeed when tasks of the study failed before its budget was spent; its
        result then has ``end`` ``"incomplete"`` and a ``reason``. False makes it fail, and name the task.
    :param form: Airflow's trigger form has the study's settings, with the declared values as defaults, under ``<group_id>.``; False, and a
        study that is ``shared``: it has not.
    :param hpo_conn_id: connection of the study database.
    :param deferrable: wait for trials in the triggerer, without a worker.
    """

    def __init__(
        self,
        group_id: str = "tune",
        *,
        study: Study,
        trial: TrialBackend | GroupTrial,
        dispatch: Dispatch = "batches",
        window: Window | None = None,
        run: str = "{{ run_id }}",
        parameter_set: str | None = None,
        rule: ComparisonRule | None = None,
        accept_incomplete: bool = False,
        form: bool = True,
        hpo_conn_id: str = HpoHook.default_conn_name,
        deferrable: bool = True,
        **kwargs: Any,
    ) -> None:
        refuse_unknown_argument("TuneTaskGroup", kwargs, TuneTaskGroup.__init__, TaskGroup.__init__)
        super().__init__(group_id=group_id, **kwargs)
        refuse_mapped(self)
        if dispatch not in ("batches", "continuous"):
            raise DeclarationError(
                f"dispatch is 'batches' or 'continuous', but got {dispatch!r}. "
                f"Write dispatch={closest(dispatch, ['batches', 'continuous'])!r}."
            )
        declared = checked_study(study)
        if rule is not None:
            check_guardrails(rule, declared.objective)
        study = as_laid_out(constrained(declared, rule), checked_window("window", window))
        check_declarations(study, trial, self.dag)
        check_places(hpo_conn_id, accept_incomplete=accept_incomplete, deferrable=deferrable)
        _advise(study)
        self.study = study
        self._trial = trial
        self._window = window
        self._run = run
        self._conn_id = hpo_conn_id
        self._deferrable = deferrable
        self._layout = self._laid_out(dispatch)
        with self:
            self.start = StudyStartOperator(
                task_id="start",
                study=declared,
                window=window,
                run=run,
                parameter_set=parameter_set,
                rule=rule,
                layout=None if study.shared else self._layout,
                form=form,
                hpo_conn_id=hpo_conn_id,
                **bookkeeping(),
            )
            self.finish = StudyFinishOperator(
                task_id="finish",
                study=study,
                run=run,
                hpo_conn_id=hpo_conn_id,
                trial_task_id=self._trial_task_id,
                accept_incomplete=accept_incomplete,
                **bookkeeping(TriggerRule.ALL_DONE),
            )
            self._lay_out(dispatch)
        if self.start.form and self.dag is not None:
            add_form(self.dag, self.group_id or "", study, self._layout, ranges=self.start.ranges)
        check_asked_for(self, study)
        for task in self.iter_tasks():
            explain(task)

    @property
    def output(self) -> Any:
        """The best trial, as a later task takes it: number, value, params, metrics and counts."""
        return self.finish.output

    @property
    def _edition(self) -> str:
        return self.study.edition(self._run)

    @property
    def _trial_task_id(self) -> str:
        child: str = self.child_id(BATCH_GROUP)  # type: ignore[no-untyped-call]
        return f"{child}.{self._trial.task_id}"

    def _laid_out(self, dispatch: Dispatch) -> Layout:
        limit = airflow_conf.getint("core", "max_map_length", fallback=1024)
        self._refuse_many_scenarios(limit)
        if dispatch == "batches":
            self._refuse_large_batches(limit)
        per_map = max(1, min(limit, self._trial.most_waiting or limit) // self.study.simulations)
        layout = Layout.of(self.study, per_map, continuous=dispatch == "continuous")
        if (batches := layout.batches + layout.maps) > MOST_BATCHES:
            raise DeclarationError(
                f"A study is laid out in {MOST_BATCHES} batches at most, each of which is tasks of the DAG, but max_trials="
                f"{self.study.max_trials} and parallelism={self.study.parallelism} were {batches}. Lower max_trials, or raise "
                "parallelism."
            )
        return layout

    def _lay_out(self, dispatch: Dispatch) -> None:
        before: Any = self.start
        lazy = [False] * self._layout.batches + [True] * self._layout.maps
        for number, asks_later in enumerate(lazy, start=1):
            before = self._batch(number, before, lazy=asks_later, continuing=dispatch == "continuous" and number > 1)

    def _refuse_large_batches(self, limit: int) -> None:
        if self.study.most_simulations > limit:
            raise DeclarationError(
                f"A batch is one mapped task, which holds {limit} trials at most ([core] max_map_length), but "
                f"{self.study.most_simulations} were to run at once. Lower parallelism, or raise that option everywhere."
            )

    def _refuse_many_scenarios(self, limit: int) -> None:
        if self.study.simulations > limit:
            raise DeclarationError(
                f"The simulations of a trial are one mapped task, which holds {limit} at most, but got {self.study.simulations} scenarios. "
                "Write fewer scenarios, or raise [core] max_map_length everywhere."
            )

    def _batch(self, number: int, before: Any, *, lazy: bool, continuing: bool) -> Any:
        with TaskGroup(task_in_batch(BATCH_GROUP, number)):
            suggest = StudySuggestOperator(
                task_id="suggest",
                edition=self._edition,
                batch=number,
                lazy=lazy,
                most_lazy=self._trial.most_waiting,
                window=self._window,
                hpo_conn_id=self._conn_id,
                **bookkeeping(TriggerRule.ALL_DONE if continuing else TriggerRule.ALL_SUCCESS),
            )
            trial = self._trial.expand(
                suggest.output,
                hpo_conn_id=self._conn_id,
                trial_task_id=self._trial_task_id,
                max_active_tis_per_dagrun=self.study.most_simulations,
                retries=self._trial.retries,
                retry_delay=RETRY_DELAY,
            )
            before >> suggest
            trial >> self.finish
            if lazy:
                return trial
            settle = StudySensor(
                task_id="settle",
                edition=self._edition,
                until="ready",
                hpo_conn_id=self._conn_id,
                trial_task_id=self._trial_task_id,
                deferrable=self._deferrable,
                start_in_triggerer=self._deferrable,
                poke_interval=conf.poll_interval(),
                **sensor_bookkeeping(),
            )
            suggest >> settle
            settle >> self.finish
            return settle


def _advise(study: Study) -> None:
    """Say where the DAG is parsed what could be declared better; a task, which parses its file too, says it in ``start`` alone."""
    if get_parsing_context().dag_id is None:
        for remark in advice(study):
            LOG.warning("Study %r: %s", study.name, remark)
