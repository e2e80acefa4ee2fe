"""Regular expressions of users, run so that none of them can stop the process that reads."""

import importlib
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Protocol

SECONDS = 0.5
"""Processor time that one expression may take for one line."""
_ODD_BLANK = re.compile("[\n\x0b\x1c-\x1f]")
"""Blanks for Python that google-re2 does not count among ``\\s``, and the newline, before which ``$`` matches."""
_SEPARATORS = dict.fromkeys(range(0x1C, 0x20), "\x0b")
"""Blanks for Python that are none for ``regex``."""
_READ_OTHERWISE = re.compile(r"\{,|\\[0-9]|\[\[:")
"""Spellings that both engines take and that mean something else to each."""
_LITERAL_BRACE = re.compile(r"(?<!\\)((?:\\\\)*)\{(?!(?:[0-9]+(?:,[0-9]*)?|,[0-9]*)\})")


class SearchTimeout(Exception):
    """An expression took too long for a line."""


class Spans(Protocol):
    """One match of an expression, by the places of its groups."""

    def span(self, group: int, /) -> tuple[int, int]:
        """Return where a group begins and ends; (-1, -1) when it took no part."""


class Expression:
    """One regular expression with the meaning that :mod:`re` gives it.

    It runs in google-re2, where time grows only as the line grows, on lines of ASCII (where both engines mean the same
    by ``\\w``, ``\\d`` and ``\\b``), unless it asks for what google-re2 has not: lookaround, back references, possessive
    quantifiers. Then it runs in ``regex``, with a limit.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._compiled = re.compile(text)
        self.groups = self._compiled.groups
        self.groupindex = dict(self._compiled.groupindex)

    def finditer(self, line: str) -> Iterator[Spans]:
        """Yield the matches; a line that takes too long is a :class:`SearchTimeout`."""
        if self.linear and line.isascii() and not _ODD_BLANK.search(line):
            yield from self._linear.finditer(line.encode("ascii"))
            return
        try:
            yield from self._timed.finditer(line.translate(_SEPARATORS), timeout=SECONDS)
        except TimeoutError:
            raise SearchTimeout(self.text) from None

    @property
    def linear(self) -> bool:
        """Whether google-re2 takes the expression with the same meaning."""
        return self._linear is not None

    @cached_property
    def _linear(self) -> Any:
        if _READ_OTHERWISE.search(self.text) or not _same_meaning(self.text):
            return None
        import re2

        options = re2.Options()
        options.log_errors = False
        try:
            return re2.compile(self.text, options)
        except re2.error:
            return None

    @cached_property
    def _timed(self) -> Any:
        import regex

        # a brace that begins no quantifier is itself for `re` and asks `regex` for fuzzy matching
        return regex.compile(_LITERAL_BRACE.sub(r"\1\\{", self.text))


_PLAIN = {"LITERAL", "NOT_LITERAL", "ANY", "IN", "BRANCH", "SUBPATTERN", "MAX_REPEAT", "MIN_REPEAT", "AT"}


def _same_meaning(text: str) -> bool:
    """Say whether an expression is free of what the engines treat differently, by the tree that ``re`` makes of it."""
    parse = importlib.import_module("re._parser").parse
    tree = parse(text)
    # after a match that may be empty the engines go on at different places
    return bool(tree.getwidth()[0]) and _plain(tree)


def _plain(pattern: Any) -> bool:
    return all(str(op) in _PLAIN and _plain_argument(str(op), argument) for op, argument in pattern)


def _plain_argument(op: str, argument: Any) -> bool:
    if op == "SUBPATTERN":
        return _plain(argument[3])
    if op == "BRANCH":
        return all(_plain(branch) for branch in argument[1])
    if op in ("MAX_REPEAT", "MIN_REPEAT"):
        _, most, item = argument
        # of a repeated item that may be empty the engines keep different groups
        return _plain(item) and (int(most) <= 1 or item.getwidth()[0] > 0)
    return True
