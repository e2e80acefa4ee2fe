"""The report that ``finish`` leaves of a study, where a folder is named for it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowFailException

from tests.integration.operators.test_incomplete import home, ran, states, task, tuned
from tests.integration.trial_tasks import Tuned

__all__ = ["home", "states", "tuned"]


def accepted() -> None:
    """Finish a study whose tasks broke off, and take what there is."""
    assert ran(task("tune.finish", accept_incomplete=True))["number"] == 0


@pytest.fixture(autouse=True)
def _broken_off(states: dict[str, str]) -> None:
    states["tune.batch_002.suggest"] = "failed"


def test_the_report_of_a_study_that_ends_lies_in_the_folder_for_reports(
    tuned: Tuned,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW__HPO__REPORTS", str(tmp_path / "reports" / "ours"))
    accepted()
    [file] = (tmp_path / "reports" / "ours").iterdir()
    assert (file.name, f"<title>{tuned.name}</title>" in file.read_text()) == (f"{tuned.name}.html", True)


def test_a_study_that_fails_has_a_report_too(
    tuned: Tuned,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW__HPO__REPORTS", str(tmp_path / "reports"))
    with pytest.raises(AirflowFailException):
        ran(task("tune.finish"))
    assert (tmp_path / "reports" / f"{tuned.name}.html").is_file()


@pytest.mark.parametrize("folder", ["/proc/nothing/reports", "nothing://bucket/reports"])
def test_a_report_that_cannot_be_written_is_a_warning_and_the_study_has_its_result(
    folder: str,
    tuned: Tuned,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW__HPO__REPORTS", folder)
    with caplog.at_level(logging.WARNING, "airflow_hpo.operators.report"):
        accepted()
    assert f"The report of {tuned.name} could not be written into {folder}: " in caplog.text


def test_without_a_folder_none_is_written(tuned: Tuned, tmp_path: Path) -> None:
    accepted()
    assert list(tmp_path.rglob("*.html")) == []
