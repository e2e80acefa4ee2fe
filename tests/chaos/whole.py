"""Whether an edition is whole: what must hold after every fault, whatever it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import psutil
from sqlalchemy import func, select
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from airflow_hpo.core.attempt import Attempt
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.feasibility import Limits
from airflow_hpo.core.trial import AttemptOutcome, TrialRecord, TrialState
from airflow_hpo.optuna import tables
from airflow_hpo.storage import attempts
from airflow_hpo.studies.store import Store
from local_airflow.runs import DagRun

ENDED_WELL = {TrialState.COMPLETE: AttemptOutcome.COMPLETE, TrialState.PRUNED: AttemptOutcome.PRUNED}


@dataclass(frozen=True)
class Whole:
    """An edition as its rows tell it, read once.

    :param edition: the edition.
    :param records: its trials.
    :param held: its attempts.
    :param twice: intermediate values that a trial has twice at one step.
    :param left: what still runs on the machine or the cluster.
    """

    edition: Edition
    records: Sequence[TrialRecord]
    held: Sequence[Attempt]
    twice: int
    left: Sequence[str]

    @cached_property
    def own(self) -> list[TrialRecord]:
        """The trials that nothing replaces."""
        replaced = {r.replaces for r in self.records if r.replaces is not None}
        return [r for r in self.records if r.number not in replaced]

    @property
    def states(self) -> Counter[TrialState]:
        return Counter(r.state for r in self.own)

    @property
    def outcomes(self) -> Counter[AttemptOutcome]:
        return Counter(a.outcome for a in self.held)

    @property
    def best(self) -> TrialRecord | None:
        """The best of the rows, worked out anew; equals are left to the caller."""
        limits = Limits.of(self.edition.study.metric_constraints, self.own)
        complete = [r for r in limits.kept_by(self.own) if r.state is TrialState.COMPLETE and r.value is not None]
        if not complete:
            return None
        choose = max if self.edition.study.objective.direction == "maximize" else min
        return choose(complete, key=lambda r: r.value or 0.0)

    def attempts_at(self, key: str) -> list[Attempt]:
        """Return the attempts of the trial of a key."""
        numbers = {r.number for r in self.records if r.key == key}
        return [a for a in self.held if a.number in numbers]

    def of_key(self, key: str) -> str:
        """Say what became of the trial of a key: its state and its attempts."""
        found = [r for r in self.records if r.key == key]
        if not found:
            return "its task asked for no trial any more, since the study was over"
        if len(found) != 1:
            return f"{len(found)} rows of {key}"
        ends = [a.outcome.value for a in self.attempts_at(key)]
        return f"trial {found[0].number} {found[0].state.value} in {len(ends)} attempts ({', '.join(ends)})"

    def __str__(self) -> str:
        rows, ends = self.states, self.outcomes
        lost = ends[AttemptOutcome.LOST] + ends[AttemptOutcome.FAILED]
        return (
            f"{rows[TrialState.COMPLETE]} complete, {rows[TrialState.PRUNED]} pruned and {rows[TrialState.FAIL]} failed "
            f"of {self.edition.study.wanted} wanted, in {len(self.held)} attempts ({lost} lost or failed); "
            f"{len(self.records) - len(self.own)} rerun; {len(self.left)} left running"
        )

    def problems(self) -> Iterator[str]:
        """Yield every rule that does not hold, one sentence each."""
        yield from self._rows()
        yield from self._attempts()
        yield from self._result()
        if self.twice:
            yield f"{self.twice} intermediate values stand twice."
        if self.left:
            yield f"Still running: {', '.join(self.left)}."

    def _rows(self) -> Iterator[str]:
        counted = sum(self.states[s] for s in ENDED_WELL)
        counted += self.states[TrialState.FAIL] if self.edition.study.count == "finished" else 0
        if counted != self.edition.study.wanted:
            yield f"{counted} trials count, and {self.edition.study.wanted} were wanted."
        if [r.number for r in self.records] != list(range(len(self.records))):
            yield f"Numbers have gaps: {[r.number for r in self.records]}."
        keys = Counter(r.key for r in self.records)
        if doubled := [key for key, times in keys.items() if key is not None and times > 1]:
            yield f"Keys of several trials: {doubled}."
        replaced = Counter(r.replaces for r in self.records if r.replaces is not None)
        if doubled := [number for number, times in replaced.items() if times > 1]:
            yield f"Trials that several replace: {doubled}."
        if unnamed := [r.key for r in self.records if "#" in (r.key or "") and r.replaces is None]:
            yield f"Reruns that do not say what they replace: {unnamed}."
        if unfinished := [r.number for r in self.records if not r.state.finished]:
            yield f"Trials that have not finished: {unfinished}."

    def _attempts(self) -> Iterator[str]:
        if running := [(a.number, a.attempt) for a in self.held if a.outcome is AttemptOutcome.RUNNING]:
            yield f"Attempts that have not ended: {running}."
        if negative := [(a.number, a.attempt) for a in self.held if a.finished and a.finished < a.started]:
            yield f"Attempts that ended before they began: {negative}."
        for record in self.records:
            ends = Counter(a.outcome for a in self.held if a.number == record.number)
            if record.state in ENDED_WELL and ends[ENDED_WELL[record.state]] != 1:
                said = {outcome.value: times for outcome, times in ends.items()}
                yield f"Trial {record.number} is {record.state.value}, and its attempts are {said}."

    def _result(self) -> Iterator[str]:
        best, edition = self.best, self.edition
        if edition.finished is None or edition.end is None:
            yield "The edition has no end."
        if (best.value if best else None) != edition.best_value:
            yield f"The edition's best is {edition.best_value}, and the rows' is {best.value if best else None}."


def look(store: Store, edition: str, left: Sequence[str] = ()) -> Whole:
    """Read an edition.

    :param store: the study database.
    :param edition: the edition.
    :param left: what of it still runs somewhere.
    """
    with store.session() as session:
        held = attempts.of(session, edition)
    return Whole(store.edition(edition), store.optuna.records(edition), held, _steps_twice(store, edition), left)


def check_whole(store: Store, edition: str, run: DagRun | None = None, left: Sequence[str] = ()) -> Whole:
    """Return an edition that nothing is lost of and nothing is double in.

    :param store: the study database.
    :param edition: the edition.
    :param run: its DAG run, which must be a success and say what the rows say; None when no Airflow ran it.
    :param left: pods of the edition that are left; its programs on this machine are looked for here.
    :raises AssertionError: with every rule that does not hold.
    """
    seen = look(store, edition, [*left, *_programs_after_a_while(edition)])
    problems = [*seen.problems(), *(_said_otherwise(seen, run) if run else ())]
    assert not problems, " ".join(problems) + f" ({seen})"
    return seen


def programs_of(edition: str) -> list[str]:
    """Return the processes on this machine that were started for trials of an edition."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("HPO_STUDY") == edition:
                found.append(f"process {process.pid}")
        except psutil.Error:
            continue
    return found


@retry(
    retry=retry_if_result(bool),
    stop=stop_after_delay(20),
    wait=wait_fixed(0.2),
    retry_error_callback=lambda state: state.outcome.result() if state.outcome else [],
)
def _programs_after_a_while(edition: str) -> list[str]:
    """A program whose task was killed gets its grace period."""
    return programs_of(edition)


def _said_otherwise(seen: Whole, run: DagRun) -> Iterator[str]:
    if (state := run.state) != "success":
        yield f"The DAG run is {state}."
        return
    finish = next(ti["task_id"] for ti in run.tasks() if ti["task_id"].rpartition(".")[2] == "finish")
    said = run.xcom(finish)
    counts = {name: seen.states[TrialState(state)] for name, state in _COUNTS.items()}
    if any(said[name] != count for name, count in counts.items()):
        yield f"finish says {[said[name] for name in counts]} of {list(counts)}, and the rows say {list(counts.values())}."
    if said["value"] != seen.edition.best_value or said["number"] != seen.edition.best_number:
        yield f"finish says that trial {said['number']} is best, and the edition {seen.edition.best_number}."


_COUNTS = {"complete": "complete", "pruned": "pruned", "failed": "fail"}


def _steps_twice(store: Store, edition: str) -> int:
    values, trials, studies = tables.trial_intermediate_values, tables.trials, tables.studies
    joined = values.join(trials, values.c.trial_id == trials.c.trial_id)
    joined = joined.join(studies, studies.c.study_id == trials.c.study_id)
    groups = (
        select(values.c.trial_id)
        .select_from(joined)
        .where(studies.c.study_name == edition)
        .group_by(values.c.trial_id, values.c.step)
        .having(func.count() > 1)
    )
    with store.database.connect(read_only=True) as connection:
        return len(connection.execute(groups).all())
