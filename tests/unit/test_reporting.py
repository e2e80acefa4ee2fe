from __future__ import annotations

import ast
import functools
import math
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_hpo import reporting
from airflow_hpo.core.metrics.parser import Parser
from airflow_hpo.core.metrics.point import MetricPoint
from airflow_hpo.core.metrics.source import Stdout
from airflow_hpo.core.remarks import NO_REMARKS, Link, Remarks
from airflow_hpo.core.trial import TrialRequest

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.\-/@]{0,20}", fullmatch=True).filter(lambda name: name != "step")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    metrics=st.dictionaries(NAMES, st.floats(allow_nan=False), min_size=1),
    step=st.none() | st.integers(min_value=0, max_value=2**31 - 1),
)
def test_what_is_reported_is_read_back_exactly(
    capsys: pytest.CaptureFixture[str], metrics: dict[str, float], step: int | None
) -> None:
    reporting.report(step, **metrics)
    (line,) = capsys.readouterr().out.splitlines()
    assert Parser(Stdout(), list(metrics)).parse(line) == [MetricPoint(n, v, step) for n, v in metrics.items()]


def test_a_name_in_any_letters_is_read_back(capsys: pytest.CaptureFixture[str]) -> None:
    given = {"営業収益": 1.5, "हानि": 2.0, "か\u3099": 3.0}
    reporting.report(**given)
    found = Parser(Stdout(), ["営業収益", "हानि", "が"]).parse(capsys.readouterr().out.rstrip())
    assert [(each.name, each.value) for each in found] == [("営業収益", 1.5), ("हानि", 2.0), ("が", 3.0)]


def test_nan_is_read_back(capsys: pytest.CaptureFixture[str]) -> None:
    reporting.report(loss=math.nan)
    (found,) = Parser(Stdout(), ["loss"]).parse(capsys.readouterr().out.rstrip())
    assert isinstance(found, MetricPoint)
    assert math.isnan(found.value)


@pytest.mark.parametrize("value", ["0.5", True, None, [1.0]], ids=repr)
def test_a_metric_that_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(TypeError, match="loss"):
        reporting.report(loss=value)


@pytest.mark.parametrize("name", ["", "a ", "1st", "a=b", "x" * 129, "収益×2", "１位"])
def test_a_name_that_could_not_be_read_back_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="metric's name"):
        reporting.report(**{name: 1.0})


@pytest.mark.parametrize("step", [-1, 2**31, 1.5, True, "3"], ids=repr)
def test_a_step_that_could_not_be_read_back_is_refused(step: int) -> None:
    with pytest.raises(ValueError, match="step"):
        reporting.report(step, loss=1.0)


def test_a_program_reads_what_its_request_says(monkeypatch: pytest.MonkeyPatch) -> None:
    request = TrialRequest(study="s", key="001/0", number=7, params={"rate": 0.1, "kind": "a"}, seed=42)
    for name, value in request.environment().items():
        monkeypatch.setenv(name, value)
    assert reporting.params() == {"rate": 0.1, "kind": "a"}
    assert reporting.param("rate") == 0.1
    assert (reporting.trial_number(), reporting.seed()) == (7, 42)
    with pytest.raises(KeyError, match="'rat'"):
        reporting.param("rat")


def test_a_program_also_runs_outside_of_a_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HPO_PARAMS", "HPO_SEED", "HPO_TRIAL"):
        monkeypatch.delenv(name, raising=False)
    assert (reporting.param("rate", 0.5), reporting.seed(), reporting.trial_number()) == (0.5, 0, None)


def test_the_file_can_be_copied_into_an_image_with_an_old_python() -> None:
    tree = ast.parse(Path(reporting.__file__).read_text(), feature_version=(3, 8))
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= set(sys.stdlib_module_names)


def test_remarks_are_read_back_as_they_were_made(capsys: pytest.CaptureFixture[str]) -> None:
    heard: list[str] = []
    with reporting.heard_by(heard.append):
        reporting.note("Only 3 of 7\n regions, loss=0.5")
        reporting.link("Run 7", "https://runs.example/7")
        for _ in range(50):
            with reporting.span("query"):
                pass
    lines = capsys.readouterr().out.splitlines()
    assert lines == heard
    assert len([line for line in lines if "span" in line]) <= 3  # short ones are printed together
    found = functools.reduce(Remarks.and_line, lines, NO_REMARKS)
    assert found.notes == ("Only 3 of 7 regions, loss=0.5",)
    assert found.links == (Link("Run 7", "https://runs.example/7"),)
    assert (found.spans.keys(), found.left_out) == ({"query"}, 0)


def test_a_span_counts_also_when_it_ends_in_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError), reporting.span("load"):
        raise KeyError
    assert capsys.readouterr().out.endswith(" load\n")


@pytest.mark.parametrize("url", ["javascript:x", "ftp://h/x", "runs/7", "https://h/a b"])
def test_a_link_that_no_browser_may_follow_is_refused_where_it_is_made(url: str) -> None:
    with pytest.raises(ValueError, match="begins with https"):
        reporting.link("Run", url)


def test_a_program_that_ends_within_a_second_prints_all_of_its_spans(tmp_path: Path) -> None:
    code = "import reporting\nfor _ in range(9):\n    with reporting.span('q'): pass\n"
    shutil.copy(reporting.__file__, tmp_path)
    out = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert 1 < len(out.splitlines()) <= 3
