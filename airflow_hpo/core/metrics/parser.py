"""Parser of a line into the metrics that it gives."""

import re
from collections.abc import Sequence
from datetime import datetime

from airflow_hpo.core.metrics.filter_reader import TextReader
from airflow_hpo.core.metrics.formats import FORMATS, FrameworkReader
from airflow_hpo.core.metrics.full_width import narrow_values
from airflow_hpo.core.metrics.json_reader import JsonReader
from airflow_hpo.core.metrics.memory import Memory
from airflow_hpo.core.metrics.point import Found, MetricPoint, rejected
from airflow_hpo.core.metrics.reader import Reader
from airflow_hpo.core.metrics.source import MetricSource
from airflow_hpo.core.metrics.table_readers import CsvReader, YamlReader
from airflow_hpo.core.metrics.user_filters import line_filters
from airflow_hpo.core.metrics.values import split_time
from airflow_hpo.core.metrics.visible import visible
from airflow_hpo.core.names import one_spelling

_GOES_ON = re.compile(r"(?:\.[0-9]|[eE][+-][0-9]{1,3}\b)")
_NUMBER_ALONE = re.compile(r"\s*[+−-]?\.?[0-9]\S*\s*")


class Parser(Memory):
    """Read one line at a time, in the order of the stream."""

    remembered = ("_reader",)

    def __init__(self, source: MetricSource, metrics: Sequence[str]) -> None:
        self._timestamps = source.timestamps
        self._narrow = one_spelling if source.filter else narrow_values
        self._reader = reader_of(source, metrics)
        self._last: tuple[str, Found | None] = ("", None)

    def parse(self, line: str, time: datetime | None = None) -> list[Found]:
        """Return the points and rejections in the order in which they stand."""
        found: list[Found] = []
        for text in visible(line):
            if self._timestamps:
                own, text = split_time(text)
                time = own or time
            text = self._narrow(text)
            found += self._broken(text)
            read = self._reader.read(text, time)
            self._last = (text.rstrip(), read[-1] if read else None)
            found += read
        return found

    def _broken(self, line: str) -> list[Found]:
        """Doubt what the line before ended with when this one begins with the rest of a number, or is the number."""
        before, last = self._last
        if last is None:
            return []
        if isinstance(last, MetricPoint):
            broken = before[-1:].isdigit() and _GOES_ON.match(line)
        else:
            broken = not last.text.strip("+−-") and before[-1:] in "=:+−-" and _NUMBER_ALONE.fullmatch(line)
        return [rejected(last.name, "", before, f"the next line goes on with {line.strip()!r}")] if broken else []


def reader_of(source: MetricSource, metrics: Sequence[str]) -> Reader:
    """Return the reader of a source's format."""
    if source.format in FORMATS:
        return FrameworkReader(FORMATS[source.format], metrics, source.step)
    if source.format == "json":
        return JsonReader(metrics, source.step)
    if source.format == "csv":
        return CsvReader(metrics, source.step)
    if source.format == "yaml":
        return YamlReader(metrics, source.step)
    named = [*metrics, *([source.step] if source.step else [])]
    return TextReader(metrics, source.step, line_filters(source.filter, named) if source.filter else None)
