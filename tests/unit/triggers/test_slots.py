from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterable

import pytest

from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.triggers import slots
from airflow_hpo.triggers.slots import StudyQueue, TriggererSlots, study_queue, triggerer_slots


class StudyDouble:
    """Gives trials while it has room."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.asked: list[list[str]] = []

    async def ask(self, keys: list[str]) -> Iterable[TrialRequest]:
        self.asked.append(keys)
        await asyncio.sleep(0)
        given, self.room = keys[: self.room], max(0, self.room - len(keys))
        return [TrialRequest(study="s@1", key=key, number=len(self.asked)) for key in given]


async def all_of(study: StudyDouble, keys: Iterable[str], here: TriggererSlots, turn: StudyQueue) -> list[str]:
    """Let trials wait for the study together and return those that got one."""
    waits = [asyncio.create_task(turn.granted(key, here, study.ask, asyncio.Event().wait), name=key) for key in keys]
    done, open_ones = await asyncio.wait(waits, timeout=0.05)
    for one in open_ones:
        one.cancel()
    await asyncio.gather(*open_ones, return_exceptions=True)
    return sorted(one.result().key for one in done)


def test_who_came_while_another_asked_is_asked_for_together() -> None:
    study = StudyDouble(room=3)
    got = asyncio.run(all_of(study, ["a", "b", "c"], TriggererSlots(10), StudyQueue()))
    assert (got, study.asked) == (["a", "b", "c"], [["a"], ["b", "c"]])


def test_no_more_are_asked_for_than_have_a_place() -> None:
    async def crowded() -> list[str]:
        here = TriggererSlots(3)
        async with here.one(), here.one():
            return await all_of(study, ["a", "b", "c"], here, StudyQueue())

    study = StudyDouble(room=3)
    assert asyncio.run(crowded()) == ["a", "b", "c"]
    assert study.asked == [["a"], ["b"], ["c"]]


def test_who_gets_none_asks_again_when_one_has_ended() -> None:
    async def freed() -> list[str]:
        turn, here = StudyQueue(), TriggererSlots(10)
        waiting = asyncio.create_task(all_of(study, ["a", "b"], here, turn))
        await asyncio.sleep(0.01)
        study.room = 1
        turn.freed.set()
        return await waiting

    study = StudyDouble(room=1)
    assert asyncio.run(freed()) == ["a", "b"]
    assert study.asked == [["a"], ["b"], ["b"]]


def test_nobody_asks_a_study_that_has_just_given_all_it_has() -> None:
    study = StudyDouble(room=2)
    assert asyncio.run(all_of(study, ["a", "b", "c"], TriggererSlots(10), StudyQueue())) == ["a", "b"]
    assert study.asked == [["a"], ["b", "c"]]


def test_the_tasks_of_trials_end_together_unless_no_other_trial_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    async def ended() -> tuple[bool, bool]:
        here = TriggererSlots(2)
        async with here.one():
            async with here.one():
                pass
            waits = asyncio.create_task(here.tick())
            early, _ = await asyncio.wait({waits}, timeout=0.05)
        last, _ = await asyncio.wait({waits}, timeout=5)
        return bool(early), bool(last)

    monkeypatch.setattr(slots, "TOGETHER", 1e9)
    assert asyncio.run(ended()) == (False, True)


def test_the_next_moment_comes_also_while_others_run(monkeypatch: pytest.MonkeyPatch) -> None:
    async def ended() -> None:
        here = TriggererSlots(2)
        async with here.one():
            await asyncio.wait_for(here.tick(), 5)

    monkeypatch.setattr(slots, "TOGETHER", 0.01)
    asyncio.run(ended())


def test_a_trial_that_no_longer_waits_is_not_asked_for() -> None:
    async def cancelled() -> list[str]:
        turn, here = StudyQueue(), TriggererSlots(10)
        first = asyncio.create_task(turn.granted("a", here, study.ask, asyncio.Event().wait))
        await asyncio.sleep(0.01)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        study.room = 1
        turn.freed.set()
        return await all_of(study, ["b"], here, turn)

    study = StudyDouble(room=0)
    assert asyncio.run(cancelled()) == ["b"]
    assert study.asked == [["a"], ["b"]]


def test_what_asking_raises_ends_one_wait_and_the_next_one_asks_for_itself() -> None:
    async def refused(keys: list[str]) -> Iterable[TrialRequest]:
        raise RuntimeError(keys[0])

    async def both() -> list[BaseException | TrialRequest]:
        turn, here = StudyQueue(), TriggererSlots(10)
        waits = [turn.granted(key, here, refused, asyncio.Event().wait) for key in "ab"]
        return await asyncio.gather(*waits, return_exceptions=True)

    assert [str(one) for one in asyncio.run(both())] == ["a", "b"]


def test_a_place_is_given_back_however_its_holder_ends() -> None:
    async def failing(here: TriggererSlots) -> None:
        async with here.one():
            assert here.free == 0
            raise ValueError("gone")

    here = TriggererSlots(1)
    with pytest.raises(ValueError, match="gone"):
        asyncio.run(failing(here))
    assert here.free == 1


def test_trials_of_one_study_share_a_turn_and_others_do_not() -> None:
    async def looked() -> None:
        assert study_queue("a@1") is study_queue("a@1")
        assert study_queue("a@1") is not study_queue("b@1")

    asyncio.run(looked())


def test_a_process_runs_only_so_many_at_once() -> None:
    most = running = 0

    async def one() -> None:
        nonlocal most, running
        async with triggerer_slots(3).one():
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1

    async def all_of_them() -> None:
        await asyncio.gather(*(one() for _ in range(10)))

    asyncio.run(all_of_them())
    assert most == 3


def test_two_hundred_batches_leave_nothing_in_a_triggerer() -> None:
    async def batch(number: int) -> list[str]:
        study = StudyDouble(room=2)
        return await all_of(study, ["a", "b"], triggerer_slots(10), study_queue(f"study-{number}@r"))

    async def batches() -> tuple[int, int]:
        for number in range(200):
            assert await batch(number) == ["a", "b"]
        return len(slots._queues), len(slots._slots)

    assert asyncio.run(batches()) == (0, 0)


def test_a_queue_stays_while_a_trial_waits_in_it() -> None:
    async def waiting() -> bool:
        study, here = StudyDouble(room=0), triggerer_slots(1)
        waits = asyncio.create_task(study_queue("a@1").granted("a", here, study.ask, asyncio.Event().wait))
        while not study.asked:
            await asyncio.sleep(0)
        gc.collect()
        same = study_queue("a@1").lock.locked()
        waits.cancel()
        await asyncio.gather(waits, return_exceptions=True)
        return same

    assert asyncio.run(waiting())


def test_slots_that_no_pod_holds_end_tasks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "TOGETHER", 1e9)
    asyncio.run(asyncio.wait_for(TriggererSlots(2).tick(), 5))
