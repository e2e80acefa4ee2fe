from __future__ import annotations

import importlib
from datetime import UTC, datetime

import pytest

from airflow_hpo.core.edition import Edition
from airflow_hpo.core.objective import Direction
from airflow_hpo.core.space import Float
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import TrialRecord, TrialState
from airflow_hpo.triggers.study import StudyTrigger, Until, reached
from airflow_hpo.tuning.judging import Status, status_of

STUDY = Study(name="s", space={"x": Float(0, 1)}, objective="loss", max_trials=10, parallelism=4, batch_size=2)


def look(complete: int, running: int) -> Status:
    """Return a look at a study with some complete and some running trials."""
    now = datetime.now(UTC)
    edition = Edition("s@r", "s", "r", STUDY.to_dict(), STUDY.fingerprint, STUDY.search_fingerprint, now, now)
    states = [TrialState.COMPLETE] * complete + [TrialState.RUNNING] * running
    value = {TrialState.COMPLETE: 1.0}
    records = [TrialRecord(n, state, {}, value.get(state), key=f"001/{n}") for n, state in enumerate(states)]
    assert STUDY.objective.direction is Direction.MINIMIZE
    return status_of(edition, records)


@pytest.mark.parametrize(
    ("complete", "running", "expected"),
    [
        (0, 4, {"ready": False, "room": False, "over": False}),
        (1, 3, {"ready": False, "room": True, "over": False}),
        (2, 2, {"ready": True, "room": True, "over": False}),
        (9, 1, {"ready": False, "room": False, "over": False}),
        (10, 0, {"ready": True, "room": True, "over": True}),
    ],
    ids=["full", "one slot", "a batch of slots", "the last one runs", "over"],
)
def test_a_wait_ends_when_its_condition_holds(complete: int, running: int, expected: dict[Until, bool]) -> None:
    status = look(complete, running)
    assert {until: reached(status, until) for until in expected} == expected


def test_a_trigger_is_rebuilt_from_what_it_serialises() -> None:
    trigger = StudyTrigger("s@r", "mine", "room", 0.5, "dag", "run", "tune.batch_{batch}.trial", end_task=True)
    path, arguments = trigger.serialize()
    module, _, name = path.rpartition(".")
    rebuilt = getattr(importlib.import_module(module), name)(**arguments)
    assert type(rebuilt) is StudyTrigger
    assert rebuilt.serialize() == (path, arguments)
    assert arguments == {
        "edition": "s@r",
        "hpo_conn_id": "mine",
        "until": "room",
        "poll_interval": 0.5,
        "dag_id": "dag",
        "run_id": "run",
        "trial_task_id": "tune.batch_{batch}.trial",
        "end_task": True,
    }
