"""Slots: small numbers that trials which run at once have to themselves, such as the GPUs of a machine."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class SlotState(StrEnum):
    """What becomes of a slot that a trial took."""

    USED = "used"
    KEPT = "kept"
    """Its attempt has ended, and another one is due: others take the slot only when none else is free."""
    FREE = "free"
    """The trial has ended."""


@dataclass(frozen=True, slots=True)
class Slot:
    """The slot of a trial."""

    number: int
    below: int
    """How many slots there are: the parallelism."""
    shared: bool = False
    """Whether another trial has it too, because more run at once than there are slots."""

    def __str__(self) -> str:
        return f"slot {self.number} of {self.below}"


def lowest_free(below: int, mine: int | None, others: Iterable[tuple[int, SlotState]]) -> Slot:
    """Return the slot of a trial: its own of before, else the lowest that is free, else the one that fewest use."""
    by_state: Mapping[SlotState, Counter[int]] = {state: Counter() for state in SlotState}
    for number, state in others:
        by_state[state][number] += 1
    used, kept = by_state[SlotState.USED], by_state[SlotState.KEPT]
    if mine is not None and mine < below and mine not in used:
        return Slot(mine, below)
    for taken in ({*used, *kept}, set(used)):
        if free := [number for number in range(below) if number not in taken]:
            return Slot(free[0], below)
    return Slot(min(range(below), key=lambda number: (used[number], number)), below, shared=True)
