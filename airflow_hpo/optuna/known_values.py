"""Values that a warm start takes over as known: trials of the edition that no task ran, marked with the one that measured them."""

from collections.abc import Sequence
from typing import Any

from optuna.storages import RDBStorage
from optuna.trial import TrialState as OptunaState
from optuna.trial import create_trial

from airflow_hpo.core.known import Known
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import Origin, TrialRecord
from airflow_hpo.core.trial_key import edition_and_number, trial_of
from airflow_hpo.optuna import attributes
from airflow_hpo.optuna.distributions import canonical_point, distributions_of
from airflow_hpo.optuna.read import StudyReader


def copy_values(
    storage: RDBStorage, reader: StudyReader, edition: str, study: Study, best: Sequence[tuple[str, TrialRecord]]
) -> None:
    """Write the trials that are not written yet; an edition that began before results were marked gets no marked one."""
    stored, trials = reader.snapshot(edition)
    copies = [trial.user_attrs for trial in trials if attributes.SOURCE in trial.user_attrs]
    if any(attributes.KNOWN not in attrs for attrs in copies):
        return
    present = {attrs[attributes.SOURCE] for attrs in copies}
    for name, trial in best:
        if source_of(name, trial) in present:
            continue
        params = canonical_point(study.space, trial.params)
        copy = create_trial(
            state=OptunaState.COMPLETE,
            value=trial.value,
            params=params,
            distributions=distributions_of(study.space, params),
            user_attrs={**trial.metrics, **_marks(reader, name, trial)},
        )
        storage.create_new_trial(stored.id, template_trial=copy)


def source_of(edition: str, trial: TrialRecord) -> str:
    """Return the trial that measured the result of one of an edition, which may have taken it over itself."""
    return trial.source or trial_of(edition, trial.number)


def still_counting(reader: StudyReader, trials: Sequence[TrialRecord]) -> list[TrialRecord]:
    """Return the trials without results that were taken back, or measured again, where they had been measured first."""
    named: dict[str, set[int]] = {}
    for trial in trials:
        if trial.source:
            edition, number = edition_and_number(trial.source)
            named.setdefault(edition, set()).add(number)
    gone = {
        trial_of(edition, number)
        for edition, numbers in named.items()
        for number in numbers.intersection(_taken_back(reader, edition))
    }
    return [trial for trial in trials if trial.source not in gone]


def _taken_back(reader: StudyReader, edition: str) -> set[int]:
    """Return the numbers of an edition's trials that count no more; none when it is gone."""
    records = [] if reader.find(edition) is None else reader.records(edition, details=False)
    invalid = {record.number for record in records if record.invalid is not None}
    return invalid | {record.replaces for record in records if record.replaces is not None}


def _marks(reader: StudyReader, edition: str, trial: TrialRecord) -> dict[str, Any]:
    source = source_of(edition, trial)
    known = trial.known or Known(
        source,
        # One that an edition of before took over has the time of that, and not when it was measured.
        measured=None if trial.source else trial.finished,
        data_until=reader.data_until(edition_and_number(source)[0]),
    )
    return {
        attributes.ORIGIN: Origin.WARM_START.value,
        attributes.SOURCE: source,
        attributes.KNOWN: known.to_dict(),
    }
