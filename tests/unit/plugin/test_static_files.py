"""What the plugin registers in Airflow's UI, compared with what the build of the pages holds."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_hpo.plugin import pages

PAGES = pages.react_apps()


@pytest.mark.parametrize("page", PAGES, ids=[page["destination"] for page in PAGES])
def test_the_bundle_sets_the_name_that_airflow_takes_a_page_by(page: dict[str, Any]) -> None:
    bundle = (pages.STATIC / page["bundle_url"].rpartition("/")[2]).read_text()
    assert f".{page['name']}=" in bundle


@pytest.mark.parametrize("key", ["bundle_url", "icon", "icon_dark_mode"])
@pytest.mark.parametrize("page", PAGES, ids=[page["destination"] for page in PAGES])
def test_the_files_of_a_page_are_there(page: dict[str, Any], key: str) -> None:
    assert (pages.STATIC / page[key].rpartition("/")[2]).is_file()
