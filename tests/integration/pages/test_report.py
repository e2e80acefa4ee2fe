"""Report of a study: one file with its data and the script that draws it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.core.attempt import TaskRun, TaskTry
from airflow_hpo.core.space.space import Categorical, Float
from airflow_hpo.evaluations.compare import compare_evaluations
from airflow_hpo.exceptions import PermanentHpoError
from airflow_hpo.pages import report as report_module
from airflow_hpo.pages.edition import numbered
from airflow_hpo.pages.models.report import Report
from airflow_hpo.pages.report import SCRIPT, html_of, report_of
from airflow_hpo.storage import editions
from airflow_hpo.studies.store import Store
from tests.integration.evaluated import CHAMPION, LOSS, challenger, evaluated
from tests.integration.trial_tasks import Tuned, declared

NASTY = "</script><img src=x onerror=alert(1)><!--<script>&amp;\u2028"


@pytest.fixture
def tuned(store: Store) -> Tuned:
    """A study with a choice that is markup, a complete trial and a failed one."""
    tuned = Tuned(store, declared(space={"x": Float(0, 1), "kind": Categorical([NASTY])}))
    complete, failed, *_ = tuned.suggest()
    tuned.complete(complete, 0.5)
    tuned.fail(failed)
    return tuned


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A script that draws nothing, with what would end its element."""
    text = "const end = '</script>'; window.drawn = window.HPO_REPORT.study.name;"
    (tmp_path / "report.js").write_text(text)
    monkeypatch.setattr(report_module, "SCRIPT", tmp_path / "report.js")
    return text


def reported(tuned: Tuned) -> Report:
    found = tuned.store.read(numbered, tuned.store.read(editions.row_id, tuned.name))
    return report_of(tuned.store, found, lambda _: {})


def test_a_report_has_what_the_pages_show_of_a_study(tuned: Tuned) -> None:
    found = reported(tuned)
    assert (found.study.name, found.study.counts.complete, found.study.may.steer) == ("demo@r", 1, False)
    assert (found.trials.number[0], found.trials.value[0]) == (0, 0.5)
    assert found.attempts.number[:2] == [0, 1]
    assert [each.numbers for each in found.failures.failures] == [[1]]


def test_a_report_has_the_decisions_of_its_run(store: Store) -> None:
    name = evaluated(store, {"trial 7": [1.0, 2.0]}, [challenger(7)])
    place = TaskTry(TaskRun("tune", "r", "compare"))
    compare_evaluations(store, [name], LOSS, ComparisonRule(), place=place)
    [kept] = reported(Tuned(store, declared())).comparisons
    assert [each.challenger for each in kept.by_scenario] == [1.0, 2.0]


def test_a_champion_that_is_kept_elsewhere_hides_nothing_else(store: Store) -> None:
    values = {"champion": [2.0, 3.0], "trial 7": [1.0, 2.0]}
    name = evaluated(store, values, [challenger(7), CHAMPION], family="demo/test")
    compare_evaluations(store, [name], LOSS, ComparisonRule(), place=TaskTry(TaskRun("tune", "r", "compare")))
    found = reported(Tuned(store, declared()))
    assert (found.study.champion, [each.champion_version for each in found.comparisons]) == (None, [3])


def test_the_file_holds_the_data_whatever_markup_is_in_them(tuned: Tuned, script: str) -> None:
    page = html_of(reported(tuned))
    data = re.search(r'<script type="application/json" id="hpo-report-data">(.*?)</script>', page)
    assert data
    assert json.loads(data[1])["trials"]["params"]["kind"][0] == NASTY
    assert re.findall("<script[^>]*>", page) == [
        '<script type="application/json" id="hpo-report-data">',
        "<script>",
        "<script>",
    ]
    assert page.count("</script") == 3
    assert "<img" not in page
    assert "\u2028" not in page


def test_a_browser_runs_the_two_scripts_of_the_file_and_loads_nothing(tuned: Tuned, script: str) -> None:
    page = html_of(reported(tuned))
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert policy.count("'sha256-") == 2
    assert "connect-src" not in policy
    assert not re.search(r"""(src|href)=["']""", page)


def test_the_script_that_is_shipped_can_stand_in_a_file() -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    assert len(text) > 100_000
    assert "<!--" not in text


@pytest.mark.parametrize("text", [None, ""])
def test_a_script_that_was_not_built_is_said_to_be_missing(
    text: str | None, tuned: Tuned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if text is not None:
        (tmp_path / "report.js").write_text(text)
    monkeypatch.setattr(report_module, "SCRIPT", tmp_path / "report.js")
    with pytest.raises(PermanentHpoError, match=r"missing or empty\. Install the package again, or type `make pages`"):
        html_of(reported(tuned))
