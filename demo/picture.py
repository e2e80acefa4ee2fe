"""``make picture``: pictures for the docs, taken in Airflow's UI.

docs/ui.png is a run of the DAG that README.md shows. docs/study.png and docs/decision.png are pages of the demo, which ``make demo`` has left.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Page, expect, sync_playwright

from demo.places import DAGS, HOME, ROOT
from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun

PAGE = ROOT / "docs" / "start" / "from_script.md"
PICTURE = ROOT / "docs" / "ui.png"
PAGES = {"study": "?study=1", "decision": "?page=decisions&comparison=1"}
"""Pages of the demo by the name of their picture; its home begins empty, so the numbers are always these."""
HEIGHTS = {"study": 1130, "decision": 1230}
"""So that the first charts and the pairs of scenarios are seen whole."""
ARGUMENTS = ["--no-sandbox", "--disable-gpu"]
PATIENCE = 120_000
"""Milliseconds for the UI to show something on a busy machine."""


def main() -> None:
    """Take all pictures."""
    if not HOME.is_dir():
        raise SystemExit("The pages are those of the demo, which has not run here. Run `make demo` first.")
    _take_run()
    with LiveAirflow(HOME, DAGS) as airflow, _browser(airflow) as page:
        for name, place in PAGES.items():
            page.set_viewport_size({"width": 1500, "height": HEIGHTS[name]})
            page.goto(f"{airflow.url}/plugin/hpo{place}")
            expect(page.locator(".hpo h1")).to_be_visible()
            expect(page.locator(".hpo [aria-busy=true]")).to_have_count(0)
            # A chart grows until it is whole.
            page.wait_for_timeout(2_000)
            page.screenshot(path=str(ROOT / "docs" / f"{name}.png"))


def _take_run() -> None:
    """Run the DAG of README.md and take the picture of its run."""
    with tempfile.TemporaryDirectory(prefix="hpo-picture-") as folder:
        home = Path(folder)
        work = home / "hpo-first"
        dags = work / "airflow" / "dags"
        dags.mkdir(parents=True)
        (work / "fit.py").write_text(_block(r'\{ \.py title="fit\.py" \}'), encoding="utf-8")
        (dags / "tune_fit.py").write_text(_block("python"), encoding="utf-8")
        variables = {"HOME": folder, "AIRFLOW__HPO__PRELOAD": "True"}
        with LiveAirflow(work / "airflow", dags, parallelism=4, env=variables) as airflow:
            run = DagRun.trigger(airflow, "tune_fit")
            if run.wait(timeout=900) != "success":
                raise SystemExit("The run of tune_fit has failed.")
            with _browser(airflow) as page:
                page.goto(f"{airflow.url}/dags/{run.dag_id}/runs/{quote(run.run_id, safe='')}?task_id=trial")
                expect(page.get_by_text(re.compile(r"#\d+ .*ridge=")).first).to_be_visible(timeout=PATIENCE)
                page.screenshot(path=str(PICTURE))


def _block(head: str) -> str:
    found = re.search(rf"^```{head}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    if found is None:
        raise SystemExit(f"{PAGE} has no block that begins with {head}.")
    return found[1]


@contextmanager
def _browser(airflow: LiveAirflow) -> Iterator[Page]:
    """Open a page that is logged in."""
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS) as browser,
    ):
        page = browser.new_page(viewport={"width": 1500, "height": 900})
        page.set_default_timeout(PATIENCE)
        page.goto(airflow.url)
        page.locator("input[name=username]").fill("admin")
        page.locator("input[name=password]").fill(airflow.password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{airflow.url}/")
        yield page


if __name__ == "__main__":
    main()
