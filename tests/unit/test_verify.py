"""Checks that write down what came out of which commit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import verify
from tests.verify import Counts, main


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(autouse=True)
def commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The only commit of a repository, in which the test runs."""
    clone = tmp_path / "clone"
    (clone / "docs").mkdir(parents=True)
    monkeypatch.chdir(clone)
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "a person")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "person@example.org")
    git("init", "--quiet")
    git("commit", "--quiet", "--allow-empty", "--message", "Begin")
    return git("rev-parse", "--short", "HEAD")


def pytest_that_ends(closing: str, code: int = 0) -> list[str]:
    return [
        sys.executable,
        "-c",
        f"print('...', '=== {closing} in 2.50s (0:00:02) ===', sep='\\n'); raise SystemExit({code})",
    ]


def rows() -> list[list[str]]:
    lines = verify.PAGE.read_text().removeprefix(verify.HEAD).splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_page_says_what_came_out_of_which_commit(commit: str) -> None:
    assert main(["chaos", "--", *pytest_that_ends("81 passed, 2 skipped")]) == 0
    assert [row[1:] for row in rows()] == [[commit, "`make verify-chaos`", "81", "0", "2"]]


def test_a_check_that_fails_is_written_down_too(commit: str) -> None:
    assert main(["chaos", "--", *pytest_that_ends("2 failed, 79 passed, 1 error", code=1)]) == 1
    assert [row[1:] for row in rows()] == [[commit, "`make verify-chaos`", "79", "3", "0"]]


def test_a_check_of_which_no_test_passed_has_failed() -> None:
    assert main(["chaos", "--", *pytest_that_ends("3 skipped")]) == 1


def test_a_check_has_one_line_and_leaves_those_of_others() -> None:
    for name, closing in (("chaos", "1 passed"), ("browser", "2 passed"), ("chaos", "3 passed")):
        assert main([name, "--", *pytest_that_ends(closing)]) == 0
        git("add", "--all")
        git("commit", "--quiet", "--message", name)
    assert [row[2:4] for row in rows()] == [["`make verify-browser`", "2"], ["`make verify-chaos`", "3"]]


def test_a_tree_with_changes_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    Path("changed").touch()
    assert main(["chaos", "--", *pytest_that_ends("1 passed")]) == verify.NOT_RUN
    assert not verify.PAGE.exists()
    assert capsys.readouterr().err == "The tree must have no changes, but has:\n?? changed\nCommit or stash them.\n"


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose packages bring programs of their own names."""
    programs = tmp_path / "bin"
    programs.mkdir()
    install = f'#!/bin/sh\nwhile [ "$#" -gt 0 ]; do last=$1; shift; done\ncp "$0" "{programs}/$last"\n'
    (programs / "apt-get").write_text(install)
    (programs / "apt-get").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")


@pytest.mark.usefixtures("packages")
def test_a_program_that_is_missing_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert main(["browser", "--program", "a-browser=a-browser", "--", *pytest_that_ends("1 passed")]) == 0
    assert verify.shutil.which("a-browser")


@pytest.mark.usefixtures("packages")
def test_who_may_not_install_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert main(["browser", "--program", "a-browser=the-package", "--", "true"]) == verify.NOT_RUN
    assert "Install the-package, or run this as root." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("output", "counts"),
    [
        (["=== 1 failed, 2 passed in 3.00s ===", "=== 1 passed in 3.00s ==="], Counts(1)),
        (["=== test session starts ==="], Counts()),
        (["================== 81 passed, 4 deselected in 3723.12s (1:02:03) =================="], Counts(81)),
        (["3 passed"], Counts()),
    ],
)
def test_the_last_closing_line_counts(output: list[str], counts: Counts) -> None:
    assert Counts.of(output) == counts
