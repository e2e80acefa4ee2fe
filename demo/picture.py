"""``make picture``: runs the DAG that README.md shows, and takes the picture of it in Airflow's UI, docs/ui.png."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import expect, sync_playwright

from demo.places import ROOT
from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun

PAGE = ROOT / "docs" / "start" / "from_script.md"
PICTURE = ROOT / "docs" / "ui.png"
ARGUMENTS = ["--no-sandbox", "--disable-gpu"]
PATIENCE = 120_000
"""Milliseconds for the UI to show something on a busy machine."""


def main() -> None:
    """Run the DAG and take the picture."""
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
            _photograph(airflow, run)


def _block(head: str) -> str:
    found = re.search(rf"^```{head}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    if found is None:
        raise SystemExit(f"{PAGE} has no block that begins with {head}.")
    return found[1]


def _photograph(airflow: LiveAirflow, run: DagRun) -> None:
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
        page.goto(f"{airflow.url}/dags/{run.dag_id}/runs/{quote(run.run_id, safe='')}?task_id=trial")
        expect(page.get_by_text(re.compile(r"#\d+ .*ridge=")).first).to_be_visible(timeout=PATIENCE)
        page.screenshot(path=str(PICTURE))


if __name__ == "__main__":
    main()
