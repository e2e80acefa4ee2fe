"""Sixty trials in pods with both kinds of constraints, while the triggerer and workers are killed in the middle."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest

from airflow_hpo.core.trial import TrialState
from airflow_hpo.optuna.migrate import optuna_storage
from local_airflow.live import LiveAirflow
from local_airflow.runs import ENDED
from tests.chaos.limits import MOST, loss, metric
from tests.chaos.pod_studies import PodStudies, pod_airflow
from tests.chaos.pod_victims import Victims
from tests.chaos.whole import check_whole
from tests.cluster.pods_on_cluster import wait_for

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.long,
    pytest.mark.timeout(1800),
    pytest.mark.usefixtures("built_here"),
]

TRIALS = 60
LIMIT = f"m <= {MOST:g}"
TRIGGERER, WORKER = "SIGKILL of the triggerer", "SIGKILL of a worker"
KILLS = {
    "worker": {12: TRIGGERER, 25: WORKER, 38: WORKER},
    # No worker takes part.
    "triggerer": {12: TRIGGERER, 38: TRIGGERER},
}
"""What is killed when so many trials have ended, by where they run."""


@pytest.fixture(scope="module")
def airflow(airflow_kubeconfig: Path, namespace: str, python_image: str, postgres_url: str) -> Iterator[LiveAirflow]:
    """An Airflow to be killed, with everything on PostgreSQL."""
    with pod_airflow(airflow_kubeconfig, namespace, python_image, postgres_url) as live:
        yield live


@pytest.mark.parametrize("way", KILLS)
def test_sixty_trials_keep_their_constraints_while_everything_is_killed(
    airflow: LiveAirflow, core: Any, namespace: str, way: str
) -> None:
    studies = PodStudies(airflow, core, namespace)
    victims = Victims(airflow, core, namespace, random.Random(23))
    study = studies.start(f"limits_{way}")
    assert study.wanted() == TRIALS
    for due, fault in KILLS[way].items():
        studies.until(lambda due=due: study.finished() >= due, f"{due} trials to end")
        studies.until(victims.blows[fault].strike, f"a victim: {fault}")
        print(f"{fault} after {study.finished()} trials, run {study.run.state}", flush=True)
    studies.until(lambda: study.run.state in ENDED, "the end of the run", timeout=900)
    wait_for(lambda: not study.pods(), "the end of the pods")
    whole = check_whole(study.store, study.name, study.run)

    assert [record.state for record in whole.records] == [TrialState.COMPLETE] * TRIALS
    points = [(float(record.params["x"] or 0), float(record.params["y"] or 0)) for record in whole.records]
    assert [sum(point) <= 1 for point in points] == [True] * TRIALS
    assert [(r.value, r.metrics) for r in whole.records] == [(loss(*p), {"m": metric(*p)}) for p in points]

    kept = [metric(*point) <= MOST for point in points]
    rows = list(csv.DictReader(io.StringIO(airflow.cli("hpo", "studies", "export", study.name, "-o", "csv"))))
    print(f"{sum(kept)} of {TRIALS} feasible; {whole}; {len(set(points))} points; first rows:", *rows[:3], sep="\n")
    assert [row["feasible"] for row in rows] == [str(one) for one in kept]
    assert [LIMIT in row["breaks"] for row in rows] == [not one for one in kept]

    found = optuna.load_study(study_name=study.name, storage=optuna_storage(study.store.database))
    assert [trial.constraints for trial in found.trials] == [{LIMIT: pytest.approx(metric(*p) - MOST)} for p in points]
    best = json.loads(airflow.cli("hpo", "studies", "best", study.name, "-o", "json"))
    print("best:", best, "optuna:", found.best_trial.number, found.best_trial.params, flush=True)
    assert found.best_trial.number == whole.edition.best_number
    assert best == found.best_trial.params
    print("series:", [trial.number for trial in found.trials if not kept[trial.number]])
