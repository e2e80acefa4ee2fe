"""Parser of a line into the metrics that it gives."""

from collections.abc import Sequence
from datetime import datetime

from airflow_hpo.core.metrics.filter_reader import TextReader
from airflow_hpo.core.metrics.formats import FORMATS, FrameworkReader
from airflow_hpo.core.metrics.json_reader import JsonReader
from airflow_hpo.core.metrics.point import Found
from airflow_hpo.core.metrics.reader import Reader
from airflow_hpo.core.metrics.source import MetricSource
from airflow_hpo.core.metrics.table_readers import CsvReader, YamlReader
from airflow_hpo.core.metrics.user_filters import line_filters
from airflow_hpo.core.metrics.values import split_time
from airflow_hpo.core.metrics.visible import visible


class Parser:
    """Read one line at a time, in the order of the stream."""

    def __init__(self, source: MetricSource, metrics: Sequence[str]) -> None:
        self._timestamps = source.timestamps
        self._reader = reader_of(source, metrics)

    def parse(self, line: str, time: datetime | None = None) -> list[Found]:
        """Return the points and rejections in the order in which they stand."""
        found: list[Found] = []
        for text in visible(line):
            if self._timestamps:
                own, text = split_time(text)
                time = own or time
            found += self._reader.read(text, time)
        return found


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
