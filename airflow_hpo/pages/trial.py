"""One trial as its page shows it: its attempts with all that they said, and its simulations."""

from collections.abc import Iterator, Mapping

from airflow_hpo.core.act import Act
from airflow_hpo.core.attempt import Attempt, MetricValue
from airflow_hpo.core.trial_details import TrialDetails
from airflow_hpo.core.waiting import Waiting
from airflow_hpo.pages.edition import Numbered
from airflow_hpo.pages.finite import finite, mark_of
from airflow_hpo.pages.models.task import TaskPlace
from airflow_hpo.pages.models.trials import (
    AttemptTold,
    Curve,
    LinkTold,
    RemarksTold,
    Simulation,
    TrialDetail,
)
from airflow_hpo.pages.states import STATES, added_by_hand, comes_from
from airflow_hpo.storage import acts
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.rows import trial_details


def trial_of(store: Store, found: Numbered, number: int) -> TrialDetail:
    """Return a trial of an edition."""
    details = trial_details(store, found.edition.name, number)
    return _told(found.id, details, store.read(acts.of, found.edition.name))


def _told(study: int, details: TrialDetails, done: list[Act]) -> TrialDetail:
    record = details.record
    return TrialDetail(
        study=study,
        number=record.number,
        state=STATES[record.state],
        value=finite(record.value),
        value_mark=mark_of(record.value),
        metrics={name: value for name, value in record.metrics.items() if finite(value) is not None},
        params=dict(record.params),
        origin=comes_from(record.number, record.origin, record.source, record.replaces, added_by_hand(done)),
        feasible=details.feasible,
        broken=[f"It breaks {details.breaks}."] if details.breaks else [],
        replaces=record.replaces,
        replaced_by=details.replaced_by,
        invalid=None if record.invalid is None else record.why_invalid,
        oddities=list(_oddities(details)),
        attempts=_attempts(details),
        simulations=[_simulation(scenario, each) for scenario, each in details.simulations.items()],
    )


def _simulation(scenario: str, details: TrialDetails) -> Simulation:
    record = details.record
    return Simulation(
        scenario=scenario,
        number=record.number,
        state=STATES[record.state],
        value=finite(record.value),
        attempts=_attempts(details),
    )


def _oddities(details: TrialDetails) -> Iterator[str]:
    """Yield what was odd about the attempts that count."""
    yield from details.counting.problems if details.counting else ()
    for scenario, each in details.simulations.items():
        yield from (f"{scenario}: {problem}" for problem in _oddities(each))


def _attempts(details: TrialDetails) -> list[AttemptTold]:
    reported: dict[int, dict[str, list[MetricValue]]] = {}
    for value in details.values:
        reported.setdefault(value.attempt, {}).setdefault(value.name, []).append(value)
    return [_attempt(attempt, reported.get(attempt.attempt, {}), details.metric) for attempt in details.attempts]


def _attempt(attempt: Attempt, reported: Mapping[str, list[MetricValue]], metric: str) -> AttemptTold:
    task, remarks = attempt.task, attempt.remarks
    return AttemptTold(
        attempt=attempt.attempt,
        outcome=attempt.outcome.value,
        kind=attempt.kind.value if attempt.kind else None,
        reason=attempt.ending or attempt.reason,
        waits_for=Waiting.of(attempt.waits_for).sentence if attempt.waits_for else None,
        verdict=attempt.verdict,
        exit_code=attempt.exit_code,
        problems=list(attempt.problems),
        log_tail=attempt.log_tail,
        backend=attempt.backend,
        started_at=attempt.started.isoformat(),
        finished_at=attempt.finished.isoformat() if attempt.finished else None,
        seconds={phase.value: seconds for phase, seconds in (attempt.seconds or {}).items()},
        place=attempt.placement.to_dict(),
        remarks=RemarksTold(
            notes=list(remarks.notes),
            links=[LinkTold(text=link.title, url=link.url) for link in remarks.links],
            spans={name: seconds for name, seconds in remarks.spans.items() if finite(seconds) is not None},
        ),
        task=TaskPlace(
            dag_id=task.dag_id,
            run_id=task.run_id,
            task_id=task.task_id,
            map_index=task.map_index,
            try_number=task.try_number,
        ),
        curves=[_curve(name, reported[name]) for name in sorted(reported, key=lambda name: (name != metric, name))],
        command=None,
    )


def _curve(name: str, values: list[MetricValue]) -> Curve:
    return Curve(name=name, steps=[one.step for one in values], values=[finite(one.value) for one in values])
