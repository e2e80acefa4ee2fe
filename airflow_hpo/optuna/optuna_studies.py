"""Facade of Optuna: every call that the rest of the package makes."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from threading import Lock

import optuna
from cachetools import LRUCache, cached
from optuna.storages import RDBStorage
from sqlalchemy import Connection

from airflow_hpo.core.importance import Importance
from airflow_hpo.core.objective import Direction
from airflow_hpo.core.space.space import Params
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import TrialRecord, TrialRequest, TrialState
from airflow_hpo.optuna import ask, create, delete, enqueue, excesses, importance, tell, warm_start
from airflow_hpo.optuna.errors import storage_errors
from airflow_hpo.optuna.finished_trials import TrialCache
from airflow_hpo.optuna.log_filters import join_logging
from airflow_hpo.optuna.migrate import optuna_storage, storage_within
from airflow_hpo.optuna.points import points_left
from airflow_hpo.optuna.pruning import PruningSession
from airflow_hpo.optuna.read import StudyReader, find_id, latest_of, study_id
from airflow_hpo.optuna.rehearsal import rehearse
from airflow_hpo.optuna.trial_columns import TrialColumns, columns_of
from airflow_hpo.optuna.trial_curves import best_of, curves_of
from airflow_hpo.optuna.trial_stamp import stamp_of
from airflow_hpo.optuna.write import locked_trial
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.locks import LOCK_TIMEOUT, study_lock

EDITIONS_KEPT = 16
"""Editions for which a process keeps the finished trials that it has read."""


class OptunaStudies:
    """Studies in Optuna's own tables, where ``optuna.load_study`` and optuna-dashboard find them too.

    Every method may be repeated after a crash at any point without doing anything twice.
    """

    def __init__(self, database: Database, lock_timeout: float = LOCK_TIMEOUT) -> None:
        join_logging()
        self._database = database
        self._lock_timeout = lock_timeout
        self._reader = StudyReader(database)
        self._trial_cache = cached(LRUCache(EDITIONS_KEPT), lock=Lock())(TrialCache)

    def create(self, edition: str, study: Study) -> None:
        """Create the study of an edition, or accept the one that exists when it searches for the same."""
        rehearse(study)
        with self._locked_storage(edition) as (storage, reader):
            create.create(storage, reader, edition, study)

    def warm_start(
        self, edition: str, study: Study, earlier: Sequence[str], others: Sequence[Sequence[str]] = ()
    ) -> list[tuple[str, int]]:
        """Take over the best trials of earlier editions, and of other studies', that fit the space, as its ``warm_start`` says."""
        with self._locked_storage(edition) as (storage, reader):
            return warm_start.warm_start(storage, reader, edition, study, (earlier, *others))

    def enqueue_champion(self, edition: str, study: Study, params: Params) -> bool:
        """Have the parameters that production uses evaluated first, if they fit the space; the first call decides."""
        with self._locked_storage(edition) as (storage, reader):
            return warm_start.enqueue_champion(storage, reader, edition, study, params)

    def ask(
        self, edition: str, study: Study, keys: Sequence[str], allow: ask.Allow | None = None
    ) -> list[TrialRequest]:
        """Return the trials of the given keys, suggesting those that do not exist yet."""
        with self._locked(edition) as database:
            # Only the holder of a study asks for trials: no other thread uses its cache meanwhile.
            return ask.ask(database, self._trial_cache(edition), study, keys, allow)

    def enqueue(
        self,
        edition: str,
        study: Study,
        params: Params,
        check: enqueue.Check,
        note: enqueue.Note,
    ) -> tuple[int, bool]:
        """Have a point evaluated next, and note who wants it in the same transaction; twice is once."""
        with self._locked(edition) as database:
            return enqueue.enqueue(database, edition, study, params, check, note)

    def is_running(self, edition: str, number: int, within: Connection) -> bool:
        """Say whether a trial runs; if so, it ends after the transaction."""
        with locked_trial(within, edition, number) as trial:
            return trial.running

    def add(self, edition: str, study: Study, simulations: Mapping[str, tuple[str, int]]) -> list[TrialRequest]:
        """Return the simulations of the given keys, each of a scenario and a part of a trial, writing those that do not exist."""
        with self._locked(edition) as database:
            return ask.add(database, edition, study, simulations)

    def rerun(self, edition: str, number: int, key: str) -> TrialRequest:
        """Return a new running trial with the parameters of a finished one, which it replaces.

        When the trial has been replaced already, its newest replacement is replaced, or returned while it runs.
        """
        with self._locked(edition) as database:
            return ask.rerun(database, edition, number, key)

    def tell(
        self,
        edition: str,
        number: int,
        state: TrialState,
        value: float | None = None,
        metrics: Mapping[str, float] | None = None,
        work: str | None = None,
        within: Connection | None = None,
    ) -> TrialRecord:
        """Give a running trial its result, or return the one it has: a finished trial never changes."""
        return tell.tell(within or self._database, edition, number, state, value, metrics, work)

    def rejudge(self, edition: str) -> None:
        """Bring what Optuna reads of the trials' feasibility up to date."""
        with self._locked(edition) as database, database.transaction() as connection:
            excesses.update(connection, edition)

    def invalidate(self, edition: str, number: int, reason: str) -> TrialRecord:
        """Take a finished trial's result back: it counts no longer and is read as failed."""
        with self._locked(edition) as database:
            return tell.invalidate(database, edition, number, reason)

    def pruning(self, edition: str, study: Study, number: int) -> PruningSession:
        """Return an object that takes a running trial's intermediate values and judges them."""
        return PruningSession(self._database, edition, study, number)

    def set_intermediate_values(
        self, edition: str, number: int, values: Mapping[int, float], within: Connection, *, whole: bool
    ) -> None:
        """Make these the intermediate values of a trial; nothing happens once it has ended.

        If it need not be the whole curve, some of these that are there already are enough.
        """
        with locked_trial(within, edition, number) as trial:
            if trial.running and (trial.remove_others(values) or whole):
                trial.report(values)

    def records(self, edition: str, *, details: bool = True) -> list[TrialRecord]:
        """Return all trials by number."""
        return self._reader.records(edition, details=details)

    def columns(self, edition: str, within: Connection, since: int = 0) -> TrialColumns:
        """Return the trials from a number on as columns; none where there is no study of that name."""
        return columns_of(within, edition, since)

    def stamp(self, edition: str, within: Connection) -> list[object]:
        """Return what differs once a trial has changed."""
        return stamp_of(within, edition)

    def curves(self, edition: str, numbers: Collection[int], within: Connection) -> dict[int, dict[int, float]]:
        """Return the intermediate values of some trials by number and step; trials without any are left out."""
        return curves_of(within, edition, numbers)

    def best_numbers(self, edition: str, direction: Direction, limit: int, within: Connection) -> Sequence[int]:
        """Return the numbers of the trials with the best values that count, the best first."""
        return best_of(within, edition, direction, limit)

    def compute_importance(self, edition: str, now: datetime) -> None:
        """Compute the importance of the parameters and keep it with the study; nothing with too few trials."""
        found = importance.importance_of(*self._reader.snapshot(edition), now)
        if found is not None:
            with self._locked(edition) as database, database.transaction() as connection:
                importance.keep(connection, edition, found)

    def importance(self, edition: str, within: Connection) -> Importance | None:
        """Return the importance that was computed last; None before that."""
        return importance.kept(within, edition)

    def complete_trials(self, edition: str, within: Connection) -> int:
        """Return how many trials are complete, whether or not they count."""
        return importance.complete_trials(within, edition)

    def points_left(self, edition: str, study: Study) -> int:
        """Return how many points of a grid may still be asked for."""
        return points_left(study, self._reader.snapshot(edition)[1])

    def record(self, edition: str, number: int) -> TrialRecord:
        """Return one trial."""
        return self._reader.record(edition, number)

    def parts(self, companion: str, number: int) -> list[TrialRecord]:
        """Return the simulations of one trial by number."""
        return self._reader.parts(companion, number)

    def number_of(self, edition: str, key: str) -> int | None:
        """Return the number of the trial that was asked for by a key; None when none was."""
        return self._reader.number_of(edition, key)

    def keys(self, edition: str) -> frozenset[str]:
        """Return the keys by which the trials of an edition were asked for."""
        return self._reader.keys(edition)

    def latest(self, edition: str, number: int) -> TrialRecord:
        """Return the trial that ran one again most recently, or the trial itself."""
        return self.record(edition, latest_of(number, self._reader.replacements(edition)))

    def replacement_of(self, edition: str, number: int) -> int | None:
        """Return the trial that ran a trial again; None when none did."""
        return self._reader.replacements(edition).get(number)

    def require(self, edition: str) -> None:
        """Raise unless the study of an edition is there."""
        self._reader.study(edition)

    def exists(self, edition: str) -> bool:
        """Say whether the study of an edition is there."""
        return self._reader.find(edition) is not None

    def sources(self) -> dict[str, set[int]]:
        """Return the numbers of the trials that later editions took results from, by edition."""
        return self._reader.sources()

    def numbers(self, edition: str) -> list[int]:
        """Return the numbers of all trials; none when there is no study of that name."""
        return self._reader.numbers(edition)

    def intermediate_by_trial(self, edition: str) -> dict[int, int]:
        """Return how many intermediate values each trial has, by its number; trials without any are left out."""
        return self._reader.intermediate_by_trial(edition)

    def delete_trials(self, edition: str, numbers: Collection[int], within: Connection) -> None:
        """Delete trials with all that refers to them; only the study's holder may call it."""
        delete.delete_trials(within, study_id(within, edition), numbers)

    def delete_empty(self, edition: str, within: Connection) -> None:
        """Delete a study that has no trials, if it is there still; only the study's holder may call it."""
        found = find_id(within, edition)
        if found is not None:
            delete.delete_study(within, found)

    def load(self, edition: str) -> optuna.Study:
        """Return the study for notebooks and plots, with all that Optuna can do."""
        self._reader.study(edition)
        return optuna.load_study(study_name=edition, storage=self._storage)

    @cached_property
    def _storage(self) -> RDBStorage:
        return optuna_storage(self._database)

    @contextmanager
    def _locked_storage(self, edition: str) -> Iterator[tuple[RDBStorage, StudyReader]]:
        # Made before the lock is held: that takes a connection of its own.
        storage = self._storage
        with self._locked(edition) as database:
            yield storage_within(storage, database), StudyReader(database)

    @contextmanager
    def _locked(self, edition: str) -> Iterator[Database]:
        with study_lock(self._database, edition, self._lock_timeout) as database, storage_errors(self._database.name):
            yield database
