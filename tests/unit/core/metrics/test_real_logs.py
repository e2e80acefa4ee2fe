"""What LightGBM, XGBoost, CatBoost and Keras printed, beside what they say they measured; ``logs/README.md`` tells how."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from airflow_hpo.core.metrics.collector import Collector
from airflow_hpo.core.metrics.source import Stdout
from airflow_hpo.core.objective import Objective
from airflow_hpo.exceptions import TrialFailedError

LOGS = Path(__file__).parent / "logs"
MEASURED = [
    (log, metric, value)
    for log, metrics in json.loads((LOGS / "measured.json").read_text()).items()
    for metric, value in metrics.items()
]


def format_of(log: str) -> str:
    return "csv" if log.endswith(".csv") else re.split("[_.]", log)[0]


def read(log: str, metric: str, **options: str) -> float:
    collector = Collector(Stdout(**options), Objective(metric, direction="minimize"))
    collector.feed((LOGS / log).read_bytes())
    collector.close()
    return collector.measure().value


@pytest.mark.parametrize(("log", "metric", "measured"), MEASURED)
def test_the_format_of_a_program_reads_what_it_measured(log: str, metric: str, measured: float) -> None:
    assert read(log, metric, format=format_of(log)) == pytest.approx(measured, rel=1e-3)


@pytest.mark.parametrize(("log", "metric", "measured"), MEASURED)
def test_without_the_format_the_value_is_the_same_or_the_reason_names_the_format(
    log: str, metric: str, measured: float
) -> None:
    if metric == "bestTest":
        assert read(log, metric) == pytest.approx(measured, rel=1e-3)
        return
    with pytest.raises(TrialFailedError, match=re.escape(f"Stdout(format={format_of(log)!r})")):
        read(log, metric)


@pytest.mark.parametrize(("log", "metric"), [("lightgbm.log", "auc"), ("xgboost.log", "logloss")])
def test_a_metric_of_two_data_sets_is_asked_for_by_name(log: str, metric: str) -> None:
    with pytest.raises(TrialFailedError, match="name one of these as the metric"):
        read(log, metric, format=format_of(log))
