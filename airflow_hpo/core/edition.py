"""One run of a study family, as the store keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airflow_hpo.core.study import Study
from airflow_hpo.core.study_end import End


@dataclass(frozen=True, slots=True)
class Edition:
    """A study of one DAG run: its declaration and how it stands."""

    name: str
    """``family@run``, which is also the name of the Optuna study."""
    family: str
    run: str
    declaration: Mapping[str, Any]
    """The study as it was declared last, as plain data: older versions of this package may have written it."""
    fingerprint: str
    search_fingerprint: str
    created: datetime
    started: datetime
    """When it was opened last after being finished, else when it was created: timeouts count from here."""
    finished: datetime | None = None
    end: End | None = None
    """Why it is over; None while it goes on."""
    reason: str | None = None
    best_number: int | None = None
    best_value: float | None = None
    stop_reason: str | None = None
    """Why a person stopped it; None when it was not."""
    dag_id: str | None = None
    run_id: str | None = None
    group_id: str | None = None

    @property
    def study(self) -> Study:
        """The declaration itself."""
        return Study.from_dict(dict(self.declaration))


def search_differences(stored: Study, declared: Study) -> list[str]:
    """Return what makes the results of two declarations incomparable, one ``"name: old, now new"`` each."""
    old, new = _search_fields(stored), _search_fields(declared)
    return [
        f"{name}: {old.get(name, 'nothing')}, now {new.get(name, 'nothing')}"
        for name in [*old, *(name for name in new if name not in old)]
        if old.get(name) != new.get(name)
    ]


def _search_fields(study: Study) -> dict[str, Any]:
    objective = study.objective.model_dump(mode="json", include={"metric", "direction", "strategy", "window"})
    space = study.to_dict()["space"]
    return {**objective, **{f"parameter {name!r}": parameter for name, parameter in space.items()}}
