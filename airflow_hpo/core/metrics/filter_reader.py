"""Lines of text, read by regular expressions."""

from collections.abc import Sequence
from datetime import datetime

from airflow_hpo.core.metrics.data_sets import DataSets
from airflow_hpo.core.metrics.default_filter import DEFAULT_MATCH_LIMIT, NameValueFilter
from airflow_hpo.core.metrics.match import Match
from airflow_hpo.core.metrics.memory import Memory
from airflow_hpo.core.metrics.point import Found, TwoReadings, rejected
from airflow_hpo.core.metrics.reader import beyond, point_at
from airflow_hpo.core.metrics.recognition import given_otherwise
from airflow_hpo.core.metrics.user_filters import MATCH_LIMIT, LineFilter


class TextReader(Memory):
    """Reads text by the default filter or the user's own."""

    remembered = ("_filters", "_data_sets")

    def __init__(self, metrics: Sequence[str], step: str | None, own: Sequence[LineFilter] | None) -> None:
        self._metrics = frozenset(metrics)
        self._step = step
        named = [*metrics, *([step] if step else [])]
        self._filters: list[LineFilter | NameValueFilter] = [*own] if own else [NameValueFilter(named)]
        self._limit = MATCH_LIMIT if own else DEFAULT_MATCH_LIMIT
        self._default = not own
        self._data_sets = DataSets()
        self._by_name = all(each.metric is None for each in own or [])

    def read(self, line: str, time: datetime | None) -> list[Found]:
        """Return what a line says."""
        if self._by_name and not any(name in line for name in self._metrics):
            return []
        matches = self._matches(line[: self._limit])
        common = next((match.text for match in matches if match.name == self._step), None)
        found: list[Found] = []
        for match in matches:
            if match.name in self._metrics:
                said = self._found(line, match, common if match.step is None else match.step, time)
                found += self._data_sets.judged(said, line, match.span[0]) if self._default else said
        if self._default:
            lost = self._metrics.difference(match.name for match in matches)
            found += given_otherwise(line, [name for name in lost if name in line])
        return found + beyond(line, self._limit, self._metrics)

    def _matches(self, line: str) -> list[Match]:
        if len(self._filters) == 1:
            return list(self._filters[0].matches(line))
        unique: dict[tuple[str, tuple[int, int]], Match] = {}
        for each in self._filters:
            for match in each.matches(line):
                key = (match.name, match.span)
                if key not in unique or unique[key].value is None:
                    unique[key] = match
        return _without_halves(sorted(unique.values(), key=lambda match: match.span))

    def _found(self, line: str, match: Match, step: str | None, time: datetime | None) -> list[Found]:
        if match.value is None:
            return [rejected(match.name, match.text, line, match.why, match.guess)]
        found = point_at(line, match.name, match.value, step, time, self._step)
        return [TwoReadings(match.name, match.longer, line), *found] if match.longer else found


def _without_halves(matches: list[Match]) -> list[Match]:
    """Drop what one filter has doubts about where another one reads the whole number."""
    whole = [(match.name, *match.span) for match in matches if match.value is not None]
    return [
        match
        for match in matches
        if match.value is not None
        or not any(name == match.name and start <= match.span[0] and match.span[1] <= end for name, start, end in whole)
    ]
