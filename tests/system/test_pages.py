"""The pages' API as Airflow's API server serves it."""

from __future__ import annotations

import httpx

from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun

API = "/hpo/api/v1"


def test_the_api_server_answers_who_is_signed_in_and_nobody_else(airflow: LiveAirflow) -> None:
    with httpx.Client(base_url=airflow.url) as stranger:
        assert [stranger.get(f"{API}{path}").status_code for path in ("/me", "/studies", "/studies/1")] == [401] * 3
    me = airflow.client.get(f"{API}/me").json()
    assert me["user"]
    assert me["may_move_champions"] is True
    answer = airflow.client.get(f"{API}/studies")
    if me["database"]["state"] == "ok":
        assert answer.status_code == 200
        assert isinstance(answer.json()["studies"], list)
    else:
        assert (answer.status_code, answer.json()["detail"]) == (503, me["database"]["message"])


def test_airflow_offers_the_pages_and_serves_their_files(airflow: LiveAirflow) -> None:
    found = airflow.get("/plugins")["plugins"]
    (ours,) = [plugin for plugin in found if plugin["name"] == "hpo"]
    assert [(app["name"], app["url_route"]) for app in ours["react_apps"]] == [("Studies", "hpo"), ("Study", "hpo_run")]
    bundle = httpx.get(f"{airflow.url}{ours['react_apps'][0]['bundle_url']}")
    assert (bundle.status_code, "javascript" in bundle.headers["content-type"]) == (200, True)
    assert "immutable" in bundle.headers["cache-control"]
    links = "\n".join(ours["operator_extra_links"])
    assert links.count("PageLink") == 4


def test_a_task_that_has_not_run_has_a_button_that_leads_to_its_study(airflow: LiveAirflow) -> None:
    run = DagRun.trigger(airflow, "sixty")
    try:
        assert run.finish_of("tune.start") == "success"
        tasks = ("tune.start", "tune.finish")
        found = {name: airflow.get(f"{run.path}/taskInstances/{name}/links")["extra_links"] for name in tasks}
        assert [*found["tune.start"], *found["tune.finish"]] == ["Study", "Study"]
        led = airflow.client.get(found["tune.finish"]["Study"])
        assert led.status_code == 303
        (line,) = airflow.client.get(f"{API}/studies", params={"dag_id": "sixty", "run_id": run.run_id}).json()[
            "studies"
        ]
        assert led.headers["location"] == f"/plugin/hpo?study={line['id']}"
    finally:
        airflow.patch(run.path, {"state": "failed"})
