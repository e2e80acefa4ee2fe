"""A live Airflow and a real browser that is logged in to its UI."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from airflow_hpo.storage.database import Database
from airflow_hpo.studies.store import Store
from local_airflow.live import LiveAirflow

STUDIES = Path(__file__).parent.parent / "system" / "dags"
DAGS = ("retuning.py", "reruns.py", "stopping.py")
PATIENCE = 60_000
"""Milliseconds for the UI to show something on a busy machine."""
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def airflow() -> Iterator[LiveAirflow]:
    """A running Airflow whose DAGs fail, ask and promote."""
    home = Path(tempfile.mkdtemp(prefix="hpo-"))
    dags = home / "dags"
    dags.mkdir()
    for name in DAGS:
        shutil.copy(STUDIES / name, dags)
    with LiveAirflow(home / "home", dags, parallelism=6, env={"AIRFLOW__HPO__PRELOAD": "True"}) as live:
        yield live
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def store(airflow: LiveAirflow) -> Store:
    """The study database that the running Airflow uses."""
    return Store(Database.sqlite(airflow.home / "hpo.db"))


@pytest.fixture(scope="session")
def page(airflow: LiveAirflow) -> Iterator[Page]:
    """A page of Airflow's UI, logged in as a person would."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.fail("These tests need Chromium, but no 'chromium' is on the PATH. Install the package chromium.")
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=program, args=ARGUMENTS) as browser,
    ):
        page = browser.new_page(viewport={"width": 1500, "height": 1000})
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        page.goto(airflow.url)
        page.locator("input[name=username]").fill("admin")
        page.locator("input[name=password]").fill(airflow.password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{airflow.url}/")
        yield page
