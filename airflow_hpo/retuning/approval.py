"""Approval of a promotion by a person: the users, the time limit, and the answer when none comes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from airflow_hpo.core.remedy import closest
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.operators.responders import Responder, checked_responders

Answer = Literal["Approve", "Reject"]


@dataclass(frozen=True, slots=True)
class Approval:
    """A person must agree before the champion changes.

    Example::

        from datetime import timedelta

        Approval(within=timedelta(days=2), users=["ops"])

    :param within: how long an answer is waited for, above zero.
    :param otherwise: the answer when no person answers in time: ``"Reject"`` keeps the champion, ``"Approve"`` promotes.
    :param users: who may answer: names, or ``HITLUser(id=..., name=...)`` of ``airflow.sdk.execution_time.hitl`` where ids are not
        names; empty for every user who may in Airflow. The answer of another user counts as none, and the question is asked again.
    :raises DeclarationError: when an argument is outside its allowed values.
    """

    within: timedelta = timedelta(days=7)
    otherwise: Answer = "Reject"
    users: Sequence[Responder] = ()

    def __post_init__(self) -> None:
        """Check what was declared."""
        if not isinstance(self.within, timedelta) or self.within <= timedelta(0):
            raise DeclarationError(
                f"An approval is waited for within a positive timedelta, but got {self.within!r}. Write within=timedelta(days=7)."
            )
        if self.otherwise not in ("Approve", "Reject"):
            raise DeclarationError(
                f"Silence means 'Approve' or 'Reject', but got {self.otherwise!r}. Write otherwise={closest(self.otherwise, ['Approve', 'Reject'])!r}."
            )
        checked_responders(self.users)
