"""Champions are moved by a decision, by a person and back again."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from multiprocessing import get_context
from typing import Any

import pytest
from sqlalchemy import text

from airflow_hpo.core.parameter_set import Provenance
from airflow_hpo.exceptions import (
    ChampionChangedError,
    DeclarationError,
    HpoError,
    OlderDataError,
    ParameterSetNotFoundError,
)
from airflow_hpo.parameter_sets.history import difference_rows, find_version, history, promotion_rows
from airflow_hpo.parameter_sets.moves import Move, assign, promote, rollback
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.store import Store

NAME = "dispatch/tokyo"
BY_DAG = Provenance(study="dispatch@r1", number=7, comparison=3, dag_id="d", run_id="r1", approved_by="ada")
BY_HAND = Provenance(source="params.yaml", approved_by="grace", reason="It rains.")


@pytest.fixture
def store(database: Database) -> Store:
    """A database with our tables; parameter sets need none of Optuna's."""
    return Store(database)


def promoted(store: Store, wait: Any, expected: Any = "any", key: str | None = None) -> Move:
    return promote(store, NAME, {"wait": wait}, expected=expected, key=key or f"run of {wait}", provenance=BY_DAG)


def test_the_first_version_of_a_set_is_1_and_replaces_none(store: Store):
    move = promoted(store, 60, expected=None)
    assert (move.made.version, move.previous, move.repeated) == (1, None, False)
    assert find_version(store.database, NAME) == move.made


def test_a_champion_keeps_the_order_and_the_types_of_its_parameters(store: Store):
    params = {"z": 1, "a": 1.0, "on": True, "none": None, "text": "{{ ü }}", "e": 1e-300}
    promote(store, NAME, params, expected=None, key="k", provenance=BY_DAG)
    found = find_version(store.database, NAME).params
    assert [(name, type(value), value) for name, value in found.items()] == [
        (name, type(value), value) for name, value in params.items()
    ]


def test_a_champion_knows_where_it_came_from(store: Store):
    promoted(store, 60)
    assert find_version(store.database, NAME).provenance == BY_DAG


def test_the_next_version_needs_the_one_before_to_be_in_use_still(store: Store):
    promoted(store, 60, expected=None)
    assert promoted(store, 70, expected=1).previous == 1
    with pytest.raises(ChampionChangedError, match="while version 1 is the champion, but it is version 2 now"):
        promoted(store, 80, expected=1)
    assert find_version(store.database, NAME).params == {"wait": 70}


def test_what_was_decided_without_a_champion_is_refused_when_there_is_one(store: Store):
    promoted(store, 60)
    with pytest.raises(ChampionChangedError, match="while there is no champion, but it is version 1 now"):
        promoted(store, 70, expected=None)


def test_what_was_decided_against_a_champion_is_refused_when_there_is_none(store: Store):
    with pytest.raises(ChampionChangedError, match="while version 1 is the champion, but it has none"):
        promoted(store, 70, expected=1)


def test_a_refused_promotion_leaves_nothing_behind(store: Store):
    with pytest.raises(ChampionChangedError):
        promoted(store, 70, expected=1)
    with store.session() as session:
        for table in ("hpo_champions", "hpo_parameter_versions", "hpo_promotions"):
            assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0


def test_the_same_key_promotes_once(store: Store):
    first, again = promoted(store, 60, expected=None), promoted(store, 60, expected=None)
    assert (again.made, again.repeated, again.current) == (first.made, True, 1)
    assert len(promotion_rows(store, NAME)) == 1


def test_the_same_key_after_a_later_promotion_says_so_and_changes_nothing(store: Store):
    promoted(store, 60)
    promoted(store, 70)
    again = promoted(store, 60)
    assert (again.made.version, again.current) == (1, 2)
    assert "the champion is version 2 by now" in str(again)
    assert find_version(store.database, NAME).params == {"wait": 70}


def test_the_same_key_with_other_parameters_is_refused(store: Store):
    promoted(store, 60, key="d/r1")
    with pytest.raises(ChampionChangedError, match="d/r1 has promoted other parameters already, as version 1"):
        promoted(store, 60.0, key="d/r1")


def test_the_same_key_is_another_one_in_another_set(store: Store):
    promoted(store, 60, key="d/r1")
    other = promote(store, "dispatch/osaka", {"wait": 5}, expected=None, key="d/r1", provenance=BY_DAG)
    assert (other.made.version, other.repeated) == (1, False)


JANUARY, JUNE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)


def found_on(data_until: datetime | None) -> Provenance:
    return BY_DAG.model_copy(update={"data_until": data_until})


def promoted_of(store: Store, wait: int, data_until: datetime | None, **options: Any) -> Move:
    origin = found_on(data_until)
    return promote(store, NAME, {"wait": wait}, expected="any", key=f"run of {wait}", provenance=origin, **options)


def test_what_was_found_on_older_data_is_refused_unless_it_is_allowed(store: Store):
    promoted_of(store, 60, JUNE)
    with pytest.raises(OlderDataError, match=r"2026-01-01 00:00.*version 1 .* 2026-06-01 00:00.*allow_older=True"):
        promoted_of(store, 70, JANUARY)
    assert promoted_of(store, 70, JANUARY, allow_older=True).made.provenance.data_until == JANUARY


@pytest.mark.parametrize(("known", "new"), [(None, JANUARY), (JUNE, None), (JUNE, JUNE), (JANUARY, JUNE)])
def test_nothing_is_refused_as_older_that_is_not(store: Store, known: datetime | None, new: datetime | None):
    promoted_of(store, 60, known)
    assert promoted_of(store, 70, new).made.version == 2


def test_a_person_who_rolls_back_is_not_refused_and_the_data_are_those_of_the_restored_version(store: Store):
    promoted_of(store, 60, JANUARY)
    promoted_of(store, 70, JUNE)
    back = rollback(store, NAME, provenance=found_on(JUNE))
    assert back.made.provenance.data_until == JANUARY
    assert promoted_of(store, 80, JANUARY).made.version == 4


@pytest.mark.parametrize("name", ["", "/x", "x/", "a//b", "a/../b", "x y", "x" * 201, None, "x×y"])
def test_a_name_that_is_none_is_refused(store: Store, name: Any):
    with pytest.raises(DeclarationError, match="A parameter set's name is"):
        promote(store, name, {"x": 1}, expected=None, key="k", provenance=BY_DAG)


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({}, "at least one parameter"),
        ({"x": float("nan")}, "finite"),
        ({"x": [1]}, "must be one text or number"),
        ({"1x": 1}, "starts with a letter"),
        ({"a-b": 1, "a_b": 2}, "differ as environment variables"),
        ("x=1", "must be a mapping"),
    ],
)
def test_parameters_that_no_program_could_read_are_refused(store: Store, params: Any, why: str):
    with pytest.raises(DeclarationError, match=why):
        promote(store, NAME, params, expected=None, key="k", provenance=BY_DAG)


def test_a_person_may_set_whatever_is_in_use(store: Store):
    promoted(store, 60)
    move = assign(store, NAME, {"wait": 90}, BY_HAND)
    assert (move.made.version, move.previous, move.made.provenance) == (2, 1, BY_HAND)


def test_setting_what_is_in_use_makes_no_version(store: Store):
    promoted(store, 60)
    promoted(store, 70)
    again = assign(store, NAME, {"wait": 70}, BY_HAND)
    assert (again.made.version, again.previous, again.repeated) == (2, 1, True)
    assert assign(store, NAME, {"wait": 70.0}, BY_HAND).made.version == 3


def test_a_rollback_is_a_new_version_that_names_the_old(store: Store):
    promoted(store, 60)
    promoted(store, 70)
    move = rollback(store, NAME, provenance=BY_HAND)
    assert (move.made.version, move.made.restores, move.made.params, move.previous) == (3, 1, {"wait": 60}, 2)
    assert find_version(store.database, NAME) == move.made


def test_rolling_back_twice_goes_two_versions_back(store: Store):
    for wait in (60, 70, 80):
        promoted(store, wait)
    assert rollback(store, NAME, provenance=BY_HAND).made.restores == 2
    assert rollback(store, NAME, provenance=BY_HAND).made.restores == 1
    with pytest.raises(ParameterSetNotFoundError, match="nothing of 'dispatch/tokyo' was in use before version 1"):
        rollback(store, NAME, provenance=BY_HAND)


def test_a_rollback_after_a_rollback_and_a_promotion_leads_to_the_restored_version(store: Store):
    for wait in (60, 70):
        promoted(store, wait)
    rollback(store, NAME, provenance=BY_HAND)
    promoted(store, 80)
    move = rollback(store, NAME, provenance=BY_HAND)
    assert (move.made.restores, move.made.params) == (3, {"wait": 60})


def test_a_rollback_may_name_its_version(store: Store):
    for wait in (60, 70, 80):
        promoted(store, wait)
    assert rollback(store, NAME, 1, provenance=BY_HAND).made.params == {"wait": 60}
    with pytest.raises(ChampionChangedError, match="version 4 of 'dispatch/tokyo' is in use already"):
        rollback(store, NAME, 4, provenance=BY_HAND)
    with pytest.raises(ParameterSetNotFoundError, match="but 9 was not"):
        rollback(store, NAME, 9, provenance=BY_HAND)


def test_a_rollback_can_be_bound_to_the_version_that_it_replaces(store: Store):
    promoted(store, 60)
    promoted(store, 70)
    with pytest.raises(ChampionChangedError, match="version 1 is the champion"):
        rollback(store, NAME, provenance=BY_HAND, expected=1)


def test_a_rollback_with_a_key_happens_once(store: Store):
    promoted(store, 60)
    promoted(store, 70)
    first, again = (rollback(store, NAME, provenance=BY_HAND, key="d/r1 rollback") for _ in range(2))
    assert (again.made, again.repeated) == (first.made, True)


def test_a_set_that_nobody_wrote_cannot_be_rolled_back_or_read(store: Store):
    promoted(store, 60)
    for act in (
        lambda: rollback(store, "dispatch/tokio", provenance=BY_HAND),
        lambda: history(store, "dispatch/tokio"),
    ):
        with pytest.raises(
            ParameterSetNotFoundError, match=r"'dispatch/tokio' has none.*Did you mean 'dispatch/tokyo'"
        ):
            act()


def test_the_history_says_what_happened_newest_first(store: Store):
    promoted(store, 60)
    promoted(store, 70)
    rollback(store, NAME, provenance=BY_HAND)
    rows = history(store, NAME)
    assert [(row["version"], row["in use"], row["action"], row["restores"], row["by"]) for row in rows] == [
        (3, "yes", "rollback", 1, "grace"),
        (2, None, "promote", None, "ada"),
        (1, None, "promote", None, "ada"),
    ]
    assert (rows[1]["study"], rows[1]["trial"], rows[1]["run"]) == ("dispatch@r1", 7, "d/r1")
    moves = [(row["from_version"], row["to_version"], row["reason"]) for row in promotion_rows(store, NAME)]
    assert moves == [(2, 3, "It rains."), (1, 2, None), (None, 1, None)]


def test_the_difference_is_that_to_the_version_before(store: Store):
    assign(store, NAME, {"wait": 60, "solver": "greedy", "same": True}, BY_HAND)
    assign(store, NAME, {"wait": 60, "same": True, "new": None}, BY_HAND)
    assert difference_rows(store, NAME) == [
        {"name": "solver", "change": "removed", "old": "greedy", "new": None},
        {"name": "new", "change": "added", "old": None, "new": None},
    ]
    assert [row["change"] for row in difference_rows(store, NAME, 2, 1)] == ["removed", "added"]


def _race(database: Database, worker: int, expected: Any, start: Any, results: Any) -> None:
    start.wait()
    try:
        move = promoted(Store(database), worker, expected=expected)
        results.put(("made", move.made.version))
    except HpoError as err:
        results.put((type(err).__name__, 0))


def race(database: Database, expected: Any, workers: int = 12) -> list[tuple[str, int]]:
    """Let processes promote different parameters at once."""
    fork = get_context("fork")
    start, results = fork.Event(), fork.Queue()
    processes = [fork.Process(target=_race, args=(database, n, expected, start, results)) for n in range(workers)]
    for process in processes:
        process.start()
    start.set()
    found = [results.get(timeout=120) for _ in processes]
    for process in processes:
        process.join()
    return found


@pytest.mark.parametrize("first", [True, False], ids=["the first version", "a later version"])
def test_of_many_processes_that_promote_at_once_one_wins_and_the_others_are_refused(database: Database, first: bool):
    if not first:
        promoted(Store(database), "old")
    outcomes = Counter(kind for kind, _ in race(database, None if first else 1))
    assert outcomes == {"made": 1, "ChampionChangedError": 11}
    assert len(history(Store(database), NAME)) == (1 if first else 2)


def test_many_processes_that_set_at_once_make_one_version_each_in_one_unbroken_row(database: Database):
    versions = sorted(version for _, version in race(database, "any"))
    assert versions == list(range(1, 13))
    moves = promotion_rows(Store(database), NAME)
    assert [(row["from_version"] or 0) + 1 for row in moves] == [row["to_version"] for row in moves]
