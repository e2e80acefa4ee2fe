"""Where the buttons of tasks lead."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

from airflow_hpo.storage import editions
from airflow_hpo.studies.store import Store
from tests.integration.plugin.people import Person
from tests.integration.trial_tasks import Tuned, declared

LIST = "/plugin/hpo"


def led_to(person: Person, task_id: str, map_index: int = -1, run_id: str = "r") -> str:
    asked = {"dag_id": "tune", "run_id": run_id, "task_id": task_id, "map_index": map_index}
    answer = person.get("/go", params=asked, follow_redirects=False)
    assert answer.status_code == 303
    return answer.headers["location"]


def test_a_trials_task_leads_to_its_trial(store: Store, viewer: Person) -> None:
    tuned = Tuned(store, declared())
    request = tuned.suggest()[1]
    tuned.started(request)
    number = store.read(editions.row_id, tuned.name)
    assert led_to(viewer, "tune.batch_001.trial", 1) == f"{LIST}?study={number}&tab=trials&trial=1"


def test_a_task_that_has_not_run_leads_to_its_study(store: Store, viewer: Person) -> None:
    number = store.read(editions.row_id, Tuned(store, declared()).name)
    assert led_to(viewer, "tune.batch_002.trial", 0) == f"{LIST}?study={number}"
    assert led_to(viewer, "tune.finish") == f"{LIST}?study={number}"


def test_a_task_that_is_not_known_leads_to_the_list_of_its_run(viewer: Person) -> None:
    assert led_to(viewer, "tune.start", run_id="a b") == f"{LIST}?dag_id=tune&run_id=a+b"


def test_a_task_of_a_dag_that_may_not_be_read_leads_to_the_list(
    store: Store, viewer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: SimpleAuthManager, **given: Any) -> bool:
        return False

    Tuned(store, declared())
    monkeypatch.setattr(SimpleAuthManager, "is_authorized_dag", refuse)
    assert led_to(viewer, "tune.finish") == LIST


def test_the_path_of_airflow_is_kept(viewer: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://example.com/team/airflow")
    assert led_to(viewer, "t").startswith("/team/airflow/plugin/hpo?")
    assert viewer.get("/me").json()["base"] == "/team/airflow"
