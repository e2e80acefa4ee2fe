"""Neighbours of the value that an expression found: a match that took half a number or half a name is none."""

import re
from collections.abc import Iterator

from airflow_hpo.core.metrics.numbers import AFTER, BEFORE, ends_open
from airflow_hpo.core.metrics.regex_engine import Expression
from airflow_hpo.core.names import LETTER, WORD

_AFTER = re.compile(AFTER)
_BEFORE = re.compile(BEFORE)
_LABEL = re.compile(rf"(?P<label>{LETTER}[{WORD}./@-]*)['\"\]]?[ \t]*[=:][ \t]*['\"]?[+−-]?\Z")
_BOUNDARY = re.compile(r".*[_./@-](?=[^\W_])")
_IN_NAME = re.compile(rf"[{WORD}./@-]")
_NAME_GOES_ON = re.compile(rf"[{WORD}/@]|[.-]\w")
_ENDS = ("", ";", ")", "]", "}", "|", "\t")
"""What ends any number."""
_LOOK_BACK = 160
_REMEMBERED = 256

Span = tuple[int, int]


class Neighbours:
    """Judges the matches of one expression.

    What the expression itself demands next to a value was meant by its author: ``([0-9]+)ms`` takes 35 of ``35ms``. What it
    only lets pass (``.*``, ``-?``, its own end) was not. The difference: does it still match without that?
    """

    def __init__(self, expression: Expression, value: int, name: int | None) -> None:
        self._expression = expression
        self._value = value
        self._name = name
        self._judged: dict[str, bool] = {}
        self._labels: dict[str, str] = {}

    def half_number(self, line: str, value: Span) -> str:
        """Return why the value is not a whole number, a clause; empty when it is."""
        start, end = value
        if start == end:
            return ""
        found = line[start:end]
        if why := ends_open(line[start:]):
            closed = line[start:].rstrip(". \t")
            return "" if self._demanded(None, (line[:start] + closed,), closed) else why
        after = None if line[end : end + 1] in _ENDS else _AFTER.match(line, end)
        if after and not (after[0][0] == "," and _has_fraction(found)):
            beside = after.end() if line[end] == " " else end + 1
            without = (line[:end], f"{line[:end]} {line[beside:]}", line[:end] + line[after.end() :])
            if not self._demanded(value, without):
                return f"it goes on after {found!r}"
        before = None if line[start - 1 : start] == "=" else _BEFORE.search(line, max(0, start - 8), start)
        if before:
            left = before.start()
            without = (line[:left] + line[start:], f"{line[:left]} {line[start:]}", line[: start - 1] + line[start:])
            if not self._demanded(None, without, found):
                return f"it begins before {found!r}"
        return ""

    def longer_name(self, line: str, match: int, name: Span | None, value: Span) -> str:
        """Return which longer name the value belongs to, a clause; empty when to none."""
        if name:
            return self._around_name(line, name, value)
        start = value[0]
        if 0 < match < start and _IN_NAME.match(line, match) and _IN_NAME.match(line, match - 1):
            if not self._same_without(line, match - 1, match, value):
                return ""
            return f"the name begins before {line[match:start].strip()!r}"
        before = line[max(match, start - _LOOK_BACK) : start]
        if before not in self._labels:
            if len(self._labels) >= _REMEMBERED:
                self._labels.clear()
            self._labels[before] = self._longer_label(line, match, value)
        return self._labels[before]

    def _longer_label(self, line: str, match: int, value: Span) -> str:
        start = value[0]
        label = _LABEL.search(line, max(match, start - _LOOK_BACK), start)
        head = _BOUNDARY.match(label["label"]) if label else None
        if label is None or head is None:
            return ""
        if not self._same_without(line, label.start(), label.start() + head.end(), value):
            return ""
        return f"it belongs to {label['label']!r}"

    def _around_name(self, line: str, name: Span, value: Span) -> str:
        start, end = name
        text = line[start:end]
        if start and _IN_NAME.match(line, start - 1) and self._same_without(line, start - 1, start, value):
            return f"the name begins before {text!r}"
        if _NAME_GOES_ON.match(line, end) and self._same_without(line, end, end + 1, value):
            return f"the name goes on after {text!r}"
        return ""

    def _same_without(self, line: str, start: int, end: int, value: Span) -> bool:
        """Say whether the value is found as well when a part of the line is left out."""
        key = f"{line[start:end]}\0{line[end : value[0]]}"
        if key not in self._judged:
            if len(self._judged) >= _REMEMBERED:
                self._judged.clear()
            self._judged[key] = not self._demanded(None, (line[:start] + line[end:],), line[value[0] : value[1]])
        return self._judged[key]

    def _demanded(self, value: Span | None, without: tuple[str, ...], text: str = "") -> bool:
        """Say whether the expression finds the value no more in any of these lines."""
        for line in dict.fromkeys(without):
            for span in self._values(line):
                if span == value or (value is None and line[span[0] : span[1]] == text):
                    return False
        return True

    def _values(self, line: str) -> Iterator[Span]:
        for match in self._expression.finditer(line):
            yield match.span(self._value)


def _has_fraction(number: str) -> bool:
    """Say whether a comma after the number cannot belong to it, as in ``0.5,0.9``."""
    return "." in number and not re.fullmatch(r"[+-]?[0-9]{1,3}(?:\.[0-9]{3})+", number)
