"""Optuna without side effects: no warnings about experimental parts, no own log handler, Alembic's logger untouched."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import optuna
from optuna.exceptions import ExperimentalWarning

# Building a storage or a study announces itself; ours are built for every ask.
_ANNOUNCING = ("optuna.storages._in_memory", "optuna.storages._rdb.storage")


def join_logging() -> None:
    """Let Optuna's messages go where all others go instead of to its own handler on stderr."""
    optuna.logging.disable_default_handler()
    optuna.logging.enable_propagation()


@contextmanager
def without_announcements() -> Iterator[None]:
    """Build Optuna's objects without the lines that they log; loggers keep the levels they had."""
    announcing, alembic = [logging.getLogger(name) for name in _ANNOUNCING], logging.getLogger("alembic")
    level, warnings_only = alembic.level, _WarningsOnly()
    try:
        # A filter, since every change of a level makes the process forget what all its loggers let through.
        for logger in announcing:
            logger.addFilter(warnings_only)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            # An option that Optuna will drop is marked where it is declared, not at every ask.
            warnings.simplefilter("ignore", FutureWarning)
            yield
    finally:
        for logger in announcing:
            logger.removeFilter(warnings_only)
        if alembic.level != level:
            alembic.setLevel(level)


class _WarningsOnly(logging.Filter):
    """Lets warnings through; each user has one of its own, so that none takes away another's."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING
