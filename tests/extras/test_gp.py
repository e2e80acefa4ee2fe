"""The Gaussian process, which needs the extra ``gp`` (torch): ``make test-gp``."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_hpo.core.algorithms import Sampler
from airflow_hpo.core.space.space import Float, Int
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import TrialState
from airflow_hpo.optuna.migrate import create_schema
from airflow_hpo.optuna.optuna_studies import OptunaStudies
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.migrate import upgrade

pytestmark = pytest.mark.gp
EDITION = "demo@1"


def test_a_gaussian_process_finds_a_valley_batch_by_batch(tmp_path: Path) -> None:
    study = Study(
        name="demo",
        space={"x": Float(-1, 1), "n": Int(1, 5)},
        objective="loss",
        max_trials=24,
        parallelism=4,
        sampler=Sampler("gp", n_startup_trials=8, deterministic_objective=True),
    )
    database = Database.sqlite(tmp_path / "hpo.db")
    upgrade(database)
    create_schema(database)
    studies = OptunaStudies(database)
    studies.create(EDITION, study)
    for batch in range(6):
        for asked in studies.ask(EDITION, study, [f"{batch:03d}/{index}" for index in range(4)]):
            loss = (float(asked.params["x"]) - 0.3) ** 2 + 0.1 * (float(asked.params["n"]) - 2) ** 2
            studies.tell(EDITION, asked.number or 0, TrialState.COMPLETE, loss)
    records = studies.records(EDITION)
    assert len({tuple(record.params.items()) for record in records}) == 24
    assert min(record.value for record in records if record.value is not None) < 0.01


def test_a_gaussian_process_keeps_constraints_and_is_shown_what_was_refused(tmp_path: Path) -> None:
    study = Study(
        name="demo",
        space={"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)},
        objective="loss",
        constraints=["x + y <= 1", "x <= 2 * y"],
        max_trials=20,
        parallelism=5,
        sampler="gp",
    )
    database = Database.sqlite(tmp_path / "hpo.db")
    upgrade(database)
    create_schema(database)
    studies = OptunaStudies(database)
    studies.create(EDITION, study)
    for batch in range(4):
        for asked in studies.ask(EDITION, study, [f"{batch:03d}/{index}" for index in range(5)]):
            x, y = float(asked.params["x"]), float(asked.params["y"])
            assert x + y <= 1
            assert x <= 2 * y
            studies.tell(EDITION, asked.number or 0, TrialState.COMPLETE, (x - 0.8) ** 2 + (y - 0.8) ** 2)
    assert min(record.value for record in studies.records(EDITION) if record.value is not None) < 0.19
