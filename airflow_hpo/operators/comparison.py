"""Operators that compare evaluations, ask for another look, and branch on the decision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseBranchOperator, BaseOperator, Context
from airflow.sdk.bases.skipmixin import SkipMixin
from airflow.sdk.exceptions import AirflowSkipException, XComNotFound

from airflow_hpo.comparison.decision import Verdict
from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.core.declared import brief_repr, nearest
from airflow_hpo.core.evaluation import Candidate
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.parameter_set import check_name
from airflow_hpo.evaluations.compare import Compared, compare_evaluations, keep_champion
from airflow_hpo.evaluations.decided import decided
from airflow_hpo.exceptions import ComparisonError, DeclarationError
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.operators.context import permanent_errors_end_the_task, run_start, task_try_of, tasks_before
from airflow_hpo.operators.selection import edition_of
from airflow_hpo.operators.upstream import tasks_of_kind_before
from airflow_hpo.studies.store import Store

if TYPE_CHECKING:
    import jinja2


class CompareOperator(BaseOperator):
    """Compares challengers with the champion and decides: promote, keep or inconclusive.

    Returns ``comparison`` (its number), ``verdict``, ``sentence``, ``challenger`` (who is promoted, or else the best),
    ``parameter_set``, ``champion_version`` (which the challenger was compared with), ``look``, ``next_look`` (None when the
    comparison is over), ``study``, ``edition``, ``evaluations``, ``answered`` (what was not measured since the DAG run
    started, or None) and ``report`` (Markdown). Running it again on the same
    evaluations decides the same and keeps nothing twice.

    Example::

        CompareOperator(
            task_id="compare",
            objective=Objective("cost"),
            rule=ComparisonRule(min_improvement=0.01, scale="relative"),
            evaluations=["{{ ti.xcom_pull('evaluate.collect') }}"],
        )

    :param objective: the metric that decides and its direction; usually the study's.
    :param rule: what must be shown; None for the usual one.
    :param evaluations: the outputs of ``EvaluateTaskGroup`` of all looks so far. Templated.
    :param look: which look this is, 1 to ``rule.looks``.
    :param selection: what ``SelectChallengerOperator`` pushed under ``selection``; None leaves it out of the report. Templated.
    :param parameter_set: what is decided about; None for the set that the champion is a version of.
    :param kept: what ``SelectCandidatesOperator`` pushed under ``kept``, when it skipped the evaluations because there is no
        challenger; the decision then is keep. Templated.
    :param hpo_conn_id: connection of the study database.
    :raises DeclarationError: when the rule does not fit the objective.
    :raises AirflowFailException: when the evaluations cannot be compared.
    :raises AirflowSkipException: when all evaluations were skipped for another reason.
    """

    template_fields: Sequence[str] = ("evaluations", "selection", "kept")

    def __init__(
        self,
        *,
        objective: Objective,
        evaluations: Any,
        rule: ComparisonRule | None = None,
        look: int = 1,
        selection: Any = None,
        parameter_set: str | None = None,
        kept: Any = None,
        hpo_conn_id: str = HpoHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        if not isinstance(objective, Objective):
            name = objective if isinstance(objective, str) else "loss"
            raise DeclarationError(
                f"A comparison has an Objective, but got {brief_repr(objective)}. Write objective=Objective({name!r})."
            )
        if rule is not None and not isinstance(rule, ComparisonRule):
            raise DeclarationError(
                f"What must be shown is declared by ComparisonRule(...), but got {brief_repr(rule)}. Write rule=ComparisonRule(alpha=0.05)."
            )
        super().__init__(**kwargs)
        self.kept = kept
        self.objective = objective
        self.rule = ComparisonRule() if rule is None else rule
        check_guardrails(self.rule, objective)
        self.evaluations = evaluations
        self.look = look
        self.selection = selection
        self.parameter_set = parameter_set if parameter_set is None else check_name(parameter_set)
        self.hpo_conn_id = hpo_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Return the decision."""
        with permanent_errors_end_the_task():
            compared = self._kept(context) if self._skipped() else self._compared(context)
        self.log.info("Comparison %s\n%s", compared.comparison.id, compared.report)
        return compared.data

    def render_template(
        self,
        content: Any,
        context: Context,
        jinja_env: jinja2.Environment | None = None,
        seen_oids: set[int] | None = None,
    ) -> Any:
        """Render a value as Airflow does; what a task did not push, because it was skipped or had no reason to, is None."""
        try:
            return super().render_template(content, context, jinja_env, seen_oids)
        except XComNotFound:
            return None

    def _skipped(self) -> bool:
        return bool(self.evaluations) and all(each is None for each in self.evaluations)

    def _compared(self, context: Context) -> Compared:
        return compare_evaluations(
            HpoHook(self.hpo_conn_id).store,
            [edition_of(each, "EvaluateTaskGroup") for each in self.evaluations],
            self.objective,
            self.rule,
            look=self.look,
            selection=self.selection,
            parameter_set=self.parameter_set,
            place=task_try_of(context),
            since=run_start(context),
        )

    def _kept(self, context: Context) -> Compared:
        if not self.kept:
            raise AirflowSkipException("The evaluations were skipped, so there is nothing to compare.")
        champion = Candidate.from_dict(dict(self.kept["champion"]))
        return keep_champion(
            HpoHook(self.hpo_conn_id).store, self.kept, champion, self.objective, self.rule, task_try_of(context)
        )


class NextLookOperator(BaseOperator, SkipMixin):
    """Lets the next look begin while nothing is decided, and otherwise skips all looks that remain."""

    template_fields: Sequence[str] = ("comparison",)
    inherits_from_skipmixin = True

    def __init__(self, *, comparison: Any, outcome_task_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.comparison = comparison
        self.outcome_task_id = outcome_task_id

    def execute(self, context: Context) -> None:
        """Skip what is not needed."""
        if self.comparison["next_look"] is not None:
            self.log.info("%s", self.comparison["sentence"])
            return
        self.skip(context["ti"], tasks_before(context, self.outcome_task_id))


class LastComparisonOperator(BaseOperator):
    """Returns the comparison that counts: the first that ended the looks, else the last."""

    template_fields: Sequence[str] = ("comparisons",)

    def __init__(self, *, comparisons: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.comparisons = comparisons

    def execute(self, context: Context) -> dict[str, Any]:
        """Return it."""
        found: dict[str, Any] | None = None
        for comparison in self.comparisons:
            # What a look returned that was skipped after all, when a person cleared the looks before it, is ignored.
            if found is None or found["next_look"] is not None:
                found = comparison or found
        if found is None:
            with permanent_errors_end_the_task():
                raise ComparisonError("A comparison has at least one look, but none has run. Clear the first one.")
        self.log.info("%s", found["sentence"])
        return found


class DecisionBranchOperator(BaseBranchOperator):
    """Follows the tasks that belong to a decision, and skips the other tasks directly after it.

    Example::

        DecisionBranchOperator(
            task_id="decide",
            comparison="{{ ti.xcom_pull('compare') }}",
            if_promote=["promote"],
            if_keep=["tell"],
        )

    :param comparison: what ``CompareTaskGroup`` or :class:`CompareOperator` returns. Templated.
    :param if_promote: ids of tasks or task groups that run when a challenger is promoted.
    :param if_keep: those that run when the champion is kept.
    :param if_inconclusive: those that run when neither was shown; None for those of ``if_keep``.
    :param hpo_conn_id: connection of the study database, in which the decision is looked up, where no :class:`CompareOperator`
        of the DAG comes before this task; that one's connection is taken otherwise.
    :raises AirflowFailException: when the comparison is not as it was made.
    """

    template_fields: Sequence[str] = ("comparison",)

    def __init__(
        self,
        *,
        comparison: Any,
        if_promote: str | Sequence[str] = (),
        if_keep: str | Sequence[str] = (),
        if_inconclusive: str | Sequence[str] | None = None,
        hpo_conn_id: str = HpoHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.comparison = comparison
        self.hpo_conn_id = hpo_conn_id
        self.if_promote = _listed(if_promote)
        self.if_keep = _listed(if_keep)
        self.if_inconclusive = self.if_keep if if_inconclusive is None else _listed(if_inconclusive)

    def choose_branch(self, context: Context) -> list[str]:
        """Return what follows."""
        with permanent_errors_end_the_task():
            found = decided(comparing_store(self, self.hpo_conn_id), self.comparison).comparison
        self.log.info("%s", found.sentence)
        return {
            Verdict.PROMOTE: self.if_promote,
            Verdict.KEEP: self.if_keep,
            Verdict.INCONCLUSIVE: self.if_inconclusive,
        }[Verdict(found.verdict)]


def comparing_store(task: BaseOperator, hpo_conn_id: str) -> Store:
    """Return the store of the comparison that a task is handed: where the task before it compares, else a connection's."""
    before = tasks_of_kind_before(task, CompareOperator)
    return HpoHook(getattr(before[0], "hpo_conn_id", hpo_conn_id) if before else hpo_conn_id).store


def check_guardrails(rule: ComparisonRule, objective: Objective) -> None:
    """Refuse guardrails on metrics that are not collected."""
    for name in rule.guardrails:
        if name not in objective.extra_metrics:
            known = objective.extra_metrics
            hint = nearest(name, known) or f" Add it to the objective's extra_metrics, which are {known}."
            raise DeclarationError(f"A guardrail watches an extra metric of the objective, but got {name!r}.{hint}")


def _listed(ids: str | Sequence[str]) -> list[str]:
    if ids is None or not isinstance(ids, str | Sequence) or not all(isinstance(each, str) for each in ids):
        raise DeclarationError(
            f"Tasks that follow a decision are named by their ids, but got {brief_repr(ids)}. Write if_promote=['promote']."
        )
    return [ids] if isinstance(ids, str) else list(ids)
