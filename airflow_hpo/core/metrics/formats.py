"""The lines that frameworks print, read by the name of the framework."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from airflow_hpo.core.metrics.data_sets import DataSets
from airflow_hpo.core.metrics.memory import Memory
from airflow_hpo.core.metrics.numbers import ANY_NUMBER
from airflow_hpo.core.metrics.point import Found
from airflow_hpo.core.metrics.reader import beyond, found_in
from airflow_hpo.core.metrics.user_filters import MATCH_LIMIT
from airflow_hpo.core.names import LETTER, WORD

_SPREAD = r"(?:[ ]?(?:\+-|\+|±)[ ]?[0-9.eE+-]+)?"
"""The standard deviation after a cross validation's mean."""
_UP_TO_BLANK = rf"(?:(?P<value>{ANY_NUMBER}){_SPREAD}(?=\s|$)|(?P<text>\S+))"
_QUOTED = r"['\"](?P<{n}>[^'\"]+)['\"]\s*:\s*(?:np\.\w+\(|tensor\()?['\"]?(?P<{v}>[^'\",)}}\s]+)"
_POSTFIX = rf"(?<![{WORD}./@-])(?P<{{n}}>{LETTER}[{WORD}./@ -]{{{{0,99}}}}?)=(?P<{{v}}>[^\s\]=]+?)(?=,\s|\]|\s*$)"
_LABELLED = rf"(?<=\s)(?P<name>{LETTER}[{WORD}./@-]*): {_UP_TO_BLANK}"
_BAR = r"%\||\d(?:it|s|B|iB)?/(?:s|it)\b|\?(?:it|s)/"
"""What a progress bar of tqdm has in it."""
_ROW = r"^[│|┃\s]\s*(?P<{n}>[^\W\d][^│|┃]*?)(?:\s*[│|┃]\s*|\s{{2,}})(?P<{v}>[^│|┃\s]+)\s*[│|┃]?\s*$"


@dataclass(frozen=True, slots=True)
class Format:
    """How one framework writes its metrics."""

    pairs: tuple[re.Pattern[str], ...]
    """Each finds a ``name`` and a ``value`` (or the ``text`` that stands in its place)."""
    line: re.Pattern[str]
    """What a line with metrics has in it; its group ``step``, if any, is the line's step."""
    begins: re.Pattern[str] | None = None
    """What tells the ``step`` of the lines that follow."""
    partial: re.Pattern[str] | None = None
    """What the lines of an unfinished step have in them (``done`` out of ``all``): their values are not the step's."""
    bar: re.Pattern[str] | None = None
    """What a progress bar has in it, before which stands what progresses."""
    tail: re.Pattern[str] | None = None
    """What separates the data set from the metric in a name, so that ``rmse`` may stand for ``eval-rmse``."""


def _format(*pairs: str, line: str, begins: str = "", partial: str = "", bar: str = "", tail: str = "") -> Format:
    return Format(
        tuple(re.compile(pair) for pair in pairs),
        re.compile(line),
        re.compile(begins) if begins else None,
        re.compile(partial) if partial else None,
        re.compile(bar) if bar else None,
        re.compile(tail) if tail else None,
    )


FORMATS = {
    "keras": _format(
        rf"(?<=[-–] )(?P<name>[^\s:]+): {_UP_TO_BLANK}",
        line=r"^\s*\d+/(?:\d+|Unknown)\s",
        begins=r"^\s*Epoch (?P<step>\d+)/\d+",
        partial=r"^\s*(?P<done>\d+)/(?P<all>\d+)\s",
    ),
    "lightning": _format(
        _POSTFIX.format(n="name", v="value"),
        _ROW.format(n="name", v="value"),
        _QUOTED.format(n="name", v="value"),
        _LABELLED,
        line=rf"{_BAR}|[│┃]|^\s.*\S\s{{2,}}\S|^\[?\{{",
        begins=r"^\s*Epoch (?P<step>\d+)\b",
        bar=_BAR,
    ),
    "lightgbm": _format(
        rf"(?:\t|\]:?\s+)(?P<name>[^\t:]+): {_UP_TO_BLANK}",
        line=r"\[(?P<step>\d+)\]:?\s",
        tail=r"'s (?:(?:train|valid) )?",
    ),
    "xgboost": _format(rf"\s(?P<name>[^\s:]+):{_UP_TO_BLANK}", line=r"\[(?P<step>\d+)\]\s", tail=r"-"),
    "catboost": _format(
        rf"(?:\t|^\d+:\s+)(?P<name>\w[{WORD}:;=]*): {_UP_TO_BLANK}",
        rf"^(?P<name>best\w+) = {_UP_TO_BLANK}",
        line=r"^(?P<step>\d+):\s|^best\w+ = ",
    ),
    "huggingface": _format(_QUOTED.format(n="name", v="value"), line=r"\{\s*['\"]"),
    "tqdm": _format(
        _POSTFIX.format(n="name", v="value"), line=_BAR, begins=r"^\s*[Ee]poch:? ?(?P<step>\d+)\b", bar=_BAR
    ),
}
"""By the name that ``Stdout(format=...)`` takes; ``csv``, ``json``, ``text`` and ``yaml`` have readers of their own."""


class FrameworkReader(Memory):
    """Reads the lines of one framework.

    Names may be written with ``/``, ``-``, ``_`` or a blank where the framework has its own separator: ``valid_0/l2`` is
    LightGBM's ``valid_0's l2``. Where a line gives a metric for one data set only, the metric alone is enough.
    """

    remembered = ("_begun", "_data_sets")

    def __init__(self, format: Format, metrics: Sequence[str], step: str | None) -> None:
        self._format = format
        self._spelt = {_spelling(name): name for name in reversed(metrics)} | {name: name for name in metrics}
        self._step = step
        self._begun: str | None = None
        self._data_sets = DataSets()

    def read(self, line: str, time: datetime | None) -> list[Found]:
        """Return what a line says."""
        form, whole, line = self._format, line, line[:MATCH_LIMIT]
        if form.begins and (begun := form.begins.search(line)):
            self._begun = begun["step"]
        if not (kind := form.line.search(line)) or self._unfinished(line):
            return []
        pairs = self._pairs(line)
        declared = self._declared([name for name, _ in pairs])
        step = self._step_of(kind, pairs)
        found: list[Found] = []
        for name, text in pairs:
            if metric := declared.get(name):
                found += found_in(line, metric, text, step, time, self._step)
        if bar := form.bar and form.bar.search(line):
            found = self._data_sets.judged(found, line, bar.start() + 1)
        return found + beyond(whole, MATCH_LIMIT, set(self._spelt.values()))

    def _pairs(self, line: str) -> list[tuple[str, str]]:
        matches = [match for pattern in self._format.pairs for match in pattern.finditer(line)]
        matches.sort(key=lambda match: match.start())
        # What a nested dictionary holds has a longer name.
        flat = [each for each in matches if line.count("{", 0, each.start()) <= line.count("}", 0, each.start()) + 1]
        return [(match["name"].strip(), _value(match)) for match in flat]

    def data_sets(self, line: str) -> list[str]:
        """Return the names that a line has for a metric which it gives for one data set or several."""
        if not self._format.tail or not self._format.line.search(line):
            return []
        names = [name for name, _ in self._pairs(line[:MATCH_LIMIT])]
        return [name for name in names if self._format.tail.split(name)[-1] in self._spelt]

    def _declared(self, names: list[str]) -> dict[str, str]:
        """Return which declared metric each of a line's names is."""
        declared = {name: self._spelt.get(name) or self._spelt.get(_spelling(name)) for name in names}
        if self._format.tail and not any(declared.values()):
            ends = [self._format.tail.split(name)[-1] for name in names]
            declared = {
                name: self._spelt.get(end) if ends.count(end) == 1 else None
                for name, end in zip(names, ends, strict=True)
            }
        return {name: metric for name, metric in declared.items() if metric}

    def _step_of(self, kind: re.Match[str], pairs: list[tuple[str, str]]) -> str | None:
        if self._step is None:
            return None
        own = kind.groupdict().get("step") or self._begun
        return own or next((text for name, text in pairs if name == self._step), None)

    def _unfinished(self, line: str) -> bool:
        found = self._format.partial.search(line) if self._format.partial else None
        return found is not None and int(found["done"]) < int(found["all"])


def _value(match: re.Match[str]) -> str:
    groups = match.groupdict()
    return groups["value"] if groups["value"] is not None else groups.get("text") or ""


def _spelling(name: str) -> str:
    """Return a name without what separates its parts."""
    return re.sub(rf"(?:[^{WORD}]|_)+", "_", name.replace("'s ", " ")).strip("_")
