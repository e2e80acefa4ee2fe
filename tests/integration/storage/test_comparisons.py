"""Comparisons as they are kept."""

from __future__ import annotations

import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from airflow_hpo.exceptions import ComparisonError
from airflow_hpo.storage import comparisons
from airflow_hpo.storage.comparisons import Comparison, Finding
from airflow_hpo.storage.database import Database

FOUND = Finding(
    digest="a" * 64,
    edition="dispatch@r1",
    family="dispatch",
    parameter_set="dispatch/tokyo",
    champion_version=3,
    look=1,
    verdict="promote",
    sentence="Promote 'trial 7': größer.",
    decision={"challenger": "trial 7", "p": 0.01, "z": [1, None]},
    selection={"winner": "trial 7"},
    report="## Promote\n",
    evaluations=["dispatch/test@r1.0f0f0f0f"],
    dag_id="d",
    run_id="r1",
    task_id="compare",
)


def finding(digest: str, **changes: Any) -> Finding:
    return dataclasses.replace(FOUND, digest=digest * 64, **changes)


def kept(database: Database, found: Finding) -> Comparison:
    with database.session() as session:
        return comparisons.keep(session, found)


def test_a_comparison_is_read_as_it_was_written(database: Database) -> None:
    written = kept(database, FOUND)
    with database.session() as session:
        read = comparisons.get(session, written.id)
    assert read == written
    assert {f.name: getattr(read, f.name) for f in dataclasses.fields(Finding)} == dataclasses.asdict(FOUND)
    assert read.challenger == "trial 7"
    assert read.created.tzinfo is not None


def test_the_same_finding_again_is_the_same_comparison(database: Database) -> None:
    first = kept(database, FOUND)
    again = kept(database, dataclasses.replace(FOUND, report="## Said otherwise\n"))
    assert again == first


def test_many_writers_of_one_finding_make_one_comparison(database: Database) -> None:
    ready = threading.Barrier(8)

    def write(_: int) -> int:
        ready.wait()
        return kept(database, FOUND).id

    with ThreadPoolExecutor(8) as pool:
        numbers = set(pool.map(write, range(8)))
    with database.session() as session:
        assert {c.id for c in comparisons.find(session)} == numbers
    assert len(numbers) == 1


def test_a_comparison_without_selection_or_champion_is_kept_too(database: Database) -> None:
    found = finding("b", selection=None, champion_version=None, parameter_set=None, dag_id=None)
    assert kept(database, found).selection is None


def test_comparisons_are_found_newest_first_by_study_parameter_set_and_dag(database: Database) -> None:
    a, b, c = (
        kept(database, finding(digest, **changes))
        for digest, changes in (("a", {}), ("b", {"family": "other"}), ("c", {"parameter_set": "x", "dag_id": "e"}))
    )
    with database.session() as session:
        assert comparisons.find(session) == [c, b, a]
        assert comparisons.find(session, limit=2) == [c, b]
        assert comparisons.find(session, family="other") == [b]
        assert comparisons.find(session, parameter_set="x") == [c]
        assert comparisons.find(session, family="dispatch", dag_id="d") == [a]
        assert comparisons.find(session, family="nobody") == []


def test_a_comparison_that_does_not_exist_is_an_error_that_says_where_to_look(database: Database) -> None:
    with database.session() as session, pytest.raises(ComparisonError, match=r"number 9.*comparisons list"):
        comparisons.get(session, 9)
