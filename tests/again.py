"""Second tries of live tests: `python -m tests.again PYTEST_ARGUMENTS` runs tests, and the files that failed once more.

Live tests share a busy machine with what they test. What failed runs again in a process of its own with systems of its
own, because what a test leaves behind when it fails would make its second try fail too, and with its whole file, whose
tests may build on each other. A test has passed when one of its tries did. Both tries are reported, and those that failed
are listed at the end and in the ledger of :mod:`tests.first_tries`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests import first_tries


def main(arguments: list[str]) -> int:
    """Return 0 when each test passed at one of its tries."""
    code, failed = _tried(arguments)
    if code != pytest.ExitCode.TESTS_FAILED:
        return code
    first_tries.append(failed)
    files = first_tries.files(failed)
    print(f"\nOnce more, in systems of their own: {' '.join(files)}\n", flush=True)
    code, again = _tried([*arguments, *files])
    if code == pytest.ExitCode.TESTS_FAILED and not {_name(each) for each in failed} & {_name(each) for each in again}:
        first_tries.append(again)
        failed, code = [*failed, *again], 0
    print(f"\n{first_tries.page(failed)}", flush=True)
    return code


def _tried(arguments: list[str]) -> tuple[int, list[first_tries.FirstTry]]:
    """Run pytest, and return its exit code and which tests failed."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        code = _pytest(*arguments, f"--junitxml={report}", "--override-ini=junit_family=xunit1")
        return code, first_tries.failures(report) if code == pytest.ExitCode.TESTS_FAILED else []


def _name(of: first_tries.FirstTry) -> tuple[str, str]:
    return of.file, of.test


def _pytest(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
