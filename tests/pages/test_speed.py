"""Charts of 10,000 trials beside ECharts alone with the same data, by turns on the same machine."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

ROUNDS = 5


@pytest.mark.long
@pytest.mark.parametrize("chart", ["history", "parallel", "slice", "curves", "timeline"])
def test_a_chart_takes_at_most_a_fifth_longer_than_echarts_alone(page: Page, address: str, chart: str) -> None:
    page.goto(address.replace("index.html", "speed.html"))
    page.wait_for_function("window.measure")
    times = page.evaluate(f"measure({chart!r}, {ROUNDS})")
    assert times["ours"] <= 1.2 * times["alone"]
