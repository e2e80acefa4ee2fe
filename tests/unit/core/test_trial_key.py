from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_hpo.core.study import STUDY_NAME
from airflow_hpo.core.trial_key import (
    BATCH_GROUP,
    batch_and_index,
    batch_of,
    edition_name,
    family_of,
    first_key,
    key_of,
    names_edition,
    rerun_key,
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
    ("key", "written"), [(key_of(2, 3), "002/3"), (rerun_key("002/3", 1), "002/3#1"), (key_of(1000, 0), "1000/0")]
)
def test_keys_are_written_as_the_databases_of_earlier_versions_have_them(key: str, written: str) -> None:
    assert key == written


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


@given(st.from_regex(STUDY_NAME, fullmatch=True), st.text(min_size=1))
def test_an_edition_keeps_the_name_of_its_family(family: str, run: str) -> None:
    name = edition_name(family, run)
    assert (family_of(name), names_edition(name), names_edition(family)) == (family, True, False)


@given(st.from_regex(STUDY_NAME, fullmatch=True), st.text(min_size=1), numbers, numbers)
def test_trials_of_an_edition_have_different_names(family: str, run: str, one: int, other: int) -> None:
    name = edition_name(family, run)
    assert (trial_of(name, one) == trial_of(name, other)) == (one == other)
