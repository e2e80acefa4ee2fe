"""What people do on our own pages: agree, bring back, run again, steer."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from airflow_hpo.core.trial import TrialState
from airflow_hpo.studies.store import Store
from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun
from tests.browser.runs import address, asking, history, records, replacing


def opened(airflow: LiveAirflow, page: Page, search: str) -> Locator:
    """Open a place of our pages."""
    page.goto(f"{airflow.url}/plugin/hpo?{search}")
    ours = page.locator("section.hpo")
    expect(ours).to_be_visible()
    return ours


def confirmed(page: Page, button: str) -> None:
    """Answer the question before an act."""
    page.get_by_role("dialog").get_by_role("button", name=button).click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_decision_is_approved_on_its_page_and_the_run_promotes(airflow: LiveAirflow, page: Page) -> None:
    run = asking(airflow, 3)
    before = len(history(airflow))
    page.goto(f"{address(run)}/plugin/hpo_run")
    page.locator("section.hpo").get_by_role("link", name=re.compile(r"^retuned · \d+")).click()
    expect(page.get_by_role("heading", name="Differences by scenario")).to_be_visible()
    page.get_by_role("button", name="Approve", exact=True).click()
    confirmed(page, "Approve")
    expect(page.get_by_text("Approved. The run goes on and promotes.")).to_be_visible()
    assert run.wait() == "success"
    expect(page.get_by_text("Approved by admin")).to_be_visible()
    assert len(history(airflow)) == before + 1


def test_a_decision_is_refused_on_its_page_and_the_champion_stays(airflow: LiveAirflow, page: Page) -> None:
    before = history(airflow)
    run = asking(airflow, 4)
    page.goto(f"{address(run)}/plugin/hpo_run")
    page.locator("section.hpo").get_by_role("link", name=re.compile(r"^retuned · \d+")).click()
    page.get_by_role("button", name="Refuse", exact=True).click()
    confirmed(page, "Refuse")
    assert run.wait() == "success"
    assert run.finish_of("promote") == "skipped"
    assert history(airflow) == before


def test_an_earlier_version_is_brought_back_with_a_reason(airflow: LiveAirflow, page: Page) -> None:
    by_hand = airflow.home / "by_hand.json"
    by_hand.write_text('{"x": 2}')
    airflow.cli("hpo", "champion", "set", "retuned", "--file", str(by_hand), "--reason", "For a test.")
    ours = opened(airflow, page, "page=parameter-sets&set=retuned")
    ours.get_by_role("button", name="Bring back version 1").click()
    page.get_by_label("Why").fill("Drivers complain.")
    confirmed(page, "Bring back version 1")
    newest = history(airflow)[0]
    assert (newest["action"], newest["by"]) == ("rollback", "admin")
    expect(ours.get_by_role("cell", name="Drivers complain.")).to_be_visible()


def test_a_failed_trial_is_run_again_from_its_panel(airflow: LiveAirflow, store: Store, page: Page) -> None:
    run = DagRun.trigger(airflow, "repeated")
    assert run.wait() == "success"
    (failed, *_) = [each for each in records(store, run) if each.state is TrialState.FAIL]
    page.goto(f"{address(run)}/plugin/hpo_run")
    page.locator("section.hpo").get_by_role("link", name=re.compile("repeated")).first.click()
    page.wait_for_url(re.compile(r"study=\d+"))
    page.goto(f"{page.url}&trial={failed.number}")
    expect(page.get_by_text("the world is broken").first).to_be_visible()
    page.get_by_role("button", name="Run it again").click()
    confirmed(page, "Run it again")
    airflow.wait(lambda: len(replacing(store, run)) == 1, "the trial to be run again")
    assert run.wait() == "success"
    (again,) = replacing(store, run)
    assert (again.replaces, again.state, again.params) == (failed.number, TrialState.COMPLETE, failed.params)


def test_a_study_is_steered_and_stopped_on_its_page(airflow: LiveAirflow, store: Store, page: Page) -> None:
    run = DagRun.trigger(airflow, "stopped_stop")
    name = f"stopped_stop@{run.run_id}"
    airflow.wait(lambda: run.tasks("tune.start")[0]["state"] == "success", "the study to start")
    airflow.wait(lambda: len(store.optuna.records(name)) >= 3, "trials to be asked for")
    page.goto(f"{address(run)}/plugin/hpo_run")
    page.locator("section.hpo").get_by_role("link", name=re.compile("stopped_stop")).first.click()
    page.get_by_text("Steer this study").click()

    point = page.get_by_role("region", name="Try a point")
    point.get_by_label("x", exact=True).fill("7")
    expect(point.get_by_text("Above the range.")).to_be_visible()
    expect(point.get_by_role("button", name="Add")).to_be_disabled()
    point.get_by_label("x", exact=True).fill("0.25")
    point.get_by_role("button", name="Add").click()
    confirmed(page, "Add")
    expect(point.get_by_text("x=0.25 is evaluated next")).to_be_visible()

    stop = page.get_by_role("region", name="Stop the study")
    stop.get_by_label("end them").check()
    stop.get_by_label("Why").fill("Enough for a test.")
    stop.get_by_role("button", name="Stop").click()
    confirmed(page, "Stop")
    assert run.wait(timeout=420) == "success"
    assert store.edition(name).reason == "The study was stopped: Enough for a test."
