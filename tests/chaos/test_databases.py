"""The study database is away, cut off, crowded, read-only or slow: it is tried again for a while, and nothing is lost."""

from __future__ import annotations

import itertools
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_hpo.core.metrics.measurement import Measurement
from airflow_hpo.core.metrics.point import SeriesPoint
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.parameter_set import Provenance
from airflow_hpo.core.trial import AttemptOutcome, TrialState
from airflow_hpo.exceptions import StoreUnavailableError
from airflow_hpo.parameter_sets.moves import promote
from airflow_hpo.storage import metric_series, parameter_sets
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.status import status
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.suggest import suggest
from airflow_hpo.trials.conclude import conclude
from airflow_hpo.trials.reporter import TrialReporter
from tests.chaos.database_faults import Crew, Cut, Proxy, StudyServer, at_every_message, finished, until
from tests.chaos.ledger import Ledger
from tests.chaos.whole import check_whole
from tests.integration.trial_tasks import WORK, Tuned, declared
from tests.single_requests import ask_one

ON = "functions, PostgreSQL"
WHOLE = "retried; every trial once, with its attempt and its metrics"
PATIENCE = 60.0

pytestmark = pytest.mark.timeout(600)
runs = (f"r{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def server() -> Iterator[StudyServer]:
    """A server that only studies are on."""
    with tempfile.TemporaryDirectory(prefix="hpo-postgres-") as home:
        started = StudyServer(Path(home), max_connections="20")
        yield started
        started.stop()


@pytest.fixture
def proxy(server: StudyServer) -> Iterator[Proxy]:
    """What can cut connections to the server."""
    with Proxy(server.port) as between:
        yield between


@pytest.fixture
def near(server: StudyServer) -> Store:
    """The study database without anything between."""
    return Store(server.database)


@pytest.fixture
def far(server: StudyServer, proxy: Proxy) -> Store:
    """The study database as a task reaches it, through what may be cut."""
    return Store(server.reached_at(proxy.port), patience=PATIENCE)


def tuned(store: Store, **options: object) -> Tuned:
    return Tuned(store, declared(**options), next(runs))


def worked_through(server: StudyServer, trials: int, fault: Callable[[str], None], **crew: Any) -> str:
    """Let three processes run a study while something happens; return what is left of it, which is whole."""
    store = Store(server.database)
    name = tuned(store, max_trials=trials, parallelism=3).name
    with Crew(server.database, name, patience=PATIENCE, **crew) as working:
        fault(name)
        working.wait()
    seen = check_whole(store, name)
    with store.session() as session:
        points = metric_series.series(session, name)
    assert len(points) >= 5 * trials
    return f"{seen}; {len(points)} metric values"


@pytest.mark.parametrize(
    ("how", "word", "times"),
    [
        pytest.param(signal.SIGINT, "fast", 1, marks=pytest.mark.short, id="fast"),
        pytest.param(signal.SIGQUIT, "immediate", 4, id="immediate"),
    ],
)
def test_a_server_that_is_restarted_while_trials_run_loses_nothing(
    server: StudyServer, ledger: Ledger, how: signal.Signals, word: str, times: int
) -> None:
    def restart(name: str) -> None:
        for again in range(times):
            until(lambda again=again: finished(server.database, name) >= 2 + 4 * again)
            server.stop(how)
            server.start()

    with ledger.injection(f"PostgreSQL restarted ({word} shutdown)", "trials run", ON, WHOLE, times=times) as row:
        row.seen = worked_through(server, 6 + 4 * times, restart)


@pytest.mark.parametrize("seconds", [pytest.param(4, marks=pytest.mark.short), 15])
def test_a_server_that_is_away_for_a_while_is_waited_for(server: StudyServer, ledger: Ledger, seconds: int) -> None:
    def take_away(name: str) -> None:
        until(lambda: finished(server.database, name) >= 2)
        server.stop()
        time.sleep(seconds)
        server.start()

    with ledger.injection(f"PostgreSQL away for {seconds} s", "trials run and are asked for", ON, WHOLE) as row:
        row.seen = worked_through(server, 8, take_away)


def test_a_server_without_a_connection_to_spare_is_waited_for(server: StudyServer, ledger: Ledger) -> None:
    held = 0

    def crowd(name: str) -> None:
        nonlocal held
        until(lambda: finished(server.database, name) >= 2)
        with server.crowded() as held:
            time.sleep(6)

    with ledger.injection("PostgreSQL out of connections for 6 s", "trials run and are asked for", ON, WHOLE) as row:
        row.seen = f"{worked_through(server, 8, crowd)}; others held {held} connections"


READ_ONLY = {
    "read-only": (
        "ALTER DATABASE studies SET default_transaction_read_only = on",
        "ALTER DATABASE studies RESET default_transaction_read_only",
    ),
    "right revoked": (
        "REVOKE CONNECT ON DATABASE studies FROM tuner, PUBLIC",
        "GRANT CONNECT ON DATABASE studies TO tuner, PUBLIC",
    ),
}


@pytest.mark.parametrize("kind", READ_ONLY)
def test_a_server_that_takes_no_changes_for_a_while_is_waited_for(
    server: StudyServer, ledger: Ledger, kind: str
) -> None:
    forbid, allow = READ_ONLY[kind]

    def refuse(name: str) -> None:
        until(lambda: finished(server.database, name) >= 2)
        server.do(forbid)
        time.sleep(5)
        server.do(allow)

    with ledger.injection(f"PostgreSQL {kind} for 5 s", "trials run and are asked for", ON, WHOLE) as row:
        row.seen = worked_through(server, 8, refuse)


@pytest.mark.short
def test_a_server_that_takes_no_changes_at_all_is_named_with_the_remedy(
    server: StudyServer, near: Store, ledger: Ledger
) -> None:
    study = tuned(near)
    request = study.suggest()[0]
    _claimed, attempt = study.started(request)
    without_retry = Store(server.database, patience=2)
    with ledger.injection(
        "PostgreSQL read-only for good", "a result is told", ON, "tried for `database_patience`, then one clear error"
    ) as row:
        server.do(READ_ONLY["read-only"][0])
        try:
            with pytest.raises(StoreUnavailableError, match=r"must take changes.*read-only.*tried for 2 s") as caught:
                conclude(without_retry, attempt, Outcome.complete(Measurement(0.5)))
        finally:
            server.do(READ_ONLY["read-only"][1])
        row.seen = str(caught.value).replace(str(server.port), "PORT")
    conclude(near, attempt, Outcome.complete(Measurement(0.5)))
    assert study.states()[0] is TrialState.COMPLETE


def test_a_server_that_never_comes_back_is_named_after_the_patience(server: StudyServer, ledger: Ledger) -> None:
    with Proxy(server.port) as nobody:
        gone = server.reached_at(nobody.port)
    expected = "tried for `database_patience`, then one clear error"
    with ledger.injection("PostgreSQL away for good", "a trial is asked for", ON, expected) as row:
        with pytest.raises(StoreUnavailableError, match=r"must answer.*refused.*tried for 3 s") as caught:
            suggest(Store(gone, patience=3), "demo@r", 1)
        row.seen = str(caught.value).replace(str(nobody.port), "PORT")


def test_a_slow_server_slows_a_study_down_and_nothing_else(server: StudyServer, near: Store, ledger: Ledger) -> None:
    with (
        ledger.injection("200 ms added to every message", "a whole study", ON, WHOLE) as row,
        Proxy(server.port, delay=0.2) as slow,
    ):
        name = tuned(near, max_trials=2, parallelism=2).name
        with Crew(server.reached_at(slow.port), name, size=2, pause=0.0) as working:
            working.wait(500)
        row.seen = f"{check_whole(near, name)}; {slow.messages} messages"


CUTS: list[Any] = ["lost", "unanswered"]
SAID = {"lost": "connection cut before each write", "unanswered": "connection cut after each write, before its answer"}


def cut_everywhere(
    ledger: Ledger, proxy: Proxy, how: Cut, where: str, prepare: Callable[[], Any], work: Callable[[Any], str]
) -> None:
    expected = "retried; done once"
    with ledger.injection(SAID[how], where, ON, expected) as row:
        seen: list[str] = []
        row.times = len(at_every_message(proxy, how, prepare, lambda subject: seen.append(work(subject))))
        assert len(set(seen)) == 1, set(seen)
        row.seen = f"{row.times} writes, locks and commits, each time {seen[0]}"


@pytest.mark.parametrize("how", CUTS)
def test_a_batch_is_suggested_once_wherever_its_connection_is_cut(
    near: Store, far: Store, proxy: Proxy, ledger: Ledger, how: Cut
) -> None:
    def work(study: Tuned) -> str:
        found = suggest(far, study.name, 1)
        rows = study.records()
        assert [(r.number, r.params) for r in found] == [(r.number, r.params) for r in rows]
        assert len({r.key for r in rows}) == len(rows)
        return f"{len(rows)} trials"

    cut_everywhere(ledger, proxy, how, "a batch is suggested", lambda: tuned(near, parallelism=2), work)


@pytest.mark.parametrize("how", ["lost", pytest.param("unanswered", marks=pytest.mark.short)])
def test_a_trial_is_asked_for_once_wherever_its_connection_is_cut(
    near: Store, far: Store, proxy: Proxy, ledger: Ledger, how: Cut
) -> None:
    def work(study: Tuned) -> str:
        found, _ = ask_one(far, study.name, "001/0")
        assert found is not None
        assert found.number == 0
        return f"{len(study.records())} trial"

    cut_everywhere(ledger, proxy, how, "a trial is asked for", lambda: tuned(near), work)


@pytest.mark.parametrize("how", CUTS)
def test_a_study_is_opened_once_wherever_its_connection_is_cut(
    near: Store, far: Store, proxy: Proxy, ledger: Ledger, how: Cut
) -> None:
    def work(_: None) -> str:
        study = tuned(far)
        assert near.optuna.load(study.name).metric_names == ["loss"]
        return f"{len(Tuned(near, study.study, study.name.partition('@')[2]).records())} trials in one edition"

    cut_everywhere(ledger, proxy, how, "a study is started", lambda: None, work)


@pytest.mark.parametrize("how", CUTS)
def test_a_failed_trial_is_run_again_once_wherever_its_connection_is_cut(
    near: Store, far: Store, proxy: Proxy, ledger: Ledger, how: Cut
) -> None:
    def prepare() -> Tuned:
        study = tuned(near, parallelism=2)
        study.fail(study.suggest()[0])
        return study

    def work(study: Tuned) -> str:
        request = study.suggest()[0]
        again = Tuned(far, study.study, study.name.partition("@")[2])
        claimed, attempt = again.started(request, 2)
        rows = study.records()
        assert (claimed.record.number, attempt.attempt) == (2, 1)
        assert [r.replaces for r in rows] == [None, None, 0]
        return f"{len(rows) - 2} rerun with {len(study.attempts(2))} attempt"

    cut_everywhere(ledger, proxy, how, "a failed trial is claimed and begun again", prepare, work)


@pytest.mark.parametrize("how", CUTS)
def test_a_result_is_told_once_wherever_its_connection_is_cut(
    near: Store, far: Store, proxy: Proxy, ledger: Ledger, how: Cut
) -> None:
    def prepare() -> tuple[Tuned, Any, Any]:
        study = tuned(near)
        return (study, *study.started(study.suggest()[0]))

    def work(subject: tuple[Tuned, Any, Any]) -> str:
        study, _claimed, attempt = subject
        report = TrialReporter(far, study.study, attempt)
        report([SeriesPoint("loss", step, 2.0 - step) for step in range(2)])
        conclude(far, attempt, Outcome.complete(Measurement(0.5, {"time_s": 2.0})), report)
        record = study.records()[0]
        assert (record.state, record.value, record.work) == (TrialState.COMPLETE, 0.5, str(WORK))
        [held] = study.attempts(0)
        assert held.outcome is AttemptOutcome.COMPLETE
        with near.session() as session:
            kept = [(m.step, m.value) for m in metric_series.series(session, study.name)]
        assert kept == [(0, 2.0), (1, 1.0)]
        assert near.optuna.load(study.name).trials[0].intermediate_values == dict(kept)
        return f"{len(kept)} values and 1 result"

    cut_everywhere(ledger, proxy, how, "a trial reports, then its result is told", prepare, work)


@pytest.mark.parametrize("how", CUTS)
def test_a_study_is_summed_up_wherever_its_connection_is_cut(
    near: Store, far: Store, proxy: Proxy, ledger: Ledger, how: Cut
) -> None:
    def prepare() -> Tuned:
        study = tuned(near, max_trials=1, parallelism=1, batch_size=1)
        study.complete(study.suggest()[0], 0.5)
        return study

    def work(study: Tuned) -> str:
        data = finish(far, status(near, study.name)).data
        edition = near.edition(study.name)
        assert (edition.best_value, edition.end) == (0.5, data["end"])
        check_whole(near, study.name)
        return f"best {edition.best_value}, whole"

    cut_everywhere(ledger, proxy, how, "a study is finished", prepare, work)


@pytest.mark.parametrize("how", CUTS)
def test_a_champion_is_promoted_once_wherever_its_connection_is_cut(
    near: Store, far: Store, proxy: Proxy, ledger: Ledger, how: Cut
) -> None:
    def work(name: str) -> str:
        promote(far, name, {"x": 0.5}, expected=0, key="run", provenance=Provenance())
        with near.session() as session:
            made = parameter_sets.version(session, name, parameter_sets.lock(session, name))
        assert (made.version, made.params) == (1, {"x": 0.5})
        return f"version {made.version}"

    cut_everywhere(ledger, proxy, how, "a champion is promoted", lambda: f"set-{next(runs)}", work)
