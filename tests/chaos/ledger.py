"""What was broken and what became of it: one line of JSON for each injection, from which the docs' table is made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel


class Injection(BaseModel):
    """One fault that was produced."""

    fault: str
    """What was done, such as ``SIGKILL of the task process``."""
    where: str
    """At which step, such as ``a trial: between ask and run``."""
    on: str
    """Backend and database, such as ``programs, SQLite``."""
    expected: str
    seen: str = ""
    held: bool = False
    times: int = 1
    """How often the fault was produced for this line."""


class Ledger:
    """Takes down every injection, whether its test passes or not.

    :param path: file that lines are added to; None to take down nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    @contextmanager
    def injection(self, fault: str, where: str, on: str, expected: str, times: int = 1) -> Iterator[Injection]:
        """Enter a fault whose effect the block checks; what the block raises is entered as what was seen.

        The block sets ``seen`` to what it found, in a few words with numbers.

        :param fault: what is done.
        :param where: the step at which it is done.
        :param on: backend and database.
        :param expected: what must come of it.
        :param times: how often the fault is produced in the block.
        """
        row = Injection(fault=fault, where=where, on=on, expected=expected, times=times)
        try:
            yield row
            row.held = True
        except BaseException as err:
            row.seen = f"{type(err).__name__}: {err}".splitlines()[0][:200]
            raise
        finally:
            self._write(row)

    def _write(self, row: Injection) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a") as file:
            file.write(row.model_dump_json() + "\n")


def read(path: Path) -> list[Injection]:
    """Return all injections of a file, oldest first."""
    return [Injection.model_validate_json(line) for line in path.read_text().splitlines()]
