from __future__ import annotations

import importlib
from datetime import UTC, datetime, timedelta

import pytest

from airflow_hpo.core.budget import verdict
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.progress import Progress
from airflow_hpo.core.space.space import Float
from airflow_hpo.core.study import Study
from airflow_hpo.studies.status import Status
from airflow_hpo.triggers.study import StudyTrigger, Until, reached

STUDY = Study(name="s", space={"x": Float(0, 1)}, objective="loss", max_trials=10, parallelism=4, batch_size=2)


def look(complete: int, running: int, pending: int = 0, study: Study = STUDY) -> Status:
    """Return a look at a study with some complete and some running trials."""
    now = datetime.now(UTC)
    edition = Edition("s@r", "s", "r", study.to_dict(), now, now)
    progress = Progress(complete, 0, 0, running, None, 0, pending)
    return Status(edition, progress, verdict(study, progress, timedelta(0)))


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


@pytest.mark.parametrize(("pending", "room"), [(2, False), (1, True)])
def test_a_wait_for_room_ends_when_a_trial_has_its_place(pending: int, room: bool) -> None:
    gentle = STUDY.model_copy(update={"max_pending": 2})
    assert reached(look(0, 2, pending, gentle), "room") is room


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
