"""Operators that move a champion in a DAG: promotion by a decision, and rollback."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import Context

from airflow_hpo.core.answer import Answer, people
from airflow_hpo.core.budget import End
from airflow_hpo.core.declared import brief_repr
from airflow_hpo.core.parameter_set import Provenance
from airflow_hpo.core.space.parameter import same_params
from airflow_hpo.evaluations.compare import Compared
from airflow_hpo.evaluations.decided import decided, number_of
from airflow_hpo.evaluations.origins import check_trial
from airflow_hpo.exceptions import ApprovalError, ComparisonError, DeclarationError
from airflow_hpo.hooks.champion import write_mirror
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.hooks.parameter_set_asset import parameter_set_asset
from airflow_hpo.hooks.system_user import system_user
from airflow_hpo.operators.answers import answers_elsewhere, required_answers
from airflow_hpo.operators.approval import PromotionApprovalOperator
from airflow_hpo.operators.asset_events import AssetEventOperator
from airflow_hpo.operators.comparison import comparing_store
from airflow_hpo.operators.context import data_until_of, permanent_errors_end_the_task, promotion_key, run_key
from airflow_hpo.operators.upstream import tasks_of_kind_before
from airflow_hpo.parameter_sets.moves import Expected, Move, event_of, promote, rollback
from airflow_hpo.storage import parameter_sets
from airflow_hpo.storage.asset_events import EventKey
from airflow_hpo.storage.comparisons import Comparison
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies.store import Store

PROMOTE = "promote"
_MAY_BE_A_VERSION = re.compile(r"\A\s*\Z|\A\s*[1-9]\d*\s*\Z|\{[{%]|\ANone\Z")


class ChampionOperator(AssetEventOperator):
    """Moves a champion once for each DAG run, mirrors it and emits the event of its asset."""

    template_fields: Sequence[str] = ("reason", "approved_by")

    def __init__(
        self,
        *,
        parameter_set: str,
        reason: str | None = None,
        approved_by: Any = None,
        mirror: bool = False,
        allow_other_owner: bool = False,
        hpo_conn_id: str = HpoHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(asset=parameter_set_asset(parameter_set), **kwargs)
        self.parameter_set = parameter_set
        self.reason = reason
        self.approved_by = approved_by
        self.mirror = mirror
        self.allow_other_owner = allow_other_owner
        self.hpo_conn_id = hpo_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Return the version that was made and the one before it, whether it was moved just now, and the champion."""
        with permanent_errors_end_the_task():
            store = HpoHook(self.hpo_conn_id).store
            move = self.move(store, context)
            self.log.info("%s", move)
            if write_mirror(store.database, self.parameter_set, create=self.mirror):
                self.log.info("The Variable of %s is up to date.", self.parameter_set)
        event = event_of(move)
        # Messages name who approved, whatever the task was handed.
        self.approved_by = move.made.provenance.approved_by
        key = EventKey.of_champion(self.parameter_set, move.made.version)
        moved = move.current == move.made.version and self.emit_once(context, store, event, key)
        return {**event, "moved": moved, "current": move.current}

    def move(self, store: Store, context: Context) -> Move:
        """Move the champion; asked for again in the same DAG run, nothing is moved."""
        raise NotImplementedError

    def answers(self, store: Store, context: Context, comparison: Comparison | None = None) -> list[Answer]:
        """Return what the approval tasks before this one were answered, or the one of another DAG that it was handed.

        :raises ApprovalError: unless each answer is to approve.
        """
        askers = tasks_of_kind_before(self, PromotionApprovalOperator, until=ChampionOperator)
        if askers:
            return required_answers(store, context, askers, comparison)
        given = self.approved_by
        if isinstance(given, Mapping) and "asked" in given:
            return answers_elsewhere(store, comparison.id if comparison else number_of(given))
        return []

    def provenance(self, context: Context, answers: Sequence[Answer] = (), **origin: Any) -> Provenance:
        """Return what is known about the move: the run, the reason, who agreed and who acted."""
        ti, run = context["ti"], context.get("dag_run")
        agreed = people(answers) if answers else person(self.approved_by)
        known = {"approved_by": agreed, "reason": self.reason or origin.pop("reason", None)}
        triggered_by = getattr(run, "triggering_user_name", None)
        acted = {"acted_by": system_user(), "triggered_by": triggered_by}
        return Provenance(dag_id=ti.dag_id, run_id=ti.run_id, **{**origin, **known, **acted})


class PromoteOperator(ChampionOperator):
    """Makes a candidate the champion of a parameter set: once for each DAG run, and only what was decided on.

    With a comparison it promotes that comparison's challenger, and only while the champion is the version which the
    challenger was compared with: a champion that changed in between makes the task fail. Cleared or retried, the task finds
    what it promoted, and returns it with ``moved`` False and the version in use as ``current``; what the run has computed
    afresh since then it promotes once more. Production reads the champion by ``HpoHook.champion`` or
    ``{{ macros.hpo.champion(...) }}``; DAGs
    may be scheduled on :func:`parameter_set_asset`.

    Example::

        PromoteOperator(
            task_id="promote",
            parameter_set="bikes",
            comparison="{{ ti.xcom_pull('compare') }}",
            approved_by="{{ ti.xcom_pull('approve') }}",
        )

    :param parameter_set: name of the parameter set, such as ``dispatch/tokyo``; its first promotion creates it.
    :param comparison: what ``CompareTaskGroup`` or ``CompareOperator`` returns. Templated.
    :param candidate: what to promote instead of the comparison's challenger: a mapping with ``params``, such as a
        candidate or what ``TuneTaskGroup`` returns. Templated.
    :param expected_version: the version that must be the champion, 0 for none yet; None: the one in the comparison, and
        without a comparison the version in use. Templated.
    :param reason: why, kept with the version; None: the comparison's sentence. Templated.
    :param approved_by: who agreed, as a name of which nothing is checked, or what an approval task of another DAG returns. Where a
        :class:`PromotionApprovalOperator` comes before this task in its DAG, the answer that it kept in the study database counts
        instead. Templated.
    :param mirror: True mirrors the champion to the Airflow Variable ``hpo_champion/<name>``, which is read while the study
        database is away; False only keeps such a Variable up to date when there is one.
    :param allow_other_owner: True also moves the champion of a set that another DAG owns, which stays its owner; False: the first
        DAG that promotes a set owns it, and another one is refused.
    :param allow_older: True also promotes what was found on data that end earlier than those of the champion, as in a backfill;
        False: it is refused. A champion of which the end of the data is not known, such as one from a file, refuses nothing.
    :param hpo_conn_id: connection of the study database.
    :raises DeclarationError: when there is neither a comparison nor a candidate.
    :raises AirflowFailException: when an approval task comes before this one and no answer approves the comparison, the comparison or
        the candidate is not as it was made, the set belongs to another DAG, its champion has changed, or was found on newer data.
    """

    template_fields: Sequence[str] = ("comparison", "candidate", "expected_version", "reason", "approved_by")

    def __init__(
        self,
        *,
        parameter_set: str,
        comparison: Any = None,
        candidate: Any = None,
        expected_version: Any = None,
        allow_older: bool = False,
        **kwargs: Any,
    ) -> None:
        if comparison is None and candidate is None:
            raise DeclarationError(
                "A promotion needs a `comparison` or a `candidate`, but got neither. Write comparison=compared.output."
            )
        if isinstance(candidate, Mapping) and candidate and "params" not in candidate:
            raise DeclarationError(
                f"A candidate has its values in `params`, but got {brief_repr(dict(candidate))}. "
                f"Write candidate={{'params': {dict(candidate)!r}}}."
            )
        super().__init__(parameter_set=parameter_set, **kwargs)
        self.comparison = comparison
        self.candidate = candidate
        self.expected_version = expected_version
        self.allow_older = allow_older

    def move(self, store: Store, context: Context) -> Move:
        """Promote."""
        kept = comparing_store(self, self.hpo_conn_id)
        found = decided(kept, _mapping(self.comparison, "comparison")) if self.comparison else None
        comparison = found.data if found else {}
        candidate = self._candidate(comparison)
        key = promotion_key(context, store, {**comparison, "challenger": candidate})
        answers: list[Answer] = []
        if not store.read(parameter_sets.promoted, self.parameter_set, key):
            answers = self.answers(kept, context, found.comparison if found else None)
            self._refuse_unseen(kept, context, candidate, found, answers)
        origin = {
            "study": _study_of(candidate),
            "number": candidate.get("number"),
            "comparison": comparison.get("comparison"),
            "reason": comparison.get("sentence"),
            "data_until": data_until_of(store, context, candidate),
        }
        return promote(
            store,
            self.parameter_set,
            candidate["params"],
            expected=self._expected(comparison),
            key=key,
            provenance=self.provenance(context, answers, **origin),
            allow_other_owner=self.allow_other_owner,
            allow_older=self.allow_older,
        )

    def _refuse_unseen(
        self,
        store: Store,
        context: Context,
        candidate: Mapping[str, Any],
        compared: Compared | None,
        answers: Sequence[Answer],
    ) -> None:
        """Refuse what neither this run has decided on nor a person has seen."""
        if self.candidate:
            check_trial(store, _study_of(candidate), candidate.get("number"), candidate["params"])
        elif compared and not answers:
            _refuse_other_run(compared.comparison, context)
        if compared and self.expected_version is None and compared.comparison.parameter_set:
            _refuse_other_set(compared.comparison, self.parameter_set)
        for answer in answers:
            shown = decided(store, {"comparison": answer.comparison}).data["challenger"]
            if not shown or not same_params(shown["params"], candidate["params"]):
                raise ApprovalError(
                    f"What was approved is promoted, but comparison {answer.comparison} was about "
                    f"{brief_repr(shown and shown['params'])}, and the candidate has {brief_repr(candidate['params'])}. Compare "
                    f"the candidate, or promote it in a task that {answer.task.task_id!r} does not come before."
                )

    def _candidate(self, comparison: Mapping[str, Any]) -> Mapping[str, Any]:
        if self.candidate:
            return _with_params(_mapping(self.candidate, "candidate"))
        if comparison.get("verdict") != PROMOTE or not comparison.get("challenger"):
            raise DeclarationError(
                f"A comparison must say {PROMOTE!r} with a challenger, but says {comparison.get('verdict')!r}: "
                f"{comparison.get('sentence') or 'no sentence.'} Branch on it before, or name the candidate."
            )
        return _with_params(_mapping(comparison["challenger"], "challenger"))

    def _expected(self, comparison: Mapping[str, Any]) -> Expected:
        given = version_number(self.expected_version, "expected_version")
        if given is not None:
            return given
        return comparison.get("champion_version") if comparison else "any"


class RollbackOperator(ChampionOperator):
    """Brings an earlier version of a parameter set back, as a new version that names it: once for each DAG run.

    Example::

        RollbackOperator(task_id="rollback", parameter_set="bikes", reason="More complaints since Monday.")

    :param parameter_set: name of the parameter set.
    :param to: the version to bring back; None for the one that was in use before the champion. Templated.
    :param expected_version: roll back only while this version is the champion; None for any version. Templated.
    :param reason: why, kept with the version. Templated.
    :param approved_by: who wants it, as for :class:`PromoteOperator`. Templated.
    :param mirror: as for :class:`PromoteOperator`.
    :param allow_other_owner: as for :class:`PromoteOperator`; for a DAG that only rolls back what others promote.
    :param hpo_conn_id: connection of the study database.
    """

    template_fields: Sequence[str] = ("to", "expected_version", "reason", "approved_by")

    def __init__(self, *, parameter_set: str, to: Any = None, expected_version: Any = None, **kwargs: Any) -> None:
        if isinstance(to, bool) or to == 0 or (isinstance(to, str) and not _MAY_BE_A_VERSION.search(to)):
            raise DeclarationError(
                f"`to` is the number of a version, but got {to!r}. Write to=1, or leave it out for the version before the champion."
            )
        super().__init__(parameter_set=parameter_set, **kwargs)
        self.to = to
        self.expected_version = expected_version

    def move(self, store: Store, context: Context) -> Move:
        """Roll back."""
        expected = version_number(self.expected_version, "expected_version")
        key = f"{run_key(context)} rollback"
        answers: list[Answer] = []
        if not store.read(parameter_sets.promoted, self.parameter_set, key):
            answers = self.answers(comparing_store(self, self.hpo_conn_id), context)
        seen = answers[-1].comparison if answers else None
        return retried(rollback)(
            store,
            self.parameter_set,
            version_number(self.to, "to"),
            provenance=self.provenance(context, answers, comparison=seen),
            expected="any" if expected is None else expected,
            key=key,
            allow_other_owner=self.allow_other_owner,
        )


def person(approval: Any) -> str | None:
    """Return who agreed, from a name or from what an approval task returns; None when it names no person."""
    if isinstance(approval, Mapping):
        approval = approval.get("responded_by_user")
    if isinstance(approval, Mapping):
        approval = approval.get("name") or approval.get("id")
    return str(approval) if approval not in (None, "", "None") else None


def _refuse_other_run(kept: Comparison, context: Context) -> None:
    ti = context["ti"]
    if kept.dag_id == ti.dag_id and kept.run_id != ti.run_id:
        raise ComparisonError(
            f"A DAG run promotes what it compared itself, but comparison {kept.id} is of run {kept.run_id!r}, and this is "
            f"{ti.run_id!r}. Clear the task that compares, with what follows."
        )


def _refuse_other_set(kept: Comparison, name: str) -> None:
    if kept.parameter_set != name:
        raise ComparisonError(
            f"A comparison decides about one parameter set, but comparison {kept.id} is about {kept.parameter_set!r} and not "
            f"{name!r}. Promote in that one, or say which version is to be replaced: expected_version=..."
        )


def version_number(given: Any, argument: str) -> int | None:
    """Return the version that a templated argument names; None when it names none."""
    text = str(given).strip()
    if given is None or text in ("", "None"):
        return None
    if isinstance(given, bool) or not text.isdecimal():
        raise DeclarationError(
            f"`{argument}` is the number of a version, but got {brief_repr(given)}. Write {argument}=1."
        )
    return int(text)


def _mapping(given: Any, argument: str) -> Mapping[str, Any]:
    if isinstance(given, Mapping):
        return given
    raise DeclarationError(
        f"`{argument}` is a mapping, but got {brief_repr(given)}. Hand over the task's output itself, not a text of it."
    )


def _study_of(candidate: Mapping[str, Any]) -> str | None:
    """Return the edition that a candidate is from, which the output of a study calls otherwise than a candidate does."""
    return candidate.get("study") or candidate.get("edition")


def _with_params(candidate: Mapping[str, Any]) -> Mapping[str, Any]:
    if candidate.get("end", "") in (None, End.INCOMPLETE):
        raise DeclarationError(
            f"A study that has ended is promoted, but {candidate.get('edition')!r} has not. {candidate.get('reason')} "
            'Or name the parameters: candidate={"params": ...}.'
        )
    if isinstance(candidate.get("params"), Mapping):
        return candidate
    raise DeclarationError(f"A candidate has `params`, but got {brief_repr(dict(candidate))}. Give them.")
