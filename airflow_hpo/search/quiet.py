"""Optuna without side effects: no warnings about experimental parts, no own log handler, Alembic's logger untouched."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import optuna
from optuna.exceptions import ExperimentalWarning

# Building a storage or a study announces itself; ours are built for every ask.
_TALKATIVE = ("optuna.storages._in_memory", "optuna.storages._rdb.storage")


def join_logging() -> None:
    """Let Optuna's messages go where everybody's go instead of to its own handler on stderr."""
    optuna.logging.disable_default_handler()
    optuna.logging.enable_propagation()


@contextmanager
def quiet() -> Iterator[None]:
    """Build Optuna's objects without its announcements; loggers keep the levels they had."""
    talkative = [logging.getLogger(name) for name in _TALKATIVE]
    levels = {logger: logger.level for logger in [*talkative, logging.getLogger("alembic")]}
    try:
        for logger in talkative:
            logger.setLevel(logging.WARNING)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            yield
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)
