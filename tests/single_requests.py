"""Requests for single trials, as tests ask for them."""

from __future__ import annotations

from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.studies.status import Status
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.suggest import ask_for


def ask_one(store: Store, name: str, key: str) -> tuple[TrialRequest | None, Status]:
    """Ask for one trial; None while no slot is free or nothing is needed. The status is that before the request."""
    found, status = ask_for(store, name, [key])
    return (found[0] if found else None), status
