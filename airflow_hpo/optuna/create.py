"""Creates an edition's Optuna study, or makes sure that the one that exists searches for the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from optuna.exceptions import DuplicatedStudyError
from optuna.storages import RDBStorage
from optuna.study import StudyDirection

from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import StudyConflictError
from airflow_hpo.optuna import attributes
from airflow_hpo.optuna.log_filters import quiet
from airflow_hpo.optuna.read import StoredStudy, StudyReader

NEW_EDITION = "Start a new edition, which can take over earlier trials by `warm_start`"


def create(storage: RDBStorage, reader: StudyReader, edition: str, study: Study) -> None:
    """Create the study unless it exists; only its holder may call it."""
    stored = reader.find(edition)
    if stored is None:
        _create_empty(storage, edition, study)
        stored = reader.study(edition)
    _check(stored, study)
    _complete(storage, stored, study)


def _create_empty(storage: RDBStorage, edition: str, study: Study) -> None:
    directions = [StudyDirection[study.objective.direction.name]]
    try:
        with quiet():
            storage.create_new_study(directions, study_name=edition)
    except DuplicatedStudyError:
        pass  # Somebody outside our lock was faster; what they created is checked like any other.


def _complete(storage: RDBStorage, stored: StoredStudy, study: Study) -> None:
    """Write what a killed creation has left out, the fingerprint last."""
    if attributes.SEARCH in stored.user_attrs:
        return
    storage.set_study_system_attr(stored.id, attributes.METRIC_NAMES, [study.objective.metric])
    storage.set_study_user_attr(stored.id, attributes.OBJECTIVE, _objective(study))
    storage.set_study_user_attr(stored.id, attributes.SPACE, _space(study))
    storage.set_study_user_attr(stored.id, attributes.SEARCH, study.search_fingerprint)


def _check(stored: StoredStudy, study: Study) -> None:
    directions = [direction.name.lower() for direction in stored.directions]
    declared = [study.objective.direction.value]
    if directions != declared:
        raise StudyConflictError(
            f"The study {stored.name!r} has the direction {', '.join(directions)}, but the declaration says "
            f"{', '.join(declared)}. {NEW_EDITION}, or restore the direction."
        )
    if stored.user_attrs.get(attributes.SEARCH, study.search_fingerprint) != study.search_fingerprint:
        changes = [
            *_differences("parameter", stored.user_attrs.get(attributes.SPACE, {}), _space(study)),
            *_differences("objective's", stored.user_attrs.get(attributes.OBJECTIVE, {}), _objective(study)),
        ]
        raise StudyConflictError(
            f"The study {stored.name!r} searches for something else than the declaration: {'; '.join(changes)}. "
            f"{NEW_EDITION}, or restore the declaration."
        )


def _differences(kind: str, stored: Mapping[str, Any], declared: Mapping[str, Any]) -> list[str]:
    names = [*stored, *(name for name in declared if name not in stored)]
    return [
        f"{kind} {name!r} was {_shown(stored, name)} and is now {_shown(declared, name)}"
        for name in names
        if stored.get(name) != declared.get(name)
    ]


def _shown(declared: Mapping[str, Any], name: str) -> str:
    return json.dumps(declared[name]) if name in declared else "absent"


def _space(study: Study) -> dict[str, Any]:
    return {name: parameter.to_dict() for name, parameter in study.space.items()}


def _objective(study: Study) -> dict[str, Any]:
    include = {"metric", "direction", "strategy", "window"}
    return study.objective.model_dump(mode="json", include=include, exclude_none=True)
