"""A match of a filter in a line, before its text is a metric."""

from dataclasses import dataclass

SHOWN = 80
"""Characters beside a match that are looked at."""


@dataclass(frozen=True, slots=True)
class Match:
    """What one match of a filter says; texts as they stood in the line."""

    name: str
    text: str
    """What stood in the value's place."""
    value: float | None
    """The number that it is; None when it is not a whole one."""
    step: str | None
    span: tuple[int, int]
    """Where the value stood: two filters that find the same value find it once."""
    why: str = ""
    """Why a text that may be a value is none, a clause."""
    guess: float | None = None
    """The value if the doubt is none; None when that is not known."""
    longer: str | None = None
    """The longer number that the value may be the head of."""
