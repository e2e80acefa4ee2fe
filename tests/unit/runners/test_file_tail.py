from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_hpo.runners.file_tail import FileTail


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metrics.log"


@pytest.fixture
def tail(path: Path) -> Iterator[FileTail]:
    made = FileTail(str(path))
    yield made
    made.close()


def read(tail: FileTail) -> bytes:
    return b"".join(tail.read())


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_what_is_appended_is_read_once(path: Path, tail: FileTail) -> None:
    append(path, b"a\n")
    assert read(tail) == b"a\n"
    append(path, b"b\n")
    assert (read(tail), read(tail)) == (b"b\n", b"")


def test_a_file_that_does_not_exist_gives_nothing_and_says_so(tail: FileTail) -> None:
    assert read(tail) == b""
    assert "never appeared" in tail.problem


def test_what_an_earlier_trial_left_is_skipped(path: Path) -> None:
    append(path, b"old\n")
    tail = FileTail(str(path))
    append(path, b"new\n")
    assert read(tail) == b"new\n"
    tail.close()


@pytest.mark.parametrize("content", [b"x\n", b"another line, longer than what was there\n"], ids=["shorter", "longer"])
def test_a_file_written_anew_is_read_from_its_start(path: Path, content: bytes) -> None:
    append(path, b"an earlier trial's\n")
    tail = FileTail(str(path))
    path.write_bytes(content)
    assert read(tail).strip() == content.strip()
    tail.close()


def test_a_rotated_file_is_read_to_its_end_before_the_next(path: Path, tail: FileTail) -> None:
    append(path, b"1\n")
    read(tail)
    append(path, b"2\n")
    os.rename(path, path.with_suffix(".1"))
    append(path, b"3\n")
    assert read(tail).split() == [b"2", b"3"]


def test_lines_of_two_files_are_never_joined(path: Path, tail: FileTail) -> None:
    append(path, b"loss=1")
    read(tail)
    os.rename(path, path.with_suffix(".1"))
    append(path, b"5\n")
    assert read(tail) == b"\n5\n"


def test_a_pipe_of_that_name_is_refused_without_waiting(path: Path, tail: FileTail) -> None:
    os.mkfifo(path)
    assert read(tail) == b""
    assert "not a regular file" in tail.problem


def test_a_path_below_a_file_says_why_it_cannot_be_read(path: Path) -> None:
    path.touch()
    tail = FileTail(str(path / "below"))
    assert read(tail) == b""
    assert "Not a directory" in tail.problem
