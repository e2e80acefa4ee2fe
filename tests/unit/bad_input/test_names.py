"""Whatever studies, runs and tasks are called, pods get names and labels that Kubernetes takes and that are theirs alone."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.pods.build.labels import OWNER, PodIdentity, attempt_of, label_value
from tests.unit.bad_input.anything import texts

NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\Z")
LABEL = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?\Z")
KEY = re.compile(r"[a-z0-9.-]{1,253}/[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?\Z")

written = texts.map(lambda text: text.replace("\0", "").replace("\ud800", ""))
names = written | st.sampled_from(
    ["manual__2026-11-21T02:00:00+00:00", "-", "_.", "a" * 62 + "-b", "x" * 250, "é" * 70, "a/b", "A_b", "0", "a\n"]
)


@st.composite
def identities(draw: st.DrawFn) -> tuple[Any, ...]:
    numbers = st.integers(0, 10**6)
    return (
        *(draw(names) for _ in range(5)),
        draw(numbers),
        draw(st.integers(1, 99)),
        draw(st.integers(-1, 1023)),
        draw(st.integers(1, 9)),
    )


def identity(parts: tuple[Any, ...]) -> PodIdentity:
    family, run, dag, task, origin, number, attempt, index, tries = parts
    request = TrialRequest(study=f"{family}@{run}", key="001/0", number=number, params={"x": 1})
    return PodIdentity(request, attempt, TaskRun(dag, run, task, index, tries), origin)


@given(identities(), st.none() | names)
@settings(max_examples=200)
def test_every_name_and_label_is_one_that_kubernetes_takes(parts: tuple[Any, ...], prefix: str | None) -> None:
    pod = identity(parts)
    assert NAME.match(pod.name(prefix))
    for key, value in pod.labels().items():
        assert KEY.match(key)
        assert len(value) <= 63
        assert LABEL.match(value)
    assert attempt_of(pod.labels()) == parts[6]


@given(identities(), st.integers(0, 8), st.data())
@example(("a", "r", "d", "t", "o", 1, 11, 1, 1), 5, None)
@settings(max_examples=150)
def test_another_study_run_task_trial_or_attempt_is_another_pod(
    parts: tuple[Any, ...], which: int, data: st.DataObject | None
) -> None:
    other = list(parts)
    old = parts[which]
    other[which] = (old + 1) if data is None or isinstance(old, int) else data.draw(names.filter(lambda n: n != old))
    assert identity(parts).name("p") != identity(tuple(other)).name("p")
    whose = 1 <= which <= 4 or which == 7
    assert (identity(parts).labels()[OWNER] != identity(tuple(other)).labels()[OWNER]) is whose


@given(names, names)
def test_long_texts_that_differ_have_labels_that_differ(one: str, other: str) -> None:
    tail = "x" * 70
    if one != other:
        assert label_value(one + tail) != label_value(other + tail)
    assert label_value(one) == label_value(one)
