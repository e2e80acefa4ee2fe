from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_hpo.core.trial_key import (
    BATCH_GROUP,
    batch_and_index,
    batch_of,
    edition_name,
    family_of,
    first_key,
    group_of,
    group_of_batches,
    key_of,
    names_edition,
    rerun_key,
    sharer_name,
    sharer_of,
    task_in_batch,
    trial_of,
)

numbers = st.integers(0, 10**6)


@given(numbers, numbers)
def test_a_key_names_the_batch_and_the_index_it_was_made_of(batch: int, index: int) -> None:
    assert batch_and_index(key_of(batch, index)) == (batch, index)


@given(numbers, numbers, st.lists(numbers, max_size=4))
def test_a_rerun_belongs_to_the_task_of_the_first_trial(batch: int, index: int, reruns: list[int]) -> None:
    key = first = key_of(batch, index)
    for number in reruns:
        key = rerun_key(key, number)
    assert (first_key(key), batch_and_index(key)) == (first, (batch, index))


@given(numbers, numbers, numbers, numbers)
def test_reruns_of_different_trials_have_different_keys(batch: int, index: int, one: int, other: int) -> None:
    key = key_of(batch, index)
    assert (rerun_key(key, one) == rerun_key(key, other)) == (one == other)


@pytest.mark.parametrize(
    ("key", "written"),
    [
        (key_of(2, 3), "002/3"),
        (rerun_key("002/3", 1), "002/3#1"),
        (key_of(1000, 0), "1000/0"),
        (key_of(2, 3, sharer_name("monthly", "outer.tune")), "monthly/outer.tune/002/3"),
    ],
)
def test_keys_are_written_as_the_databases_of_earlier_versions_have_them(key: str, written: str) -> None:
    assert key == written


@given(
    st.from_regex(r"[\w.-]+", fullmatch=True), st.from_regex(r"([\w-]+(\.[\w-]+)*)?", fullmatch=True), numbers, numbers
)
def test_a_key_of_a_shared_study_names_its_group_and_its_task_also_when_it_is_run_again(
    dag_id: str, group_id: str, batch: int, index: int
) -> None:
    sharer = sharer_name(dag_id, group_id)
    key = rerun_key(key_of(batch, index, sharer), 7)
    assert (sharer_of(key), batch_and_index(key)) == (sharer, (batch, index))


@given(numbers, numbers)
def test_a_key_of_a_study_that_is_not_shared_names_no_group(batch: int, index: int) -> None:
    assert sharer_of(rerun_key(key_of(batch, index), 7)) == ""


@pytest.mark.parametrize(
    ("task_id", "group"),
    [
        ("start", ""),
        ("tune.start", "tune"),
        ("outer.tune.start", "outer.tune"),
        ("tune.batch_002.suggest", "tune"),
        ("outer.tune.batch_002.suggest", "outer.tune"),
        ("batch_002.suggest", ""),
    ],
)
def test_all_tasks_of_a_study_are_in_its_group(task_id: str, group: str) -> None:
    assert group_of(task_id) == group


@pytest.mark.parametrize(
    ("template", "group"),
    [
        (f"tune.{BATCH_GROUP}.trial", "tune"),
        (f"outer.tune.{BATCH_GROUP}.trial.outcome", "outer.tune"),
        (f"{BATCH_GROUP}.trial", ""),
        ("", ""),
    ],
)
def test_the_group_of_a_study_is_read_from_the_id_of_its_trial_task(template: str, group: str) -> None:
    assert group_of_batches(template) == group


@given(st.text())
def test_a_text_that_is_no_key_names_no_task(text: str) -> None:
    batch, index = batch_and_index(text)
    assert (batch, index) == (-1, -1) or (batch >= 0 and index >= 0)


@given(numbers)
def test_a_task_is_found_in_its_batch(batch: int) -> None:
    task_id = task_in_batch(f"dag.part.{BATCH_GROUP}.trial.train", batch)
    assert batch_of(task_id) == batch


@pytest.mark.parametrize(
    ("task_id", "batch"),
    [
        ("tune.batch_002.trial", 2),
        ("batch_7.tune.batch_002.trial", 2),
        ("batch_012", 12),
        ("tune.start", None),
        ("my_batch_002.trial", None),
        ("batch_x.trial", None),
    ],
)
def test_only_the_innermost_group_of_a_batch_counts(task_id: str, batch: int | None) -> None:
    assert batch_of(task_id) == batch


STUDY_NAMES = st.from_regex(r"[A-Za-z0-9配東][A-Za-z0-9._/가京-]{0,199}", fullmatch=True)


@given(STUDY_NAMES, st.text(min_size=1))
def test_an_edition_keeps_the_name_of_its_family(family: str, run: str) -> None:
    name = edition_name(family, run)
    assert (family_of(name), names_edition(name), names_edition(family)) == (family, True, False)


@given(STUDY_NAMES, st.text(min_size=1), numbers, numbers)
def test_trials_of_an_edition_have_different_names(family: str, run: str, one: int, other: int) -> None:
    name = edition_name(family, run)
    assert (trial_of(name, one) == trial_of(name, other)) == (one == other)
