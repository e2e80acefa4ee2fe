"""The pages in Airflow's UI: found by everybody, and read by a screen reader in light and dark."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from airflow_hpo.storage import comparisons, editions
from airflow_hpo.studies.store import Store
from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun

AXE = Path(__file__).parents[2] / "ui" / "node_modules" / "axe-core" / "axe.min.js"
RULES = "async () => (await axe.run('.hpo')).violations.map(each => each.id + ': ' + each.nodes[0].html)"


def show(airflow: LiveAirflow, page: Page, place: dict[str, Any]) -> None:
    """Open a place of the pages by its address."""
    page.goto(f"{airflow.url}/plugin/hpo?{urlencode(place)}")


@pytest.fixture(scope="module")
def failed(airflow: LiveAirflow) -> DagRun:
    """A run whose trials 1 and 3 have failed."""
    run = DagRun.trigger(airflow, "repeated")
    assert run.wait() == "success"
    return run


@pytest.fixture(scope="module")
def decided(airflow: LiveAirflow) -> DagRun:
    """A month of a retuning that has promoted."""
    run = DagRun.trigger(airflow, "retuning", logical_date="2026-05-01T00:00:00Z")
    run.approve("approve")
    assert run.wait() == "success"
    return run


def test_a_person_finds_a_study_in_the_navigation_and_sees_what_failed_and_why(
    airflow: LiveAirflow, page: Page, failed: DagRun
) -> None:
    page.goto(airflow.url)
    page.get_by_role("link", name="Studies").click()
    page.get_by_label("Search").fill("repeated")
    page.locator(".hpo table").get_by_role("link", name="repeated", exact=True).first.click()
    expect(page.get_by_role("heading", name="repeated")).to_be_visible()
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    page.locator(".hpo table").get_by_role("link", name="Trial 1", exact=True).click()
    expect(page.get_by_text("the world is broken").first).to_be_visible()
    page.get_by_role("link", name="Log").first.click()
    expect(page).to_have_url(re.compile(r"/dags/repeated/runs/.+/tasks/tune\.batch_001\.trial/mapped/1"))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_reader_with_a_screen_reader_finds_no_wall(
    airflow: LiveAirflow, store: Store, page: Page, failed: DagRun, decided: DagRun, theme: str
) -> None:
    assert AXE.is_file(), "axe-core is installed by: cd ui && npm ci"
    page.evaluate("theme => localStorage.setItem('theme', theme)", theme)
    found = {}
    comparison = store.read(comparisons.find, family="retuned")[0].id
    study = {"study": store.read(editions.row_id, f"repeated@{failed.run_id}")}
    decision = [{"page": "decisions"}, {"comparison": comparison}]
    for place in ({}, study, {**study, "trial": 1}, *decision, {"page": "parameter-sets"}, {"set": "retuned"}):
        show(airflow, page, place)
        expect(page.locator(".hpo h1, .hpo h2").first).to_be_visible()
        expect(page.locator(".hpo [aria-busy=true]")).to_have_count(0)
        page.add_script_tag(path=str(AXE))
        found[str(place)] = page.evaluate(RULES)
    page.evaluate("localStorage.removeItem('theme')")
    assert {place: broken for place, broken in found.items() if broken} == {}
