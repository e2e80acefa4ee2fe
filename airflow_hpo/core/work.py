"""Fingerprints of what a task runs and of what it works on, which decide whether a finished trial answers or runs again."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from airflow_hpo.core.declared import fingerprint
from airflow_hpo.core.trial import TrialRequest

_RULE = "2"
"""First part of what is stored; a trial of before has the one fingerprint of the first rule, which has no colon."""

_CHANGES = (
    "its period or scenario is another one",
    "what it runs has changed: an argument, or what a template renders to",
    "a file that decides its value has changed",
)


@dataclass(frozen=True, slots=True)
class Work:
    """Fingerprint of a trial's work by both rules."""

    as_written: str
    """By the first rule: the arguments before Jinja, and no period."""
    arguments: str | None = None
    """Of the arguments as they are rendered, without what differs from try to try; None where only the first rule is known."""
    told: str = ""
    """Of period and scenario."""
    files: str = ""
    """Of the content of the files that the author named; empty without any."""

    def __str__(self) -> str:
        if self.arguments is None:
            return self.as_written
        return ":".join((_RULE, self.told, self.arguments, self.files))

    def change_since(self, stored: str | None) -> str | None:
        """Say what differs from the stored work of a trial; None when it is the same, or was never stored."""
        if stored is None or stored == str(self):
            return None
        if by_first_rule(stored):
            return None if stored == self.as_written else "what it runs has changed"
        theirs, ours = stored.split(":")[1:], (self.told, self.arguments, self.files)
        return next((said for said, one, two in zip(_CHANGES, theirs, ours) if one != two), _CHANGES[1])


def by_first_rule(stored: str | None) -> bool:
    """Whether a trial was stored before periods and rendered arguments were compared."""
    return stored is None or ":" not in stored


def told_work(request: TrialRequest) -> str:
    """Return the fingerprint of what data a trial works on."""
    circumstances: dict[str, Any] = request.circumstances
    return fingerprint(circumstances)


def same_data(stored: str | None, request: TrialRequest) -> bool | None:
    """Whether a trial worked on the same period and scenario; None when that was not stored."""
    return None if stored is None or by_first_rule(stored) else stored.split(":")[1] == told_work(request)


def several_periods(stored: Iterable[str | None]) -> str | None:
    """Say that trials, given by their stored work, worked on different periods; None when none are known to."""
    counts = Counter(work.split(":")[1] for work in stored if work and not by_first_rule(work))
    if len(counts) < 2:
        return None
    numbers = " + ".join(str(count) for _, count in counts.most_common())
    return (
        f"Its results are of {len(counts)} periods ({numbers} trials), and their values are compared all the same. "
        "Clear the first `suggest` with what follows to measure all on the same period."
    )
