"""Files that loggers write: CSV with a header, and YAML with a key a line."""

import csv
import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from airflow_hpo.core.metrics.numbers import doubt_about
from airflow_hpo.core.metrics.point import Found, rejected
from airflow_hpo.core.metrics.reader import found_in

_DELIMITERS = ",;\t"
_KEY = re.compile(
    r"(?P<indent>\s*(?:-\s+)?)(?P<key>[\"']?[A-Za-z_][^:#]*?[\"']?):(?:\s+(?P<value>[^#]*?))?\s*(?:#.*)?$"
)


class CsvReader:
    """Reads rows below a header; an empty cell says nothing, and a header that comes again begins a new table."""

    def __init__(self, metrics: Sequence[str], step: str | None) -> None:
        self._metrics = metrics
        self._step = step
        self._header: list[str] = []
        self._delimiter = ","

    def read(self, line: str, time: datetime | None) -> list[Found]:
        """Return what a row says."""
        for delimiter in _DELIMITERS:
            cells = _cells(line, delimiter)
            if any(name in cells for name in self._metrics):
                self._header, self._delimiter = cells, delimiter
                return []
        if not self._header:
            return []
        cells = _cells(line, self._delimiter)
        row = dict(zip(self._header, cells))
        given = [name for name in self._metrics if row.get(name)]
        if why := self._shifted(cells):
            return [rejected(name, row[name], line, why if doubt_about(row[name]) else "") for name in given]
        step = row.get(self._step or "") or None
        return [found for name in given for found in found_in(line, name, row[name], step, time, self._step)]

    def _shifted(self, cells: list[str]) -> str:
        """Return why a row's cells may stand under other names than their own, such as after ``0,5``; empty when they do not."""
        columns = len(self._header)
        short, long = len(cells) < columns, any(cells[columns:])
        return f"the row has {len(cells)} cells and the header {columns}" if short or long else ""


class YamlReader:
    """Reads ``name: value``, one a line; a nested key is ``outer/inner`` or ``outer.inner``.

    A step that is written before its metrics, on the same level, is theirs.
    """

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
