"""Context of a running task: its try, its reference time and time zone, and the error that ends it for good."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

from airflow_hpo.core.afresh import RunFacts, why_afresh
from airflow_hpo.core.attempt import TaskTry
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.masking import masked
from airflow_hpo.core.owner import DagRunKey
from airflow_hpo.core.window import Period, Window
from airflow_hpo.core.zone import zone, zone_name
from airflow_hpo.exceptions import PermanentHpoError
from airflow_hpo.storage import editions, generations
from airflow_hpo.studies.store import Store


def task_try_of(context: Context) -> TaskTry:
    """Return the try of the task instance that a context belongs to."""
    return TaskTry.of(context["ti"])


@dataclass(frozen=True, slots=True)
class Reference:
    """The moment that a run's windows are relative to: the same however often a task of the run is repeated."""

    moment: datetime
    source: str
    """Where it comes from, for people."""

    def __str__(self) -> str:
        return f"{self.moment.isoformat(timespec='seconds')}, {self.source}"


def reference_of(context: Context, zone: tzinfo = UTC) -> Reference:
    """Return what a run's windows are relative to, in a time zone."""
    run = context["dag_run"]
    start, end = run.data_interval_start, run.data_interval_end
    sources = [
        (run.logical_date if _made_of_the_trigger(run) else None, "the run's logical date"),
        (end, "the end of the run's data interval" if start != end else "the run's data interval, which is a moment"),
        (run.logical_date, "the run's logical date"),
        (run.partition_date, "the date of the run's partition"),
        (run.run_after, "when the run was triggered"),
    ]
    return next(Reference(moment.astimezone(zone), source) for moment, source in sources if moment)


def _made_of_the_trigger(run: Any) -> bool:
    """Say whether a run by hand has a data interval of the moment of its trigger, and not of its logical date.

    ``airflow dags trigger --logical-date`` makes it so, unlike Airflow's API and page.
    """
    end, logical = run.data_interval_end, run.logical_date
    by_hand = getattr(run, "run_type", None) == "manual" and end and logical and end != logical
    return bool(by_hand and (end > logical or end == run.run_after))


def period_of(window: Window, context: Context, timezone: str) -> tuple[Period, Reference]:
    """Return the period that a window means in a DAG run, on the calendar of a zone, and what it is relative to."""
    here = zone(timezone)
    reference = reference_of(context, here)
    return window.period(reference.moment, here), reference


def zone_of_schedule(context: Context) -> str:
    """Return the name of the time zone in which the DAG's schedule is reckoned."""
    dag = context["dag"]
    timetable = dag.timetable
    # Of several crons each has the zone; they share it.
    parts = [timetable, *getattr(timetable, "timetables", ())]
    zones = [found for part in parts if (found := getattr(part, "timezone", None))]
    return zone_name(next(iter(zones), dag.timezone))


def timezone_of(store: Store, context: Context) -> str:
    """Return the name of the zone that a DAG run's windows are reckoned in: its editions', unless it is to compute them afresh.

    Then, and before it has any, it is the zone that its schedule has now.
    """
    run = DagRunKey.of(task_try_of(context).task)
    first = store.read(editions.first_of_run, run)
    if first is None or why_afresh(first, run, facts_of(context)):
        return zone_of_schedule(context)
    return first.timezone


def tasks_before(context: Context, task_id: str) -> list[Any]:
    """Return the tasks that come after a running one and neither are nor follow another, so that they may be skipped."""
    later = list(context["task"].get_flat_relatives(upstream=False))
    last = next(each for each in later if each.task_id == task_id)
    runs = {task_id, *last.get_flat_relative_ids(upstream=False)}
    # All at once, not only the direct ones: tasks that run however those before them ended would run.
    return [each for each in later if each.task_id not in runs]


def promotion_key(context: Context, store: Store, comparison: Mapping[str, Any]) -> str:
    """Return the key under which a DAG run promotes, once for each time that it has computed what was decided on."""
    found = comparison.get("challenger") or {}
    names = found.get("edition") or found.get("study") or "", comparison.get("evaluations") or ()
    return run_key(context) + store.read(generations.computed, *names)


def data_until_of(store: Store, context: Context, candidate: Mapping[str, Any]) -> datetime:
    """Return the end of the data that a candidate was found on: that of its edition, else that of the DAG run."""
    edition = store.read(editions.find_one, candidate.get("edition") or candidate.get("study") or "")
    return (edition and edition.data_until) or reference_of(context).moment


def run_key(context: Context) -> str:
    """Return what tells a DAG run from all others."""
    ti = context["ti"]
    return f"{ti.dag_id}/{ti.run_id}"


def facts_of(context: Context) -> RunFacts:
    """Return what tells the DAG run from another one of the same id and from itself after a clear, and the end of its data."""
    return replace(RunFacts.of(context.get("dag_run")), data_until=reference_of(context).moment)


def run_start(context: Context) -> datetime | None:
    """Return when the DAG run started, after a clear of it the last time; results from before were answered."""
    return getattr(context.get("dag_run"), "start_date", None)


def current_edition(store: Store, name: str, context: Context) -> Edition:
    """Return the generation that ``family@run`` means to the DAG run of a task."""
    ti = context["ti"]
    return store.current(name, DagRunKey(ti.dag_id, ti.run_id))


@contextmanager
def permanent_errors_end_the_task() -> Iterator[None]:
    """Turn an error that repeating cannot mend into one that Airflow does not retry."""
    try:
        yield
    except PermanentHpoError as err:
        raise AirflowFailException(masked(str(err))) from err
