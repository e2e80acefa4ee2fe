"""Pages that people read with a screen reader, in the dark and by keyboard: axe finds nothing to complain about."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.pages.conftest import UI

AXE = UI / "node_modules" / "axe-core" / "axe.min.js"
PAGES = {
    "": "table",
    "?study=1": "canvas",
    "?study=1&trial=7": "canvas",
    "?study=1&tab=parameters": "canvas",
    "?study=1&tab=time": "canvas",
    "?study=1&tab=editions": "canvas",
    "?study=1&tab=settings": "table",
    "?study=3": "canvas",
    "?study=12&trial=7": "text=Attempt 1",
    "?page=decisions": "table",
    "?comparison=3": "svg",
    "?page=parameter-sets": "table",
    "?page=parameter-sets&set=dispatch/tokyo": "table",
    "#run": "table",
    "#database=away": "[role=alert]",
    "?study=99": "[role=alert]",
}
"""Places, and what is there once a page is whole."""
FOUND = """axe.run(document.querySelector('.hpo'), {resultTypes: ['violations']}).then(found =>
    found.violations.map(one => one.id + ': ' + one.nodes.map(node => node.html.slice(0, 200)).join(' ')))"""


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("place", PAGES)
def test_axe_finds_no_violation(page: Page, address: str, place: str, theme: str) -> None:
    search, _, words = place.partition("#")
    page.goto(f"{address}{search}#{words},{theme}")
    page.wait_for_selector(f".hpo {PAGES[place]}" if not PAGES[place].startswith("text") else PAGES[place])
    page.evaluate(AXE.read_text())
    found: list[Any] = page.evaluate(FOUND)
    assert found == []


def test_a_narrow_window_scrolls_tables_and_not_the_page(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 400, "height": 800})
    page.goto(f"{address}?study=1")
    page.wait_for_selector(".hpo canvas")
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
