from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from airflow_hpo.core.importance import Importance
from airflow_hpo.optuna.optuna_studies import OptunaStudies
from airflow_hpo.storage.tables import EditionRow
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.status import status
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.invalidate import invalidate
from tests.integration.trial_tasks import Tuned, declared

TRIALS = 16


@pytest.fixture
def long(store: Store) -> Tuned:
    """A study that began two minutes ago; its values depend on ``x`` alone, and one batch is left."""
    tuned = Tuned(store, declared(max_trials=TRIALS + 4, parallelism=4, batch_size=4))
    with store.session() as session:
        row = session.get(EditionRow, 1)
        assert row is not None
        row.started_at = datetime.now(UTC) - timedelta(minutes=2)
    for batch in range(1, TRIALS // 4 + 1):
        for request in tuned.suggest(batch):
            tuned.complete(request, value=float(str(request.params["x"])))
    return tuned


def kept(tuned: Tuned) -> Importance | None:
    with tuned.store.session(read_only=True) as session:
        return tuned.store.optuna.importance(tuned.name, session.connection())


def test_a_batch_of_a_running_study_has_the_importance_computed(long: Tuned) -> None:
    found = kept(long)
    assert found is not None
    assert found.trials == 12
    assert list(found.shares) == ["x", "kind"]
    assert sum(found.shares.values()) == pytest.approx(1.0)
    assert found.shares["x"] > found.shares["kind"]


def test_it_is_computed_once_a_minute_and_at_the_end(long: Tuned) -> None:
    before = kept(long)
    long.suggest(TRIALS // 4 + 1)
    assert kept(long) == before
    finish(long.store, status(long.store, long.name), accept_incomplete=True)
    after = kept(long)
    assert after is not None
    assert after.trials == TRIALS


def test_a_result_that_was_taken_back_is_left_out(long: Tuned) -> None:
    invalidate(long.store, long.name, 0, "Wrong data.")
    finish(long.store, status(long.store, long.name), accept_incomplete=True)
    found = kept(long)
    assert found is not None
    assert found.trials == TRIALS - 1


def test_a_study_of_few_trials_has_none(tuned: Tuned) -> None:
    tuned.complete(tuned.suggest()[0])
    finish(tuned.store, status(tuned.store, tuned.name), accept_incomplete=True)
    assert kept(tuned) is None


def test_a_study_ends_also_where_it_cannot_be_computed(
    long: Tuned, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no evaluator")

    monkeypatch.setattr(OptunaStudies, "compute_importance", broken)
    summary = finish(long.store, status(long.store, long.name), accept_incomplete=True)
    assert summary.failure is None
    assert "was not computed" in caplog.text


def test_notebooks_find_it_with_the_study(long: Tuned) -> None:
    found = kept(long)
    assert found is not None
    assert long.store.optuna.load(long.name).user_attrs["hpo:importance"] == found.to_dict()
