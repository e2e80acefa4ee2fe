"""Hints at what would read a line: the names that stand in it, and the argument of the source that reads a metric there."""

import re
from collections.abc import Iterable, Sequence

from airflow_hpo.core.declared import nearest
from airflow_hpo.core.metrics.formats import FORMATS, FrameworkReader
from airflow_hpo.core.metrics.json_reader import JsonReader, json_objects, leaves
from airflow_hpo.core.metrics.numbers import NUMBER
from airflow_hpo.core.metrics.point import Found, MetricPoint
from airflow_hpo.core.metrics.reader import Reader
from airflow_hpo.core.metrics.user_filters import LineFilter
from airflow_hpo.core.metrics.visible import visible

SHOWN_NAMES = 12
FIRST_TRIED = ("keras", "lightgbm", "xgboost", "catboost", "huggingface", "tqdm", "lightning")
"""Formats, those with lines that look like no other's first."""
_NAMED = re.compile(rf"(?P<name>[A-Za-z_][\w./@-]*)['\"]?\s*[=:]\s*['\"]?{NUMBER}(?!\w)")
_GAP = re.compile(
    r"(?P<gap>['\"\]]?\s*(?:[=:]|\bis\b|->|\s)\s*(?:[A-Za-z_][\w.]*\(|['\"\[(])?)(?P<value>[^\s,;)\]}'\"|]+)"
)
_STARTS = r"(?:^|[\s,;:{\[(|'\"])"


def names_in(lines: Iterable[str]) -> list[str]:
    """Return the names that numbers were given for, in the order in which they came."""
    names: dict[str, None] = {}
    for line in lines:
        for text in visible(line):
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


def remedy(metric: str, lines: Sequence[str], declared: str) -> str:
    """Return a sentence with the declaration that reads a metric in one of the lines; the newest is tried first."""
    for line in reversed(lines):
        for text in reversed(visible(line)):
            if metric.split("/")[-1] in text and (argument := argument_for(metric, text)):
                return f" {declared}{argument}) reads the line {text.strip()[:120]!r}."
    report = f"{metric}=..." if metric.isidentifier() else f"**{{{metric!r}: ...}}"
    return f" Print it such as by airflow_hpo.reporting.report({report})."


def argument_for(metric: str, line: str) -> str | None:
    """Return the argument of a source that reads the metric in the line as one whole number; None when none does."""
    if _reads(JsonReader([metric], None), line):
        return "format='json'"
    for name in FIRST_TRIED:
        if _reads(FrameworkReader(FORMATS[name], [metric], None), line):
            return f"format={name!r}"
    for match in re.finditer(rf"(?<![\w./@-]){re.escape(metric)}(?![\w/@-])", line):
        gap = _GAP.match(line, match.end())
        if gap is None:
            continue
        between = re.sub(r"(?:\\?\s)+", r"\\s*", re.escape(gap["gap"]))
        text = f"{_STARTS}{re.escape(metric)}{between}([^\\s,;)\\]}}'\"|]+)"
        for wanted in (text, text.replace("[^\\s,;)", "[^\\s;)")):
            found = list(LineFilter(wanted, metric).matches(line))
            if found and all(each.value is not None and not each.longer for each in found):
                return f"filter={{{metric!r}: r{_quoted(wanted)}}}"
    return None


def _quoted(expression: str) -> str:
    """Return an expression as it is written after an ``r``."""
    return f'"""{expression}"""' if '"' in expression else f'"{expression}"'


def _reads(reader: Reader, line: str) -> bool:
    found: list[Found] = reader.read(line, None)
    return bool(found) and all(isinstance(each, MetricPoint) for each in found)


def _is_number(value: object) -> bool:
    return isinstance(value, float) or (isinstance(value, str) and re.fullmatch(NUMBER, value) is not None)
