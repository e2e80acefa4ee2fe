"""Tasks of a retuning and their order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from airflow.sdk import DAG, BaseOperator, TaskGroup, XComArg, chain

from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial_key import window_family
from airflow_hpo.core.window import Window
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.notifications.hpo import HpoNotifier
from airflow_hpo.operators.approval import PromotionApprovalOperator
from airflow_hpo.operators.comparison import DecisionBranchOperator
from airflow_hpo.operators.promotion import PromoteOperator
from airflow_hpo.operators.scenarios import Scenarios, ScenariosOperator
from airflow_hpo.operators.selection import (
    KEPT,
    SELECTION,
    SelectCandidatesOperator,
    SelectChallengerOperator,
    at_least_one,
)
from airflow_hpo.retuning.approval import Approval
from airflow_hpo.task_groups.backends import TrialBackend
from airflow_hpo.task_groups.bookkeeping import bookkeeping
from airflow_hpo.task_groups.compare import CompareTaskGroup
from airflow_hpo.task_groups.evaluate import EvaluateTaskGroup
from airflow_hpo.task_groups.form import add_windows
from airflow_hpo.task_groups.pipeline import GroupTrial
from airflow_hpo.task_groups.tune import Dispatch, TuneTaskGroup

Qa = Callable[[XComArg], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """A retuning, declared; the arguments of :func:`airflow_hpo.retuning.dag.retuning_dag` say what each means."""

    study: Study
    trial: TrialBackend | GroupTrial
    tuning: Sequence[Window]
    test: Window
    validation: Window | None
    scenarios: Scenarios
    variants: Sequence[str] | None
    replicates: int
    finalists: int
    challengers: int
    rule: ComparisonRule
    parameter_set: str
    approval: Approval | None
    qa: Qa | None
    notify: HpoNotifier | None
    mirror: bool
    allow_other_owner: bool
    allow_older: bool
    dispatch: Dispatch
    form: bool
    hpo_conn_id: str

    def with_windows(self, dag: DAG) -> Self:
        """Return it with windows that a run may be triggered with others of; studies are named after several tuning windows."""
        declared = {"tuning": self.tuning[0] if len(self.tuning) == 1 else None}
        declared |= {"validation": self.validation, "test": self.test}
        found = add_windows(dag, {name: window for name, window in declared.items() if window})
        tuning = (found["tuning"],) if "tuning" in found else self.tuning
        return replace(self, tuning=tuning, validation=found.get("validation"), test=found["test"])

    def lay_out(self) -> None:
        """Create the tasks in the DAG that is being built."""
        studies = {"": self.study} if len(self.tuning) == 1 else studies_of(self.study, self.tuning)
        tuned = [
            self._tune(f"tune_{name}" if name else "tune", study, window)
            for (name, study), window in zip(studies.items(), self.tuning)
        ]
        # One after another: of all windows together, no more trials run at once than the study allows.
        chain(*tuned)
        finalists = SelectCandidatesOperator(
            task_id="finalists",
            study=self.study if len(tuned) == 1 else studies,
            k=self.finalists,
            parameter_set=self.parameter_set,
            hpo_conn_id=self.hpo_conn_id,
            **bookkeeping(),
        )
        tuned[-1] >> finalists
        window, first = self.validation or self.tuning[0], tuned[0]
        validate = EvaluateTaskGroup(
            "validate",
            candidates=finalists.output,
            **self._evaluation("validation", window, self.finalists * len(tuned), first),
        )
        challenger = SelectChallengerOperator(
            task_id="challenger",
            evaluation=validate.output,
            challengers=self.challengers,
            hpo_conn_id=self.hpo_conn_id,
            **bookkeeping(),
        )
        test = CompareTaskGroup(
            "test",
            candidates=challenger.output,
            rule=self.rule,
            selection=XComArg(challenger, key=SELECTION),
            kept=XComArg(finalists, key=KEPT),
            parameter_set=self.parameter_set,
            **self._evaluation("test", self.test, self.challengers * len(tuned), first, self.rule),
        )
        finalists.if_kept = test.child_id("compare_1")  # type: ignore[no-untyped-call]
        self._decide(test.output)
        self._tell(*(group.finish for group in tuned), test.output.operator)

    def _tune(self, group_id: str, study: Study, window: Window) -> TuneTaskGroup:
        return TuneTaskGroup(
            group_id,
            trial=self.trial,
            study=study,
            dispatch=self.dispatch,
            form=self.form,
            window=window,
            parameter_set=self.parameter_set,
            rule=self.rule,
            hpo_conn_id=self.hpo_conn_id,
        )

    def _evaluation(
        self, name: str, window: Window, challengers: int, tuned: TuneTaskGroup, rule: ComparisonRule | None = None
    ) -> dict[str, Any]:
        scenarios = ScenariosOperator(
            task_id=f"{name}_scenarios",
            scenarios=self.scenarios,
            window=window,
            evaluations=(challengers + 1) * len(self.variants or [""]) * at_least_one(self.replicates, "replicates"),
            rule=rule,
            challengers=challengers,
            hpo_conn_id=self.hpo_conn_id,
            **bookkeeping(),
        )
        if callable(self.scenarios):
            # How many there are is known only then, and too many are to be refused before anything is tuned.
            scenarios >> tuned.start
        return {
            "study": self.study,
            "scenarios": scenarios.output,
            "trial": self.trial,
            "variants": self.variants,
            "replicates": self.replicates,
            "window": window,
            "hpo_conn_id": self.hpo_conn_id,
        }

    def _decide(self, comparison: XComArg) -> None:
        decide = DecisionBranchOperator(
            task_id="decide", comparison=comparison, if_promote="promotion", **bookkeeping()
        )
        with TaskGroup("promotion", prefix_group_id=False) as promotion:
            checked = _checked(self.qa(comparison)) if self.qa else None
            approve = self._approve(comparison)
            promote = PromoteOperator(
                task_id="promote",
                parameter_set=self.parameter_set,
                comparison=comparison,
                approved_by=approve.output if approve else None,
                mirror=self.mirror,
                allow_other_owner=self.allow_other_owner,
                allow_older=self.allow_older,
                hpo_conn_id=self.hpo_conn_id,
                **bookkeeping(),
            )
            chain(*[task for task in (checked, approve, promote) if task is not None])
        self._tell(promote, *([approve] if approve else []))
        decide >> promotion

    def _approve(self, comparison: XComArg) -> PromotionApprovalOperator | None:
        if self.approval is None:
            return None
        return PromotionApprovalOperator(
            task_id="approve",
            comparison=comparison,
            response_timeout=self.approval.within,
            defaults=self.approval.otherwise,
            users=self.approval.users,
            notifiers=[self.notify] if self.notify else None,
            allow_older=self.allow_older,
            hpo_conn_id=self.hpo_conn_id,
            **bookkeeping(),
        )

    def _tell(self, *tasks: BaseOperator) -> None:
        for task in tasks:
            task.on_success_callback = [*task.on_success_callback, *([self.notify] if self.notify else [])]


def studies_of(study: Study, windows: Sequence[Window]) -> dict[str, Study]:
    """Return one study for each window by the window's name, which is the last part of the study's own."""
    fields = {name: getattr(study, name) for name in study.model_fields_set}
    return {window.name: Study(**{**fields, "name": window_family(study.name, window.name)}) for window in windows}


def _checked(last: Any) -> Any:
    """Return the last task of an author's checks; without it nothing would wait for them."""
    if last is None:
        raise DeclarationError(
            "`qa` returns the last of the tasks that it creates, so that approval and promotion wait for it, but it returned None. "
            "Write `return check` at its end."
        )
    return last
