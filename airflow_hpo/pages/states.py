"""States and origins of trials as pages name them."""

from collections.abc import Iterable, Mapping

from airflow_hpo.core.act import Act, ActKind
from airflow_hpo.core.trial import Origin, TrialState
from airflow_hpo.pages.models.trials import Comes, State

STATES: Mapping[TrialState, State] = {
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}
_NAMES: dict[Origin, Comes] = {
    Origin.CHAMPION: "champion",
    Origin.START_POINT: "start_point",
    Origin.WARM_START: "warm_start",
    Origin.RERUN: "rerun",
}


def added_by_hand(acts: Iterable[Act]) -> set[int]:
    """Return the numbers of the points that people added while the study ran."""
    return {act.number for act in acts if act.act is ActKind.ADD and act.number is not None}


def comes_from(
    number: int, origin: Origin, source: str | None, replaces: int | None, by_hand: set[int]
) -> Comes | None:
    """Return where a trial comes from; None for the sampler's own.

    A point that a person has added waits as a trial of its own, and the trial that runs it replaces that one.
    """
    if by_hand and not by_hand.isdisjoint((number, replaces)):
        return "by_hand"
    return "known" if source else _NAMES.get(origin)
