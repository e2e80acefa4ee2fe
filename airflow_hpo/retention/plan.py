"""Plan of a purge: which trials of which editions may be deleted, and why others stay."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from airflow_hpo.core.declared import nearest
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.feasibility import Limits
from airflow_hpo.core.owner import DagRunKey
from airflow_hpo.core.progress import Progress, progress_of
from airflow_hpo.core.purge import deleted_elsewhere, kept_trials
from airflow_hpo.core.trial import TrialRecord
from airflow_hpo.exceptions import DeclarationError, StudyNotFoundError, StudyPurgedError
from airflow_hpo.storage import editions, evaluations, purges
from airflow_hpo.storage.column_types import utc_now
from airflow_hpo.storage.references import References, references
from airflow_hpo.studies.attempted import attempted
from airflow_hpo.studies.store import Store

RunState = Callable[[DagRunKey], str | None]
"""State of a DAG run; None where it is not known."""
ENDED = ("success", "failed", "removed")
GOES_ON = ("queued", "running")


@dataclass(frozen=True, slots=True)
class Rule:
    """Which trials a purge may delete."""

    older_than: timedelta
    """Since the end of their edition."""
    keep_best: int = 0
    """How many of the best trials of each edition stay."""
    names: Sequence[str] = ()
    """Studies and editions, also as patterns (``*``, ``?``); none for all."""

    def __post_init__(self) -> None:
        if type(self.keep_best) is not int or self.keep_best < 0:
            raise DeclarationError(
                f"How many of the best trials stay is a whole number from 0, but got {self.keep_best!r}. Correct keep_best."
            )

    def takes(self, edition: Edition) -> bool:
        """Say whether an edition is one of those that are named."""
        known = edition.name, edition.family
        return not self.names or any(fnmatchcase(name, each) for each in self.names for name in known)


@dataclass(frozen=True, slots=True)
class Planned:
    """What is to be deleted of an edition."""

    edition: Edition
    trials: int
    """How many it has."""
    kept: Sequence[int] = ()
    """Numbers of those that stay."""
    going: Sequence[int] = ()
    """Numbers of those that go."""
    why_not: str | None = None
    """Why it stays as it is, one sentence; None when trials of it go, or when there is nothing to delete."""
    progress: Progress | None = field(default=None, repr=False)
    begun: bool = False
    """Whether an earlier purge of it was broken off; that one is brought to its end first."""

    @property
    def due(self) -> bool:
        """Whether there is anything to delete."""
        return bool(self.going) or self.begun

    @property
    def row(self) -> dict[str, Any]:
        """What lists show."""
        ended = self.edition.finished
        return {
            "edition": self.edition.name,
            "ended": ended.isoformat(timespec="seconds") if ended else None,
            "trials": self.trials,
            "deleted": len(self.going),
            "kept": len(self.kept),
            "why": "An earlier purge was broken off, and goes on." if self.begun else self.why_not,
        }


class Planner:
    """Plans for editions, by what refers to them now."""

    def __init__(self, store: Store, rule: Rule, run_state: RunState) -> None:
        self._store = store
        self._rule = rule
        self._run_state = cache(run_state)
        self._known: References = store.read(references)
        self._sources = store.optuna.sources()

    def plans(self) -> Iterator[Planned]:
        """Plan for every edition that is old enough, the oldest first."""
        for edition in self.editions():
            yield self.plan(edition)

    def editions(self) -> list[Edition]:
        """Return the named editions that ended long enough ago, and those that have not ended though they began before then."""
        before = utc_now() - self._rule.older_than
        found = [each for each in self._store.read(editions.find_before, before) if self._rule.takes(each)]
        self._refuse_unknown(found)
        return found

    def plan(self, edition: Edition) -> Planned:
        """Plan for one edition."""
        begun = (
            edition.purged_at is not None and purges.unfinished(self._store.read(purges.of, edition.name)) is not None
        )
        return replace(self._plan(edition), begun=begun)

    def _plan(self, edition: Edition) -> Planned:
        try:
            records = self._store.optuna.records(edition.name, details=False)
        except (StudyNotFoundError, StudyPurgedError):
            purged = edition.purged_at is not None
            return Planned(edition, 0, why_not=None if purged else deleted_elsewhere(edition.name))
        if why := self._why_not(edition, records):
            return Planned(edition, len(records), [r.number for r in records], why_not=why)
        kept = self._kept(edition, records)
        going = sorted({r.number for r in records} - kept)
        study = edition.study
        limits = Limits.of(study.metric_constraints, records)
        progress = progress_of(records, study.objective.direction, limits=limits)
        return Planned(edition, len(records), sorted(kept), going, progress=progress)

    def _kept(self, edition: Edition, records: Sequence[TrialRecord]) -> set[int]:
        if self._store.read(evaluations.is_one, edition.name):
            return set()
        named = {*self._known.trials.get(edition.name, ()), *self._sources.get(edition.name, ())}
        best = self._rule.keep_best
        if (best or edition.name in self._known.named) and edition.best_number is not None:
            named.add(edition.best_number)
        limits = Limits.of(edition.study.metric_constraints, records)
        return kept_trials(records, edition.study.objective.direction, best=best, named=named, limits=limits)

    def _why_not(self, edition: Edition, records: Iterable[TrialRecord]) -> str | None:
        if edition.finished is None:
            return "It has not ended. If nothing runs it any more, end it by `airflow hpo studies stop`."
        running = {r.number for r in records if not r.state.finished}
        running |= attempted(self._store, edition, list(records)).begun
        if running:
            return f"Trial {min(running)} runs."
        if edition.dag_run and self._run_state(edition.dag_run) in GOES_ON:
            return f"{edition.dag_run} goes on."
        if edition.name in self._known.waiting:
            comparison, run = self._known.waiting[edition.name]
            if self._run_state(run) not in ENDED:
                return f"Comparison {comparison} may still be approved: {run} is not known to have ended."
        if edition.name in self._known.evidence:
            return f"Comparison {self._known.evidence[edition.name]} was decided on it."
        return None

    def _refuse_unknown(self, found: Sequence[Edition]) -> None:
        """A name without any pattern that means nothing is a misspelling, unless it is only too young."""
        for name in self._rule.names:
            if any(fnmatchcase(each, name) for edition in found for each in (edition.name, edition.family)):
                continue
            known = self._store.read(editions.names_and_families)
            if not any(fnmatchcase(each, name) for each in known):
                raise StudyNotFoundError(
                    f"A purge takes studies and editions that are in the store, but {name!r} means none.{nearest(name, known)}"
                )
