"""Drift of the optimum and of the champion's score from edition to edition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_hpo.core.edition import Edition
from airflow_hpo.core.progress import own_trials
from airflow_hpo.core.trial import Origin, TrialRecord, TrialState
from airflow_hpo.storage import comparisons, editions
from airflow_hpo.storage.comparisons import Comparison
from airflow_hpo.studies.deleted_trials import lost_trials
from airflow_hpo.studies.status import status_of
from airflow_hpo.studies.store import Store

if TYPE_CHECKING:
    import pandas as pd


def drift_rows(store: Store, study: str, limit: int = 100) -> list[dict[str, Any]]:
    """Return one row an edition, the oldest first: its optimum, what the champion scored, and what was decided.

    ``best`` and ``champion`` come from the same trials on the same data, so their difference is what another tuning could gain, unless
    the best one was taken over from an earlier edition, which ``taken_over`` then names;
    ``test_*`` are means over the scenarios of the comparison, on data that the tuning did not see.
    """
    with store.session(read_only=True) as session:
        found = editions.find(session, family=study, limit=limit)
        decided = {each.edition: each for each in reversed(comparisons.find(session, family=study, limit=10 * limit))}
    return [_row(store, edition, decided.get(edition.name)) for edition in reversed(found)]


def _row(store: Store, edition: Edition, comparison: Comparison | None) -> dict[str, Any]:
    lost = lost_trials(store, edition)
    records = store.optuna.records(edition.name) if store.optuna.exists(edition.name) else []
    best = status_of(store, edition, records).progress.best
    return {
        "edition": edition.name,
        "created": edition.created.isoformat(timespec="seconds"),
        "best": best.value if best else edition.best_value,
        "taken_over": best.source if best else None,
        "champion": _champions_value(records),
        **_tested(comparison),
        "lost": lost.sentence if lost else None,
        **{f"params.{name}": best.params.get(name) if best else None for name in edition.study.space},
    }


def _champions_value(records: list[TrialRecord]) -> float | None:
    """Return what the newest complete trial of the champion's parameters scored."""
    first = next((r.number for r in records if r.origin is Origin.CHAMPION), None)
    numbers = {first}
    for record in sorted(records, key=lambda r: r.number):
        if record.replaces in numbers and first is not None:
            numbers.add(record.number)
    complete = [r for r in own_trials(records) if r.number in numbers and r.state is TrialState.COMPLETE]
    return complete[0].value if complete else None


def _tested(comparison: Comparison | None) -> dict[str, Any]:
    results = comparison.decision["challengers"] if comparison else []
    met = next((r for r in results if comparison and r["candidate"] == comparison.challenger), None)
    return {
        "version": comparison.champion_version if comparison else None,
        "test_champion": met["improvement"]["champion"] if met else None,
        "test_challenger": met["improvement"]["challenger"] if met else None,
        "verdict": comparison.verdict if comparison else None,
    }


def drift_frame(store: Store, study: str, limit: int = 100) -> pd.DataFrame:
    """Return how optimum and champion moved, one edition a row, indexed by the edition."""
    import pandas as pd

    frame = pd.DataFrame(drift_rows(store, study, limit))
    return frame.set_index("edition") if len(frame) else frame
