"""Files that loggers write: CSV with a header, and YAML with a key a line."""

import csv
import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from airflow_hpo.core.metrics.memory import Memory
from airflow_hpo.core.metrics.numbers import as_number, doubt_about
from airflow_hpo.core.metrics.point import Found, rejected
from airflow_hpo.core.metrics.qualifiers import KINDS
from airflow_hpo.core.metrics.reader import found_in
from airflow_hpo.core.names import LETTER

_DELIMITERS = ",;\t"
_DECIMAL = re.compile(r"[+-]?[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?")
_NAME = re.compile(rf"{LETTER}[^\s,;]*")
_NO_NAMES = ("", "none", "null", "na", "n/a", "true", "false")
_SUMMARY = re.compile(rf"(?i:{KINDS}|count|var|[0-9]+%)")
"""Names of rows that say something of the rows above."""
_KEY = re.compile(
    rf"(?P<indent>\s*(?:-\s+)?)(?P<key>[\"']?{LETTER}[^:#]*?[\"']?):(?:\s+(?P<value>[^#]*?))?\s*(?:#.*)?$"
)


class CsvReader(Memory):
    """Reads rows below a header; an empty cell says nothing, and a header that comes again begins a new table.

    A value that may be another's, because of a second column, a second table or the row's own name, is doubted.
    """

    remembered = ("_header", "_delimiter", "_other", "_after_gap")

    def __init__(self, metrics: Sequence[str], step: str | None) -> None:
        self._metrics = metrics
        self._step = step
        self._header: list[str] = []
        self._delimiter = ","
        self._other = ""
        self._after_gap = False

    def read(self, line: str, time: datetime | None) -> list[Found]:
        """Return what a row says."""
        after_gap, self._after_gap = self._after_gap, not line.strip()
        if header := self._header_in(line):
            self._header, self._delimiter = header
            self._other = ""
            return []
        cells = _cells(line, self._delimiter)
        if not self._header or not cells:
            return []
        if self._names(cells, after_gap):
            self._other = line.strip()
            return []
        row = dict(zip(self._header, cells))
        if why := self._shifted(cells):
            lost = self._header[len(cells) :] if all(as_number(cell) is not None for cell in cells) else []
            doubted = [name for name in self._metrics if row.get(name) or name in lost]
            return [
                rejected(name, row.get(name), line, why if name in lost or doubt_about(row[name]) else "")
                for name in doubted
            ]
        step = row.get(self._step or "") or None
        return [each for name in self._metrics if row.get(name) for each in self._found(line, name, row, step, time)]

    def _header_in(self, line: str) -> tuple[list[str], str] | None:
        """Return the header that a line is, with its delimiter; None when it is none, also where a cell is a metric's name."""
        for delimiter in _DELIMITERS:
            cells = _cells(line, delimiter)
            if not any(name in cells for name in self._metrics) or any(map(_DECIMAL.fullmatch, cells)):
                continue
            row = dict(zip(self._header, cells)) if len(cells) == len(self._header) else {}
            if all(as_number(row.get(name, "")) is None for name in self._metrics):
                return cells, delimiter
        return None

    def _names(self, cells: list[str], after_gap: bool) -> bool:
        """Say whether a row is of names, as the header of another table is."""
        if len(cells) == 1 < len(self._header):
            return False
        numbers = any(as_number(cell) is not None or cell.lower() in _NO_NAMES for cell in cells)
        return not numbers and (after_gap or all(map(_NAME.fullmatch, cells)))

    def _found(self, line: str, name: str, row: dict[str, str], step: str | None, time: datetime | None) -> list[Found]:
        first = next(iter(row.values()))
        why = ""
        if (columns := self._header.count(name)) > 1:
            why = f"the header has {columns} columns {name!r}"
        elif self._other:
            why = f"it stands below {self._other!r}, which may be the header of another table"
        elif self._header[0] != name and _SUMMARY.fullmatch(first):
            why = f"the row is named {first!r}"
        return (
            [rejected(name, row[name], line, why)] if why else found_in(line, name, row[name], step, time, self._step)
        )

    def _shifted(self, cells: list[str]) -> str:
        """Return why a row's cells may stand under other names than their own, such as after ``0,5``; empty when they do not."""
        columns = len(self._header)
        short, long = len(cells) < columns, any(cells[columns:])
        return f"the row has {len(cells)} cells and the header {columns}" if short or long else ""


class YamlReader(Memory):
    """Reads ``name: value``, one a line; a nested key is ``outer/inner`` or ``outer.inner``.

    A step that is written before its metrics, on the same level, is theirs.
    """

    remembered = ("_outer", "_stated")

    def __init__(self, metrics: Sequence[str], step: str | None) -> None:
        self._metrics = frozenset(metrics)
        self._step = step
        self._outer: list[tuple[int, str]] = []
        self._stated: str | None = None

    def read(self, line: str, time: datetime | None) -> list[Found]:
        """Return what a line says."""
        found = _KEY.match(line)
        if not found:
            return []
        indent, key = len(found["indent"]), found["key"].strip("\"'")
        if "-" in found["indent"]:
            self._stated = None
        self._outer = [each for each in self._outer if each[0] < indent]
        value = (found["value"] or "").strip()
        if not value or value[0] in "|>":
            self._outer.append((indent, key))
            return []
        return self._value(line, key, value.strip("\"'"), time)

    def _value(self, line: str, key: str, value: str, time: datetime | None) -> list[Found]:
        if key == self._step:
            self._stated = value
            return []
        path = [*(name for _, name in self._outer), key]
        names = {key if len(path) == 1 else "", "/".join(path), ".".join(path)}
        return [
            each
            for name in names & self._metrics
            for each in found_in(line, name, value, self._stated, time, self._step)
        ]


def looks_like_yaml(lines: Iterable[str]) -> bool:
    """Say whether lines are those of a YAML document with keys, as far as they are known."""
    said = [line for line in lines if line.strip() and not line.lstrip().startswith(("#", "---"))]
    return bool(said) and all(map(_KEY.match, said))


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []
