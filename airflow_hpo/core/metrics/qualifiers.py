"""Words before a metric's name that make it another: ``val loss`` and ``best loss`` are not ``loss``."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from airflow_hpo.core.metrics.match import SHOWN, Match

KINDS = "best|lowest|highest|min(?:imum)?|max(?:imum)?|avg|average|mean|median|std|stddev|total|sum|prev(?:ious)?|old|initial|smoothed|running"
QUALIFIER = re.compile(
    r"(?<![^\s,;|(\[{-])(?:(?P<data>(?i:train(?:ing)?|val(?:id(?:ation)?)?|dev|eval(?:uation)?|test|holdout))[ \t]+|"
    rf"(?P<kind>(?i:{KINDS}))(?:[\])]?[ ]?[:|])?[ \t]+)\Z"
)


class Qualifiers:
    """Tells the values of one kind from those of others, by the word before each name."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, bool]] = {}
        self._trained: set[str] = set()

    def judged(self, line: str, found: Sequence[tuple[Match, int]]) -> Iterator[Match]:
        """Yield what stands in a line, each with the place where its name begins, with doubts."""
        qualified = [(match, qualifier_before(line, start)) for match, start in found]
        plain = {match.name for match, before in qualified if not before}
        for match, before in qualified:
            # loss=0.5 (best loss=0.4): the longer name is another metric's, as best_loss is
            if not (before and before["kind"] and match.name in plain):
                yield from self._of_one_kind(match, before)

    def _of_one_kind(self, found: Match, before: re.Match[str] | None) -> list[Match]:
        """Doubt ``val loss=0.9`` where ``loss`` or ``train loss`` came before, and ``loss`` after ``val loss`` alone.

        After ``train loss`` the name alone is the metric; a best value or a mean of both is none, so one doubt stands there.
        """
        if found.value is None:
            return [found]
        qualifier = (before["data"] or before["kind"]) if before else ""
        described = before is not None and before["kind"] is not None
        if qualifier.lower().startswith("train"):
            self._trained.add(found.name)
        known, described = self._known.setdefault(found.name, (qualifier.lower(), described))
        if known == qualifier.lower():
            return [found]
        if not before and (described or found.name in self._trained):
            self._known[found.name] = ("", False)
            mixed = replace(found, value=None, why=f"other values belong to '{known} {found.name}'")
            return [found] if described else [mixed, found]
        name = f"{qualifier} {found.name}".strip()
        return [replace(found, value=None, guess=found.value, why=f"it belongs to {name!r}, and other values did not")]


def qualifier_before(line: str, start: int) -> re.Match[str] | None:
    """Return the word before a name, if it is one that makes the name another."""
    return QUALIFIER.search(line, max(0, start - SHOWN), start)
