"""Pages may be missing in Airflow's UI; Airflow may not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from airflow_hpo.plugin import pages, preload
from airflow_hpo.plugin.preload import HpoPlugin

ATTRIBUTES = ("fastapi_apps", "react_apps", "operator_extra_links")


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_a_broken_import_leaves_the_pages_out(attribute: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preload, "PAGES", "airflow_hpo.plugin.nothing")
    assert getattr(HpoPlugin(), attribute) == []


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_an_error_of_any_kind_leaves_the_pages_out(attribute: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(pages, attribute, fail)
    assert getattr(HpoPlugin(), attribute) == []


def test_missing_files_leave_the_page_out_and_the_api_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pages, "STATIC", tmp_path)
    plugin = HpoPlugin()
    assert plugin.react_apps == []
    assert [each["url_prefix"] for each in plugin.fastapi_apps] == ["/hpo"]


def test_the_api_is_made_once_however_often_airflow_asks() -> None:
    plugin = HpoPlugin()
    assert plugin.fastapi_apps is plugin.fastapi_apps


def test_files_are_named_with_the_path_of_airflow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "main.js").write_text("export {};", encoding="utf-8")
    monkeypatch.setattr(pages, "STATIC", tmp_path)
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://example.com/team/airflow/")
    pages.static_version.cache_clear()
    try:
        apps = pages.react_apps()
    finally:
        pages.static_version.cache_clear()
    assert [(each["name"], each["destination"]) for each in apps] == [("Studies", "nav"), ("Study", "dag_run")]
    assert {each["bundle_url"].rpartition("/static/")[0] for each in apps} == {"/team/airflow/hpo"}


def test_a_process_that_loads_the_plugin_does_not_load_the_pages() -> None:
    program = "import sys, airflow_hpo.plugin.preload; print([m for m in sys.modules if m.startswith(('airflow_hpo.plugin', 'airflow_hpo.pages'))])"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert found.strip().splitlines()[-1] == str(
        ["airflow_hpo.plugin", "airflow_hpo.plugin.macros", "airflow_hpo.plugin.preload"]
    )
