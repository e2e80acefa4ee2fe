"""Operators that plan an evaluation and collect its results."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.configuration import conf as airflow_conf
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from airflow_hpo.core.declared import refuse_set
from airflow_hpo.core.evaluation import Candidate, Plan, Scenario
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.owner import DagRunKey, Owner
from airflow_hpo.core.scenarios import without_scenarios
from airflow_hpo.core.seeds import derived_seed
from airflow_hpo.core.space.space import active
from airflow_hpo.core.study import Study, checked_study
from airflow_hpo.core.window import Period, Window, checked_window
from airflow_hpo.evaluations.run import conclude_evaluation, evaluation_requests, grid_of, open_evaluation, run_of
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.hooks.study_watch import StudyWatch
from airflow_hpo.operators.context import (
    facts_of,
    period_of,
    permanent_errors_end_the_task,
    run_start,
    task_try_of,
    timezone_of,
)
from airflow_hpo.operators.edition import EditionOperator
from airflow_hpo.operators.windows import window_in
from airflow_hpo.storage import editions
from airflow_hpo.studies.open import opening_of, run_before
from airflow_hpo.studies.owner import claim_evaluation


class EvaluationPlanOperator(EditionOperator):
    """Plans an evaluation: every candidate under every scenario, variant and replicate, one trial request each.

    Running it again returns the same requests while the plan is the same; another plan is another edition. Editions of the
    evaluation that a DAG run left unfinished when it ended as ``failed`` or ``success`` are ended: their running trials are
    given up as lost.

    Example::

        EvaluationPlanOperator(
            task_id="plan",
            study=Study(name="bikes", objective="cost", space={"margin": Float(0.0, 0.5)}, max_trials=24),
            evaluation="validate",
            candidates=[Candidate("champion", {"margin": 0.1}), Candidate("patient", {"margin": 0.2})],
            scenarios=["monday", "tuesday"],
        )

    :param study: the study that the candidates belong to.
    :param evaluation: name of this evaluation among those of the study, such as ``validate``.
    :param candidates: candidates, or what returns them: a list of :class:`Candidate` or of their plain data.
    :param scenarios: scenarios, or what returns them: a list of names, of :class:`Scenario` or of their plain data.
    :param variants: ways in which each scenario is run; None for one.
    :param replicates: how often each is repeated with another seed, 1 or more.
    :param first_replicate: number of the first repetition; a later look goes on where the one before ended.
    :param objective: what is measured; None for the study's own.
    :param window: what data is worked on, relative to the run; None when the program decides.
    :param parallelism: how many evaluations run at once; None for as many as trials of the study.
    :param look: which look of a comparison it serves, from 1.
    :param run: a value that is different for each run. Templated.
    :param hpo_conn_id: connection of the study database.
    :raises DeclarationError: when a candidate or scenario that is known by now makes no sense, or another task of the DAG has an
        evaluation of the same name.
    :raises AirflowFailException: when the study belongs to another DAG, or a later task is to move the champion of another DAG's
        parameter set.
    """

    template_fields: Sequence[str] = ("candidates", "scenarios", "run")

    def __init__(
        self,
        *,
        study: Study,
        evaluation: str,
        candidates: Any,
        scenarios: Any,
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
        super().__init__(**kwargs)
        self.study = checked_study(study)
        self.evaluation = evaluation
        for name, given in (("Candidates", candidates), ("Scenarios", scenarios), ("Variants", variants)):
            refuse_set(name, given)
        if isinstance(variants, str | Mapping):
            listed = [variants] if isinstance(variants, str) else list(variants)
            raise DeclarationError(f"Variants are a list of names, but got {variants!r}. Write variants={listed!r}.")
        # Objects, which Airflow does not render: a parameter may contain braces.
        self.candidates = _objects(candidates, Candidate)
        self.scenarios = _objects(scenarios, Scenario)
        self.variants = [""] if variants is None else list(variants)
        self.replicates = replicates
        self.first_replicate = first_replicate
        self.objective = objective or study.objective
        self.window = checked_window("window", window)
        at_once = study.parallelism if study.scenarios else None
        self.parallelism = parallelism or at_once or without_scenarios(study).simulations_at_once
        self.look = look
        self.run = run
        self.hpo_conn_id = hpo_conn_id
        self._check_early()
        self.check_alone()

    @property
    def family(self) -> str:
        """Name of the study that the evaluations are trials of."""
        return f"{self.study.name}/{self.evaluation}"

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Return the trial requests, one for each index of the trial task."""
        with permanent_errors_end_the_task():
            self.check_run()
            store, place, facts = HpoHook(self.hpo_conn_id).store, task_try_of(context), facts_of(context)
            timezone = timezone_of(store, context)
            plan = self._plan(self.candidates, self.scenarios, self._period(context, timezone))
            _check_size(plan)
            self.refuse_sets_of_others(store, place.task.dag_id)
            claim_evaluation(store, self.study, self.family, Owner.of(place.task))
            grid, run = grid_of(plan, self.family, self.parallelism), run_of(plan, self.run)
            # Of another plan, as after a change of zones, it is the next generation all the same.
            newest = store.read(editions.newest_of_run, DagRunKey.of(place.task), self.family)
            opening = opening_of(store, grid, run, place, facts, otherwise=newest)
            before = self.after_its_end(grid.edition(run), run_before(store, grid, opening, place))
            opened = open_evaluation(
                store,
                plan,
                self.family,
                self.run,
                place,
                parallelism=self.parallelism,
                look=self.look,
                after=before,
                timezone=timezone,
                facts=facts,
                opening=opening,
            )
            requests = evaluation_requests(store, opened)
            self.end_stopped(store, but=opened.edition)
            self.log_afresh(store.edition(opened.edition))
        self._log(opened.edition, plan)
        return [request.to_dict() for request in requests]

    def _period(self, context: Context, timezone: str) -> Period | None:
        if self.window is None:
            return None
        window = window_in(self.window, context)
        period, reference = period_of(window, context, timezone)
        self.log.info("The window %s counts from %s.", window, reference)
        return period

    def _plan(self, candidates: Any, scenarios: Any, period: Period | None = None) -> Plan:
        return Plan(
            objective=self.objective,
            candidates=_objects(list(candidates), Candidate),
            scenarios=_objects(list(scenarios), Scenario),
            variants=self.variants,
            replicates=self.replicates,
            first_replicate=self.first_replicate,
            seed=derived_seed(self.study.seed, self.family, self.run),
            period=period,
        )

    def _check_early(self) -> None:
        """Refuse what is wrong already when the DAG is parsed, as far as it is known there."""
        candidates = _standing_in(self.candidates, lambda name: Candidate(name, {}))
        plan = self._plan(candidates, _standing_in(self.scenarios, Scenario))
        grid_of(plan, self.family, self.parallelism)
        _check_size(plan)

    def _log(self, edition: str, plan: Plan) -> None:
        self.log.info("Evaluation %s: %s", edition, _product(plan))
        if plan.period:
            self.log.info("It works on %s", plan.period)
        for candidate in plan.candidates:
            self.log.info("  %s: %s", candidate.name, candidate.params)
            lacking = set(active(self.study.space, candidate.params)) - set(candidate.params)
            unknown = set(candidate.params) - set(self.study.space)
            if lacking or unknown:
                self.log.warning(
                    "Candidate %r lacks %s of the study's parameters and has %s that the study does not.",
                    candidate.name,
                    sorted(lacking) or "none",
                    sorted(unknown) or "none",
                )


class EvaluationCollectOperator(BaseOperator):
    """Ends an evaluation: gives up abandoned trials, counts, and lists the evaluations that are missing.

    Returns ``evaluation`` (the edition), ``look``, ``complete``, ``failed``, ``missing`` (candidate, scenario, variant,
    replicate and reason of each), ``answered`` (what was not measured since the DAG run started, or None) and
    ``candidates``. Runs however the evaluations ended.

    Example::

        EvaluationCollectOperator(
            task_id="collect",
            requests="{{ ti.xcom_pull('plan') }}",
            plan_task_id="plan",
            trial_task_id="trial",
            trigger_rule="all_done",
        )

    :param requests: what the plan task returned. Templated.
    :param plan_task_id: the plan task; when it was skipped, so is this one.
    :param trial_task_id: id of the trial task.
    :param hpo_conn_id: connection of the study database.
    :raises AirflowFailException: when no evaluation is complete, or there is no plan.
    """

    template_fields: Sequence[str] = ("requests",)

    def __init__(
        self,
        *,
        requests: Any,
        plan_task_id: str,
        trial_task_id: str,
        hpo_conn_id: str = HpoHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.requests = requests
        self.plan_task_id = plan_task_id
        self.trial_task_id = trial_task_id
        self.hpo_conn_id = hpo_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Return the counts."""
        ti = context["ti"]
        edition = self._edition(ti)
        with permanent_errors_end_the_task():
            store = HpoHook(self.hpo_conn_id).store
            StudyWatch(store, edition, ti.dag_id, ti.run_id, self.trial_task_id).look_and_reap()
            outcome = conclude_evaluation(store, edition, run_start(context))
        self.log.info("%s", outcome)
        if outcome.answered:
            self.log.info("%s", outcome.answered)
        for each in outcome.missing:
            self.log.warning("Missing: %s", each)
        if not outcome.complete:
            raise AirflowFailException(
                "No evaluation is complete, so nothing can be compared. Look at the evaluations' logs, then clear them."
            )
        return outcome.data

    def _edition(self, ti: Any) -> str:
        if self.requests:
            return str(self.requests[0]["study"])
        found = ti.get_task_states(dag_id=ti.dag_id, task_ids=[self.plan_task_id], run_ids=[ti.run_id])
        if found.get(ti.run_id, {}).get(self.plan_task_id) == "skipped":
            raise AirflowSkipException("This evaluation was not wanted.")
        raise AirflowFailException(
            f"The task {self.plan_task_id!r} has planned no evaluation. Look at its log, then clear it."
        )


def _listed(items: Any, kind: type[Candidate] | type[Scenario]) -> str:
    if kind is Candidate:
        pairs = items.items() if isinstance(items, dict) else [(items, {"x": 0.1})]
        return f"[{', '.join(f'Candidate({name!r}, {params!r})' for name, params in pairs)}]"
    return repr(list(items) if isinstance(items, dict) else [str(items)])


def _objects(items: Any, kind: type[Candidate] | type[Scenario]) -> Any:
    """Turn plain data into declarations, and leave alone what a task will return."""
    if _is_reference(items):
        return items
    if isinstance(items, str | dict) or not isinstance(items, Sequence):
        raise DeclarationError(
            f"{kind.__name__}s come as a list, or from a task that returns one, but got {items!r}. "
            f"Write {kind.__name__.lower()}s={_listed(items, kind)}."
        )
    return [_object(item, kind) for item in items]


def _object(item: Any, kind: type[Candidate] | type[Scenario]) -> Any:
    if _is_reference(item) or isinstance(item, kind):
        return item
    if kind is Scenario and isinstance(item, str):
        return Scenario(item)
    return kind.from_dict(item)


def _standing_in(items: Any, make: Callable[[str], Any]) -> list[Any]:
    """Return what is known of items, with one in the place of each that only a task will know: a list has at least one."""
    known = [items] if _is_reference(items) else items
    return [make(f"{place} of a task") if _is_reference(item) else item for place, item in enumerate(known)]


def _is_reference(value: Any) -> bool:
    """Say whether a value is known only when the task runs: an XComArg, a DAG's parameter, or a mapped argument."""
    return hasattr(value, "iter_references") and hasattr(value, "resolve")


def _product(plan: Plan) -> str:
    return (
        f"{plan.size} evaluations ({len(plan.candidates)} candidates x {len(plan.scenarios)} scenarios x "
        f"{len(plan.variants)} variants x {plan.replicates} replicates)"
    )


def _check_size(plan: Plan) -> None:
    limit = airflow_conf.getint("core", "max_map_length", fallback=1024)
    if plan.size > limit:
        raise DeclarationError(
            f"One mapped task holds {limit} evaluations ([core] max_map_length), but got {_product(plan)}. "
            f"{_fewer(plan, limit)}, or set AIRFLOW__CORE__MAX_MAP_LENGTH={plan.size} for every part of Airflow."
        )


def _fewer(plan: Plan, limit: int) -> str:
    fitting = limit * plan.replicates // plan.size
    fewer = "take fewer candidates or scenarios"
    return f"Write `replicates={fitting}`, {fewer}" if fitting else fewer.capitalize()
