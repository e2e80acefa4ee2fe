"""Hints at what would read a line: the names that stand in it, and the argument of the source that reads a metric there."""

import re
from collections.abc import Iterable, Iterator, Sequence

from airflow_hpo.core.declared import nearest
from airflow_hpo.core.masking import cut
from airflow_hpo.core.metrics.data_sets import TRAINING, data_set_of, named_before
from airflow_hpo.core.metrics.full_width import narrow_values
from airflow_hpo.core.metrics.json_reader import json_objects, leaves
from airflow_hpo.core.metrics.numbers import NUMBER, TURNS, UNIT, ends_open
from airflow_hpo.core.metrics.qualifiers import qualifier_before
from airflow_hpo.core.metrics.recognition import BARS, data_sets_of, format_of, label, table_of
from airflow_hpo.core.metrics.user_filters import LineFilter
from airflow_hpo.core.metrics.visible import visible
from airflow_hpo.core.names import LETTER, WORD, one_spelling

SHOWN_NAMES = 12
SHOWN_LENGTH = 120
_NAMED = re.compile(rf"(?P<name>{LETTER}[{WORD}./@-]*)['\"]?\s*[=:：]\s*['\"]?{NUMBER}(?!\w)")
_GAP = re.compile(
    r"(?P<gap>['\"\]]?\s*(?:[=:|＝：]|\bis\b|->|\s)\s*)(?P<around>[A-Za-z_][\w.]*\(|['\"\[(])?(?P<value>[^\s,;)\]}'\"|]+)"
)
_VALUE = r"([^\s,;)\]}'\"|]+)"
_UNIT = re.compile(rf"{NUMBER}(?P<unit>{UNIT}|(?![eEdDjJ]\b)[A-Za-zµμ‰]{{1,8}}\b(?![+-]?[0-9]))")
_CLOSED = re.compile(r"\s*(?:[)\]}'\"]|,\s*[a-z_]\w*\s*=|\Z)")
"""What follows one number in brackets or in a call; of several the first one is not the value."""
_TURNS = re.compile(rf"{NUMBER}(?:{TURNS})")
_PART = re.compile(rf"(?P<blank>\s+)|(?P<number>(?<!\w)(?:{NUMBER}|None))|.")
_STARTS = r"(?:^|[\s,;:{\[(|'\"])"


def names_in(lines: Iterable[str]) -> list[str]:
    """Return the names that numbers were given for, in the order in which they came."""
    names: dict[str, None] = {}
    for line in lines:
        for text in visible(narrow_values(line)):
            inner = [leaf for data, _ in json_objects(text) for leaf in leaves(data)]
            found = ["/".join(path) for path, value in inner if _is_number(value)]
            names.update(dict.fromkeys(found or [match["name"] for match in _NAMED.finditer(text)]))
    return list(names)[:SHOWN_NAMES]


def seen(metric: str, lines: Iterable[str]) -> str:
    """Return a sentence about the names that numbers were given for; empty when there were none."""
    names = names_in(lines)
    if not names:
        return ""
    return f" Numbers were given for {', '.join(map(repr, names))}.{'' if metric in names else nearest(metric, names)}"


def remedy(metric: str, lines: Sequence[str], declared: str, *, alone: bool = False) -> str:
    """Return a sentence with the declaration that reads a metric in one of the lines; the newest is tried first.

    It reads the metric ``alone`` when other lines have its name after a word that makes it another metric's.
    """
    if table := table_of(metric, lines):
        return f" {declared}format={table[0]!r}) reads the line {cut(table[1].strip(), SHOWN_LENGTH)!r}."
    for line in reversed(lines):
        for text in reversed(visible(one_spelling(line))):
            if several := data_sets_of(metric, text):
                names = " and ".join(map(repr, several[1]))
                return (
                    f" The line {cut(text.strip(), SHOWN_LENGTH)!r} gives it as {names}: name one of these as the metric, with "
                    f"{declared}format={several[0]!r})."
                )
            if metric.split("/")[-1] in text and (argument := argument_for(metric, text, alone=alone)):
                return f" {declared}{argument}) reads the line {cut(text.strip(), SHOWN_LENGTH)!r}."
    report = f"{metric}=..." if metric.isidentifier() else f"**{{{metric!r}: ...}}"
    return f" Print it such as by airflow_hpo.reporting.report({report})."


def argument_for(metric: str, line: str, *, alone: bool = False) -> str | None:
    """Return the argument of a source that reads the metric in the line as one whole number; None when none does."""
    recognised = format_of(metric, line)
    if recognised and not (recognised[0] in BARS and data_set_of(line)):
        return f"format={recognised[0]!r}"
    matches = reversed(list(re.finditer(rf"(?<![{WORD}./@-]){re.escape(metric)}(?![{WORD}/@-])", line)))
    for match in sorted(matches, key=lambda match: data_set_of(line, match.start()) is TRAINING):
        named = named_before(line, match.start())
        begin = rf"\b{named['word']}\b.*?{_STARTS}" if named else _STARTS
        if (before := qualifier_before(line, match.start())) and not (before.pattern or alone):
            continue
        if before and before.pattern:
            begin = before.pattern
        elif alone:
            begin = f"^{_path(line[: match.start()])}"
        for rest in _after_name(metric, line, match.span()):
            wanted = f"{begin}{re.escape(metric)}{rest}"
            found = list(LineFilter(wanted, metric).matches(line))
            if len(found) == 1 and found[0].value is not None and not found[0].longer:
                return f"filter={{{metric!r}: r{_quoted(wanted)}}}"
    return None


def _after_name(metric: str, line: str, name: tuple[int, int]) -> Iterator[str]:
    """Yield what may read the value that stands after a metric's name: alone, the one it turned into, with its unit."""
    gap = _GAP.match(line, name[1])
    if gap and not (gap["around"] and not _CLOSED.match(line, gap.end())):
        start = gap.start("value")
        between = _path(gap["gap"]) + _perhaps(gap["around"] or "")
        yield between + _VALUE
        yield between + _VALUE.replace("[^\\s,;)", "[^\\s;)")
        if turns := _TURNS.match(line, start):
            yield _path(gap["gap"]) + _perhaps(line[gap.end("gap") : turns.end()]) + _VALUE
        if unit := _UNIT.match(line, start):
            yield between + _VALUE + re.escape(unit["unit"])
        if ends_open(line[start:]):
            yield between + r"([0-9]+)\.\s*$"
    for told in label(metric).finditer(line):
        if told.start("name") == name[0]:
            yield _path(line[name[1] : told.start("value")]) + _VALUE


def _perhaps(text: str) -> str:
    """Return an expression for what may stand before a value, so that later values without it are read, too."""
    return f"(?:{_path(text)})?" if text else ""


def _path(text: str) -> str:
    """Return an expression for what stands before a value, whatever numbers and blanks are in it."""
    return "".join(
        r"\s*" if part["blank"] else r"\S+" if part["number"] else re.escape(part[0]) for part in _PART.finditer(text)
    )


def _quoted(expression: str) -> str:
    """Return an expression as it is written after an ``r``."""
    return f'"""{expression}"""' if '"' in expression else f'"{expression}"'


def _is_number(value: object) -> bool:
    return isinstance(value, float) or (isinstance(value, str) and re.fullmatch(NUMBER, value) is not None)
