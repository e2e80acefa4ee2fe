"""Task group that evaluates candidates under the same conditions."""

from collections.abc import Sequence
from typing import Any

from airflow.sdk import TaskGroup, TriggerRule

from airflow_hpo.core.objective import Objective
from airflow_hpo.core.scenarios import without_scenarios
from airflow_hpo.core.study import Study, checked_study
from airflow_hpo.core.window import Window
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.operators.evaluation import EvaluationCollectOperator, EvaluationPlanOperator
from airflow_hpo.operators.selection import at_least_one
from airflow_hpo.task_groups.backends import TrialBackend
from airflow_hpo.task_groups.bookkeeping import RETRY_DELAY, bookkeeping
from airflow_hpo.task_groups.checks import (
    check_asked_for,
    check_declarations,
    check_places,
    refuse_mapped,
    refuse_unknown_argument,
)
from airflow_hpo.task_groups.pipeline import GroupTrial

PROGRAM_RETRIES = 1
"""While tuning, a program fails because of its parameters; a candidate's parameters have worked before."""


class EvaluateTaskGroup(TaskGroup):
    """Runs every candidate under every scenario, variant and replicate, with the same seeds for all candidates.

    Each evaluation is a trial task, so it is retried, rerun, shown and kept like one, and the program that tuning runs can
    run here too: it gets a candidate's parameters, and what it is to be evaluated under (``{{ trial.scenario.name }}``,
    ``HPO_SCENARIO``). Evaluations that fail for good do not fail the group: :attr:`output` counts and names them.

    Example::

        EvaluateTaskGroup(
            "evaluate",
            study=Study(name="bikes", objective="cost", space={"margin": Float(0.0, 0.5)}, max_trials=24),
            candidates=[Candidate("champion", {"margin": 0.1}), Candidate("patient", {"margin": 0.2})],
            scenarios=["monday", "tuesday", "wednesday", "thursday", "friday"],
            trial=ProcessTrial(["python", "plan.py", "--day={{ trial.scenario.name }}"]),
            replicates=2,
        )

    :param group_id: id of the group, which also names the evaluation: ``<study>/<group_id>``.
    :param study: the study that the candidates come from: its name, objective, seed and parallelism are taken.
    :param candidates: a list of :class:`Candidate`, or the output of a task that returns one.
    :param scenarios: a list of names or of :class:`Scenario`, or the output of a task that returns one.
    :param trial: what runs an evaluation: :class:`ProcessTrial`, :class:`PythonTrial`, :class:`GroupTrial`, ``PodTrial``. A
        program that fails is run once more unless it says otherwise (``program_retries``).
    :param variants: ways in which each scenario is run, such as ``["model", "fallback"]``; None for one.
    :param replicates: how often each is repeated with another seed, 1 or more.
    :param first_replicate: number of the first repetition; a later look goes on where the one before ended.
    :param objective: what is measured; None for the study's own.
    :param window: what data the evaluations work on, relative to the run; None when their program decides.
    :param parallelism: how many run at once; None for as many as trials of the study.
    :param look: which look of a comparison it serves, from 1.
    :param run: a value that is different for each run. Templated.
    :param hpo_conn_id: connection of the study database.
    :raises DeclarationError: when something makes no sense, or there are more evaluations than one mapped task can hold.
    """

    def __init__(
        self,
        group_id: str = "evaluate",
        *,
        study: Study,
        candidates: Any,
        scenarios: Any,
        trial: TrialBackend | GroupTrial,
        variants: Sequence[str] | None = None,
        replicates: int = 1,
        first_replicate: int = 1,
        objective: Objective | None = None,
        window: Window | None = None,
        parallelism: int | None = None,
        look: int = 1,
        run: str = "{{ run_id }}",
        hpo_conn_id: str = HpoHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        refuse_unknown_argument("EvaluateTaskGroup", kwargs, EvaluateTaskGroup.__init__, TaskGroup.__init__)
        super().__init__(group_id=group_id, **kwargs)
        refuse_mapped(self)
        check_declarations(without_scenarios(checked_study(study)), trial, self.dag, parallelism)
        check_places(hpo_conn_id)
        for name, count in {"parallelism": parallelism, "look": look}.items():
            if count is not None:
                at_least_one(count, name)
        with self:
            self.plan = EvaluationPlanOperator(
                task_id="plan",
                study=study,
                evaluation=str(self.group_id),
                candidates=candidates,
                scenarios=scenarios,
                variants=variants,
                replicates=replicates,
                first_replicate=first_replicate,
                objective=objective,
                window=window,
                parallelism=parallelism,
                look=look,
                run=run,
                hpo_conn_id=hpo_conn_id,
                **bookkeeping(),
            )
            self._lay_out(trial, hpo_conn_id)
        check_asked_for(self, study)

    @property
    def output(self) -> Any:
        """What a later task takes: the edition, how many evaluations are complete, which are missing, the candidates."""
        return self.collect.output

    def _lay_out(self, trial: TrialBackend | GroupTrial, hpo_conn_id: str) -> None:
        trial_task_id: str = self.child_id(trial.task_id)  # type: ignore[no-untyped-call]
        # A group of tasks retries its own tasks; its outcome alone would only find the same value again.
        again = {} if isinstance(trial, GroupTrial) else {"program_retries": PROGRAM_RETRIES}
        trials = trial.expand(
            self.plan.output,
            hpo_conn_id=hpo_conn_id,
            trial_task_id=trial_task_id,
            max_active_tis_per_dagrun=self.plan.parallelism,
            retries=trial.retries,
            retry_delay=RETRY_DELAY,
            **again,
        )
        self.collect = EvaluationCollectOperator(
            task_id="collect",
            requests=self.plan.output,
            plan_task_id=str(self.plan.task_id),
            trial_task_id=trial_task_id,
            hpo_conn_id=hpo_conn_id,
            **bookkeeping(TriggerRule.ALL_DONE),
        )
        [self.plan, trials] >> self.collect
