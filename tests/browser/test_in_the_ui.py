"""What people do with a mouse: agree, refuse, run a failed trial again."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from airflow_hpo.core.trial import TrialState
from airflow_hpo.studies.store import Store
from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun
from tests.browser.runs import address, asking, history, records, replacing


def asked(airflow: LiveAirflow, page: Page, month: int) -> DagRun:
    """Run the retuning of a month until it asks, and open the page that asks."""
    run = asking(airflow, month)
    page.goto(f"{address(run)}/tasks/approve/required_actions")
    return run


def test_the_page_that_asks_shows_the_report_and_approving_there_promotes(airflow: LiveAirflow, page: Page) -> None:
    run = asked(airflow, page, 1)
    expect(page.get_by_text(re.compile(r"Promote trial \d+ to retuned, the first version\?"))).to_be_visible()
    expect(page.get_by_role("columnheader", name="measured again")).to_be_visible()
    page.get_by_test_id("hitl-option-Approve").click()
    assert run.wait() == "success"
    assert run.xcom("promote")["params"] == {"x": 1}
    assert [row["by"] for row in history(airflow)] == ["admin"]


def test_refusing_there_keeps_the_champion(airflow: LiveAirflow, page: Page) -> None:
    before = history(airflow)
    run = asked(airflow, page, 2)
    page.get_by_test_id("hitl-option-Reject").click()
    assert run.wait() == "success"
    assert run.finish_of("promote") == "skipped"
    assert history(airflow) == before


def test_a_failed_trial_that_is_cleared_there_runs_again_and_names_the_one_it_replaces(
    airflow: LiveAirflow, store: Store, page: Page
) -> None:
    run = DagRun.trigger(airflow, "repeated")
    assert run.wait() == "success"
    failed = [task for task in run.tasks("tune.batch_001.trial") if task["state"] == "failed"]
    page.goto(f"{address(run)}/tasks/tune.batch_001.trial/mapped/{failed[0]['map_index']}")
    expect(page.get_by_text("the world is broken").first).to_be_visible()
    page.get_by_label("Press shift+c to clear").first.click()
    page.get_by_role("button", name="Confirm").click()
    airflow.wait(lambda: run.state == "running" or len(replacing(store, run)) == 1, "the trial to be run again")
    assert run.wait() == "success"
    (again,) = replacing(store, run)
    (old,) = [record for record in records(store, run) if record.number == again.replaces]
    assert (old.state, again.state) == (TrialState.FAIL, TrialState.COMPLETE)
    assert again.params == old.params
