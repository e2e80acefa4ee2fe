"""Regular expressions that find metrics in lines of text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from airflow_hpo.core.metrics.values import NUMBER

Filter = str | list[str] | dict[str, str]
"""One expression, several, or one for each metric."""

MATCH_LIMIT = 4096
"""Characters of a line that a filter of the user's is tried on: what backtracking costs grows with the line's length."""

_NAME = r"[A-Za-z_][A-Za-z0-9_./@-]{0,127}+"
_TEXT = rf"(?:\s*+(?!{_NAME}\s*+=)(?:[^\s,;]|,(?=[0-9]))++)?"
DEFAULT_FILTER = (
    rf"(?<![\w./@-])(?P<name>{_NAME})\s*+=(?!=)"
    rf"(?:\s*+(?P<value>{NUMBER})(?!\w|[.,:+-][0-9])|(?P<text>{_TEXT}))"
)
"""``name=value`` or ``name = value``, any number of them on a line.

What Katib's default filter reads, and more strictly: names may also hold ``. / @`` and are taken whole (``val/loss=1``
says nothing about ``loss``, nor does ``--loss=1``); ``nan`` and ``inf`` are values; a value that goes on after its
number (``0.5ms``, ``0x1F``, ``1,000``, ``2026-10-01``) or is none at all is found as ``text`` and rejected, where Katib
would take the digits it begins with. The time it takes grows with the length of the line and no faster.
"""


@dataclass(frozen=True, slots=True)
class Match:
    """What one match of a filter says; texts as they stood in the line."""

    name: str
    value: str
    step: str | None
    span: tuple[int, int]
    """Where the value stood: two filters that find the same value find it once."""


@dataclass(frozen=True, slots=True)
class LineFilter:
    """One compiled expression and what its groups mean."""

    pattern: re.Pattern[str]
    metric: str | None
    """The metric it belongs to; None when the name is in the line."""

    def matches(self, line: str) -> Iterator[Match]:
        """Yield what the expression finds."""
        groups = self.pattern.groupindex
        value = groups.get("value", 1 if self.metric else 2)
        name = groups.get("name", 1)
        for match in self.pattern.finditer(line):
            found = value if match[value] is not None else groups.get("text", value)
            yield Match(
                name=self.metric or match[name] or "",
                value=match[found] or "",
                step=match["step"] if "step" in groups else None,
                span=match.span(found),
            )


DEFAULT = LineFilter(re.compile(DEFAULT_FILTER), None)


def line_filters(declared: Filter) -> list[LineFilter]:
    """Compile what a user declared."""
    if isinstance(declared, Mapping):
        pairs: Sequence[tuple[str | None, str]] = list(declared.items())
    else:
        pairs = [(None, text) for text in ([declared] if isinstance(declared, str) else declared)]
    if not pairs:
        raise ValueError("A filter needs at least one regular expression, but got none. Give one or leave it out.")
    return [LineFilter(_compiled(text, metric), metric) for metric, text in pairs]


def _compiled(text: str, metric: str | None) -> re.Pattern[str]:
    try:
        pattern = re.compile(text)
    except (re.error, OverflowError, RecursionError) as err:
        raise ValueError(f"A filter must be a regular expression, but {text!r} does not compile: {err}.") from None
    groups = set(pattern.groupindex)
    named = "value" in groups and (metric is not None or "name" in groups)
    unnamed = not groups & {"name", "value"} and pattern.groups - len(groups) >= (1 if metric else 2)
    if named or (unnamed and not groups):
        return pattern
    wanted = "(?P<value>...)" if metric else "(?P<name>...) and (?P<value>...)"
    raise ValueError(f"A filter needs the groups {wanted}, but {text!r} has not got them. Name its groups.")
