"""The ledger of first tries: live tests that failed, and whose file was run once more. `python -m tests.first_tries FILE`.

A file that passes at the second try only is a finding. The command prints the ledger and fails when it holds too many files.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from xml.etree import ElementTree

LEDGER = "HPO_FIRST_TRIES"
"""Environment variable that names the file of a ledger which several runs share."""

MOST_FILES = 2
"""So many files may fail at their first try in one run of CI."""


@dataclass(frozen=True)
class FirstTry:
    """A test that failed at its first try."""

    file: str
    test: str
    line: str
    """The first line of the failure."""


def failures(report: Path) -> list[FirstTry]:
    """Return the tests that failed, from what pytest wrote with ``--junitxml`` in its form ``xunit1``, which names files."""
    found = []
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        for outcome in [each for each in case if each.tag in ("failure", "error")][:1]:
            line = (outcome.get("message") or outcome.text or "").strip().partition("\n")[0]
            found.append(FirstTry(case.attrib["file"], case.attrib["name"], line))
    return found


def files(tries: Iterable[FirstTry]) -> list[str]:
    """Return the files of some tries, each once."""
    return list(dict.fromkeys(each.file for each in tries))


def page(tries: Iterable[FirstTry]) -> str:
    """Return the ledger as a person reads it."""
    found = list(tries)
    if not found:
        return "First tries that failed: none."
    lines = [f"First tries that failed: {len(found)} tests in {len(files(found))} files."]
    return "\n".join(lines + [f"  {each.file}::{each.test}\n    {each.line}" for each in found])


def append(tries: Iterable[FirstTry]) -> None:
    """Add tries to the shared ledger, if there is one."""
    if path := os.environ.get(LEDGER):
        with Path(path).open("a") as ledger:
            ledger.writelines(f"{json.dumps(asdict(each))}\n" for each in tries)


def read(path: Path) -> list[FirstTry]:
    """Return the tries of a ledger; a file that was never written is an empty one."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [FirstTry(**json.loads(line)) for line in lines]


def main(path: Path) -> int:
    """Print a ledger and return 1 when too many files are in it."""
    tries = read(path)
    print(page(tries))
    if (count := len(files(tries))) <= MOST_FILES:
        return 0
    print(f"At most {MOST_FILES} files may fail at their first try, but {count} did. Find out why; see above.")
    return 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
