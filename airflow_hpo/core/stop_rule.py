"""Stop rule of an author: what it gets, and what its answer means."""

import re
from dataclasses import dataclass
from typing import Any

from airflow_hpo.core.declared import brief_repr

RULE_NAME = re.compile(r"[^\W\d][\w.]*:[^\W\d][\w.]*")
EXAMPLE = "rules:flat"


@dataclass(frozen=True, slots=True)
class StudyProgress:
    """How a study stands, as its stop rule gets it (``Study(stop_when="rules:flat")``).

    Trials that were replaced or taken back do not count, and of those that were taken over from earlier editions only the best does.

    Example::

        def flat(progress):
            done = progress.values
            if len(done) >= 20 and min(done[-10:]) >= min(done[:-10]):
                return "The last ten trials brought nothing."

    :param study: the study's name.
    :param wanted: how many trials the study wants.
    :param complete: how many trials are complete; the same for the three that follow.
    :param pruned: how many were pruned.
    :param failed: how many failed for good.
    :param running: how many run, or have been suggested.
    :param best: the best value, also one that ``WarmStart(mode="values")`` took over; None before any trial is complete and feasible.
    :param values: values of the complete trials of this edition, in the order in which they ended.
    :param seconds: time since the study was started, or started again after its end.
    """

    study: str
    wanted: int
    complete: int
    pruned: int
    failed: int
    running: int
    best: float | None
    values: tuple[float, ...]
    seconds: float


def checked_rule(path: Any) -> str:
    """Return the path of a rule, or say what is wrong with it."""
    if isinstance(path, str) and RULE_NAME.fullmatch(path):
        return path
    module, name = getattr(path, "__module__", None), getattr(path, "__qualname__", None)
    meant = f"{module}:{name}" if callable(path) and module and name else EXAMPLE
    raise ValueError(
        f"`stop_when` names a function that tasks import, as 'module:function', but got {brief_repr(path)}. "
        f"Write stop_when={meant!r}."
    )


def reason_of(rule: str, answer: Any) -> str | None:
    """Return why a rule ends its study; None when it does not.

    :raises ValueError: when the answer is none.
    """
    if isinstance(answer, str) and answer.strip():
        return f"{answer.strip().rstrip('.')} (stop rule {rule})."
    # Libraries have booleans of their own.
    if answer is None or type(answer).__name__.startswith("bool"):
        return f"Its stop rule {rule} says so." if answer else None
    raise ValueError(f"It answers True, False or a sentence, but returned {brief_repr(answer)}.")
