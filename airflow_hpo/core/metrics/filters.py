"""Regular expressions that find metrics in lines of text."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from airflow_hpo.core.metrics.neighbours import Neighbours
from airflow_hpo.core.metrics.numbers import THIN, WHOLE_NUMBER, as_number, doubt_about, numberish, two_readings
from airflow_hpo.core.metrics.regex_engine import Expression, Spans

Filter = str | list[str] | dict[str, str]
"""One expression, several, or one for each metric."""

MATCH_LIMIT = 4096
"""Characters of a line that a filter of the user's is tried on."""
DEFAULT_MATCH_LIMIT = 16384
"""Characters of a line that the default filter is tried on."""
LABELS = 16
SHOWN = 80
NOWHERE = (-1, -1)

_NAME = r"[A-Za-z_][A-Za-z0-9_./@-]{0,127}+"
_TEXT = rf"(?:\s*+(?!{_NAME}\s*+=)(?:[^\s,;]|,(?=[0-9])|[{THIN}](?=[0-9]))++)?"
_VALUE = rf"(?:\s*+(?P<value>{WHOLE_NUMBER})|(?P<text>{_TEXT}))"
DEFAULT_FILTER = rf"(?<![\w./@-])(?P<name>{_NAME})\s*+=(?!=){_VALUE}"
"""``name=value`` or ``name = value``, any number of them on a line.

What Katib's default filter reads, and more strictly: names may also hold ``. / @`` and are taken whole (``val/loss=1``
says nothing about ``loss``, nor does ``--loss=1``); ``nan`` and ``inf`` are values; a value that goes on after its
number (``0.5ms``, ``0x1F``, ``1,000``, ``45/50``, ``2026-10-01``) or is none at all is found as ``text`` and rejected, where
Katib would take the digits it begins with. The time it takes grows with the length of the line and no faster.
"""


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


class NameValueFilter:
    """The default filter, and one more expression for names that have a blank or a colon in them."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = frozenset(names)
        odd = sorted((name for name in names if not re.fullmatch(_NAME, name)), key=len, reverse=True)
        spelt = "|".join(map(re.escape, odd))
        own = [re.compile(rf"(?<![\w./@-])(?P<name>{spelt})\s*+=(?!=){_VALUE}")] if odd else []
        self._patterns = [*own, _DEFAULT]
        self._qualifiers: dict[str, str] = {}

    def matches(self, line: str) -> Iterator[Match]:
        """Yield what stands in a line, each value once."""
        taken: set[int] = set()
        for pattern in self._patterns:
            for match in pattern.finditer(line):
                if match["name"] not in self._names:
                    continue
                group = "value" if match["value"] is not None else "text"
                span = match.span(group)
                if span[1] not in taken:
                    taken.add(span[1])
                    found = _default_match(line, match["name"], span, whole=group == "value")
                    yield self._of_one_kind(
                        found, _QUALIFIER.search(line, max(0, match.start() - SHOWN), match.start())
                    )

    def _of_one_kind(self, found: Match, before: re.Match[str] | None) -> Match:
        """Doubt ``val loss=0.9`` where ``loss`` or ``train loss`` came before: it is another metric with a blank in its name."""
        if found.value is None:
            return found
        qualifier = before["word"] if before else ""
        if self._qualifiers.setdefault(found.name, qualifier.lower()) == qualifier.lower():
            return found
        name = f"{qualifier} {found.name}".strip()
        return replace(found, value=None, guess=found.value, why=f"it belongs to {name!r}, and other values did not")


def _default_match(line: str, name: str, span: tuple[int, int], *, whole: bool) -> Match:
    text = line[span[0] : span[1]]
    if whole:
        return Match(name, text, as_number(text), None, span, longer=two_readings(line, *span))
    why = doubt_about(line[span[0] : span[1] + 2])
    return Match(name, text.strip(), None, None, span, why)


_DEFAULT = re.compile(DEFAULT_FILTER)
_QUALIFIER = re.compile(
    r"(?<![^\s,;|(\[{-])(?P<word>(?i:train(?:ing)?|val(?:id(?:ation)?)?|dev|eval(?:uation)?|test))[ \t]\Z"
)
_LABEL = re.compile(r"[A-Za-z_][\w./@-]*['\"\]]?[ \t]*[=:][ \t]*['\"]?\Z")
_TOKEN = re.compile(r"[^\s,;]+")


class LineFilter:
    """One expression of the user's and what its groups mean; without a metric, the name is in the line."""

    def __init__(self, text: str, metric: str | None, names: Collection[str] | None = None) -> None:
        self._names = None if names is None else frozenset(names)
        self.metric = metric
        self.expression = expression = _compiled(text, metric)
        groups = expression.groupindex
        self._value = groups.get("value", 1 if metric else 2)
        self._name = None if metric else groups.get("name", 1)
        self._step = groups.get("step")
        self._neighbours = Neighbours(expression, self._value, self._name)
        self._labels: dict[str, tuple[str, str]] = {}
        self._remembered: dict[str, int] = {}

    def matches(self, line: str) -> Iterator[Match]:
        """Yield what the expression finds."""
        matched = False
        for match in self.expression.finditer(line):
            matched = True
            if self._names is None or self._name_in(line, match) in self._names:
                yield self._match(line, match)
        if not matched:
            yield from self._missed(line)

    def _name_in(self, line: str, match: Spans) -> str:
        return self.metric or line[slice(*match.span(self._name or 0))]

    def _match(self, line: str, match: Spans) -> Match:
        span, (start, end) = match.span(self._value), match.span(0)
        named = match.span(self._name) if self._name else None
        step = match.span(self._step) if self._step else NOWHERE
        name = self._name_in(line, match)
        text = line[slice(*span)] if span != NOWHERE else ""
        value, guess = as_number(text), None
        if value is None:
            at = span[0] if span != NOWHERE else end
            why = doubt_about(line[at : max(at + SHOWN, span[1])])
        else:
            why = self._neighbours.half_number(line, span)
            if not why and (why := self._neighbours.longer_name(line, start, named, span)):
                guess = value
            if not why:
                self._remember(line, name, start, span)
        return Match(
            name=name,
            text=text,
            value=None if why else value,
            step=line[slice(*step)] if step != NOWHERE else None,
            span=span,
            why=why,
            guess=guess,
            longer=None if why or value is None else two_readings(line, *span),
        )

    def _remember(self, line: str, name: str, start: int, span: tuple[int, int]) -> None:
        """Keep what stood before a value that was read, to know a value that is not read when it stands there."""
        self._remembered[name] = tries = self._remembered.get(name, 0) + 1
        if tries < LABELS and (label := _LABEL.search(line, max(start, span[0] - SHOWN), span[0])):
            self._labels.setdefault(label[0], (name, line[slice(*span)]))

    def _missed(self, line: str) -> Iterator[Match]:
        """Yield what the expression does not read although it would, were the number written as the earlier ones."""
        for label, (name, example) in self._labels.items():
            at = line.find(label)
            if at < 0 or not (token := _TOKEN.match(line, at + len(label))) or not numberish(token[0]):
                continue
            as_before = line[: token.start()] + example + line[token.end() :]
            if any(match.span(self._value)[0] == token.start() for match in self.expression.finditer(as_before)):
                yield Match(name, token[0], None, None, token.span(), "the filter passes it over")


def line_filters(declared: Filter, names: Collection[str] | None = None) -> list[LineFilter]:
    """Compile what a user declared."""
    if isinstance(declared, Mapping):
        pairs: Sequence[tuple[str | None, str]] = list(declared.items())
    else:
        pairs = [(None, text) for text in ([declared] if isinstance(declared, str) else declared)]
    if not pairs:
        raise ValueError("A filter needs at least one regular expression, but got none. Give one or leave it out.")
    return [LineFilter(text, metric, names) for metric, text in pairs]


def _compiled(text: str, metric: str | None) -> Expression:
    try:
        expression = Expression(text)
    except (re.error, OverflowError, RecursionError) as err:
        raise ValueError(f"A filter must be a regular expression, but {text!r} does not compile: {err}.") from None
    groups = set(expression.groupindex)
    named = "value" in groups and (metric is not None or "name" in groups)
    unnamed = not groups & {"name", "value"} and expression.groups - len(groups) >= (1 if metric else 2)
    if named or (unnamed and not groups):
        return expression
    wanted = "(?P<value>...)" if metric else "(?P<name>...) and (?P<value>...)"
    raise ValueError(f"A filter needs the groups {wanted}, but {text!r} has not got them. Name its groups.")
