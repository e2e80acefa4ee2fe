"""Rules by which a start of an edition computes afresh, in a new generation, or goes on with what is stored."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from airflow_hpo.core.declared import brief_repr
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.owner import DagRunKey
from airflow_hpo.core.trial import TrialRecord
from airflow_hpo.exceptions import DeclarationError

BACKFILL = "backfill"
AFRESH = "afresh"
"""The word of a run's ``conf``: ``{"hpo": "afresh"}``."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a task sees of its DAG run; None for what is not known, which never makes it another run."""

    clear_number: int | None = None
    """How often anything of the run was cleared."""
    started: datetime | None = None
    """When it started; after a clear of the whole run that is later."""
    run_type: str | None = None
    afresh: bool = False
    """Whether the run's ``conf`` asks for it; true for every later clear of the run too."""
    data_until: datetime | None = None
    """What its windows are relative to."""

    @classmethod
    def of(cls, run: Any) -> Self:
        """Return the facts of a DAG run, as a task's context has it."""
        kind = getattr(run, "run_type", None)
        return cls(
            clear_number=getattr(run, "clear_number", None),
            started=getattr(run, "start_date", None),
            run_type=None if kind is None else str(getattr(kind, "value", kind)),
            afresh=_asks(getattr(run, "conf", None)),
        )


UNKNOWN = RunFacts()


@dataclass(frozen=True, slots=True)
class Opening:
    """The generation of an edition that a start opens."""

    name: str
    generation: int = 1
    afresh: str | None = None
    """Why it is a new one, one sentence; None for the first one of its run, and for one that goes on."""


def why_afresh(stored: Edition, run: DagRunKey, facts: RunFacts, sharing: Collection[DagRunKey] = ()) -> str | None:
    """Return why a DAG run needs a new generation of an edition, one sentence; None when it goes on with this one.

    However often it is asked for the same clear of the same run: once a new generation has been opened, the answer is None.
    A study with another ``run`` than the DAG run's id is continued on purpose, whatever becomes of that DAG run.
    """
    if stored.afresh_wanted:
        return stored.afresh_wanted
    same = stored.dag_run == run
    again = same and (stored.clear_number, stored.run_started) == (facts.clear_number, facts.started)
    if facts.afresh and not again and (same or run not in sharing):
        return f'The conf of {run} says {{"hpo": "{AFRESH}"}}.'
    if not same or again or not _belongs_to(stored.run, run.run_id):
        return None
    if _created_again(stored, facts):
        return f"{run} was deleted and created again."
    if stored.run_type and facts.run_type == BACKFILL != stored.run_type:
        return f"A backfill reprocesses {run}, which was {stored.run_type}."
    return None


def answered_from(own: Collection[TrialRecord], since: datetime | None) -> str | None:
    """Say how many results are older than the start of a DAG run, and of which days; None when none is.

    The trials are those that count, as :func:`~airflow_hpo.core.progress.own_trials` returns them.
    """
    ends = sorted(trial.finished for trial in own if trial.state.successful and trial.finished)
    stored = [end for end in ends if since and end < since]
    if not stored:
        return None
    days = list(dict.fromkeys(f"{end.day} {end:%B %Y}" for end in (stored[0], stored[-1])))
    return f"Answered from results of {' to '.join(days)}, {len(ends) - len(stored)} of {len(ends)} trials run."


def _belongs_to(edition_run: str, run_id: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(run_id)}(?!\w)", edition_run) is not None


def _created_again(stored: Edition, facts: RunFacts) -> bool:
    """A clear raises the number; a run that was created again counts from 0 again."""
    if None in (stored.clear_number, stored.run_started, facts.clear_number, facts.started):
        return False
    return facts.clear_number <= stored.clear_number and facts.started > stored.run_started  # type: ignore[operator]


def _asks(conf: Any) -> bool:
    word = conf.get("hpo") if isinstance(conf, Mapping) else None
    # A mapping is the author's own.
    if word not in (None, AFRESH) and not isinstance(word, Mapping):
        raise DeclarationError(
            f'The word "hpo" of a run\'s conf is "{AFRESH}", but got {brief_repr(word)}. Trigger it with '
            f'{{"hpo": "{AFRESH}"}} to compute everything again, or leave the word out.'
        )
    return word == AFRESH
