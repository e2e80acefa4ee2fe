"""Phases of a study's attempts: where its time went, and how long its next edition would take."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from airflow_hpo.core import bottleneck
from airflow_hpo.core.attempt import GAVE_RESULT, Attempt
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.forecast import PAYS, Forecast, Planned
from airflow_hpo.core.phases import Phase
from airflow_hpo.core.progress import brief_time
from airflow_hpo.core.timed import Timed
from airflow_hpo.core.trial import AttemptOutcome
from airflow_hpo.exceptions import DeclarationError, StudyNotFoundError
from airflow_hpo.storage import attempts, editions
from airflow_hpo.studies.attempted import ran_as
from airflow_hpo.studies.rows import find_edition
from airflow_hpo.studies.store import Store

EARLIER = 3
"""Editions that a forecast is made from, the newest ones."""
LOOKED_AT = 20
"""Editions, the newest ones, among which those are looked for."""
ATTEMPTS = 500
"""Attempts of an edition that are looked at, the newest ones: each is compared with each."""
AT_ONCE = (5, 10, 20)


def phase_sentences(session: Session, edition: Edition, count: int = ATTEMPTS) -> list[str]:
    """Say what takes a study's time and would not be faster with more slots, by its newest attempts; nothing where nothing does."""
    return sentences_of(attempts.newest(session, ran_as(edition), count), edition)


def sentences_of(known: Sequence[Attempt], edition: Edition) -> list[str]:
    """Say the same of attempts that have been read already."""
    now = datetime.now(UTC)
    timed = [one for one in (Timed.of(attempt, now) for attempt in known[-ATTEMPTS:]) if one]
    return bottleneck.sentences(timed, edition.study.simulations_at_once)


@dataclass(frozen=True, slots=True)
class Plan:
    """How long the next edition of a study would take."""

    study: str
    attempts: int
    """How many are forecast: the trials it wants, or their simulations, with as many failed ones as before."""
    editions: Sequence[str]
    """Which editions it was made from, the newest first."""
    measured: int
    """How many attempts of these were."""
    without_phases: int
    """How many of those were made before phases were kept, so that what they waited for is not known."""
    planned: Sequence[Planned]
    forecast: Forecast

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The forecast as rows of a table; times are in seconds."""
        return [
            {
                "parallelism": one.parallelism,
                "batches": round(one.batches),
                "continuous": round(one.continuous),
                "doubling_saves": round(one.saves, 3),
                "pays": one.pays,
            }
            for one in self.planned
        ]

    @property
    def sentences(self) -> list[str]:
        """What people have to know about it, the end of the profit first."""
        return [self._profit, *self._limits, self._basis]

    @property
    def _profit(self) -> str:
        rule = f"more at once pay while twice as many save {PAYS:.0%} of the time or more"
        for one in self.planned:
            if not one.pays:
                return f"More than {one.parallelism} at once do not pay: twice as many would save {one.saves:.0%} ({rule})."
        last = self.planned[-1]
        return (
            f"Even with {last.parallelism} at once more would pay: twice as many would save {last.saves:.0%} ({rule})."
        )

    @property
    def _limits(self) -> list[str]:
        found, forecast = [], self.forecast
        if forecast.nodes:
            found.append(f"The cluster took {forecast.nodes} pods at once; others waited for a node meanwhile.")
        if forecast.tasks:
            found.append(f"Airflow ran {forecast.tasks} trials at once; others waited for their tasks meanwhile.")
        if grows := forecast.growths.get(Phase.RUNNING):
            found.append(f"The programs took longer the more of them ran: {', '.join(bottleneck.both_ends(grows))}.")
        return found

    @property
    def _basis(self) -> str:
        unknown = (
            f" What {self.without_phases} of them waited for is not known: an earlier version of this package ran them."
            if self.without_phases
            else ""
        )
        return f"Forecast of {self.attempts} attempts from {self.measured} of {', '.join(self.editions)}, as long as those took.{unknown}"


def plan_study(store: Store, name: str, parallelism: Sequence[int] = AT_ONCE, trials: int | None = None) -> Plan:
    """Forecast the wall time of a study's next edition with so many at once.

    :raises StudyNotFoundError: when no edition of it has an attempt that has ended.
    """
    at_once = sorted(set(parallelism))
    if not at_once or any(number < 1 for number in at_once) or (trials is not None and trials < 1):
        raise DeclarationError(
            f"A plan is for numbers of 1 or more, but got parallelism={list(parallelism)}, trials={trials}. "
            "Write parallelism=[5, 10, 20]."
        )
    family = store.read(editions.find, find_edition(store, name).family, LOOKED_AT)
    whole = (each for each in family if each.purged_at is None)
    measured = list(itertools.islice(((each, ended) for each in whole if (ended := _ended(store, each))), EARLIER))
    if not measured:
        raise StudyNotFoundError(
            f"A plan needs trials of an earlier edition, but no attempt of {name!r} has ended yet. Run a few trials first."
        )
    study = family[0].study
    timed = [[_timed(one) for one in ended] for _, ended in measured]
    every = [one for _, ended in measured for one in ended]
    counted = sum(one.outcome in GAVE_RESULT for one in every)
    simulations = (study.wanted if trials is None else trials) * study.simulations
    number = round(simulations * len(every) / max(counted, 1))
    forecast = Forecast(timed)
    return Plan(
        study=family[0].family,
        attempts=number,
        editions=[each.name for each, _ in measured],
        measured=len(every),
        without_phases=sum(one.seconds is None for one in every),
        planned=[forecast.plan(number, slots, study.batch_size) for slots in at_once],
        forecast=forecast,
    )


def _ended(store: Store, edition: Edition) -> list[Attempt]:
    """Return the attempts of an edition that have ended, as far as their end was seen."""
    known = [one for one in store.read(attempts.of, ran_as(edition))[-ATTEMPTS:] if one.finished]
    return [one for one in known if one.outcome is not AttemptOutcome.LOST]


def _timed(attempt: Attempt) -> Timed:
    """Return an attempt with its phases; of one that has none all of its time as that of its program."""
    assert attempt.finished is not None
    whole = max(timedelta(0), attempt.finished - attempt.started).total_seconds()
    known = Timed.of(attempt, attempt.finished)
    return known or Timed(attempt.started.timestamp(), {Phase.RUNNING: whole})


def shown_plan(plan: Plan) -> list[dict[str, Any]]:
    """Return the forecast for people."""
    return [
        {
            "at once": one.parallelism,
            "batches": brief_time(timedelta(seconds=one.batches)),
            "continuous": brief_time(timedelta(seconds=one.continuous)),
            "twice as many save": f"{one.saves:.0%}",
        }
        for one in plan.planned
    ]
