"""Data sets that a line names before its values, such as ``Val: loss=0.5`` or tqdm's ``train: 100%|...``."""

import re
from collections.abc import Iterable

from airflow_hpo.core.metrics.memory import Memory
from airflow_hpo.core.metrics.point import Found, MetricPoint, rejected

TRAINING, EVALUATION, UNNAMED = "training", "evaluation", "unnamed"
_BOTH = f"it is given for {TRAINING} and for {EVALUATION}"
_ONE = f"it is given for {EVALUATION} and without the name of a data set"
LOOK_BACK = 128
_NAMED = re.compile(
    r"(?<![\w./@=-])(?P<word>(?i:(?P<training>train(?:ing)?)|val(?:id(?:ation)?)?|dev|eval(?:uation)?|test(?:ing)?))"
    r"(?:[ ](?i:epoch|step|set|metrics))?(?:[ ]?\d[\d/]*)?[\])]?[ ]?[:|\])]"
)


def named_before(line: str, end: int) -> re.Match[str] | None:
    """Return the last data set that is named before a place in a line."""
    return next(reversed(list(_NAMED.finditer(line, max(0, end - LOOK_BACK), end))), None)


def data_set_of(line: str, end: int | None = None) -> str | None:
    """Return whether the last data set before a place in a line, or in all of it, is for training or for evaluation."""
    found = named_before(line, len(line) if end is None else end)
    return _kind(found) if found else None


class DataSets(Memory):
    """Tells values of the training from those of the evaluation, when a program gives both under one name.

    What comes after an evaluation and is the training's is doubted: the evaluation is what is meant. A best value or a mean of
    both is none at all, so one doubt stands where the second kind begins.
    """

    remembered = ("_seen",)

    def __init__(self) -> None:
        self._seen: dict[str, list[str]] = {}

    def judged(self, found: Iterable[Found], line: str, end: int) -> list[Found]:
        """Return what a line says before a place in it, with what is doubtful."""
        named = named_before(line, end)
        kind = _kind(named) if named else UNNAMED
        return [each for one in found for each in self._judged(one, kind, line)]

    def _judged(self, found: Found, kind: str, line: str) -> list[Found]:
        if not isinstance(found, MetricPoint):
            return [found]
        seen = self._seen.setdefault(found.name, [])
        if kind is TRAINING and EVALUATION in seen:
            return [rejected(found.name, found.value, line, _BOTH, found.value)]
        if begins := kind not in seen:
            seen.append(kind)
        if not begins or EVALUATION not in seen or len(seen) == 1:
            return [found]
        return [rejected(found.name, found.value, line, _BOTH if TRAINING in seen else _ONE), found]


def _kind(named: re.Match[str]) -> str:
    return TRAINING if named["training"] else EVALUATION
