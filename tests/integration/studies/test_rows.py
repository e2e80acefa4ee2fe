from __future__ import annotations

import pytest

from airflow_hpo.core.space.space import Categorical, Float
from airflow_hpo.exceptions import StudyNotFoundError
from airflow_hpo.studies.rows import edition_row, find_edition
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.rows import COLUMNS, trial_rows, trials_frame
from tests.integration.trial_tasks import Tuned, declared


def test_an_edition_is_found_by_its_name_and_the_newest_by_its_study(tuned: Tuned) -> None:
    Tuned(tuned.store, tuned.study, "later")
    assert find_edition(tuned.store, "demo@r").name == "demo@r"
    assert find_edition(tuned.store, "demo").name == "demo@later"


def test_a_wrong_name_suggests_the_right_one(tuned: Tuned) -> None:
    with pytest.raises(StudyNotFoundError, match="demo@r"):
        find_edition(tuned.store, "demo@rr")


def test_an_edition_row_counts_its_trials(tuned: Tuned) -> None:
    requests = tuned.suggest()
    tuned.complete(requests[0], value=0.5)
    tuned.fail(requests[1])
    row = edition_row(tuned.store, tuned.store.edition(tuned.name))
    assert (row["state"], row["complete"], row["failed"], row["running"], row["wanted"]) == ("running", 1, 1, 2, 10)
    assert (row["best"], row["trial"]) == (0.5, 0)


def test_a_trial_row_has_parameters_metrics_and_attempts(tuned: Tuned) -> None:
    request = tuned.suggest()[0]
    tuned.started(request)
    tuned.complete(request, value=0.5, try_number=2)
    row = trial_rows(tuned.store, tuned.name)[0]
    assert (row["number"], row["state"], row["loss"], row["time_s"], row["attempts"]) == (0, "complete", 0.5, 2.0, 2)
    assert row["params.x"] == request.params["x"]


def test_a_failed_trial_has_its_reason_and_a_replacement_the_trial_before_it(tuned: Tuned) -> None:
    request = tuned.suggest()[0]
    tuned.fail(request)
    tuned.complete(request, try_number=2)
    rows = trial_rows(tuned.store, tuned.name)
    assert (rows[0]["reason"], rows[4]["replaces"], rows[4]["origin"]) == ("It broke.", 0, "rerun")


def test_a_row_tells_of_the_attempt_that_gave_the_result(tuned: Tuned) -> None:
    request = tuned.suggest()[0]
    claimed, old = tuned.started(request)
    tuned.started(request, try_number=2)
    tuned.conclude(claimed, old, problems=("Odd.", "Odder."))
    row = trial_rows(tuned.store, tuned.name)[0]
    assert (row["attempts"], row["problems"]) == (2, "Odd. Odder.")


def test_every_row_has_the_same_columns_whatever_its_parameters(store: Store) -> None:
    space = {"kind": Categorical(["a", "b"]), "x": Float(0, 1, when={"kind": "a"})}
    tuned = Tuned(store, declared(space=space))
    tuned.complete(tuned.suggest()[0])
    rows = trial_rows(store, tuned.name)
    assert len(rows) == 4
    assert {tuple(row) for row in rows} == {tuple(rows[0])}


def test_a_metric_with_the_name_of_a_column_has_its_own(store: Store) -> None:
    tuned = Tuned(store, declared(objective={"metric": "state", "extra_metrics": ["seconds"]}))
    tuned.complete(tuned.suggest()[0], value=0.5)
    row = trial_rows(store, tuned.name)[0]
    assert (row["state"], row["metrics.state"]) == ("complete", 0.5)
    assert row.keys() >= COLUMNS | {"metrics.seconds"}


def test_a_frame_is_indexed_by_number(tuned: Tuned) -> None:
    tuned.complete(tuned.suggest()[1], value=0.5)
    frame = trials_frame(tuned.store, tuned.name)
    assert list(frame.index) == [0, 1, 2, 3]
    assert frame.loc[1, "loss"] == 0.5


def test_a_study_without_trials_is_an_empty_frame(tuned: Tuned) -> None:
    assert len(trials_frame(tuned.store, tuned.name)) == 0
