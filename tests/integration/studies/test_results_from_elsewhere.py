"""What a study makes of results that were measured elsewhere: a file, and what Optuna and an export write."""

from __future__ import annotations

from pathlib import Path

import optuna
import pytest

from airflow_hpo.core.trial import Origin
from airflow_hpo.core.warm_start import WarmStart
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.studies.status import status
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.invalidate import invalidate
from airflow_hpo.trials.rows import trials_frame
from tests.integration.trial_tasks import Tuned, declared

ROWS = "x,kind,loss,time_s\n0.25,a,2.0,30\n0.5,b,1.0,20\n1.5,a,0.5,10\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "old.csv"
    found.write_text(ROWS)
    return found


def warm(path: Path, mode: str = "values", trials: int = 10) -> WarmStart:
    return WarmStart(mode=mode, results=str(path), trials=trials)


def test_results_of_a_file_are_known_with_their_row(store: Store, path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    tuned = Tuned(store, declared(warm_start=warm(path)), "r")
    assert [(r.params, r.value, r.metrics, r.source, r.origin) for r in tuned.records()] == [
        ({"x": 0.5, "kind": "b"}, 1.0, {"time_s": 20.0}, "old.csv#3", Origin.WARM_START),
        ({"x": 0.25, "kind": "a"}, 2.0, {"time_s": 30.0}, "old.csv#2", Origin.WARM_START),
    ]
    best = status(store, tuned.name).best
    assert best is not None
    assert str(best.known) == "taken over from old.csv#3"
    assert "1 row is left out, because of a value outside the space: 4 (row 4: x=1.5" in caplog.text
    assert "Warm start: the best trials of earlier editions and of a file, 2 of old.csv." in caplog.text


def test_opening_again_takes_nothing_twice(store: Store, path: Path) -> None:
    Tuned(store, declared(warm_start=warm(path)), "r")
    assert len(Tuned(store, declared(warm_start=warm(path)), "r").records()) == 2


def test_only_the_best_of_a_file_are_taken(store: Store, path: Path) -> None:
    assert [r.source for r in Tuned(store, declared(warm_start=warm(path, trials=1)), "r").records()] == ["old.csv#3"]


def test_points_of_a_file_are_tried_first(store: Store, path: Path) -> None:
    tuned = Tuned(store, declared(warm_start=warm(path, "points")), "r")
    assert [request.params["x"] for request in tuned.suggest(1)][:2] == [0.5, 0.25]


def test_a_later_edition_has_each_row_once(store: Store, path: Path) -> None:
    Tuned(store, declared(warm_start=warm(path)), "first")
    second = Tuned(store, declared(warm_start=warm(path)), "second")
    assert [r.source for r in second.records()] == ["old.csv#3", "old.csv#2"]


def test_a_row_that_was_taken_back_and_removed_is_gone(store: Store, path: Path) -> None:
    first = Tuned(store, declared(warm_start=warm(path)), "first")
    invalidate(store, first.name, 0, "The sensor was broken.")
    path.write_text(ROWS.replace("0.5,b,1.0,20\n", ""))
    second = Tuned(store, declared(warm_start=warm(path)), "second")
    assert [r.params["x"] for r in second.records()] == [0.25]


def test_the_trials_of_an_optuna_study_are_taken_over(store: Store, path: Path, tmp_path: Path) -> None:
    old = optuna.create_study(storage=f"sqlite:///{tmp_path / 'old.db'}", study_name="old")

    def measure(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0, 2)
        trial.suggest_categorical("kind", ["a", "b"])
        trial.set_user_attr("time_s", 7.0)
        if trial.number == 1:
            raise optuna.TrialPruned
        if trial.number == 2:
            raise ValueError
        return x

    for x in (0.5, 0.1, 0.2, 1.5, 0.75):
        old.enqueue_trial({"x": x, "kind": "b"})
    old.optimize(measure, n_trials=5, catch=(ValueError,))
    optuna.load_study(study_name="old", storage=f"sqlite:///{tmp_path / 'old.db'}").trials_dataframe().to_csv(
        path, index=False
    )
    tuned = Tuned(store, declared(warm_start=warm(path)), "r")
    assert [(r.params, r.value, r.metrics) for r in tuned.records()] == [
        ({"x": x, "kind": "b"}, x, {"time_s": 7.0}) for x in (0.5, 0.75)
    ]


def test_an_export_of_trials_is_taken_over(store: Store, path: Path) -> None:
    old = Tuned(store, declared(name="old"), "r")
    for request, value in zip(old.suggest(1), (3.0, 4.0)):
        old.complete(request, value)
    trials_frame(store, old.name).to_csv(path)
    tuned = Tuned(store, declared(warm_start=warm(path)), "r")
    measured = [(r.params, r.value) for r in old.records() if r.value is not None]
    assert [(r.params, r.value) for r in tuned.records()] == measured
    assert len(measured) == 2


def test_a_file_without_a_result_stops_the_start(store: Store, path: Path) -> None:
    path.write_text("x,kind,loss\n7,a,1\n")
    with pytest.raises(DeclarationError, match="has at least one that fits the study"):
        Tuned(store, declared(warm_start=warm(path)), "r")
