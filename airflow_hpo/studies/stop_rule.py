"""Call of a study's stop rule, where its tasks run, and what becomes of the answer."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import reduce
from importlib import import_module
from typing import Any

from airflow_hpo.core.called import refuses_one_argument
from airflow_hpo.core.declared import nearest
from airflow_hpo.core.log import Log
from airflow_hpo.core.progress import own_trials
from airflow_hpo.core.stop_rule import StudyProgress, reason_of
from airflow_hpo.core.trial import TrialRecord, TrialState
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.storage import editions
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies.status import Status, status_of
from airflow_hpo.studies.store import Store


def rule_of(path: str) -> Callable[[StudyProgress], Any]:
    """Import a rule.

    :raises DeclarationError: when it cannot be imported, or cannot be called with the progress alone.
    """
    module, _, name = path.partition(":")
    try:
        found: Any = import_module(module)
    except (Exception, SystemExit) as err:
        raise DeclarationError(
            f"A stop rule is imported where tasks run, but importing {module!r} ended in {_told(err)} Put {module}.py beside the DAG's file, or "
            "install it there."
        ) from err
    try:
        rule: Callable[[StudyProgress], Any] = reduce(getattr, name.split("."), found)
    except AttributeError:
        hint = nearest(name, [each for each in vars(found) if callable(getattr(found, each))])
        raise DeclarationError(
            f"A stop rule is a function of its module, but {module!r} has no {name!r}.{hint}"
        ) from None
    if refusal := refuses_one_argument(rule):
        raise DeclarationError(
            f"A stop rule is called with the progress alone, but {path!r} takes something else ({refusal}). Write def {name}(progress): ..."
        )
    return rule


@retried
def ask_rule(store: Store, name: str, log: Log) -> None:
    """Stop a study when its rule says so, before more of it is suggested. An error in the rule is told, and ends nothing."""
    edition = store.edition(name)
    path = edition.study.stop_when
    if path is None or edition.stop_reason is not None:
        return
    records = store.optuna.records(name, details=False)
    look = status_of(store, edition, records)
    if look.verdict.over or edition.finished is not None:
        return
    reason, trouble = None, None
    try:
        reason = reason_of(path, rule_of(path)(_progress(look, records)))
    except DeclarationError as err:
        trouble = f"Its stop rule gave no answer, which ends nothing. {err}"
    except (Exception, SystemExit) as err:  # noqa: BLE001 - whatever an author's code raises is no end of a study
        trouble = f"Its stop rule {path} gave no answer, which ends nothing: {_told(err)}"
    if trouble:
        log.warning("%s", trouble)
    if reason or trouble != edition.rule_trouble:
        with store.session() as session:
            editions.note_rule(session, name, reason, trouble)


def _progress(look: Status, records: list[TrialRecord]) -> StudyProgress:
    found, study = look.progress, look.edition.study
    ended = [
        (r.finished, r.number, r.value) for r in own_trials(records) if r.state is TrialState.COMPLETE and r.finished
    ]
    return StudyProgress(
        study=study.name,
        wanted=study.wanted,
        complete=found.complete,
        pruned=found.pruned,
        failed=found.failed,
        running=found.running,
        best=found.best.value if found.best else None,
        values=tuple(value for *_, value in sorted(ended) if value is not None),
        seconds=(datetime.now(UTC) - look.edition.started).total_seconds(),
    )


def _told(err: BaseException) -> str:
    return f"{type(err).__name__}: {str(err).rstrip('.')}."
