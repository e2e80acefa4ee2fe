"""Creation of an edition's Optuna study, or the check that the existing one searches for the same."""

from optuna.exceptions import DuplicatedStudyError
from optuna.storages import RDBStorage
from optuna.study import StudyDirection

from airflow_hpo.core.edition import search_differences
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import StudyConflictError
from airflow_hpo.optuna import attributes
from airflow_hpo.optuna.log_filters import without_announcements
from airflow_hpo.optuna.read import StoredStudy, StudyReader

NEW_EDITION = (
    "Start a new edition, which can take over earlier trials by `warm_start`, compute this one afresh (`airflow hpo studies "
    "afresh {}`, then clear the run)"
)


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
        with without_announcements():
            storage.create_new_study(directions, study_name=edition)
    except DuplicatedStudyError:
        pass  # A process outside our lock was faster; its study is checked like any other.


def _complete(storage: RDBStorage, stored: StoredStudy, study: Study) -> None:
    """Write what a killed creation has left out, the fingerprint last."""
    if attributes.SEARCH in stored.user_attrs:
        return
    storage.set_study_system_attr(stored.id, attributes.METRIC_NAMES, [study.objective.metric])
    storage.set_study_user_attr(stored.id, attributes.OBJECTIVE, study.search["objective"])
    if study.metric_constraints:
        limits = [each.to_dict() for each in study.metric_constraints]
        storage.set_study_user_attr(stored.id, attributes.LIMITS, limits)
    storage.set_study_user_attr(stored.id, attributes.SPACE, study.search["space"])
    storage.set_study_user_attr(stored.id, attributes.SEARCH, study.search_fingerprint)


def _check(stored: StoredStudy, study: Study) -> None:
    directions = [direction.name.lower() for direction in stored.directions]
    declared = [study.objective.direction.value]
    if directions != declared:
        raise StudyConflictError(
            f"The study {stored.name!r} has the direction {', '.join(directions)}, but the declaration says "
            f"{', '.join(declared)}. {NEW_EDITION.format(stored.name)}, or restore the direction."
        )
    if stored.user_attrs.get(attributes.SEARCH, study.search_fingerprint) != study.search_fingerprint:
        attrs = stored.user_attrs
        earlier = {"space": attrs.get(attributes.SPACE, {}), "objective": attrs.get(attributes.OBJECTIVE, {})}
        changes = search_differences(earlier, study.search) or [
            "its constraints, its scenarios, or what is made of their values, were others"
        ]
        raise StudyConflictError(
            f"The study {stored.name!r} searches for something else than the declaration: {'; '.join(changes)}. "
            f"{NEW_EDITION.format(stored.name)}, or restore the declaration."
        )
