"""Lines of lists of studies, from a few statements for all of them together."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from airflow_hpo.core.budget import End
from airflow_hpo.core.objective import Direction
from airflow_hpo.core.owner import DagRunEnd, DagRunKey
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import TrialState
from airflow_hpo.core.waiting import Waiting
from airflow_hpo.optuna.overview import Overview, best_number, overviews, params_of
from airflow_hpo.pages.edition import Numbered
from airflow_hpo.pages.models.studies import Best, Counts, StudyLine, StudyState
from airflow_hpo.storage.attempt_counts import at_work, last_kinds
from airflow_hpo.storage.tables import EvaluationRow
from airflow_hpo.studies.why import stopped_sentence

EndedRuns = Callable[[Collection[DagRunKey]], Mapping[DagRunKey, str]]
"""States of those of some DAG runs that have ended, as Airflow knows them."""
TROUBLE = {End.MAX_FAILURES, End.SAME_FAILURE, End.CANNOT_START, End.INCOMPLETE}
"""Ends of which a list says why."""


def lines_of(session: Session, listed: Collection[Numbered], ended_runs: EndedRuns) -> list[StudyLine]:
    """Return a line for each of some editions."""
    connection, ids = session.connection(), [each.id for each in listed]
    found = overviews(connection, [each.edition.name for each in listed])
    working = at_work(session, [each.id for each in listed if each.edition.finished is None])
    kinds = last_kinds(session, [each.id for each in listed if found.get(each.edition.name, _NONE).failed])
    evaluating = set(session.scalars(select(EvaluationRow.edition_id).where(EvaluationRow.edition_id.in_(ids))))
    left = _left(listed, working, ended_runs)
    bests = {each.edition.name: _best(connection, each, found.get(each.edition.name)) for each in listed}
    params = params_of(connection, {name: best[0] for name, best in bests.items() if best})
    now = datetime.now(UTC)
    return [
        _Line(each, found.get(each.edition.name, _NONE), working.get(each.id, Counter()), left.get(each.id)).told(
            evaluates=each.id in evaluating,
            kinds=kinds.get(each.id, {}),
            best=_told_best(bests[each.edition.name], params.get(each.edition.name, {})),
            now=now,
        )
        for each in listed
    ]


_NONE = Overview()


def _best(connection: Connection, numbered: Numbered, overview: Overview | None) -> tuple[int, float | None] | None:
    """Return the best trial: as it was noted at the end, or by a look at the trials while the study runs."""
    edition = numbered.edition
    if edition.finished is not None or overview is None:
        return None if edition.best_number is None else (edition.best_number, edition.best_value)
    study = numbered.study
    direction, constrained = study.objective.direction, bool(study.metric_constraints)
    return best_number(connection, edition.name, direction, overview.no_best, constrained=constrained)


def _told_best(best: tuple[int, float | None] | None, params: dict[str, Any]) -> Best | None:
    return None if best is None else Best(number=best[0], value=best[1], params=params)


def _left(
    listed: Collection[Numbered], working: Mapping[int, Counter[str]], ended_runs: EndedRuns
) -> dict[int, DagRunEnd]:
    """Return how the DAG runs ended of editions that they left: unfinished, without a trial that runs."""
    asked = {
        each.id: each.edition.dag_run
        for each in listed
        if each.edition.finished is None and each.edition.dag_run and not working.get(each.id)
    }
    alone = {each.id for each in listed if not each.study.shared}
    runs = {key: run for key, run in asked.items() if run is not None and key in alone}
    states = ended_runs(set(runs.values())) if runs else {}
    return {key: DagRunEnd(run, states[run]) for key, run in runs.items() if run in states}


@dataclass(frozen=True)
class _Line:
    numbered: Numbered
    overview: Overview
    working: Counter[str]
    left: DagRunEnd | None

    def told(self, *, evaluates: bool, kinds: Mapping[int, str], best: Best | None, now: datetime) -> StudyLine:
        edition, study = self.numbered.edition, self.numbered.study
        counts = self._counts(study)
        return StudyLine(
            id=self.numbered.id,
            name=edition.name,
            family=edition.family,
            run=edition.run,
            dag_id=edition.dag_id,
            run_id=edition.run_id,
            group_id=edition.group_id,
            evaluates=evaluates,
            state=self._state,
            end=edition.end.value if edition.end else None,
            reason=edition.reason,
            cause=self._cause(counts),
            counts=counts,
            failures=Counter(kinds[number] for number in self.overview.failed if number in kinds),
            wanted=study.wanted,
            metric=study.objective.metric,
            direction="minimize" if study.objective.direction is Direction.MINIMIZE else "maximize",
            best=best,
            started_at=edition.started,
            finished_at=edition.finished,
            seconds_left=self._seconds_left(study, counts, now),
        )

    @property
    def _state(self) -> StudyState:
        edition = self.numbered.edition
        if edition.finished is not None:
            return "ended"
        if self.left is not None:
            return "left"
        return "drained" if edition.drained_at is not None else "running"

    def _counts(self, study: Study) -> Counts:
        counts = self.overview.counts
        unfinished = counts[TrialState.RUNNING]
        # Attempts of trials of several simulations are those of the simulations, so that all of them are told as running.
        begun = unfinished if study.scenarios else min(unfinished, self.working[""])
        return Counts(
            complete=counts[TrialState.COMPLETE],
            pruned=counts[TrialState.PRUNED],
            failed=counts[TrialState.FAIL],
            running=begun,
            waiting=unfinished - begun,
        )

    def _cause(self, counts: Counts) -> str | None:
        edition = self.numbered.edition
        if edition.finished is not None:
            return edition.reason if edition.end in TROUBLE else None
        if self.left is not None:
            return stopped_sentence(self.left)
        if edition.drained:
            return edition.drained
        waits = Counter({text: count for text, count in self.working.items() if text})
        if waits and not counts.running:
            text, count = waits.most_common(1)[0]
            return f"No trial runs: {count} of {counts.waiting} wait for {Waiting.of(text).sentence}."
        return edition.rule_trouble

    def _seconds_left(self, study: Study, counts: Counts, now: datetime) -> float | None:
        edition, first = self.numbered.edition, self.overview.first_started
        done = counts.complete + counts.pruned + counts.failed
        if edition.finished is not None or self.left is not None or not done or first is None:
            return None
        counted = done if study.count == "finished" else done - counts.failed
        passed = (now - max(first, edition.started)).total_seconds()
        return max(0.0, (study.wanted - counted) * passed / done)
