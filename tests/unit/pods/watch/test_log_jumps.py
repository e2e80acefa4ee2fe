from __future__ import annotations

import asyncio

import pytest

from airflow_hpo.exceptions import ClusterUnavailableError
from airflow_hpo.pods.watch import logs
from airflow_hpo.pods.watch.logs import LogFollower
from airflow_hpo.pods.watch.timestamped_lines import LogLine
from tests.unit.pods.kubernetes_double import PodDouble


def stamp(second: int) -> str:
    return f"2026-11-21T08:00:{second:02d}.000000001Z"


def log_of(*seconds: int) -> bytes:
    return b"".join(f"{stamp(second)} loss={second}\n".encode() for second in seconds)


@pytest.fixture(autouse=True)
def every_log_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LONG_LOG", 0)
    monkeypatch.setattr(logs, "FIRST_PAUSE", 0.0)


def read(*answers: object) -> list[LogLine]:
    taken: list[LogLine] = []
    follower = LogFollower(PodDouble([], list(answers)), "base", taken.extend, were_read=bool)
    asyncio.run(follower.finish())
    return taken


@pytest.mark.parametrize(
    ("newest", "gap"),
    [
        (log_of(20, 21), stamp(2)),
        (log_of(2, 20), ""),
        (log_of(30), ""),
        (b"", ""),
    ],
    ids=["the file begins there", "the file has both", "a later file", "no answer"],
)
def test_a_jump_inside_a_connection_is_a_gap_where_a_file_begins(newest: bytes, gap: str) -> None:
    taken = read([log_of(1, 2, 20, 21)], [newest])
    assert [line.text for line in taken] == ["loss=1", "loss=2", "loss=20", "loss=21"]
    assert [line.after_gap for line in taken] == ["", "", gap, ""]


def test_a_pause_shorter_than_the_life_of_a_file_leaves_no_gap() -> None:
    assert [line.after_gap for line in read([log_of(1, 2, 4)], [log_of(4)])] == ["", "", ""]


def test_after_one_look_the_pauses_of_a_program_cost_no_further_ones() -> None:
    assert len(read([log_of(1, 5, 10, 15)], [log_of(1, 5, 10, 15)], 404)) == 4


def test_what_follows_on_a_jump_waits_for_an_answer_and_is_taken_once() -> None:
    away = [ClusterUnavailableError("away")]
    taken = read([log_of(1, 2), log_of(20, 21)], away, [log_of(20, 21)], [log_of(20, 21)])
    assert [(line.text, line.after_gap) for line in taken] == [
        ("loss=1", ""),
        ("loss=2", ""),
        ("loss=20", stamp(2)),
        ("loss=21", ""),
    ]
