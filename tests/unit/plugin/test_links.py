from __future__ import annotations

import importlib
from types import SimpleNamespace

import pytest

from airflow_hpo.plugin import links
from airflow_hpo.plugin.links import page_links

NAMED = [
    (module, name)
    for classes in (links.STUDY, links.TRIAL, links.DECISION, links.PARAMETER_SET)
    for module, names in classes.items()
    for name in names
]


@pytest.mark.parametrize(("module", "name"), NAMED)
def test_a_class_with_a_button_is_one_of_ours(module: str, name: str) -> None:
    assert getattr(importlib.import_module(module), name).__module__ == module


def test_no_name_of_a_class_is_part_of_another_with_another_button() -> None:
    """Airflow asks of a mapped task whether its class is *contained in* a name."""
    names = {operator.__name__: link.name for link in page_links() for operator in link.operators}
    wrong = [(a, b) for a in names for b in names if a in b and names[a] != names[b]]
    assert wrong == []


def test_a_link_names_the_task_in_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://example.com/team/airflow/")
    key = SimpleNamespace(dag_id="d", run_id="manual__2026-01-01T00:00:00+00:00", task_id="t.x", map_index=3)
    link = page_links()[0].get_link(None, ti_key=key)
    assert link.startswith("/team/airflow/hpo/api/v1/go?dag_id=d&run_id=manual__2026-01-01T00%3A00%3A00%2B00%3A00")
    assert link.endswith("&task_id=t.x&map_index=3")
