"""Filters of the user's: regular expressions that find metrics in lines of text."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from airflow_hpo.core.metrics.match import SHOWN, Match
from airflow_hpo.core.metrics.memory import Memory
from airflow_hpo.core.metrics.neighbours import Neighbours
from airflow_hpo.core.metrics.numbers import UNIT, as_number, doubt_about, numberish, two_readings
from airflow_hpo.core.metrics.qualifiers import Qualifiers
from airflow_hpo.core.metrics.regex_engine import Expression, Spans
from airflow_hpo.core.names import LETTER, WORD, one_spelling, spelt_keys

Filter = str | list[str] | dict[str, str]
"""One expression, several, or one for each metric."""

MATCH_LIMIT = 4096
"""Characters of a line that a filter of the user's is tried on."""
LABELS = 16
NOWHERE = (-1, -1)

_LABEL = re.compile(rf"{LETTER}[{WORD}./@-]*['\"\]]?(?:[ \t]*[=:][ \t]*|[ \t]+)['\"]?\Z")
_TOKEN = re.compile(rf"[^\s,;]+(?:{UNIT})?")
_AFTER = re.compile(rf"{UNIT}|[A-Za-zµμ‰]{{1,8}}\b|\.(?=\s*\Z)")
"""What a filter may demand after a number that another line gives with another unit or with none."""


class LineFilter(Memory):
    """One expression of the user's and what its groups mean; without a metric, the name is in the line."""

    remembered = ("_qualifiers", "_labels", "_remembered")

    def __init__(self, text: str, metric: str | None, names: Collection[str] | None = None) -> None:
        self._names = None if names is None else frozenset(names)
        self.metric = metric
        self.expression = expression = _compiled(text, metric)
        groups = expression.groupindex
        self._value = groups.get("value", 1 if metric else 2)
        self._name = None if metric else groups.get("name", 1)
        self._step = groups.get("step")
        self._qualifiers = Qualifiers()
        self._neighbours = Neighbours(expression, self._value, self._name)
        self._labels: dict[str, tuple[str, str]] = {}
        self._remembered: dict[str, int] = {}

    def matches(self, line: str) -> Iterator[Match]:
        """Yield what the expression finds."""
        found: list[tuple[Match, int]] = []
        for match in self.expression.finditer(line):
            if self._names is None or self._name_in(line, match) in self._names:
                start, end = match.span(self._name or 0)
                # a blank that the expression takes before the name does not hide the word before it
                found.append((self._match(line, match), end - len(line[start:end].lstrip())))
        yield from self._qualifiers.judged(line, found)
        yield from self._missed(line, {match.name for match, _ in found})

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
                self._remember(line, name, (start, end), span)
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

    def _remember(self, line: str, name: str, match: tuple[int, int], span: tuple[int, int]) -> None:
        """Keep what stood next to a value that was read, to know a value that is not read when it stands there."""
        self._remembered[name] = tries = self._remembered.get(name, 0) + 1
        if tries < LABELS and (label := _LABEL.search(line, max(match[0], span[0] - SHOWN), span[0])):
            unit = _AFTER.match(line, span[1])
            example = line[span[0] : unit.end() if unit and unit.end() <= match[1] else span[1]]
            self._labels.setdefault(label[0], (name, example))

    def _missed(self, line: str, found: Collection[str]) -> Iterator[Match]:
        """Yield what the expression does not read although it would, were the number written as the earlier ones."""
        for label, (name, example) in self._labels.items():
            at = -1 if name in found else line.find(label)
            if at < 0 or not (token := _TOKEN.match(line, at + len(label))) or not numberish(token[0]):
                continue
            as_before = line[: token.start()] + example + line[token.end() :]
            if any(match.span(self._value)[0] == token.start() for match in self.expression.finditer(as_before)):
                yield Match(name, token[0], None, None, token.span(), "the filter passes it over")


def line_filters(declared: Filter, names: Collection[str] | None = None) -> list[LineFilter]:
    """Compile what a user declared."""
    if isinstance(declared, Mapping):
        pairs: Sequence[tuple[str | None, str]] = list(spelt_keys(declared).items())
    else:
        pairs = [(None, text) for text in ([declared] if isinstance(declared, str) else declared)]
    if not pairs:
        raise ValueError("A filter needs at least one regular expression, but got none. Give one or leave it out.")
    return [LineFilter(one_spelling(text), metric, names) for metric, text in pairs]


def _compiled(text: str, metric: str | None) -> Expression:
    try:
        expression = Expression(text)
    except (re.error, OverflowError, RecursionError) as err:
        raise ValueError(
            f"A filter must be a regular expression, but {text!r} does not compile: {err}. Write r'loss=([0-9.eE+-]+)'."
        ) from None
    groups = set(expression.groupindex)
    named = "value" in groups and (metric is not None or "name" in groups)
    unnamed = not groups & {"name", "value"} and expression.groups - len(groups) >= (1 if metric else 2)
    if named or (unnamed and not groups):
        return expression
    wanted = "(?P<value>...)" if metric else "(?P<name>...) and (?P<value>...)"
    example = r"r'loss=(?P<value>\S+)'" if metric else r"r'(?P<name>\w+)=(?P<value>\S+)'"
    raise ValueError(f"A filter needs the groups {wanted}, but {text!r} has not got them. Write {example}.")
