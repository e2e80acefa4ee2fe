from __future__ import annotations

import asyncio

from airflow_hpo.triggers.turns import slot, turn


def test_trials_of_one_study_share_a_turn_and_others_do_not() -> None:
    async def looked() -> None:
        assert turn("a@1") is turn("a@1")
        assert turn("a@1") is not turn("b@1")

    asyncio.run(looked())


def test_a_process_runs_only_so_many_at_once() -> None:
    most = running = 0

    async def one() -> None:
        nonlocal most, running
        async with slot(3):
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1

    async def all_of_them() -> None:
        await asyncio.gather(*(one() for _ in range(10)))

    asyncio.run(all_of_them())
    assert most == 3
