"""References to editions and trials: from versions of parameter sets, comparisons and evaluations."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from airflow_hpo.core.answer import Choice
from airflow_hpo.core.owner import DagRunKey
from airflow_hpo.storage import approvals
from airflow_hpo.storage.tables import ComparisonRow, EvaluationRow, ParameterVersionRow

PROMOTE = "promote"


@dataclass
class References:
    """What is referred to, and by what."""

    named: set[str] = field(default_factory=set)
    """Editions that a version or a comparison names."""
    trials: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Numbers of the trials that are referred to, by edition."""
    evidence: dict[str, int] = field(default_factory=dict)
    """Evaluations that were decided on, each with a comparison that did."""
    waiting: dict[str, tuple[int, DagRunKey]] = field(default_factory=dict)
    """Editions of a comparison that may still be approved, with its number and DAG run."""

    def add(self, edition: str | None, number: int | None) -> None:
        """Refer to an edition, and to a trial of it."""
        if edition is None:
            return
        self.named.add(edition)
        if number is not None:
            self.trials[edition].add(number)


def references(session: Session) -> References:
    """Return everything that parameter sets, comparisons and evaluations refer to."""
    found = References()
    promoted = set()
    for text in session.scalars(select(ParameterVersionRow.provenance)):
        origin = json.loads(text)
        found.add(origin.get("study"), origin.get("number"))
        promoted.add(origin.get("comparison"))
    for plan in session.scalars(select(EvaluationRow.plan)):
        _add_candidates(found, json.loads(plan)["candidates"])
    _add_comparisons(session, found, promoted)
    return found


def _add_candidates(found: References, candidates: Iterable[dict[str, Any]]) -> None:
    for candidate in candidates:
        found.add(candidate.get("study"), candidate.get("number"))


def _add_comparisons(session: Session, found: References, promoted: set[Any]) -> None:
    answered = approvals.newest(session)
    asked = {each.comparison for each in answered if each.choice is None}
    rejected = {each.comparison for each in answered if each.choice is Choice.REJECT}
    row = ComparisonRow
    columns = select(row.id, row.edition, row.evaluations, row.verdict, row.dag_id, row.run_id)
    for number, edition, evaluations, verdict, dag_id, run_id in session.execute(columns.order_by(row.id)):
        found.add(edition, None)
        found.evidence |= dict.fromkeys(evaluations, number)
        open_still = verdict == PROMOTE and number not in promoted | rejected
        if (open_still or number in asked) and dag_id and run_id:
            found.waiting |= dict.fromkeys([edition, *evaluations], (number, DagRunKey(dag_id, run_id)))
