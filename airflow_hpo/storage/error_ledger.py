"""Ledger of the errors that comparisons of a parameter set were charged, with the scenarios that they used."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from airflow_hpo.storage.column_types import utc_now
from airflow_hpo.storage.from_row import from_row
from airflow_hpo.storage.tables import ComparisonRow, ErrorLedgerRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One comparison in the ledger."""

    parameter_set: str
    """Whose champion it is about; the study's name, where no set is named."""
    digest: str
    """64 hex digits of what was measured and asked: the same again is the same entry."""
    comparison_id: int
    since: datetime
    """When the data of its scenarios begin."""
    until: datetime
    scenarios: Sequence[Mapping[str, Any]]
    """JSON-able: what tells each from others."""
    level: float
    """With which probability it may have promoted a challenger that is not better."""
    charged: float
    """What of that counts; 0 where nothing could be promoted."""


def entries(session: Session, parameter_set: str) -> list[Entry]:
    """Return what comparisons of a parameter set were charged, in that order."""
    rows = session.scalars(
        select(ErrorLedgerRow).where(ErrorLedgerRow.parameter_set == parameter_set).order_by(ErrorLedgerRow.id)
    )
    return [from_row(Entry, row, scenarios=json.loads(row.scenarios)) for row in rows]


def charge(session: Session, entry: Entry) -> None:
    """Write an entry down; its digest is that of no other, so that two who write it at once charge once."""
    kept = {name: getattr(entry, name) for name in Entry.__slots__ if name != "scenarios"}
    listed = json.dumps(list(entry.scenarios), ensure_ascii=False)
    session.add(ErrorLedgerRow(**kept, scenarios=listed, charged_at=utc_now()))
    session.flush()


def not_counted(session: Session, parameter_set: str) -> int:
    """Return how many comparisons of a parameter set tested something, but are from before there was a ledger."""
    row, subject = ComparisonRow, func.coalesce(ComparisonRow.parameter_set, ComparisonRow.family)
    counted = select(ErrorLedgerRow.comparison_id).where(ErrorLedgerRow.parameter_set == parameter_set)
    found = session.scalars(select(row.decision).where(subject == parameter_set, row.id.not_in(counted)))
    return sum(not is_counted(json.loads(text)) for text in found)


def is_counted(decision: Mapping[str, Any]) -> bool:
    """Say whether a decision tested nothing, or is in the ledger."""
    return "charge" in decision or not decision.get("champion") or not decision["challengers"]
