"""Building Optuna's objects says nothing and changes nothing."""

from __future__ import annotations

import logging

import optuna
import pytest

from airflow_hpo.optuna.log_filters import without_announcements


def test_what_optuna_announces_is_not_heard_and_what_it_warns_of_is(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("optuna.storages._in_memory")
    with caplog.at_level(logging.INFO), without_announcements():
        optuna.create_study()
        logger.warning("It leaks.")
    assert [record.message for record in caplog.records] == ["It leaks."]


def test_who_is_ready_first_does_not_end_the_silence_of_another(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), without_announcements():
        with without_announcements():
            pass
        optuna.create_study()
    assert caplog.records == []


def test_loggers_keep_their_levels() -> None:
    alembic = logging.getLogger("alembic")
    before = alembic.level
    with without_announcements():
        alembic.setLevel(logging.CRITICAL)
    assert alembic.level == before
