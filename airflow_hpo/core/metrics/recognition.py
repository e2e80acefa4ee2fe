"""Recognition of the format that gives a metric in a line, for lines that are read in another way."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from airflow_hpo.core.metrics.formats import FORMATS, FrameworkReader
from airflow_hpo.core.metrics.json_reader import JsonReader
from airflow_hpo.core.metrics.numbers import NUMBER, TURNS, WHOLE_NUMBER, as_number
from airflow_hpo.core.metrics.point import Found, MetricPoint, Rejected, rejected
from airflow_hpo.core.metrics.reader import Reader
from airflow_hpo.core.metrics.table_readers import CsvReader, YamlReader, looks_like_yaml
from airflow_hpo.core.metrics.user_filters import MATCH_LIMIT
from airflow_hpo.core.names import WORD

TRIED = ("json", "keras", "lightgbm", "xgboost", "catboost", "huggingface", "tqdm", "lightning")
"""Formats, those with lines that look like no other's first."""
BARS = ("tqdm", "lightning")
"""Formats with progress bars, which may be those of several data sets."""
_DISTINCT = tuple(name for name in TRIED if name not in BARS)
_DRAWN = re.compile(r"[│┃]|it/s\b")
"""What Lightning's tables and bars have in them; of its other rows any program has some."""
_SAYS = rf"(?:[:：]|->|→|\bis\b)\s*(?:{NUMBER}(?:{TURNS}))?"
_BECAME = r"(?<=[\s'\"])(?:[a-z]+\s+){0,2}(?:reached|\(?(?:from\s+)?(?:\S+\s+)?(?:to|-{1,2}>|→))(?=\s)"
"""What stands between a metric and its value in text, and what says that it became that value."""


def format_of(metric: str, line: str, tried: Iterable[str] = TRIED) -> tuple[str, float] | None:
    """Return the format that reads whole numbers for a metric in a line, and the last of them; None when none does."""
    for name in tried:
        found: list[Found] = _reader(name, metric).read(line, None)
        if points := [each for each in found if isinstance(each, MetricPoint)]:
            return (name, points[-1].value) if len(points) == len(found) else None
    return None


def table_of(metric: str, lines: Sequence[str]) -> tuple[str, str] | None:
    """Return the format that reads a metric in the rows of a table or a document, with the newest such line."""
    readers: list[tuple[str, Reader]] = [("csv", CsvReader([metric], None))]
    if looks_like_yaml(lines):
        readers.append(("yaml", YamlReader([metric], None)))
    for name, reader in readers:
        read = [line for line in lines if any(isinstance(each, MetricPoint) for each in reader.read(line, None))]
        if read:
            return name, read[-1]
    return None


def data_sets_of(metric: str, line: str) -> tuple[str, list[str]] | None:
    """Return the format of a line that gives a metric for several data sets, with its names there; None for other lines."""
    for name, form in FORMATS.items():
        if form.tail and len(names := FrameworkReader(form, [metric], None).data_sets(line)) > 1:
            return name, names
    return None


def given_otherwise(line: str, metrics: Iterable[str]) -> list[Rejected]:
    """Return what a line gives for metrics in the format of a framework; each is a value that the default filter lost."""
    found = []
    tried = (*_DISTINCT, "lightning") if _DRAWN.search(line) else _DISTINCT
    for metric in metrics if len(line) <= MATCH_LIMIT else ():
        if recognised := format_of(metric, line, tried) or _line_of_yaml(metric, line) or _labelled(metric, line):
            found.append(rejected(metric, recognised[1], line, guess=recognised[1], format=recognised[0]))
    return found


def _line_of_yaml(metric: str, line: str) -> tuple[str, float] | None:
    found = YamlReader([metric], None).read(line, None)
    return ("yaml", found[0].value) if found and isinstance(found[0], MetricPoint) else None


def _labelled(metric: str, line: str) -> tuple[str, float] | None:
    """Return what text gives for a metric without ``=``, such as ``final loss: 0.5``; ``KL loss: 0.5`` is another metric's."""
    found = [value for match in label(metric).finditer(line) if (value := as_number(match["value"])) is not None]
    return ("text", found[-1]) if found else None


@lru_cache(maxsize=64)
def label(metric: str) -> re.Pattern[str]:
    """Return the expression that finds a ``name`` and its ``value`` in text, the last one where it says what it became."""
    before = r"(?:^|[\[({|,;:>]|\s[-–—]|\b(?i:final|last|overall|info|debug))\s*"
    name = rf"['\"]?(?<![{WORD}./@-])(?P<name>{re.escape(metric)})['\"]?"
    return re.compile(rf"{before}{name}\s*(?:{_SAYS}|{_BECAME})\s*(?P<value>{WHOLE_NUMBER})")


def _reader(name: str, metric: str) -> Reader:
    """Return a reader that has seen nothing: what another line or trial said must not matter."""
    return JsonReader([metric], None) if name == "json" else FrameworkReader(FORMATS[name], [metric], None)
