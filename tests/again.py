"""Second tries of live tests: `python -m tests.again PYTEST_ARGUMENTS` runs tests, and those that failed once more.

Live tests share a busy machine with what they test. What failed runs again in a process of its own with systems of its
own, because what a test leaves behind when it fails would make its second try fail too. Both tries are reported, and the
first ones that failed are listed at the end and in the ledger of :mod:`tests.first_tries`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests import first_tries


def main(arguments: list[str]) -> int:
    """Return the exit code of the last try."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        code = _pytest(*arguments, f"--junitxml={report}", "--override-ini=junit_family=xunit1")
        if code != pytest.ExitCode.TESTS_FAILED:
            return code
        failed = first_tries.failures(report)
    first_tries.append(failed)
    ids = first_tries.node_ids(failed)
    print(f"\nOnce more, in systems of their own: {' '.join(ids)}\n", flush=True)
    code = _pytest(*arguments, *ids)
    print(f"\n{first_tries.page(failed)}", flush=True)
    return code


def _pytest(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
