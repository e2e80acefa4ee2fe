from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from airflow_hpo.core.metrics.source import Stdout
from airflow_hpo.core.objective import Objective
from airflow_hpo.pods.watch import share as share_module
from airflow_hpo.pods.watch.log_readings import LEFT_OUT, UNWRITTEN_LINES, PodReadings
from airflow_hpo.pods.watch.share import LARGEST_PIECE, ReadingShare
from airflow_hpo.pods.watch.timestamped_lines import LogLine


def test_a_pod_that_has_much_to_read_takes_turns_with_the_others() -> None:
    order: list[str] = []

    async def reads(share: ReadingShare, name: str, pieces: int) -> None:
        with share.taken():
            await share.read(lambda _: order.append(name), b"x" * LARGEST_PIECE * pieces)

    async def both() -> None:
        share = ReadingShare()
        await asyncio.gather(reads(share, "talkative", 4), reads(share, "other", 1))

    asyncio.run(both())
    assert order.index("other") == 1
    assert order.count("talkative") == 4


def test_logs_are_read_while_all_threads_of_the_event_loop_wait_for_a_database() -> None:
    answers, taken = threading.Event(), list[bytes]()

    async def reads() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        waiting = loop.run_in_executor(None, answers.wait)
        try:
            async with asyncio.timeout(20):
                await ReadingShare().read(taken.append, b"x" * LARGEST_PIECE)
        finally:
            answers.set()
            await waiting

    asyncio.run(reads())
    assert taken == [b"x" * LARGEST_PIECE]


def test_a_pod_pauses_as_long_as_it_has_read_when_others_are_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(share_module, "asyncio", SimpleNamespace(sleep=sleep, Lock=asyncio.Lock))
    clock = iter((0.0, 2.0, 10.0))
    monkeypatch.setattr(share_module, "time", SimpleNamespace(monotonic=lambda: next(clock)))

    async def reads() -> None:
        share = ReadingShare()
        with share.taken():
            with share.taken():
                await share.read(lambda _: None, b"x")
            await share.read(lambda _: None, b"x")

    asyncio.run(reads())
    assert pauses == [2.0, 0]


def test_logs_of_tasks_are_written_in_half_of_the_time_however_many_pods_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    events: list[str] = []

    async def sleep(seconds: float) -> None:
        events.append("pause begins")
        await asyncio.get_running_loop().run_in_executor(None, lambda: None)
        events.append("pause ends")

    monkeypatch.setattr(share_module, "asyncio", SimpleNamespace(sleep=sleep, Lock=asyncio.Lock))

    async def pods() -> None:
        share = ReadingShare()
        await asyncio.gather(*(share.write(lambda: events.append("writes")) for _ in range(3)))

    asyncio.run(pods())
    assert events == ["writes", "pause begins", "pause ends"] * 3


def test_lines_are_written_for_a_short_time_at_once_and_none_is_forgotten() -> None:
    written: list[str] = []

    def slow(line: str) -> None:
        time.sleep(0.001)
        written.append(line)

    readings = PodReadings(Stdout(), Objective("loss"), slow)
    readings.output([LogLine("2026-11-21T08:00:00Z", str(i)) for i in range(50)])
    readings.write(seconds=0)
    assert len(written) < 50
    while readings.unwritten:
        readings.write()
    assert written == [str(i) for i in range(50)]


def test_of_lines_that_come_faster_than_they_are_written_the_oldest_are_left_out_and_all_are_read() -> None:
    written: list[str] = []
    readings = PodReadings(Stdout(), Objective("loss", strategy="best"), written.append)
    stamp = "2026-11-21T08:00:00Z"
    readings.output([LogLine(stamp, "loss=1")])
    readings.output([LogLine(stamp, "x")] * UNWRITTEN_LINES)
    while readings.unwritten:
        readings.write()
    assert written[0] == LEFT_OUT.format(1)
    assert len(written) == UNWRITTEN_LINES + 1
    assert readings.measure().value == 1.0


def test_a_report_does_not_wait_for_lines_that_are_read() -> None:
    readings = PodReadings(Stdout(), Objective("loss"), lambda line: None)
    readings.output([LogLine("2026-11-21T08:00:00Z", "loss=1")])
    with readings._lock:
        assert readings.drain() == []
    assert [point.value for point in readings.drain()] == [1.0]
