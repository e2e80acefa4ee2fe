"""What a pooler does to studies: PgBouncer in both modes. Every test of a database also runs through one (`make verify-pooler`)."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import make_url, text

from airflow_hpo.core.space.space import Int
from airflow_hpo.core.trial import TrialState
from airflow_hpo.exceptions import StoreRefusedError, StoreUnavailableError, StudyLockedError
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.locks import study_lock
from airflow_hpo.studies import migrate
from airflow_hpo.studies.open import open_edition
from airflow_hpo.studies.store import Store, open_store
from tests.integration.concurrency import workers
from tests.integration.trial_tasks import START, Tuned, declared
from tests.lent_postgres import SCHEMA, LentThroughPooler
from tests.pgbouncer import PgBouncer, pgbouncer

MODES = {
    "transaction": {"pool_mode": "transaction"},
    "transaction, one connection": {"pool_mode": "transaction", "default_pool_size": 1},
    "session": {"pool_mode": "session"},
    "options ignored": {"pool_mode": "transaction", "ignore_startup_parameters": "options"},
}


@pytest.fixture(params=MODES)
def pooler(request: pytest.FixtureRequest, postgres_url: str) -> Iterator[PgBouncer]:
    """A pooler of one of the kinds."""
    with pgbouncer(postgres_url, max_client_conn=200, **MODES[request.param]) as running:
        yield running


@pytest.fixture
def lent(pgbouncer_tables: LentThroughPooler) -> Iterator[LentThroughPooler]:
    """The database with all tables, empty."""
    pgbouncer_tables.lend()
    yield pgbouncer_tables
    pgbouncer_tables.take_back()


def through(pooler: PgBouncer, lent: LentThroughPooler, driver: str = "psycopg2") -> Database:
    """Return the lent database as this pooler's clients reach it."""
    url = make_url(pooler.url).set(database=lent.name, drivername=f"postgresql+{driver}")
    return Database.of(url, SCHEMA)


def test_a_grid_that_four_processes_evaluate_has_every_point_once(pooler: PgBouncer, lent: LentThroughPooler) -> None:
    database = through(pooler, lent)
    grid = declared(space={"a": Int(1, 4), "b": Int(1, 6)}, sampler="grid", max_trials=24, batch_size=1)
    name = open_edition(Store(database), grid, "r", START).name
    workers.at_once(workers.work_until_over, [(database, name, worker) for worker in range(4)])
    records = Store(database).optuna.records(name)
    assert {record.state for record in records} == {TrialState.COMPLETE}
    assert Counter((r.params["a"], r.params["b"]) for r in records) == dict.fromkeys(
        [(a, b) for a in range(1, 5) for b in range(1, 7)], 1
    )


def test_one_of_four_holds_the_lock(pooler: PgBouncer, lent: LentThroughPooler) -> None:
    database, refused, enter = through(pooler, lent), [], threading.Barrier(4)
    leave = threading.Barrier(4)

    def hold() -> None:
        enter.wait(60)
        with ExitStack() as held:
            try:
                held.enter_context(study_lock(database, "s", timeout=0.5))
            except StudyLockedError:
                refused.append(1)
            leave.wait(60)

    if pooler_size(pooler) == 1:
        return
    threads = [threading.Thread(target=hold) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 3


def pooler_size(pooler: PgBouncer) -> int:
    """Return how many server connections one database and role have."""
    return int(pooler.settings.get("default_pool_size", 20))  # type: ignore[call-overload]


def test_tables_are_made_in_the_schema_that_is_named_and_nowhere_else(
    pooler: PgBouncer, postgres_url: str, postgres_schema: str
) -> None:
    if pooler_size(pooler) == 1:
        return
    migrate.upgrade(Database.of(pooler.url, postgres_schema))
    with Database.of(postgres_url).transaction() as connection:
        wanted = text("SELECT DISTINCT schemaname FROM pg_tables WHERE tablename IN ('hpo_editions', 'trials')")
        assert postgres_schema in connection.scalars(wanted).all()
        assert connection.scalar(text("SELECT to_regclass('public.hpo_editions')")) is None
        assert connection.scalar(text("SELECT to_regclass('public.trials')")) is None
    assert Tuned(Store(Database.of(pooler.url, postgres_schema)), declared()).suggest()


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
def test_statements_that_are_repeated_need_nothing_that_a_session_keeps(
    pooler: PgBouncer, lent: LentThroughPooler, driver: str
) -> None:
    tuned = Tuned(Store(through(pooler, lent, driver)), declared(max_trials=12, parallelism=12, batch_size=12))
    for request in tuned.suggest():
        tuned.complete(request)
    assert tuned.progress().complete == 12


def test_what_another_client_left_in_a_session_is_not_relied_on(postgres_url: str, lent: LentThroughPooler) -> None:
    with pgbouncer(postgres_url, default_pool_size=1) as pooler:
        plain = Database.of(make_url(pooler.url).set(database=lent.name))
        with plain.transaction() as connection:
            connection.execute(text("SET search_path TO nowhere"))
        assert Tuned(Store(through(pooler, lent)), declared()).suggest()


def test_a_pooler_that_is_started_again_is_an_outage(postgres_url: str, lent: LentThroughPooler) -> None:
    with pgbouncer(postgres_url) as pooler:
        store = Store(through(pooler, lent))
        tuned = Tuned(store, declared())
        with pytest.raises(StoreUnavailableError), study_lock(store.database, tuned.name):
            pooler.stop()
        with pytest.raises(StoreUnavailableError, match="must answer"):
            tuned.suggest()
        pooler.start()
        assert len(tuned.suggest()) == 4


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
def test_a_pool_without_a_free_connection_says_so(postgres_url: str, lent: LentThroughPooler, driver: str) -> None:
    with pgbouncer(postgres_url, default_pool_size=1, query_wait_timeout=1) as pooler:
        database = through(pooler, lent, driver)
        with (
            study_lock(database, "s"),
            pytest.raises(StoreUnavailableError, match=r"(a connection to spare.*query_wait_timeout)"),
        ):
            Tuned(Store(database), declared())


def test_a_pooler_with_too_many_clients_says_so(postgres_url: str, lent: LentThroughPooler) -> None:
    with pgbouncer(postgres_url, max_client_conn=1) as pooler:
        database = through(pooler, lent)
        with study_lock(database, "s"), pytest.raises(StoreUnavailableError, match="a connection to spare"):
            database.connect()


def test_options_that_the_pooler_does_not_take_are_refused_for_good(postgres_url: str, lent: LentThroughPooler) -> None:
    with pgbouncer(postgres_url) as pooler:
        asked = through(pooler, lent).location.update_query_dict({"options": "-cstatement_timeout=5s"})
        with pytest.raises(StoreRefusedError, match=r"unsupported startup parameter.*`options`"):
            open_store(Database.of(asked, SCHEMA), lock_timeout=1, patience=600)


def test_a_pooler_that_gives_each_statement_another_connection_is_refused(
    postgres_url: str, lent: LentThroughPooler
) -> None:
    with (
        pgbouncer(postgres_url, pool_mode="statement") as pooler,
        pytest.raises(StoreRefusedError, match=r"pool_mode to transaction or session"),
    ):
        # Of what a pooler says before it hangs up psycopg2 tells nothing.
        open_store(through(pooler, lent, "psycopg"), lock_timeout=1, patience=600)


def test_a_database_that_the_pooler_does_not_know_is_refused_for_good(postgres_url: str) -> None:
    with pgbouncer(postgres_url) as pooler:
        missing = Database.of(make_url(pooler.url).set(database="missing"), SCHEMA)
        with pytest.raises(StoreRefusedError, match="let this user in"):
            open_store(missing, lock_timeout=1, patience=600)
        stranger = Database.of(make_url(pooler.url).set(username="stranger"), SCHEMA)
        with pytest.raises(StoreRefusedError, match="let this user in"):
            open_store(stranger, lock_timeout=1, patience=600)
