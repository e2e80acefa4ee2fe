"""Checks that take longer than a change can wait for: `python -m tests.verify NAME [--program PROGRAM=PACKAGE] -- COMMAND`.

A check is what `make verify-NAME` calls. It installs the programs that it needs, runs its command, and writes to
docs/verified.md what came out of which commit. So it refuses a tree with changes, which no commit stands for.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path

PAGE = Path("docs/verified.md")
HEAD = """# Verified

Checks that take too long for every change. Each one writes its line here, on a tree without changes.

| date (UTC) | commit | command | passed | failed | skipped |
|---|---|---|---|---|---|
"""

CLOSING = re.compile(r"^=+ .*\bin [\d.]+s\b.*=+$")
"""The line with which pytest ends, such as ``=== 3 passed, 1 skipped in 2.50s ===``."""

NOT_RUN = 2
"""The exit code when the check did not begin."""


class CannotVerify(Exception):
    """The check cannot begin."""


@dataclass(frozen=True)
class Counts:
    """What became of the tests."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    @classmethod
    def of(cls, output: Sequence[str]) -> Counts:
        """Read the last closing line of pytest; an error is a failure."""
        closing = next((line for line in reversed(output) if CLOSING.match(line)), "")
        found = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|errors?|skipped)", closing)}
        failed = sum(found.get(word, 0) for word in ("failed", "error", "errors"))
        return cls(found.get("passed", 0), failed, found.get("skipped", 0))


def ensure(programs: dict[str, str]) -> None:
    """Install the Debian packages of the programs that are missing."""
    missing = {program: package for program, package in programs.items() if shutil.which(program) is None}
    if not missing:
        return
    packages = sorted(set(missing.values()))
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise CannotVerify(f"{sorted(missing)} must be installed. Install {' '.join(packages)}, or run this as root.")
    for command in (["update", "-qq"], ["install", "-qq", "--yes", "--no-install-recommends", *packages]):
        subprocess.run(["apt-get", *command], check=True, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})


def commit() -> str:
    """Return the commit that the tree stands for."""
    if changed := _git("status", "--porcelain"):
        raise CannotVerify(f"The tree must have no changes, but has:\n{changed}\nCommit or stash them.")
    return _git("rev-parse", "--short", "HEAD")


def run(command: Sequence[str]) -> tuple[int, list[str]]:
    """Run a command, show what it prints, and return its exit code and its lines."""
    lines = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line.rstrip())
    return process.returncode, lines


def write(commit: str, name: str, counts: Counts) -> None:
    """Put a check's line on the page, in place of its line before."""
    command = f"`make verify-{name}`"
    cells = (f"{datetime.now(UTC):%Y-%m-%d %H:%M}", commit, command, *astuple(counts))
    kept = PAGE.read_text().removeprefix(HEAD).splitlines() if PAGE.exists() else []
    lines = [line for line in kept if command not in line] + ["| " + " | ".join(map(str, cells)) + " |"]
    PAGE.write_text(HEAD + "\n".join(sorted(lines, key=lambda line: line.split("|")[3])) + "\n")


def main(arguments: Sequence[str]) -> int:
    """Run a check and return its exit code; one in which no test passed has failed."""
    options = _parser().parse_args(arguments)
    try:
        verified = commit()
        ensure(dict(options.program))
    except CannotVerify as err:
        print(err, file=sys.stderr)
        return NOT_RUN
    code, lines = run(options.command)
    counts = Counts.of(lines)
    write(verified, options.name, counts)
    return code or int(counts.passed == 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.verify")
    parser.add_argument("name", help="of the check, as in make verify-NAME")
    parser.add_argument(
        "--program",
        action="append",
        default=[],
        type=lambda text: tuple(text.split("=")),
        metavar="PROGRAM=PACKAGE",
        help="a program that must be there, and the Debian package that has it",
    )
    parser.add_argument("command", nargs="+", help="what runs the tests")
    return parser


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
