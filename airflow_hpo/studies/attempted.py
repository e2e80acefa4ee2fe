"""Attempts as they tell of the trials of an edition; those of a trial of several simulations are the simulations' own."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property

from airflow_hpo.core.attempt import scheduled_trials
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.progress import own_trials, pending_of
from airflow_hpo.core.scenarios import parts_by_trial
from airflow_hpo.core.trial import TrialRecord, TrialState
from airflow_hpo.core.trial_key import companion_of, is_companion
from airflow_hpo.storage import attempts
from airflow_hpo.studies.store import Store


def ran_as(edition: Edition) -> str:
    """Return the edition that has the attempts of an edition's trials: its companion where they are several simulations."""
    return companion_of(edition.name) if edition.study.scenarios else edition.name


def simulations_of(
    store: Store, name: str, trials: Iterable[TrialRecord] | None = None, *, details: bool = False
) -> dict[int, list[TrialRecord]]:
    """Return the simulations of an edition's trials, which may have been read already, by the number of the trial that counts."""
    known = store.optuna.records(name, details=False) if trials is None else trials
    return parts_by_trial(store.optuna.records(companion_of(name), details=details), known)


def attempted(store: Store, edition: Edition, records: Collection[TrialRecord]) -> "Attempted":
    """Return what attempts tell of the trials of an edition, which have been read already."""
    return (AttemptedInParts if edition.study.scenarios else Attempted)(store, edition, records)


class Attempted:
    """Of trials that are one simulation each."""

    def __init__(self, store: Store, edition: Edition, records: Collection[TrialRecord]) -> None:
        self._store, self._edition, self._records = store, edition, records
        self._name, self._states = ran_as(edition), {record.state for record in records}

    @cached_property
    def _running(self) -> set[int]:
        return {attempt.number for attempt in self._store.read(attempts.running, self._name)}

    @property
    def begun(self) -> set[int]:
        """Trials of which an attempt runs."""
        return self._running

    @property
    def ever_begun(self) -> set[int]:
        """Trials of which an attempt ran or runs."""
        return {attempt.number for attempt in self._store.read(attempts.of, self._name)}

    @property
    def pending(self) -> int:
        """How many wait for a place to run; 0 where no one asks."""
        return self._pending(self._records) if self._edition.study.max_pending is not None else 0

    def _pending(self, records: Collection[TrialRecord]) -> int:
        return pending_of(records, scheduled_trials(self._store.read(attempts.running, self._name)))

    @property
    def unbegun(self) -> Collection[int]:
        """Failed trials that the cluster never let begin."""
        return self._store.read(attempts.unbegun, self._name) if TrialState.FAIL in self._states else ()

    @property
    def waits(self) -> Mapping[int, str]:
        """What those trials wait for that have no running program yet."""
        return self._store.read(attempts.waits, self._name) if TrialState.RUNNING in self._states else {}

    def reasons(self, numbers: Sequence[int]) -> list[str]:
        """Why each of some trials failed, the kind first."""
        return self._store.read(attempts.last_reasons, self._name, numbers)


class AttemptedInParts(Attempted):
    """Of trials that are several simulations each."""

    @cached_property
    def _parts(self) -> dict[int, list[TrialRecord]]:
        simulations = simulations_of(self._store, self._edition.name, self._records)
        return {number: own_trials(each) for number, each in simulations.items()}

    @property
    def begun(self) -> set[int]:
        """See above: one of its simulations runs."""
        return {number for number, parts in self._parts.items() if any(p.number in self._running for p in parts)}

    @property
    def ever_begun(self) -> set[int]:
        """See above."""
        begun = super().ever_begun
        return {number for number, parts in self._parts.items() if any(part.number in begun for part in parts)}

    @property
    def pending(self) -> int:
        """How many simulations wait."""
        counted = self._edition.study.max_pending is not None
        return self._pending([part for parts in self._parts.values() for part in parts]) if counted else 0

    @property
    def unbegun(self) -> Collection[int]:
        """See above: none of its simulations failed for another reason."""
        never = set(super().unbegun)
        failed = {number: self._failed(number) for number in self._parts} if never else {}
        return {number for number, numbers in failed.items() if numbers and never.issuperset(numbers)}

    @property
    def waits(self) -> Mapping[int, str]:
        """See above: the first of its simulations does, and no other runs."""
        waits = super().waits
        busy = self.begun if waits else set()
        found = {}
        for number in busy:
            parts = [part.number for part in self._parts[number]]
            if not any(part in self._running and part not in waits for part in parts):
                found[number] = next(waits[part] for part in parts if part in waits)
        return found

    def reasons(self, numbers: Sequence[int]) -> list[str]:
        """See above: of the first simulation of each that failed."""
        first = {number: self._failed(number)[:1] for number in numbers}
        known = [part for parts in first.values() for part in parts]
        said = dict(zip(known, super().reasons(known), strict=True))
        return [said[first[number][0]] if first[number] else "" for number in numbers]

    def _failed(self, number: int) -> list[int]:
        return [part.number for part in self._parts.get(number, ()) if part.state is TrialState.FAIL]


def missing_sentence(store: Store, edition: Edition, best: TrialRecord | None) -> str | None:
    """Say which scenarios the value of the best trial is without; None where it has all of them."""
    if best is None or not edition.study.scenarios_spare:
        return None
    parts = simulations_of(store, edition.name, details=True).get(best.number, ())
    known = {part.params["scenario"] for part in own_trials(parts) if part.value is not None}
    lost = [each.name for each in edition.study.listed_scenarios if each.name not in known]
    of = f"{edition.study.simulations - len(lost)} of {edition.study.simulations} scenarios"
    return (
        f"The value of trial {best.number} is of {of}: the infrastructure lost {', '.join(lost)}."
        if known and lost
        else None
    )


def is_part_of_begun(store: Store, edition: Edition, number: int) -> bool:
    """Say whether a trial is one of several simulations, and another one of its trial has begun: the trial runs."""
    if not is_companion(edition.name):
        return False
    part_of = store.optuna.record(edition.name, number).part_of
    parts = () if part_of is None else store.optuna.parts(edition.name, part_of)
    return store.read(attempts.any_begun, edition.name, [part.number for part in parts if part.number != number])
