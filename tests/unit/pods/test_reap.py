"""What is found and removed of trials' pods that nothing waits for."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes.client import ApiException

from airflow_hpo.exceptions import ClusterRefusedError
from airflow_hpo.pods.reap import remove, trial_pods
from airflow_hpo.pods.trial_pod import TrialPod
from tests.unit.pods.kubernetes_double import NOW, pod

TRIAL = {"airflow-hpo/trial": "7", "airflow-hpo/attempt": "2", "airflow-hpo/task": "0123abcd"}
EDITION = {"airflow-hpo/edition": "s@r"}


def found(**meta: Any) -> Any:
    return pod(**{"uid": "u", "creation_timestamp": NOW, "labels": TRIAL, "annotations": EDITION, **meta})


class Core:
    """The API server's pages of pods, and its answer to a deletion."""

    def __init__(self, *pages: list[Any], refuses: ApiException | None = None) -> None:
        self.pages = pages
        self.refuses = refuses
        self.bodies: list[Any] = []

    def list_namespaced_pod(self, namespace: str, *, label_selector: str, limit: int, _continue: str | None) -> Any:
        page = int(_continue or 0)
        more = str(page + 1) if page + 1 < len(self.pages) else None
        return SimpleNamespace(items=self.pages[page], metadata=SimpleNamespace(_continue=more))

    def delete_namespaced_pod(self, name: str, namespace: str, body: Any) -> None:
        self.bodies.append(body)
        if self.refuses:
            raise self.refuses


def refusal(status: int, message: str) -> ApiException:
    err = ApiException(status=status)
    err.body = json.dumps({"message": message})
    return err


def one() -> TrialPod:
    [known] = trial_pods(Core([found()]), "n")
    return known


def test_pods_are_found_on_all_pages_with_what_they_say_of_themselves() -> None:
    pods = list(trial_pods(Core([found()], [found(uid="v")]), "n"))
    assert [(each.uid, each.edition, each.number, each.attempt, each.owner) for each in pods] == [
        ("u", "s@r", 7, 2, "0123abcd"),
        ("v", "s@r", 7, 2, "0123abcd"),
    ]


@pytest.mark.parametrize(
    "meta",
    [{"deletion_timestamp": NOW}, {"annotations": None}, {"labels": {**TRIAL, "airflow-hpo/attempt": "x"}}],
    ids=["being deleted", "no edition", "no number"],
)
def test_a_pod_that_is_no_trials_is_passed_over(meta: dict[str, Any]) -> None:
    assert list(trial_pods(Core([found(**meta)]), "n")) == []


def test_only_the_very_pod_that_was_found_is_removed() -> None:
    core = Core()
    assert remove(core, one())
    assert core.bodies == [{"preconditions": {"uid": "u"}}]


@pytest.mark.parametrize(
    ("status", "message"),
    [(404, "not found"), (409, "the UID in the precondition (u) does not match the UID in record (v)")],
)
def test_a_pod_that_is_gone_or_replaced_is_not_removed(status: int, message: str) -> None:
    assert not remove(Core(refuses=refusal(status, message)), one())


def test_a_missing_right_is_named() -> None:
    with pytest.raises(ClusterRefusedError, match="the verb 'delete' on 'pods'"):
        remove(Core(refuses=refusal(403, 'pods "p" is forbidden: User "u" cannot delete resource "pods"')), one())
