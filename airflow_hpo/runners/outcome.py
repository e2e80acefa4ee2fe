"""How a trial's program ended."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import Literal

from airflow_hpo.core.trial import FailureKind
from airflow_hpo.exceptions import TrialFailedError

End = Literal["pruned", "killed", "timeout"]
"""Why the runner ended a program before it was done."""

SHOWN_LINES = 5


@dataclass(frozen=True, slots=True)
class ProcessOutcome:
    """The end of one process and the last it said."""

    exit_code: int | None
    """None when a signal ended it."""
    signal: int | None
    """Number of the signal that ended it; None when it exited."""
    ended: End | None
    """Why the runner ended it; None when it ended by itself."""
    tail: tuple[str, ...]
    """The last lines of its output, oldest first."""

    @property
    def pruned(self) -> bool:
        """Whether it was ended because the monitor said so."""
        return self.ended == "pruned"

    @property
    def killed(self) -> bool:
        """Whether it was ended by ``stop()``."""
        return self.ended == "killed"

    def check(self) -> None:
        """Do nothing when the program exited with 0 or was pruned."""
        if self.pruned or (self.ended is None and self.exit_code == 0):
            return
        kind = FailureKind.KILLED if self.killed else FailureKind.PROGRAM
        raise TrialFailedError(f"{self._how()}{self._last()}", kind=kind)

    def _how(self) -> str:
        if self.ended == "killed":
            return "The trial's program was stopped."
        if self.ended == "timeout":
            return "The trial's program ran longer than its timeout and was ended."
        if self.signal is None:
            return f"The trial's program exited with {self.exit_code}."
        hint = " Often that is the kernel short of memory." if self.signal == signal.SIGKILL else ""
        return f"The trial's program was ended by {_signal_name(self.signal)}.{hint}"

    def _last(self) -> str:
        return f" Its last lines: {' | '.join(self.tail[-SHOWN_LINES:])}" if self.tail else " It printed nothing."


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
