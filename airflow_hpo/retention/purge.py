"""Purge of old editions: archived, then deleted in short transactions. A purge that was killed goes on when it is run again."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from airflow_hpo.core.purge import Purge
from airflow_hpo.core.trial_key import companion_of
from airflow_hpo.exceptions import ArchiveError, StudyBusyError
from airflow_hpo.retention.archive import archive, archive_file
from airflow_hpo.retention.plan import Planned, Planner
from airflow_hpo.storage import editions, purges
from airflow_hpo.storage.column_types import utc_now
from airflow_hpo.storage.locks import check_held, study_lock
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies.attempted import simulations_of
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.rows import trial_rows

PIECE_ROWS = 20_000
"""Rows that one transaction deletes, unless a single trial has more."""
ROWS_OF_A_TRIAL = 30
"""Rows that a trial has in addition to what it reported, at a guess: parameters, attributes, attempts."""

Progress = Callable[[str, int, int], None]
"""Told of an edition how many of its trials are deleted, of how many."""


@dataclass(frozen=True, slots=True)
class Purged:
    """What became of one edition."""

    edition: str
    deleted: int
    kept: int
    archive: str


def purge_editions(
    store: Store,
    planner: Planner,
    plans: Iterable[Planned],
    folder: Path,
    by: str,
    progress: Progress = lambda *_: None,
) -> Iterator[Purged]:
    """Archive trials and delete those that may go, edition by edition; repeating it after a crash goes on where it was."""
    for planned in plans:
        # The second time, if the first was the end of an earlier purge, by the rule of now.
        for _ in range(1 + planned.begun):
            if done := _purge(store, planner, planned.edition.name, folder, by, progress):
                yield done


def _purge(store: Store, planner: Planner, name: str, folder: Path, by: str, progress: Progress) -> Purged | None:
    with study_lock(store.database, name, store.lock_timeout) as locked:
        begun = _begun(store, name) or _begin(store, planner, name, folder, by)
        if begun is None:
            return None
        going, companion = _going(store, name, begun), companion_of(name)
        # Before any trial: which simulations are of those that stay is known from all of them.
        for piece in _pieces(store, companion, _going_parts(store, name, going)):
            check_held(locked)
            _delete(store, companion, piece)
        done = begun.deleted - len(going)
        for piece in _pieces(store, name, going):
            check_held(locked)
            _delete(store, name, piece)
            done += len(piece)
            progress(name, done, begun.deleted)
        check_held(locked)
        _end(store, name, begun)
    return Purged(name, begun.deleted, len(begun.kept), begun.archive)


def required_folder(folder: str | Path | None) -> Path:
    """Return the folder of the archive."""
    if folder is None or not str(folder).strip():
        raise ArchiveError("Trials are archived before they are deleted, but no folder is named. Add --archive DIR.")
    return Path(folder).expanduser()


@retried
def _begun(store: Store, name: str) -> Purge | None:
    begun = purges.unfinished(store.read(purges.of, name))
    if begun and not Path(begun.archive).is_file():
        raise ArchiveError(
            f"Trials are deleted when they are archived, but the archive of the purge that {begun.by} began, {begun.archive}, "
            f"is not here. Run it where that is, or write one of what is left: `airflow hpo studies export {name} -o csv "
            f"--file {begun.archive}`."
        )
    return begun


@retried
def _begin(store: Store, planner: Planner, name: str, folder: Path, by: str) -> Purge | None:
    """Archive an edition and note its purge; what was planned is planned again, as tasks may have gone on meanwhile."""
    seen = store.read(editions.get, name)
    planned = planner.plan(seen)
    if not planned.going or planned.progress is None:
        return None
    earlier = store.read(purges.of, name)
    file = archive_file(folder.absolute(), name, len(earlier) + 1)
    archive(trial_rows(store, name), file)
    counts = planned.progress
    made = Purge(
        by=by,
        archive=str(file),
        trials=planned.trials,
        kept=planned.kept,
        complete=counts.complete,
        pruned=counts.pruned,
        failed=counts.failed,
        began=utc_now(),
        ended=None,
    )
    with store.session() as session:
        editions.row_id(session, name, lock=True)
        now = editions.get(session, name)
        if (now.finished, now.started) != (seen.finished, seen.started):
            raise StudyBusyError(f"{name} was opened again while it was archived. Run the purge again.")
        purges.begin(session, name, made)
    return made


@retried
def _going(store: Store, name: str, begun: Purge) -> list[int]:
    return sorted(set(store.optuna.numbers(name)) - set(begun.kept))


@retried
def _going_parts(store: Store, name: str, going: Collection[int]) -> list[int]:
    """Return the simulations of trials that go."""
    if not _has_parts(store, name):
        return []
    parts = simulations_of(store, name)
    return sorted(part.number for number, each in parts.items() if number in going for part in each)


def _has_parts(store: Store, name: str) -> bool:
    return store.optuna.exists(companion_of(name))


@retried
def _weights(store: Store, name: str) -> dict[int, int]:
    rows, values = store.read(purges.rows_by_trial, name), store.optuna.intermediate_by_trial(name)
    return {number: rows.get(number, 0) + values.get(number, 0) for number in rows.keys() | values.keys()}


def _pieces(store: Store, name: str, numbers: Sequence[int]) -> Iterator[list[int]]:
    """Cut trials into pieces that short transactions can delete."""
    weights, piece, rows = _weights(store, name) if numbers else {}, list[int](), 0
    for number in numbers:
        more = weights.get(number, 0) + ROWS_OF_A_TRIAL
        if piece and rows + more > PIECE_ROWS:
            yield piece
            piece, rows = [], 0
        piece.append(number)
        rows += more
    if piece:
        yield piece


@retried
def _delete(store: Store, name: str, numbers: Sequence[int]) -> None:
    with store.session() as session:
        purges.delete_attempts(session, name, numbers)
        store.optuna.delete_trials(name, numbers, within=session.connection())


@retried
def _end(store: Store, name: str, begun: Purge) -> None:
    with store.session() as session:
        if not begun.kept:
            for each in [companion_of(name)] * _has_parts(store, name) + [name]:
                store.optuna.delete_empty(each, within=session.connection())
                purges.delete_rest(session, each)
        purges.end(session, name)
