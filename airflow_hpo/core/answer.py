"""Answer to the question whether a challenger may be promoted: who gave it, when, and about which comparison."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from airflow_hpo.core.attempt import TaskRun


class Choice(StrEnum):
    """What may be answered."""

    APPROVE = "Approve"
    REJECT = "Reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One question of an approval task about one comparison, and its answer once there is one."""

    comparison: int
    task: TaskRun
    """Who asked."""
    asked: datetime
    until: datetime | None = None
    """Until when a person may approve; None where that was not kept."""
    choice: Choice | None = None
    """None while nobody has answered."""
    answered: datetime | None = None
    user_id: str | None = None
    user_name: str | None = None
    """Both None when no person answered in time, so that the choice is the one that the DAG declares for silence."""
    params: Mapping[str, Any] = field(default_factory=dict)
    """What the person filled in."""

    @property
    def approved(self) -> bool:
        """Whether the challenger may be promoted."""
        return self.choice is Choice.APPROVE

    @property
    def person(self) -> str | None:
        """Name of who answered; None for silence."""
        return self.user_name or self.user_id

    def __str__(self) -> str:
        if self.choice is None:
            return f"Task {self.task.task_id} waits for an answer."
        done = "Approved" if self.approved else "Rejected"
        by = _named(self.user_name, self.user_id) if self.person else "silence, as the DAG declares"
        filled = f" with {dict(self.params)}" if self.params else ""
        at = f" at {self.answered.astimezone(UTC).isoformat(' ', 'minutes')}" if self.answered else ""
        return f"{done} by {by}{filled}{at}, asked by {self.task.task_id}."


def people(answers: Sequence[Answer]) -> str | None:
    """Return the names of the persons who answered; None when none did."""
    return ", ".join(dict.fromkeys(each.person for each in answers if each.person)) or None


def _named(name: str | None, user_id: str | None) -> str:
    known = [each for each in dict.fromkeys((name, user_id)) if each]
    return known[0] if len(known) == 1 else f"{known[0]} (id {known[1]})"
