import pytest

from airflow_hpo.core.slots import Slot, SlotState, lowest_free

USED, KEPT = SlotState.USED, SlotState.KEPT


@pytest.mark.parametrize(
    ("mine", "others", "number"),
    [
        (None, [], 0),
        (None, [(0, USED)], 1),
        (None, [(1, USED), (2, USED)], 0),
        (2, [(0, USED)], 2),
        (1, [(1, USED)], 0),
        (None, [(0, KEPT)], 1),
        (None, [(0, USED), (1, KEPT), (2, USED)], 1),
        (1, [(1, KEPT)], 1),
        (7, [], 0),
    ],
)
def test_a_trial_keeps_its_slot_and_else_gets_the_lowest_that_is_free(
    mine: int | None, others: list[tuple[int, SlotState]], number: int
) -> None:
    assert lowest_free(3, mine, others) == Slot(number, 3)


def test_when_more_run_than_there_are_slots_the_least_used_is_shared() -> None:
    assert lowest_free(2, None, [(0, USED), (0, USED), (1, USED)]) == Slot(1, 2, shared=True)


def test_a_slot_is_written_for_people() -> None:
    assert str(Slot(0, 4)) == "slot 0 of 4"
