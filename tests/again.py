"""Runs live tests, and the files of those that failed once more: `python -m tests.again PYTEST_ARGUMENTS`.

Live tests share a busy machine with what they test. What failed runs again in a process of its own with systems of its
own, because what a test leaves behind when it fails would make its second try fail too. Both tries are reported.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

import pytest


def failed_files(report: Path) -> list[str]:
    """Return the files of the tests that failed, in their order.

    :param report: what pytest wrote with ``--junitxml`` in its form ``xunit1``, which names files.
    """
    cases = ElementTree.parse(report).getroot().iter("testcase")
    failed = [case for case in cases if {"failure", "error"} & {outcome.tag for outcome in case}]
    return list(dict.fromkeys(case.attrib["file"] for case in failed))


def main(arguments: list[str]) -> int:
    """Return the exit code of the last try."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        code = _pytest(*arguments, f"--junitxml={report}", "--override-ini=junit_family=xunit1")
        if code != pytest.ExitCode.TESTS_FAILED:
            return code
        files = failed_files(report)
    print(f"\nOnce more, in systems of their own: {' '.join(files)}\n", flush=True)
    return _pytest(*arguments, *files)


def _pytest(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
