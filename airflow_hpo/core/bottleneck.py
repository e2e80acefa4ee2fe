"""Places in which a study's time goes and that more slots would not make faster, in sentences for people."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from airflow_hpo.core.phases import Phase
from airflow_hpo.core.progress import brief_time
from airflow_hpo.core.timed import NODES, Growth, Timed, growth_of, node_limit, overlaps

WORTH_NAMING = 0.2
"""Share of all attempts' time from which on a wait is named."""
WORTH_SECONDS = 60.0
"""Seconds, of all attempts, from which on it is."""
WAITED = 0.1
"""Share of its own time from which on an attempt counts among those that waited."""
MARKED = 1.5
"""How many times as long something must take with many at once as with few to be named."""

MORE_SLOTS = "More slots do not make that faster."


@dataclass(frozen=True, slots=True)
class Wait:
    """A phase in which attempts waited."""

    phase: Phase
    waited: int
    of: int
    seconds: float
    share: float
    """Of the time of all attempts."""


def waits_of(attempts: Sequence[Timed]) -> list[Wait]:
    """Return the waits that are worth naming, the longest first."""
    whole = sum(sum(one.seconds.values()) for one in attempts)
    found = []
    for phase in _WORDS:
        known = [one for one in attempts if phase in one.seconds]
        seconds = sum(one.seconds[phase] for one in known)
        if seconds >= WORTH_SECONDS and seconds >= WORTH_NAMING * whole:
            waited = sum(one.seconds[phase] >= WAITED * sum(one.seconds.values()) for one in known)
            found.append(Wait(phase, waited, len(known), seconds, seconds / whole))
    return sorted(found, key=lambda wait: -wait.seconds)


def sentences(attempts: Sequence[Timed], slots: int) -> list[str]:
    """Return what takes a study's time and would not be faster with more slots, the longest wait first; empty where nothing does."""
    waits = waits_of(attempts)
    said = [_wait_sentence(wait) for wait in waits]
    if any(wait.phase in NODES for wait in waits) and (limit := node_limit(attempts)):
        said.append(f"No more than {limit.most} of {slots} had a node at once.")
    return _told_once([*said, *_growths(attempts, slots)])


def _told_once(said: Sequence[str]) -> list[str]:
    """Return the sentences with what holds for all of them in the first one only."""
    first = next((line for line in said if MORE_SLOTS in line), None)
    return [line if line is first else line.replace(f" {MORE_SLOTS}", "") for line in said]


def _wait_sentence(wait: Wait) -> str:
    what, remedy = _WORDS[wait.phase]
    took = brief_time(timedelta(seconds=wait.seconds))
    return (
        f"{wait.waited} of {wait.of} {what}, {took} in all ({wait.share:.0%} of the time of all attempts). "
        f"{MORE_SLOTS} {remedy}"
    )


def _growths(attempts: Sequence[Timed], slots: int) -> Iterator[str]:
    """Yield what the programs do that takes longer the more of them run, and where they are for a good part of their time."""
    ran = [one for one in attempts if one.seconds.get(Phase.RUNNING)]
    whole = sum(one.seconds[Phase.RUNNING] for one in ran)
    if whole < WORTH_SECONDS:
        return
    numbers = overlaps(ran)
    if grows := _marked(growth_of(numbers, [one.seconds[Phase.RUNNING] for one in ran])):
        yield f"The programs took {_compared(grows)}: they share something. {MORE_SLOTS}"
    for name in _names(ran):
        share = sum(one.spans.get(name, 0.0) for one in ran) / whole
        if share < WORTH_NAMING:
            return
        known = [(number, one.spans[name]) for number, one in zip(numbers, ran, strict=True) if name in one.spans]
        grows = _marked(growth_of([number for number, _ in known], [seconds for _, seconds in known]))
        # Spans inside one another, or of several threads, may add up to more than the program's own time.
        held = min(round(share * slots), slots)
        yield (
            f"{held} of {slots} slots waited for {name!r} on average: it took {_compared(grows)}. {MORE_SLOTS}"
            if grows
            else f"The programs spent {share:.0%} of their time in {name!r}."
        )


def _names(attempts: Iterable[Timed]) -> list[str]:
    """Return the programs' own places, the longest first."""
    total: dict[str, float] = {}
    for one in attempts:
        for name, seconds in one.spans.items():
            total[name] = total.get(name, 0.0) + seconds
    return sorted(total, key=lambda name: -total[name])


def _marked(growth: Growth | None) -> Growth | None:
    return growth if growth and growth.at(growth.most) >= MARKED * growth.at(growth.fewest) else None


def both_ends(growth: Growth) -> list[str]:
    """Return how long something takes with the fewest at once and with the most."""
    return [f"{growth.at(number):.3g} s with {number:.0f} at once" for number in (growth.fewest, growth.most)]


def _compared(growth: Growth) -> str:
    return " and ".join(both_ends(growth))


_WORDS = {
    Phase.POOL: (
        "attempts waited for Airflow to start their tasks",
        "Look at the slots of their pool, at `[core] parallelism` and at the workers; where these have room, it is each task's own "
        "start, which `[hpo] preload` shortens.",
    ),
    Phase.CREATION: (
        "pods waited for Kubernetes to take them",
        "Look at the quota of their namespace.",
    ),
    Phase.SCHEDULING: (
        "pods waited for a node",
        "Let the cluster have more nodes, or let the pods request less.",
    ),
    Phase.PULL: (
        "pods waited for their images",
        "Look in `airflow hpo trials show` whether a pull failed; else make the images smaller, or have them on the nodes before.",
    ),
    Phase.START: (
        "pods waited for their containers to start",
        "Look at their volumes and init containers.",
    ),
    Phase.TELLING: (
        "attempts had ended and waited for their end to be told",
        "Look at the triggerer, the workers and the study database.",
    ),
}
"""What attempts wait for in a phase, and where to look."""
