"""Words before a metric's name that make it another: ``val loss`` and ``best loss`` are not ``loss``."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from airflow_hpo.core.metrics.match import SHOWN, Match
from airflow_hpo.core.metrics.memory import Memory
from airflow_hpo.core.metrics.units import Units

KINDS = "best|lowest|highest|min(?:imum)?|max(?:imum)?|avg|average|mean|median|std|stddev|total|sum|prev(?:ious)?|old|initial|smoothed|running"
QUALIFIER = re.compile(
    r"(?<![^\s,;|(\[{-])(?:(?P<data>(?i:train(?:ing)?|val(?:id(?:ation)?)?|dev|eval(?:uation)?|test|holdout))[ \t]+|"
    rf"(?P<kind>(?i:{KINDS}))(?:[\])]?[ ]?[:|])?[ \t]+)\Z"
)
# ``kl loss=``, ``worst loss=`` and ``config(lr=0.1, loss=``; a word after a number is its unit: ``took 3 s loss=0.4``
WORD = re.compile(r"(?<![^\s,;|(\[{-])(?<!\d[ \t])([^\W\d]\w*\.?)[ \t]+\Z")
CALL = re.compile(r"([^\W\d][\w.]*)\([^()]*\Z")
# ``2 * loss=`` and ``kl + loss=`` are computed from it; ``* loss=`` begins a line of a list
OPERATORS = ("√", "∇", "∂", "*", "×", "+")
OPERATION = re.compile(r"(?P<term>[√∇∂]|(?:[^\W_][\w.]*|\))\s?[*×+]\s?)\Z")
# Words that say when or by whom a metric is told, not which one it is.
TELLING = re.compile(
    r"(?i:trace|debug|info|notice|warn(?:ing)?|error|critical|fatal|note|stdout|stderr|print|"
    r"an?|the|its|this|with|and|at|is|has|got|gives|gave|report(?:s|ed|ing)|results?|metrics?|"
    r"final(?:ly)?|last|latest|current(?:ly)?|now|new|end(?:ed)?|finish(?:ed)?|done|completed?|ready|ok)\.?"
)


@dataclass(frozen=True)
class Qualifier:
    """What stands before a metric's name and makes it another."""

    word: str
    data: bool = False
    """It names a data set: of training, of validation or of a test."""
    call: bool = False

    def of(self, name: str) -> str:
        """Return the longer name."""
        return f"{self.word}({name}" if self.call else f"{self.word} {name}"

    @property
    def pattern(self) -> str | None:
        """What a filter begins with that reads no other name; None when nothing short does."""
        return None if self.call or self.word.endswith(OPERATORS) else rf"\b{re.escape(self.word)}[\])]?\s?[:|]?\s+"


class Qualifiers(Memory):
    """Tells the values of one kind from those of others, by the word before each name."""

    remembered = ("_trained", "_units")

    def __init__(self) -> None:
        self._known: dict[str, Qualifier | None] = {}
        self._trained: set[str] = set()
        self._units = Units()

    def kept(self) -> dict[str, Any]:
        """Return what is remembered as plain data."""
        return {**super().kept(), "known": {name: one and asdict(one) for name, one in self._known.items()}}

    def resume(self, data: Mapping[str, Any]) -> None:
        """Go on from what :meth:`kept` returned."""
        super().resume(data)
        self._known = {name: one and Qualifier(**one) for name, one in data.get("known", {}).items()}

    def judged(self, line: str, found: Sequence[tuple[Match, int]]) -> Iterator[Match]:
        """Yield what stands in a line, each with the place where its name begins, with doubts."""
        qualified = [(self._units.judged(line, match), qualifier_before(line, start)) for match, start in found]
        plain = {match.name for match, before in qualified if not before}
        for match, before in qualified:
            # loss=0.5 (best loss=0.4): the longer name is another metric's, as best_loss is
            if not (before and not before.data and match.name in plain):
                yield from self._of_one_kind(match, before)

    def _of_one_kind(self, found: Match, before: Qualifier | None) -> list[Match]:
        """Doubt ``val loss=0.9`` where ``loss`` or ``train loss`` came before, and ``loss`` after ``val loss`` alone.

        After ``train loss`` the name alone is the metric; a best value or a mean of both is none, so one doubt stands there.
        """
        name = found.name
        if found.value is None:
            return [found]
        if before and before.data and before.word.lower().startswith("train"):
            self._trained.add(name)
        known = self._known.setdefault(name, before)
        if (known and known.of(name).lower()) == (before and before.of(name).lower()):
            return [found]
        if before is None and known and (not known.data or name in self._trained):
            self._known[name] = None
            mixed = replace(found, value=None, why=f"other values belong to {known.of(name)!r}")
            return [mixed, found] if known.data else [found]
        longer = before.of(name) if before else name
        return [
            replace(found, value=None, guess=found.value, why=f"it belongs to {longer!r}, and other values did not")
        ]


def qualifier_before(line: str, start: int) -> Qualifier | None:
    """Return the word before a name, if it is one that makes the name another."""
    begin = max(0, start - SHOWN)
    if listed := QUALIFIER.search(line, begin, start):
        return Qualifier(listed["data"] or listed["kind"], data=listed["data"] is not None)
    # most names stand after a separator and in no parenthesis: these searches cost more than the look before them
    if line[begin:start].rstrip().endswith(OPERATORS) and (operation := OPERATION.search(line, begin, start)):
        return Qualifier(re.sub(r"\s?([*×+])\s?", r" \1", operation["term"]))
    if line[start - 1 : start] in (" ", "\t") and (word := WORD.search(line, begin, start)):
        return None if TELLING.fullmatch(word[1]) else Qualifier(word[1])
    call = CALL.search(line, begin, start) if line.find("(", begin, start) >= 0 else None
    return Qualifier(call[1], call=True) if call else None
