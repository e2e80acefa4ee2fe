"""One selection across charts and the table of a study."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

STATUS = ".hpo-selection [role=status]"


@pytest.fixture
def study(page: Page, address: str) -> Page:
    """A study of 60 trials."""
    page.goto(f"{address}?study=1")
    page.wait_for_selector("[aria-label='Parallel coordinates'] canvas")
    expect(page.locator(STATUS)).to_have_text("Selected: 60 of 60")
    return page


def drag(page: Page, chart: Locator, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw on a chart, from one place to another as shares of its width and height."""
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    page.mouse.move(*places[0])
    page.mouse.down()
    page.mouse.move(*places[1], steps=8)
    page.mouse.up()


def test_a_filter_narrows_the_table(study: Page) -> None:
    study.get_by_role("searchbox", name="Filter").fill("optimizer == sgd and state == complete")
    expect(study.locator(STATUS)).not_to_have_text("Selected: 60 of 60")
    cells = study.locator("section[aria-label=Trials] tbody tr").all_inner_texts()
    assert cells
    assert all("sgd" in row and "complete" in row for row in cells)


def test_a_filter_that_is_wrong_says_where(study: Page) -> None:
    box = study.get_by_role("searchbox", name="Filter")
    box.fill("lr <")
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(study.locator(".hpo-selection")).to_contain_text("The filter is not complete at character 5.")
    box.fill("unknown == 3")
    expect(study.locator(".hpo-selection")).to_contain_text("No trial has “unknown”.")


def test_drawing_along_an_axis_selects_and_a_click_frees_it(study: Page) -> None:
    chart = study.locator("[aria-label='Parallel coordinates'] canvas")
    box = chart.bounding_box()
    assert box is not None
    axis = 48 / box["width"]
    drag(study, chart, (axis, 0.2), (axis, 0.5))
    chosen = study.get_by_role("button", name=re.compile("accuracy: "))
    expect(chosen).to_be_visible()
    expect(study.locator(STATUS)).not_to_have_text("Selected: 60 of 60")
    chosen.click()
    expect(study.locator(STATUS)).to_have_text("Selected: 60 of 60")


def test_an_area_of_the_history_selects_by_both_axes(study: Page) -> None:
    study.get_by_role("button", name="Select an area").click()
    drag(study, study.locator("[aria-label=History] canvas"), (0.2, 0.2), (0.6, 0.8))
    expect(study.locator(".hpo-selection button")).to_have_count(3)
    study.get_by_role("button", name="Select all").click()
    expect(study.locator(STATUS)).to_have_text("Selected: 60 of 60")


def test_a_trial_opens_from_the_table_and_back_closes_it(study: Page) -> None:
    study.get_by_role("link", name="Trial 57").click()
    expect(study).to_have_url(re.compile("study=1&trial=57"))
    expect(study.locator("section[aria-label='Trial 57']")).to_be_visible()
    study.go_back()
    expect(study.locator("section[aria-label='Trial 57']")).to_have_count(0)


def test_the_selection_stays_in_another_part_of_the_study(study: Page) -> None:
    study.get_by_role("searchbox", name="Filter").fill("number < 7")
    study.get_by_role("link", name="Time and failures").click()
    expect(study.locator(STATUS)).to_have_text("Selected: 7 of 60")


def test_the_table_is_sorted_by_keyboard(study: Page) -> None:
    head = study.get_by_role("button", name="accuracy")
    head.focus()
    study.keyboard.press("Enter")
    expect(study.locator("th[aria-sort=ascending]")).to_have_text("accuracy ▲")
    study.keyboard.press("Enter")
    expect(study.locator("th[aria-sort=descending]")).to_have_text("accuracy ▼")


def test_a_file_of_the_table_has_the_selected_trials(study: Page, tmp_path: Path) -> None:
    study.get_by_role("searchbox", name="Filter").fill("number in (3, 5)")
    expect(study.locator(STATUS)).to_have_text("Selected: 2 of 60")
    with study.expect_download() as started:
        study.get_by_role("button", name="Save as CSV").click()
    started.value.save_as(tmp_path / "trials.csv")
    lines = (tmp_path / "trials.csv").read_text().splitlines()
    assert lines[0].startswith("number,state,value,params.lr,")
    assert [line.split(",")[0] for line in lines[1:]] == ["5", "3"]


def test_a_name_with_markup_is_text(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.get_by_role("link", name="forecast-<b>kobe</b>")).to_be_visible()
    assert page.locator(".hpo b", has_text="kobe").count() == 0
