from __future__ import annotations

import importlib
import sys

import pytest

from airflow_hpo.plugin import preload
from airflow_hpo.plugin.preload import MODULES, PreloadListener

SMALL = "colorsys"
"""A module that nothing else imports."""


@pytest.mark.parametrize(
    ("command", "option", "expected"),
    [
        (["airflow", "scheduler"], "True", True),
        (["airflow", "triggerer"], "True", True),
        (["airflow", "scheduler"], "False", False),
        (["airflow", "tasks", "run"], "True", False),
        (["airflow", "dag-processor"], "True", True),
        (["airflow", "api-server"], "True", False),
    ],
)
def test_only_processes_that_fork_import_and_only_when_asked(
    command: list[str], option: str, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preload, "MODULES", (SMALL,))
    monkeypatch.delitem(sys.modules, SMALL, raising=False)
    monkeypatch.setattr(sys, "argv", command)
    monkeypatch.setenv("AIRFLOW__HPO__PRELOAD", option)
    PreloadListener().on_starting(None)
    assert (SMALL in sys.modules) is expected


def test_a_module_that_is_missing_does_not_stop_the_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preload, "MODULES", ("airflow_hpo.nothing", SMALL))
    monkeypatch.delitem(sys.modules, SMALL, raising=False)
    monkeypatch.setattr(sys, "argv", ["airflow", "scheduler"])
    monkeypatch.setenv("AIRFLOW__HPO__PRELOAD", "True")
    PreloadListener().on_starting(None)
    assert SMALL in sys.modules


def test_every_module_of_the_list_is_there() -> None:
    for name in MODULES:
        importlib.import_module(name)
