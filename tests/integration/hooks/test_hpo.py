"""The hook, from a connection to a study."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowNotFoundException

from airflow_hpo.exceptions import StoreNotMigratedError, StoreRefusedError, StoreUnavailableError, StudyNotFoundError
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.migrate import current, downgrade
from tests.integration.trial_tasks import Tuned, declared


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An AIRFLOW_HOME without any connection."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.delenv("AIRFLOW_CONN_HPO_DEFAULT", raising=False)
    return tmp_path


def connect(monkeypatch: pytest.MonkeyPatch, **fields: object) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_HPO_DEFAULT", json.dumps(fields))


def test_naming_a_database_creates_nothing(home: Path) -> None:
    assert HpoHook().database.path == home / "hpo.db"
    assert list(home.glob("hpo*")) == []


def test_without_a_connection_the_default_file_is_ready_at_first_use(home: Path) -> None:
    tuned = Tuned(HpoHook().store, declared())
    tuned.complete(tuned.suggest()[0], value=0.5)
    assert (home / "hpo.db").is_file()
    assert HpoHook().load_study(tuned.name).best_value == 0.5
    assert HpoHook().trials(tuned.name).loc[0, "loss"] == 0.5


def test_an_sqlite_connection_moves_the_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, conn_type="sqlite", host=str(home / "elsewhere.db"))
    assert HpoHook().store.database.path == home / "elsewhere.db"


def test_an_unknown_connection_of_the_user_s_own_is_an_error(home: Path) -> None:
    with pytest.raises(AirflowNotFoundException, match="mine"):
        _ = HpoHook("mine").database


def test_the_connection_test_says_where_studies_are_kept_and_creates_nothing(home: Path) -> None:
    assert HpoHook().test_connection() == (True, f"The first study makes the file {home / 'hpo.db'}.")
    assert list(home.glob("hpo*")) == []
    _ = HpoHook().store
    assert HpoHook().test_connection() == (True, f"Studies are kept in {home / 'hpo.db'}.")


READS: dict[str, Callable[[HpoHook], object]] = {
    "load_study": lambda hook: hook.load_study("demo"),
    "trials": lambda hook: hook.trials("demo"),
    "trial": lambda hook: hook.trial("demo", 0),
    "metric_series": lambda hook: hook.metric_series("demo"),
    "drift": lambda hook: hook.drift("demo"),
    "evaluations": lambda hook: hook.evaluations("demo"),
    "champions": lambda hook: hook.champions(),
    "promotions": lambda hook: hook.promotions(),
    "comparisons": lambda hook: hook.comparisons(),
    "get_conn": lambda hook: hook.get_conn(),
}


@pytest.mark.parametrize("read", READS)
def test_reading_names_a_file_that_does_not_exist_and_makes_none(home: Path, read: str) -> None:
    with pytest.raises(StoreNotMigratedError, match=r"hpo\.db does not exist"):
        READS[read](HpoHook())
    assert list(home.glob("hpo*")) == []


@pytest.mark.parametrize("read", READS)
def test_reading_does_not_migrate_an_older_file(home: Path, read: str) -> None:
    downgrade(HpoHook().store.database, "0001")
    with pytest.raises(StoreNotMigratedError, match="airflow hpo db migrate"):
        READS[read](HpoHook(patience=0))
    assert current(HpoHook().database) == "0001"


def test_a_file_that_cannot_be_looked_at_is_not_a_missing_one(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stale(_: Path) -> None:
        raise OSError(116, "Stale file handle")

    monkeypatch.setattr(Path, "stat", stale)
    with pytest.raises(StoreUnavailableError, match="Stale file handle"):
        HpoHook(patience=0).trials("demo")


def test_the_engine_is_that_of_the_study_database(home: Path) -> None:
    _ = HpoHook().store
    assert HpoHook().get_conn().url.database == str(home / "hpo.db")


def postgres(monkeypatch: pytest.MonkeyPatch, database: Database, **extra: object) -> None:
    at = database.location
    fields = {"conn_type": "hpo", "host": at.host, "port": at.port, "login": at.username, "schema": at.database}
    connect(monkeypatch, password="s3cret", extra={"db_schema": database.schema, **extra}, **fields)


@pytest.mark.parametrize("empty_database", ["postgresql"], indirect=True)
def test_a_server_must_have_been_migrated(
    home: Path, monkeypatch: pytest.MonkeyPatch, empty_database: Database
) -> None:
    postgres(monkeypatch, empty_database)
    with pytest.raises(StoreNotMigratedError, match="airflow hpo db migrate"):
        _ = HpoHook().store


@pytest.mark.parametrize("empty_database", ["postgresql"], indirect=True)
def test_a_failing_connection_test_is_told_not_raised(
    home: Path, monkeypatch: pytest.MonkeyPatch, empty_database: Database
) -> None:
    postgres(monkeypatch, empty_database)
    answered, why = HpoHook().test_connection()
    assert not answered
    assert "airflow hpo db migrate" in why


def test_a_server_that_does_not_answer_is_named_without_its_password(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, conn_type="postgres", host="127.0.0.1", port=1, login="me", password="s3cret", schema="d")
    monkeypatch.setenv("AIRFLOW__HPO__DATABASE_PATIENCE", "0")
    with pytest.raises(StoreUnavailableError) as caught:
        _ = HpoHook().store
    assert "127.0.0.1" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_connection_without_a_usable_dialect_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, conn_type="hpo", extra={"dialect": "oracle"})
    with pytest.raises(StoreRefusedError, match="names 'oracle'"):
        _ = HpoHook().database


def test_where_the_fallback_is_off_a_missing_connection_is_an_error_that_is_retried(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__HPO__SQLITE_FALLBACK", "False")
    with pytest.raises(StoreUnavailableError, match="'hpo_default', which cannot be found"):
        _ = HpoHook().database


@pytest.fixture
def tuned(home: Path) -> Tuned:
    """A study whose first trial died once and is complete."""
    tuned = Tuned(HpoHook().store, declared())
    request = tuned.suggest()[0]
    tuned.report(tuned.started(request)[1], {1: 9.0})
    claimed, attempt = tuned.started(request, try_number=2)
    tuned.report(attempt, {1: 3.0, 2: 2.0})
    tuned.report(attempt, {1: 60.0}, metric="time_s")
    tuned.conclude(claimed, attempt, 2.0, problems=("Odd.",))
    return tuned


@pytest.mark.parametrize("study", ["demo", "demo@r"])
def test_a_trial_is_read_with_its_attempts_and_curves(tuned: Tuned, study: str) -> None:
    trial = HpoHook().trial(study, 0)
    assert (trial.record.value, trial.metrics, trial.replaced_by) == (2.0, ["loss", "time_s"], None)
    assert [attempt.problems for attempt in trial.attempts] == [(), ("Odd.",)]
    assert (trial.curve(), trial.curve(attempt=1), trial.curve("time_s")) == ({1: 3.0, 2: 2.0}, {1: 9.0}, {1: 60.0})


def test_an_unknown_trial_or_study_is_an_error(tuned: Tuned) -> None:
    with pytest.raises(StudyNotFoundError, match="no trial 9"):
        HpoHook().trial("demo", 9)
    with pytest.raises(StudyNotFoundError, match="'demoo'"):
        HpoHook().trial("demoo", 0)


def test_reported_values_are_a_frame(tuned: Tuned) -> None:
    hook = HpoHook()
    frame = hook.metric_series("demo", metric="loss")
    assert list(frame.columns) == ["number", "attempt", "metric", "step", "value", "reported"]
    assert frame[["attempt", "step", "value"]].values.tolist() == [[2, 1, 3.0], [2, 2, 2.0]]
    assert list(hook.metric_series("demo", 0, every_attempt=True)["value"]) == [9.0, 3.0, 2.0, 60.0]
    assert len(hook.metric_series("demo", 1)) == 0


def test_the_trials_of_the_newest_edition_are_found_by_the_study_s_name(tuned: Tuned) -> None:
    assert HpoHook().trials("demo").loc[0, "problems"] == "Odd."
