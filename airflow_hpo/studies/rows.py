"""Studies and trials as flat rows, for tables, exports and frames."""

from typing import Any

from airflow_hpo.core.edition import Edition
from airflow_hpo.exceptions import StudyNotFoundError
from airflow_hpo.storage import editions, generations
from airflow_hpo.studies.deleted_trials import Lost, lost_trials
from airflow_hpo.studies.status import status_of
from airflow_hpo.studies.store import Store


def find_edition(store: Store, name: str) -> Edition:
    """Return the newest edition of the study of that name, or the generation that a name ``study@run`` means."""
    with store.session(read_only=True) as session:
        newest = editions.find(session, family=name, limit=1)
        return newest[0] if newest else generations.current(session, name)


def look_for_edition(store: Store, text: str) -> Edition:
    """Return the edition that a person means: as :func:`find_edition`, else by a part of a study's name or by its DAG.

    Only for what is read: of a study that is stopped or given away the whole name is asked for.
    """
    try:
        return find_edition(store, text)
    except StudyNotFoundError:
        families = store.read(editions.families_like, text)
        if not families:
            raise
        if len(families) > 1:
            raise StudyNotFoundError(
                f"A part of a study's name means one study, but {text!r} is in {', '.join(map(repr, families))}. Name one."
            ) from None
        return find_edition(store, families[0])


def edition_row(store: Store, edition: Edition) -> dict[str, Any]:
    """Return what a list of studies shows of one edition."""
    if lost := lost_trials(store, edition):
        return _lost_row(edition, lost)
    status = status_of(store, edition, store.optuna.records(edition.name, details=False))
    progress, best = status.progress, status.best
    going_on = "drained" if edition.drained else "running"
    state = "finished" if edition.finished else ("over" if status.verdict.over else going_on)
    return {
        "edition": edition.name,
        "state": state,
        "complete": progress.complete,
        "pruned": progress.pruned,
        "failed": progress.failed,
        "feasible": progress.feasible,
        "running": status.running,
        "wanted": edition.study.wanted,
        "best": best.value if best else None,
        "trial": best.number if best else None,
        "taken_over": best.source if best else None,
        "started": edition.started.isoformat(timespec="seconds"),
        "end": status.verdict.end.value if status.verdict.end else None,
    }


def _lost_row(edition: Edition, lost: Lost) -> dict[str, Any]:
    """Return the same of an edition without all of its trials, as it was summed up when it ended."""
    return {
        "edition": edition.name,
        "state": lost.state,
        "complete": lost.complete,
        "pruned": lost.pruned,
        "failed": lost.failed,
        "feasible": None,
        "running": None,
        "wanted": edition.study.wanted,
        "best": edition.best_value,
        "trial": edition.best_number,
        "taken_over": None,
        "started": edition.started.isoformat(timespec="seconds"),
        "end": edition.end.value if edition.end else None,
    }
