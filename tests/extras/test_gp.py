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
