"""The whole chaos suite, and docs/faults.md from what it took down: ``python -m tests.chaos``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.chaos.ledger import read
from tests.chaos.table import page

LEDGER = Path(".chaos/ledger")


def main() -> int:
    """Return pytest's exit code."""
    LEDGER.unlink(missing_ok=True)
    suite = [sys.executable, "-m", "pytest", "tests/chaos"]
    code = subprocess.run(suite, env={**os.environ, "HPO_FAULTS": str(LEDGER)}, check=False).returncode
    Path("docs/faults.md").write_text(page(read(LEDGER)))
    return code


if __name__ == "__main__":
    sys.exit(main())
