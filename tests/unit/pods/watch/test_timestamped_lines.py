from __future__ import annotations

import json
from dataclasses import replace

import pytest

from airflow_hpo.pods.watch.timestamped_lines import LogLine, Place, SeenLines, TimestampedLines


def stamp(second: int, nano: int = 0) -> str:
    return f"2026-11-21T08:00:{second:02d}.{nano:09d}Z"


def split(data: bytes, size: int) -> list[LogLine]:
    splitter = TimestampedLines()
    lines = [line for i in range(0, len(data), size) for line in splitter.feed(data[i : i + size])]
    return lines + splitter.flush()


@pytest.mark.parametrize("size", [1, 2, 7, 33, 1000])
def test_lines_are_the_same_however_the_stream_is_cut(size: int) -> None:
    data = f"{stamp(1)} one\n{stamp(2)} \n{stamp(3)} a\rb\r\n{stamp(4)} no end".encode()
    assert split(data, size) == [
        LogLine(stamp(1), "one"),
        LogLine(stamp(2), ""),
        LogLine(stamp(3), "a"),
        LogLine(stamp(3), "b", begins=False),
        LogLine(stamp(4), "no end"),
    ]


def test_a_progress_bar_gives_its_parts_before_its_line_ends() -> None:
    splitter = TimestampedLines()
    assert splitter.feed(f"{stamp(1)} 10%\r20%\r".encode()) == [
        LogLine(stamp(1), "10%"),
        LogLine(stamp(1), "20%", begins=False),
    ]


@pytest.mark.parametrize("text", ["unable to retrieve container logs for containerd://1f", "x", '{"kind":"Status"}'])
def test_what_has_no_timestamp_is_told_apart(text: str) -> None:
    assert split(f"{text}\n{stamp(1)} loss=1\n".encode(), 5) == [LogLine("", text), LogLine(stamp(1), "loss=1")]


def test_a_node_in_another_time_zone_is_read_in_utc() -> None:
    [line] = split(b"2026-11-21T09:00:01.123456789+01:00 one\n", 100)
    assert line.stamp == "2026-11-21T08:00:01.123456789Z"


def lines_of(*seconds: int) -> list[LogLine]:
    return [LogLine(stamp(second, i), f"{second}/{i}") for i, second in enumerate(seconds)]


def place_after(lines: list[LogLine]) -> Place:
    """How far another reader has come that has read these lines, as it is stored."""
    place = Place()
    for line in lines:
        place.take(line)
    return Place.of(json.loads(json.dumps(place.kept())))


def test_nothing_is_asked_for_before_anything_was_seen() -> None:
    assert SeenLines().since is None


@pytest.mark.parametrize("cut", range(1, 10))
def test_lines_that_come_again_are_skipped_and_none_is_lost(cut: int) -> None:
    log = lines_of(1, 1, 1, 2, 2, 4, 4, 4, 5, 9)
    seen = SeenLines()
    first = seen.new(log[:cut])
    since = seen.since or ""
    seen.reconnected()
    again = [line for line in log if line.stamp[:19] >= since[:19]]
    assert first + seen.new(again) == log


def test_lines_of_the_same_instant_are_counted_not_compared() -> None:
    log = [LogLine(stamp(1), str(i)) for i in range(6)]
    seen = SeenLines()
    first = seen.new(log[:4])
    seen.reconnected()
    assert first + seen.new(log) == log


def test_lines_that_come_out_of_order_are_not_lost() -> None:
    log = [LogLine(stamp(2, 5), "a"), LogLine(stamp(2, 3), "b"), LogLine(stamp(2, 4), "c")]
    seen = SeenLines()
    first = seen.new(log[:2])
    seen.reconnected()
    assert first + seen.new(log) == log


def test_a_rotated_file_brings_no_line_twice_and_loses_none_that_it_has() -> None:
    log = lines_of(1, 1, 2, 2, 2, 2, 3)
    seen = SeenLines()
    first = seen.new(log[:4])
    seen.reconnected()
    assert first + seen.new(log[3:]) == log


def test_a_file_that_was_rotated_past_everything_seen_is_read_whole_and_says_what_is_lost() -> None:
    log = lines_of(1, 2, 3, 3, 3)
    seen = SeenLines()
    first = seen.new(log[:3])
    seen.reconnected()
    assert first + seen.new(log[4:]) == [*log[:3], replace(log[4], after_gap=log[2].stamp)]


@pytest.mark.parametrize("cut", range(1, 10))
def test_another_reader_goes_on_where_one_has_stopped(cut: int) -> None:
    log = lines_of(1, 1, 1, 2, 2, 4, 4, 4, 5, 9)
    place = place_after(log[:cut])
    seen = SeenLines(place)
    seen.reconnected()
    assert seen.new([line for line in log if line.stamp[:19] >= str(place.since)[:19]]) == log[cut:]


def test_another_reader_of_a_file_that_was_rotated_past_what_was_read_marks_the_gap_once() -> None:
    log = lines_of(1, 2, 3, 4)
    seen = SeenLines(place_after(log[:2]))
    seen.reconnected()
    first = seen.new(log[2:3])
    seen.reconnected()
    assert first + seen.new(log[2:]) == [replace(log[2], after_gap=log[1].stamp), log[3]]


@pytest.mark.parametrize("cut", range(4, 7))
def test_a_clock_that_is_set_back_costs_no_line_and_doubles_none(cut: int) -> None:
    log = lines_of(40, 41, 50, 20, 21, 22, 23)
    seen = SeenLines(place_after(log[:cut]))
    since = (seen.since or "")[:19]
    seen.reconnected()
    # The API server sends no line that is older than what it is asked for.
    again = [line for line in log if line.stamp >= since]
    assert seen.new(again) == log[cut:]


def test_what_the_version_before_has_kept_is_gone_on_from_too() -> None:
    log = lines_of(1, 2, 3, 4)
    seen = SeenLines(Place.of({"first": log[0].stamp, "until": log[2].stamp}))
    assert seen.since == log[2].stamp[:19] + "Z"
    seen.reconnected()
    assert seen.new(log[2:]) == log[3:]


def test_only_the_parts_of_a_progress_bar_that_came_are_skipped() -> None:
    parts = [LogLine(stamp(1), f"{i}%", begins=i == 0) for i in range(5)]
    first = [LogLine(stamp(0), "start"), *parts[:3]]
    seen = SeenLines(place_after(first))
    seen.reconnected()
    again = seen.new([LogLine(stamp(0), "start"), *parts, LogLine(stamp(2), "end")])
    assert [line.text for line in first + again] == ["start", "0%", "1%", "2%", "3%", "4%", "end"]


def test_memory_holds_two_seconds_however_long_the_log_is() -> None:
    seen = SeenLines()
    seen.new(lines_of(*range(60)))
    assert seen.since == "2026-11-21T08:00:58Z"
