"""The table of faults in the docs, made from what the suite took down."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from tests.chaos.ledger import Injection

HEAD = """# Faults

Every row was produced for real by a test of `make verify-chaos`, and this page is made from what they took down:
{injections} faults, {held} of them with the expected end. *Held* counts the injections after which nothing was lost, doubled or left behind.

Two traps are Airflow's own, and the suite goes round them as an installation should. Workers of the LocalExecutor outlive a
scheduler that was killed by SIGKILL and keep its connection to PostgreSQL open, and with it the lock of a DAG run: let the
service manager or the container end all of them. And a task whose LocalExecutor worker was killed between taking and
starting it stays queued until the scheduler is started again, because that executor cannot give tasks back.

| fault | where | on | times | expected | seen | held |
|---|---|---|---|---|---|---|
"""


def page(rows: Iterable[Injection]) -> str:
    """Return the page, one row for all injections of the same fault at the same place.

    :param rows: what was taken down.
    """
    found = sorted(rows, key=_place)
    held = sum(row.times for row in found if row.held)
    lines = [_line(list(same)) for _, same in groupby(found, key=_place)]
    return HEAD.format(injections=sum(row.times for row in found), held=held) + "\n".join(lines) + "\n"


def _place(row: Injection) -> tuple[str, str, str, str]:
    return row.on, row.fault, row.where, row.expected


def _line(same: list[Injection]) -> str:
    first, times = same[0], sum(row.times for row in same)
    # What went wrong must not hide behind what went right.
    seen = next((row.seen for row in same if not row.held), first.seen)
    cells = (first.fault, first.where, first.on, times, first.expected, seen, sum(r.times for r in same if r.held))
    return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
