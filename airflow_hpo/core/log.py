"""Log of a task: any logger that takes lines for people."""

from typing import Any, Protocol


class Log(Protocol):
    """Logger of a task, in a worker or in a triggerer."""

    def info(self, msg: str, /, *args: Any) -> None:
        """Write what happens."""

    def warning(self, msg: str, /, *args: Any) -> None:
        """Write what is odd."""

    def error(self, msg: str, /, *args: Any) -> None:
        """Write what failed."""
