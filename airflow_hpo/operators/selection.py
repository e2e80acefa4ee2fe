"""Operators that choose the candidates of an evaluation, and the finalist among them."""

from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.bases.skipmixin import SkipMixin

from airflow_hpo.comparison.report import selections_as_data
from airflow_hpo.core.declared import brief_repr
from airflow_hpo.core.parameter_set import check_name
from airflow_hpo.core.study import Study, checked_study
from airflow_hpo.evaluations.select import choose, shortlist
from airflow_hpo.exceptions import ComparisonError, DeclarationError
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.operators.context import current_edition, permanent_errors_end_the_task, tasks_before

SELECTION = "selection"
"""XCom key of how the challengers were chosen."""
KEPT = "kept"
"""XCom key of why the champion stays without a comparison, with the champion and the edition that has no challenger."""


class SelectCandidatesOperator(BaseOperator, SkipMixin):
    """Returns the best trials of a study, and the champion after them when there is one.

    The champion is looked up when the task runs. A trial that has the champion's parameters is no challenger; the next best
    takes its place. When no trial but the champion's own is complete, for instance because it met the study's goal, there is
    nothing to compare: with ``if_kept`` the tasks up to that one are skipped, and the sentence that it needs is pushed under
    the XCom key ``kept``.

    Example::

        study = Study(name="bikes", objective="cost", space={"margin": Float(0.0, 0.5)}, max_trials=24)
        SelectCandidatesOperator(task_id="select", study=study, k=3, parameter_set="bikes")

    :param study: the study that was tuned; or one for each of several tuning windows, by the window's name: ``k`` trials of each are
        then challengers, named ``"trial 7 of 16w-8w"``, and the report says which window paid.
    :param run: the same as for its start. Templated.
    :param k: how many challengers at most, 1 or more; of each window as many.
    :param parameter_set: the parameter set that holds the champion; None for no champion.
    :param if_kept: id of the :class:`CompareOperator` task that decides to keep the champion when there is no challenger; None:
        this task fails then.
    :param hpo_conn_id: connection of the study database.
    :raises DeclarationError: when an argument is outside its range.
    :raises AirflowFailException: when the study has no challenger, and ``if_kept`` is None or nothing is in use, or the champion has
        no value of a parameter that the study's ``space_defaults`` does not have either.
    """

    template_fields: Sequence[str] = ("run",)
    inherits_from_skipmixin = True

    def __init__(
        self,
        *,
        study: Study | Mapping[str, Study],
        run: str = "{{ run_id }}",
        k: int = 3,
        parameter_set: str | None = None,
        if_kept: str | None = None,
        hpo_conn_id: str = HpoHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.study = _checked_studies(study) if isinstance(study, Mapping) else checked_study(study)
        self.run = run
        self.k = at_least_one(k, "k")
        self.parameter_set = parameter_set if parameter_set is None else check_name(parameter_set)
        self.if_kept = if_kept
        self.hpo_conn_id = hpo_conn_id

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Return the candidates."""
        with permanent_errors_end_the_task():
            store = HpoHook(self.hpo_conn_id).store
            studies = self.study if isinstance(self.study, Mapping) else {"": self.study}
            editions = {
                window: current_edition(store, study.edition(self.run), context).name
                for window, study in studies.items()
            }
            edition, first = next(zip(editions.values(), studies.values()))
            tuned = editions if isinstance(self.study, Mapping) else edition
            found = shortlist(store, tuned, self.k, self.parameter_set, first.space_defaults)
            if found.kept and self.if_kept is None:
                raise ComparisonError(
                    f"{found.kept} Tune more trials, or name the task that keeps it: if_kept='compare'."
                )
        for remark in found.remarks:
            self.log.info("%s", remark)
        for candidate in found.candidates:
            self.log.info("%s: %s, %s", candidate.name, candidate.value, candidate.params)
        if found.kept:
            self.log.info("%s", found.kept)
            kept = {"sentence": found.kept, "edition": edition, "champion": found.candidates[0].to_dict()}
            context["ti"].xcom_push(KEPT, kept)
            self.skip(context["ti"], tasks_before(context, str(self.if_kept)))
        return [candidate.to_dict() for candidate in found.candidates]


class SelectChallengerOperator(BaseOperator):
    """Returns the candidates that were best when they were measured again, and the champion after them.

    The winner of a study was also lucky: its value overstates it. Those measured again on data that had no part in tuning
    tell who is good. By how much the study's winner was overstated is pushed under the XCom key ``selection``, for the report.

    Example::

        SelectChallengerOperator(task_id="choose", evaluation="{{ ti.xcom_pull('collect') }}")

    :param evaluation: what :class:`EvaluateTaskGroup` returns. Templated.
    :param challengers: how many meet the champion at most, 1 or more, of several tuning windows as many of each; each further one
        costs certainty.
    :param hpo_conn_id: connection of the study database.
    :raises DeclarationError: when an argument is outside its range.
    :raises AirflowFailException: when no challenger has a result.
    """

    template_fields: Sequence[str] = ("evaluation",)

    def __init__(
        self, *, evaluation: Any, challengers: int = 1, hpo_conn_id: str = HpoHook.default_conn_name, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.evaluation = evaluation
        self.challengers = at_least_one(challengers, "challengers")
        self.hpo_conn_id = hpo_conn_id

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Return the candidates."""
        with permanent_errors_end_the_task():
            name = edition_of(self.evaluation, "EvaluateTaskGroup")
            chosen = choose(HpoHook(self.hpo_conn_id).store, name, self.challengers)
        context["ti"].xcom_push(SELECTION, selections_as_data(chosen.selections))
        for found in chosen.selections.values():
            self.log.info("The study's winner was %s, too good by %s.", found.winner, found.inflation.value)
            for finalist in found.finalists:
                self.log.info("  %s: %s, by the study %s", finalist.candidate, finalist.mean, finalist.observed)
        return [candidate.to_dict() for candidate in chosen.candidates]


def _checked_studies(given: Mapping[str, Study]) -> dict[str, Study]:
    if not given or not all(isinstance(window, str) and window for window in given):
        raise DeclarationError(
            f"Studies of several tuning windows come by the names of their windows, but got {brief_repr(dict(given))}. "
            "Write study={'16w-8w': study, ...}."
        )
    return {window: checked_study(study) for window, study in given.items()}


def edition_of(evaluation: Any, source: str) -> str:
    """Return the edition in what an evaluation returned."""
    if isinstance(evaluation, dict) and isinstance(evaluation.get("evaluation"), str):
        return str(evaluation["evaluation"])
    raise DeclarationError(
        f"An evaluation comes from the output of {source}, but got {evaluation!r}. Hand over `.output` of the group."
    )


def at_least_one(count: int, argument: str) -> int:
    """Return a count, or say what is wrong with it."""
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise DeclarationError(f"`{argument}` is a whole number of 1 or more, but got {count!r}. Write {argument}=3.")
    return count
