"""Candidates evaluated in pods of a real cluster: what tells them apart reaches the program, and comes back as a frame."""

from __future__ import annotations

import shutil
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from airflow_hpo.core.evaluation import Candidate, Plan, Scenario
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.core.window import Period
from airflow_hpo.evaluations.run import conclude_evaluation, evaluation_requests, evaluations_frame, open_evaluation
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.evaluations import Evaluation
from airflow_hpo.studies.store import Store
from tests.cluster.trials_on_cluster import MakeTask
from tests.integration.trial_tasks import START

pytestmark = pytest.mark.cluster

PLAN = Plan(
    objective=Objective("loss", extra_metrics=["seed"]),
    candidates=[
        Candidate("trial 7", {"x": 0.25, "text": "{{ x }}"}),
        Candidate("champion", {"x": 0.5, "text": "plain"}),
    ],
    scenarios=[Scenario("rain & wind", {"mm": 3})],
    variants=["night"],
    first_replicate=4,
    period=Period(start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2026, 2, 1, tzinfo=UTC)),
)
PROGRAM = """
import os, sys
told = os.environ
names = ("HPO_SCENARIO", "HPO_SCENARIO_MM", "HPO_VARIANT", "HPO_REPLICATE", "HPO_PERIOD_START", "HPO_PERIOD_END")
assert [told[name] for name in names] == [
    "rain & wind", "3", "night", "4", "2026-01-01T00:00:00+00:00", "2026-02-01T00:00:00+00:00"
]
candidate, month, text = sys.argv[1:]
assert (candidate, month, text) == (told["HPO_CANDIDATE"], "2026-01", told["HPO_PARAM_TEXT"])
print(f"seed={told['HPO_SEED']} loss={told['HPO_PARAM_X']}")
"""
ARGUMENTS = ["{{ trial.candidate }}", "{{ trial.period.start.strftime('%Y-%m') }}", "{{ trial.params.text }}"]


@dataclass
class Evaluated:
    """An open evaluation, as far as tasks on the cluster use it."""

    store: Store
    evaluation: Evaluation

    @property
    def name(self) -> str:
        """The edition's name."""
        return self.evaluation.edition

    def suggest(self) -> list[TrialRequest]:
        """The requests of the plan."""
        return evaluation_requests(self.store, self.evaluation)


@pytest.fixture
def tuned(tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Evaluated:
    """An open evaluation in the database that Airflow uses without a connection."""
    store = Store(Database.sqlite(shutil.copy(tables, tmp_path / "hpo.db")))
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    return Evaluated(store, open_evaluation(store, PLAN, "boat/validate", uuid.uuid4().hex, START))


@pytest.mark.parametrize("deferrable", [False, True], ids=["worker", "triggerer"])
def test_candidates_are_evaluated_in_pods(task: MakeTask, tuned: Evaluated, deferrable: bool) -> None:
    for _ in range(PLAN.size):
        task(PROGRAM, arguments=ARGUMENTS, deferrable=deferrable).run()

    outcome = conclude_evaluation(tuned.store, tuned.name)

    assert (outcome.complete, outcome.missing) == (2, [])
    frame = evaluations_frame(tuned.store, [tuned.name]).set_index("candidate")
    assert frame["loss"].to_dict() == {"trial 7": 0.25, "champion": 0.5}
    assert set(frame["seed"]) == {PLAN.seed_of("rain & wind", 4)}


def test_an_evaluation_that_fails_in_its_pod_is_missing_for_a_reason(task: MakeTask, tuned: Evaluated) -> None:
    task(PROGRAM, arguments=ARGUMENTS, deferrable=False).run()
    with pytest.raises(Exception, match="exited with 3"):
        task("raise SystemExit(3)", deferrable=False).run()

    outcome = conclude_evaluation(tuned.store, tuned.name)

    assert outcome.complete == 1
    assert "exited with 3" in outcome.missing[0]["reason"]
