"""Parameter sets as the pages show them."""

from __future__ import annotations

import pytest

from airflow_hpo.core.parameter_set import Provenance
from airflow_hpo.exceptions import ParameterSetNotFoundError
from airflow_hpo.pages.parameter_sets import parameter_set_detail, parameter_set_lines
from airflow_hpo.parameter_sets.moves import assign, promote, rollback
from airflow_hpo.studies.open import open_edition
from airflow_hpo.studies.store import Store
from tests.integration.trial_tasks import START, declared

NAME = "dispatch/tokyo"
BY_HAND = Provenance(source="params.yaml", approved_by="grace", reason="It rains.")
FOUND = Provenance(study="dispatch@r", number=7, comparison=3, dag_id="d", run_id="r1", approved_by="ada")


@pytest.fixture
def moved(store: Store) -> Store:
    """A set that was written by hand, promoted and rolled back."""
    assign(store, NAME, {"wait": 60}, BY_HAND)
    promote(store, NAME, {"wait": 70}, expected=1, key="k", provenance=FOUND)
    rollback(store, NAME, provenance=Provenance(approved_by="grace", reason="Too slow."))
    return store


def test_the_list_has_what_production_uses_of_every_set(moved: Store) -> None:
    assign(moved, "another", {"x": 1}, BY_HAND)
    other, found = moved.read(parameter_set_lines)
    assert (other.name, other.version, other.source, other.versions, other.dag_id) == (
        *("another", 1, "params.yaml", 1, None),
    )
    assert (found.name, found.version, found.source, found.versions, found.dag_id) == (NAME, 3, "version 1", 3, "d")
    assert found.params == {"wait": 60}


def test_a_set_has_its_versions_with_their_origins_the_newest_first(moved: Store) -> None:
    edition = open_edition(moved, declared(name="dispatch"), "r", START)
    found = moved.read(parameter_set_detail, NAME)
    assert (found.name, found.version, found.dag_id) == (NAME, 3, "d")
    assert [(each.version, each.params["wait"], each.restores) for each in found.versions] == [
        (3, 60, 1),
        (2, 70, None),
        (1, 60, None),
    ]
    promoted = found.versions[1]
    assert (promoted.provenance["number"], promoted.provenance["study"]) == (7, edition.name)
    assert promoted.study is not None
    assert found.versions[2].study is None


def test_moves_say_who_moved_the_champion_why_and_after_which_comparison(moved: Store) -> None:
    found = moved.read(parameter_set_detail, NAME)
    assert [(each.action, each.from_version, each.to_version, each.by, each.reason) for each in found.moves] == [
        ("rollback", 2, 3, "grace", "Too slow."),
        ("promote", 1, 2, "ada", None),
        ("set", None, 1, "grace", "It rains."),
    ]
    assert [each.comparison for each in found.moves] == [None, 3, None]


def test_a_set_that_is_not_there_is_refused(store: Store) -> None:
    with pytest.raises(ParameterSetNotFoundError, match="but got 'nothing'"):
        store.read(parameter_set_detail, "nothing")
    assert store.read(parameter_set_lines) == []
