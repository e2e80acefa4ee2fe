"""Curves of trials: what they reported of the objective, or the value of each scenario by its place."""

from collections.abc import Collection

from airflow_hpo.core.edition import Edition
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.pages.finite import finite
from airflow_hpo.pages.models.trials import Curves, TrialCurve
from airflow_hpo.studies.store import Store

MOST = 200
"""Curves of one answer: each has up to a thousand values, and more lines than that are not told apart."""


def curves_of(store: Store, edition: Edition, numbers: Collection[int]) -> Curves:
    """Return the curves of some trials, by number; trials without one are left out."""
    if len(numbers) > MOST:
        raise DeclarationError(
            f"At most {MOST} curves are asked for at once, but got {len(numbers)}. Name fewer trials."
        )
    with store.session(read_only=True) as session:
        found = store.optuna.curves(edition.name, numbers, session.connection())
    return Curves(
        curves=[
            TrialCurve(number=number, steps=list(curve), values=[finite(value) for value in curve.values()])
            for number, curve in found.items()
        ]
    )


def best_curves(store: Store, edition: Edition, limit: int) -> Curves:
    """Return the curves of the best trials."""
    direction = edition.study.objective.direction
    with store.session(read_only=True) as session:
        numbers = store.optuna.best_numbers(edition.name, direction, min(limit, MOST), session.connection())
    return curves_of(store, edition, numbers)


def numbers_in(text: str) -> list[int]:
    """Return the numbers of a list such as ``1,2,3``."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and part.isascii() and len(part) < 10 for part in parts):
        raise DeclarationError(
            f"Numbers of trials are separated by commas, but got {text[:100]!r}. Write numbers=1,2,3."
        )
    return [int(part) for part in parts]
