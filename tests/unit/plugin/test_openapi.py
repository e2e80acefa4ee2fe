from __future__ import annotations

from pathlib import Path

import airflow_hpo
from airflow_hpo.plugin.openapi import as_text, described

KEPT = Path(airflow_hpo.__file__).parent / "pages" / "openapi.json"


def test_the_kept_description_is_that_of_the_routes() -> None:
    assert KEPT.read_text(encoding="utf-8") == as_text(), "Run `make schema`."


def test_every_route_says_what_it_answers() -> None:
    for path, methods in described()["paths"].items():
        for method, operation in methods.items():
            answers = [each for status, each in operation["responses"].items() if status.startswith("2")]
            assert all(each.get("content", {}).get("application/json", {}).get("schema") for each in answers), (
                method,
                path,
            )
