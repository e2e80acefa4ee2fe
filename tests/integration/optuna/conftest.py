"""Studies on every database."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from airflow_hpo.core.space.space import Categorical, Float, Int
from airflow_hpo.core.study import Study
from airflow_hpo.optuna.optuna_studies import OptunaStudies
from airflow_hpo.optuna.pruning import PruningSession
from airflow_hpo.storage.database import Database

EDITION = "demo@1"


@pytest.fixture
def optuna_database(ready_database: Database) -> Database:
    """A database with all tables."""
    return ready_database


@pytest.fixture
def study() -> Study:
    """A study over every kind of parameter."""
    return declared()


@pytest.fixture
def studies(optuna_database: Database, study: Study) -> OptunaStudies:
    """A store that has the study's first edition."""
    opened = OptunaStudies(optuna_database)
    opened.create(EDITION, study)
    return opened


def declared(**options: object) -> Study:
    """Return the study that the fixtures hold, or a variant of it."""
    space = {
        "x": Float(0, 1),
        "s": Float(0, 0.9, step=0.1),
        "n": Int(1, 9),
        "c": Categorical(["a", None, 2.5, True]),
        "only_a": Float(1e-3, 1, log=True, when={"c": "a"}),
    }
    return Study(**{"name": "demo", "space": space, "objective": "loss", "max_trials": 40, "parallelism": 4, **options})


def reported(session: PruningSession, values: Mapping[int, float]) -> bool:
    """Report values of a running trial and say whether it has to end."""
    judged = session.judge(values)
    with session.locked() as trial:
        session.keep(judged, trial)
    return not trial.running or judged.verdict is not None
