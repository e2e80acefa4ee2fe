"""The default filter, ``name=value``, and what it takes for a number."""

import re
from collections.abc import Iterator, Sequence

from airflow_hpo.core.metrics.match import SHOWN, Match
from airflow_hpo.core.metrics.memory import Memory
from airflow_hpo.core.metrics.numbers import THIN, WHOLE_NUMBER, as_number, doubt_about, ends_open, two_readings
from airflow_hpo.core.metrics.qualifiers import Qualifiers
from airflow_hpo.core.names import LETTER, WORD

DEFAULT_MATCH_LIMIT = 16384
"""Characters of a line that the default filter is tried on."""

_NAME = rf"{LETTER}[{WORD}./@-]{{0,127}}+"
_TEXT = rf"(?:\s*+(?!{_NAME}\s*+=)(?:[^\s,;]|,(?=[0-9])|[{THIN}](?=[0-9]))++)?"
_VALUE = rf"(?:\s*+(?P<value>{WHOLE_NUMBER})|(?P<text>{_TEXT}))"
DEFAULT_FILTER = rf"(?<![{WORD}./@-])(?P<name>{_NAME})\s*+=(?!=){_VALUE}"
"""``name=value`` or ``name = value``, any number of them on a line.

What Katib's default filter reads, and more strictly: names may also hold ``. / @`` and are taken whole (``val/loss=1``
says nothing about ``loss``, nor does ``--loss=1``), in letters of any alphabet; ``nan`` and ``inf`` are values; a value that goes on after its
number (``0.5ms``, ``0x1F``, ``1,000``, ``45/50``, ``2026-10-01``) or is none at all is found as ``text`` and rejected, where
Katib would take the digits it begins with. The time it takes grows with the length of the line and no faster.
"""

_DEFAULT = re.compile(DEFAULT_FILTER)


class NameValueFilter(Memory):
    """The default filter, and one more expression for names that have a blank or a colon in them."""

    remembered = ("_qualifiers",)

    def __init__(self, names: Sequence[str]) -> None:
        self._names = frozenset(names)
        odd = sorted((name for name in names if not re.fullmatch(_NAME, name)), key=len, reverse=True)
        spelt = "|".join(map(re.escape, odd))
        own = [re.compile(rf"(?<![{WORD}./@-])(?P<name>{spelt})\s*+=(?!=){_VALUE}")] if odd else []
        self._patterns = [*own, _DEFAULT]
        self._qualifiers = Qualifiers()

    def matches(self, line: str) -> Iterator[Match]:
        """Yield what stands in a line, each value once."""
        taken: set[int] = set()
        found: list[tuple[Match, int]] = []
        for pattern in self._patterns:
            for match in pattern.finditer(line):
                if match["name"] not in self._names:
                    continue
                group = "value" if match["value"] is not None else "text"
                span = match.span(group)
                if span[1] not in taken:
                    taken.add(span[1])
                    found.append((_default_match(line, match["name"], span, whole=group == "value"), match.start()))
        yield from self._qualifiers.judged(line, found)


def _default_match(line: str, name: str, span: tuple[int, int], *, whole: bool) -> Match:
    text = line[span[0] : span[1]]
    if whole and (why := ends_open(line[span[0] :])):
        return Match(name, text, None, None, span, why)
    if whole:
        return Match(name, text, as_number(text), None, span, longer=two_readings(line, *span))
    begun = text.strip()
    if as_number(begun) is not None:
        return Match(name, begun, None, None, span, f"it goes on after {begun!r}")
    near, far = span[1] + 2, span[1] + SHOWN
    why = doubt_about(line[span[0] : near], line[near:far])
    return Match(name, begun, None, None, span, why)
