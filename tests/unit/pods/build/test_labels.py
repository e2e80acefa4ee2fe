from __future__ import annotations

import re
from dataclasses import replace

import pytest

from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.pods.build.labels import ENDED, PARAMS, PodIdentity, attempt_of, checked_labels, label_value

LABEL = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
REQUEST = TrialRequest(study="dispatch-tokyo@r1", key="001/3", number=7, params={"x": 0.5, "kind": "{{ a }}"}, seed=3)
IDENTITY = PodIdentity(REQUEST, 2, TaskRun("tune", "manual__2026-11-21T02:00:00+00:00", "t.trial", 3, 4), "here")


@pytest.mark.parametrize("text", ["plain", "a:b+c", "x" * 200, "-_.", "", "größe", "a" * 62 + "::"])
def test_every_text_becomes_an_allowed_label(text: str) -> None:
    assert LABEL.fullmatch(label_value(text))


def test_long_texts_that_differ_at_the_end_stay_apart() -> None:
    assert label_value("x" * 100 + "a") != label_value("x" * 100 + "b")


def test_a_run_is_readable_in_its_label() -> None:
    assert IDENTITY.labels()["airflow-hpo/run"] == "manual__2026-11-21T02-00-00-00-00"


@pytest.mark.parametrize("prefix", [None, "My_Trial", "x" * 300, "日本"])
def test_the_name_says_trial_and_attempt_and_is_allowed(prefix: str | None) -> None:
    name = IDENTITY.name(prefix)
    assert NAME.fullmatch(name)
    assert "-t7-a2-" in name


def test_the_same_attempt_has_the_same_name_and_others_have_others() -> None:
    others = [
        replace(IDENTITY, attempt=3),
        replace(IDENTITY, task=replace(IDENTITY.task, map_index=4)),
        replace(IDENTITY, origin="there"),
        replace(IDENTITY, request=TrialRequest.from_dict({**REQUEST.to_dict(), "params": {"x": 0.6}})),
    ]
    assert IDENTITY.name() == replace(IDENTITY).name()
    assert len({one.name() for one in [IDENTITY, *others]}) == 5


def test_a_pod_of_another_try_runs_the_same_trial() -> None:
    earlier = replace(IDENTITY, attempt=1, task=replace(IDENTITY.task, try_number=1))
    assert IDENTITY.same_trial(earlier.labels(), earlier.annotations())
    assert attempt_of(earlier.labels()) == 1


@pytest.mark.parametrize(
    "other",
    [
        replace(IDENTITY, request=TrialRequest.from_dict({**REQUEST.to_dict(), "number": 8})),
        replace(IDENTITY, request=TrialRequest.from_dict({**REQUEST.to_dict(), "params": {"x": 0.6}})),
        replace(IDENTITY, request=TrialRequest.from_dict({**REQUEST.to_dict(), "study": "dispatch-tokyo@r2"})),
        replace(IDENTITY, task=replace(IDENTITY.task, map_index=4)),
        replace(IDENTITY, origin="there"),
    ],
    ids=["trial", "parameters", "edition", "index", "database"],
)
def test_a_pod_of_something_else_is_told_apart(other: PodIdentity) -> None:
    assert not IDENTITY.same_trial(other.labels(), other.annotations())


def test_a_kept_pod_is_nobodys() -> None:
    assert not IDENTITY.same_trial({**IDENTITY.labels(), ENDED: "true"}, IDENTITY.annotations())
    assert not IDENTITY.same_trial(None, None)


def test_all_parameters_are_an_annotation() -> None:
    assert IDENTITY.annotations()[PARAMS] == '{"x": 0.5, "kind": "{{ a }}"}'


@pytest.mark.parametrize("name", ["team", "example.com/team", "a", "A_b.c-1", "x" * 63])
def test_a_labels_name_that_kubernetes_takes_is_taken(name: str) -> None:
    checked_labels({name: "any value"})


@pytest.mark.parametrize(
    ("name", "valid"),
    [("my team", "my-team"), ("-a-", "a"), ("Example.com/a b", "example.com/a-b"), ("", "label")],
)
def test_a_labels_name_that_kubernetes_would_refuse_is_refused_with_one_that_it_takes(name: str, valid: str) -> None:
    with pytest.raises(DeclarationError, match=re.escape(f"Write labels={{{valid!r}: ...}}.")):
        checked_labels({name: "x"})
    checked_labels({valid: "x"})


def test_a_study_in_other_letters_has_labels_of_its_own_and_its_name_in_an_annotation() -> None:
    one, other = (
        replace(IDENTITY, request=IDENTITY.request.model_copy(update={"study": f"{name}@r"}))
        for name in ("配車", "天気")
    )
    for pod in (one, other):
        assert all(LABEL.fullmatch(value) for value in pod.labels().values())
        assert NAME.fullmatch(pod.name())
    assert one.labels()["airflow-hpo/study"] != other.labels()["airflow-hpo/study"]
    assert one.labels()["airflow-hpo/edition"] != other.labels()["airflow-hpo/edition"]
    assert one.annotations()["airflow-hpo/edition"] == "配車@r"
