"""The comparison that a task is handed, as the store has it.

What a task returned can be changed by every user with rights on XComs. Its number says which comparison is meant, and everything
else is read from the store.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow_hpo.core.declared import brief_repr
from airflow_hpo.evaluations.compare import Compared
from airflow_hpo.evaluations.run import answered_evaluations
from airflow_hpo.exceptions import ComparisonError, DeclarationError
from airflow_hpo.storage import comparisons, evaluations
from airflow_hpo.storage.retry import retried

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from airflow_hpo.studies.store import Store

DECIDED = ("verdict", "parameter_set", "champion_version", "next_look")
"""What must not differ from the store; a challenger must have its parameters."""


@retried
def decided(store: Store, given: Any, since: datetime | None = None) -> Compared:
    """Return the comparison that is meant; with the start of the DAG run also what of it was answered.

    :raises ComparisonError: when there is no such comparison, or it decided otherwise than what was handed over says.
    """
    number = number_of(given)
    found = store.read(_stored, number)
    _refuse_otherwise(given, found.data)
    if since is None:
        return found
    return Compared(
        found.comparison, found.candidates, answered_evaluations(store, found.comparison.evaluations, since)
    )


def number_of(given: Any) -> int:
    """Return the number of the comparison that is meant."""
    number = given.get("comparison") if isinstance(given, Mapping) else None
    if isinstance(number, int) and not isinstance(number, bool):
        return number
    raise DeclarationError(
        f"A comparison comes from the output of CompareTaskGroup or CompareOperator, but got {brief_repr(given)}. "
        "Hand over `.output`."
    )


def _stored(session: Session, number: int) -> Compared:
    kept = comparisons.get(session, number)
    names = kept.evaluations[:1]
    return Compared(kept, [each for name in names for each in evaluations.get(session, name).plan.candidates])


def _refuse_otherwise(given: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    # Results of earlier releases do not have all of them.
    pairs = {name: (given[name], found[name]) for name in DECIDED if name in given}
    if "challenger" in given:
        pairs["challenger"] = _identity(given["challenger"]), _identity(found["challenger"])
    for name, (said, kept) in pairs.items():
        if said != kept:
            raise ComparisonError(
                f"A comparison is handed over as it was made, but {name} of comparison {found['comparison']} is "
                f"{brief_repr(kept)} in the study database and {brief_repr(said)} in what was handed over. Clear the task "
                "that compares, with what follows; to promote something else, use PromoteOperator(candidate=...)."
            )


def _identity(challenger: Any) -> Any:
    return (
        {name: challenger.get(name) for name in ("name", "params")} if isinstance(challenger, Mapping) else challenger
    )
