"""Task group that compares challengers with the champion, look by look."""

from collections.abc import Sequence
from typing import Any

from airflow.sdk import TaskGroup, TriggerRule

from airflow_hpo.comparison.reachable import refuse_unreachable
from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.core.declared import nearest
from airflow_hpo.core.evaluation import CHAMPION
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.study import Study
from airflow_hpo.core.window import Window
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.operators.comparison import CompareOperator, LastComparisonOperator, NextLookOperator, check_guardrails
from airflow_hpo.task_groups.backends import TrialBackend
from airflow_hpo.task_groups.bookkeeping import bookkeeping
from airflow_hpo.task_groups.checks import refuse_unknown_argument
from airflow_hpo.task_groups.evaluate import EvaluateTaskGroup
from airflow_hpo.task_groups.pipeline import GroupTrial


class CompareTaskGroup(TaskGroup):
    """Evaluates challengers and champion side by side and decides, with more replicates while it is inconclusive.

    Each look brings as many new replicates as the first; the rule divides its error among the looks beforehand, so that
    looking often promotes falsely no more often. Looks that are not needed are skipped without starting a process.
    :attr:`output` is the decision, as :class:`CompareOperator` returns it.

    Example::

        CompareTaskGroup(
            "test",
            study=Study(name="bikes", objective="cost", space={"margin": Float(0.0, 0.5)}, max_trials=24),
            candidates=[Candidate("champion", {"margin": 0.1}), Candidate("patient", {"margin": 0.2})],
            scenarios=["monday", "tuesday", "wednesday", "thursday", "friday"],
            trial=ProcessTrial(["python", "plan.py", "--day={{ trial.scenario.name }}"]),
            rule=ComparisonRule(looks=3),
        )

    :param group_id: id of the group; the evaluations are called ``<study>/<group_id>.look_1`` and so on.
    :param study: the study that the candidates come from.
    :param candidates: challengers and champion: a list of :class:`Candidate`, or the output of a task that returns one.
    :param scenarios: a list of names or of :class:`Scenario`, or the output of a task that returns one.
    :param trial: what runs an evaluation: :class:`ProcessTrial`, :class:`PythonTrial`, :class:`GroupTrial`, ``PodTrial``.
    :param rule: what must be shown, and how often one may look; None for the usual one.
    :param objective: what is measured and decides; None for the study's own.
    :param variants: ways in which each scenario is run, such as ``["model", "fallback"]``; None for one.
    :param replicates: how often each is repeated with another seed in each look, 1 or more.
    :param window: what data the evaluations work on, relative to the run; None when their program decides.
    :param parallelism: how many evaluations run at once; None for as many as trials of the study.
    :param selection: what ``SelectChallengerOperator`` pushed under ``selection``, for the report.
    :param kept: what ``SelectCandidatesOperator(if_kept=...)`` pushed under ``kept``: the decision is keep when it skipped the
        evaluations because there is no challenger; None: nothing skips them.
    :param parameter_set: what is decided about; None for the set that the champion is a version of.
    :param run: a value that is different for each run. Templated.
    :param hpo_conn_id: connection of the study database.
    :raises DeclarationError: when the rule does not fit the objective or the variants, or something else makes no sense.
    """

    def __init__(
        self,
        group_id: str = "compare",
        *,
        study: Study,
        candidates: Any,
        scenarios: Any,
        trial: TrialBackend | GroupTrial,
        rule: ComparisonRule | None = None,
        objective: Objective | None = None,
        variants: Sequence[str] | None = None,
        replicates: int = 1,
        window: Window | None = None,
        parallelism: int | None = None,
        selection: Any = None,
        kept: Any = None,
        parameter_set: str | None = None,
        run: str = "{{ run_id }}",
        hpo_conn_id: str = HpoHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        refuse_unknown_argument("CompareTaskGroup", kwargs, CompareTaskGroup.__init__, TaskGroup.__init__)
        super().__init__(group_id=group_id, **kwargs)
        self.rule = checked_rule(rule)
        self.objective = objective or study.objective
        check_guardrails(self.rule, self.objective)
        _check_variant(self.rule, variants)
        _check_scenarios(self.rule, candidates, scenarios)
        self._replicates = replicates
        self._evaluation = {
            "study": study,
            "candidates": candidates,
            "scenarios": scenarios,
            "trial": trial,
            "variants": variants,
            "replicates": replicates,
            "objective": self.objective,
            "window": window,
            "parallelism": parallelism,
            "run": run,
            "hpo_conn_id": hpo_conn_id,
        }
        self._kept = kept
        self._comparison = {"selection": selection, "parameter_set": parameter_set, "hpo_conn_id": hpo_conn_id}
        with self:
            self._lay_out()

    @property
    def output(self) -> Any:
        """The decision: verdict, sentence, challenger, the champion's version, the report."""
        return self._last.output

    def _lay_out(self) -> None:
        looks, compared = [self._look(1, [])], []
        compared.append(self._compare(looks))
        for number in range(2, self.rule.looks + 1):
            gate = NextLookOperator(
                task_id=f"look_again_{number}",
                comparison=compared[-1].output,
                outcome_task_id=self.child_id("decision"),  # type: ignore[no-untyped-call]
                **bookkeeping(),
            )
            looks.append(self._look(number, [gate]))
            compared.append(self._compare(looks))
        self._last: CompareOperator | LastComparisonOperator = compared[-1]
        if len(compared) > 1:
            self._last = LastComparisonOperator(
                task_id="decision",
                comparisons=[each.output for each in compared],
                **bookkeeping(TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS),
            )

    def _look(self, number: int, before: list[NextLookOperator]) -> EvaluateTaskGroup:
        first = 1 + (number - 1) * self._replicates
        look = EvaluateTaskGroup(f"look_{number}", look=number, first_replicate=first, **self._evaluation)
        for gate in before:
            gate >> look
        return look

    def _compare(self, looks: Sequence[EvaluateTaskGroup]) -> CompareOperator:
        return CompareOperator(
            task_id=f"compare_{len(looks)}",
            objective=self.objective,
            rule=self.rule,
            evaluations=[look.output for look in looks],
            look=len(looks),
            kept=self._kept if len(looks) == 1 else None,
            **self._comparison,
            **bookkeeping(TriggerRule.NONE_FAILED if self._kept and len(looks) == 1 else TriggerRule.ALL_SUCCESS),
        )


def checked_rule(rule: ComparisonRule | None) -> ComparisonRule:
    """Return a declared rule, the usual one for None; whatever else is refused with the line that is meant."""
    if rule is not None and not isinstance(rule, ComparisonRule):
        raise DeclarationError(
            f"What must be shown is declared by ComparisonRule(...), but got {rule!r}. Write rule={_rule_meant(rule)}."
        )
    return ComparisonRule() if rule is None else rule


def _rule_meant(given: Any) -> str:
    arguments = given if isinstance(given, dict) else {"alpha": given if isinstance(given, float) else 0.05}
    return f"ComparisonRule({', '.join(f'{name}={value!r}' for name, value in arguments.items())})"


def _check_scenarios(rule: ComparisonRule, candidates: Any, scenarios: Any) -> None:
    """Refuse too few scenarios for any promotion, as far as they are listed here; without a champion the best is promoted."""
    if not isinstance(scenarios, list | tuple):
        return
    names: list[Any] = [CHAMPION]
    if isinstance(candidates, list | tuple):
        names = [each.get("name") if isinstance(each, dict) else getattr(each, "name", None) for each in candidates]
    if CHAMPION in names:
        refuse_unreachable(rule, max(len(names) - 1, 1), len(scenarios))


def _check_variant(rule: ComparisonRule, variants: Sequence[str] | None) -> None:
    if rule.variant is not None and rule.variant not in (variants or [""]):
        known = list(variants or [])
        raise DeclarationError(
            f"The rule decides on a variant that is evaluated, but got {rule.variant!r} and {known}."
            f"{nearest(rule.variant, known) or ' Name one of them.'}"
        )
