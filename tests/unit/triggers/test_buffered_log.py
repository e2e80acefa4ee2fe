from __future__ import annotations

import asyncio
import copy

import pytest

from airflow_hpo.pods.watch import ticks
from airflow_hpo.triggers.buffered_log import BufferedLog


class LogDouble:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def info(self, message: str, *arguments: object) -> None:
        self.said.append(message % arguments)

    warning = info


def test_what_is_said_in_passing_is_written_at_the_next_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    async def speak() -> list[list[str]]:
        log, heard = LogDouble(), list[list[str]]()
        words = BufferedLog(log)
        async with words.written():
            words.info("Pod %s", "p")
            heard.append(list(log.said))
            while not log.said:
                await asyncio.sleep(0.005)
            heard.append(list(log.said))
        return heard

    monkeypatch.setattr(ticks, "FLUSH_INTERVAL", 0.01)
    assert asyncio.run(speak()) == [[], ["Pod p"]]


def test_what_is_left_is_written_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    async def speak() -> None:
        async with words.written():
            words.info("100 %")

    log = LogDouble()
    words = BufferedLog(log)
    monkeypatch.setattr(ticks, "FLUSH_INTERVAL", 1e9)
    asyncio.run(speak())
    assert log.said == ["100 %"]


def test_what_is_graver_is_said_at_once_and_in_its_turn() -> None:
    log = LogDouble()
    words = BufferedLog(log)
    words.info("first")
    words.warning("second: %s", 2)
    assert log.said == ["first", "second: 2"]


def test_an_operator_that_is_copied_takes_its_words_along() -> None:
    words = copy.deepcopy(BufferedLog(LogDouble()))
    words.info("first")
    words.write()
    assert words._log.said == ["first"]
