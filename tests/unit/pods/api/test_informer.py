from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes.client import ApiClient, V1Pod

from airflow_hpo.pods import failures
from airflow_hpo.pods.api import informer
from airflow_hpo.pods.api.informer import PodInformer, Subscription, slim
from tests.unit.pods.kubernetes_double import NOW, condition, pod, running, terminated, waiting


def said(kind: str, name: str = "p", phase: str = "Pending", **container: Any) -> dict[str, Any]:
    """One event of a watch."""
    statuses = [{"name": "base", "state": container}] if container else []
    return {
        "type": kind,
        "object": {"metadata": {"name": name}, "status": {"phase": phase, "containerStatuses": statuses}},
    }


class Heard:
    """One pod's news, from watches that end as a test says."""

    def __init__(self, *watches: list[Mapping[str, Any] | Exception]) -> None:
        self.watches = list(watches)
        self.woken = 0
        self.live: list[bool] = []
        self.newest: list[str] = []
        self.ended = False
        asyncio.run(self._listen())

    async def _listen(self) -> None:
        told = PodInformer(self._events, lambda pod: pod["status"]["phase"])
        with told.about("p", self._wake) as self.ear:
            following = asyncio.create_task(told.follow())
            while self.watches and not following.done():
                await asyncio.sleep(0)
            await asyncio.wait([following], timeout=0.05)
            self.ended = following.done()
            self.live.append(self.ear.live)
            following.cancel()

    def _wake(self) -> None:
        self.woken += 1
        self.newest.append(self.ear.newest())

    async def _events(self) -> AsyncIterator[Mapping[str, Any]]:
        for event in self.watches.pop(0):
            if isinstance(event, Exception):
                raise event
            yield event
        if not self.watches:
            await asyncio.Event().wait()


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(informer, "PAUSE", 0.0)


def test_a_watcher_is_woken_when_its_pod_starts_and_ends_and_not_in_between() -> None:
    heard = Heard(
        [
            said("ADDED"),
            said("MODIFIED", waiting={"reason": "ContainerCreating"}),
            said("MODIFIED", phase="Running", running={"startedAt": "8:00"}),
            said("MODIFIED", phase="Running", running={"startedAt": "8:00"}),
            said("MODIFIED", phase="Succeeded", terminated={"exitCode": 0}),
        ]
    )
    assert heard.newest == ["Running", "Succeeded"]


def test_an_image_that_cannot_be_pulled_wakes_too() -> None:
    assert Heard([said("ADDED"), said("MODIFIED", waiting={"reason": "ErrImagePull"})]).woken == 1


def test_other_pods_wake_nobody() -> None:
    assert Heard([said("ADDED", "other"), said("MODIFIED", "other", "Running")]).woken == 0


def test_a_deleted_pod_wakes_and_is_then_to_be_asked_for() -> None:
    heard = Heard([said("ADDED"), said("DELETED")])
    assert (heard.newest, heard.live) == ([None], [False])


def test_a_pod_is_handed_out_once() -> None:
    told = PodInformer(lambda: None, lambda pod: pod)  # type: ignore[arg-type,return-value]
    ear = Subscription(told, "p", lambda: None)
    told.pods["p"] = {"name": "p"}
    ear.hear()
    assert (ear.newest(), ear.newest()) == ({"name": "p"}, None)


def test_nothing_counts_as_known_until_a_watch_that_broke_off_speaks_of_it_again() -> None:
    assert Heard([said("ADDED")]).live == [True]
    assert Heard([said("ADDED"), ConnectionError("reset")], []).live == [False]
    assert Heard([said("ADDED"), ConnectionError("reset")], [said("ADDED")]).live == [True]


def test_what_happened_while_the_watch_was_broken_is_heard_afterwards() -> None:
    heard = Heard([said("ADDED"), ConnectionError("reset")], [said("ADDED", phase="Failed")])
    assert heard.newest == ["Failed"]


def test_an_error_that_the_watch_reports_breaks_it_off() -> None:
    gone = {"type": "ERROR", "object": {"code": 410, "message": "too old resource version"}}
    assert Heard([said("ADDED"), gone], [said("ADDED")]).live == [True]


def test_a_watch_that_is_refused_is_not_asked_for_again() -> None:
    heard = Heard([PermissionError("403 pods is forbidden")], [said("ADDED")])
    assert (heard.ended, heard.live, len(heard.watches)) == (True, [False], 1)


@pytest.mark.parametrize(
    "state",
    [
        pod("Running", running()),
        pod("Failed", terminated(137, "OOMKilled")),
        pod("Failed", reason="DeadlineExceeded"),
        pod(
            "Failed", terminated(143, "Error"), conditions=[condition("PreemptionByScheduler", type="DisruptionTarget")]
        ),
        pod("Running", running(), deletion_timestamp=NOW, deletion_grace_period_seconds=5),
        pod("Pending", waiting("ErrImageNeverPull")),
        pod("Pending", conditions=[condition("Unschedulable", type="PodScheduled", status="False")]),
    ],
)
def test_nothing_that_a_judgment_rests_on_is_left_out(state: V1Pod) -> None:
    raw = json.loads(json.dumps(ApiClient().sanitize_for_serialization(state)))
    raw["metadata"]["managedFields"] = [{"manager": "kubelet", "time": "2026-11-21T08:00:00Z"}]
    for one in raw["status"].get("conditions", ()):
        one["lastTransitionTime"] = "2026-11-21T08:00:00Z"
    assert judged(as_pod(slim(raw))) == judged(as_pod(raw))


def as_pod(raw: Any) -> V1Pod:
    return ApiClient().deserialize(SimpleNamespace(data=json.dumps(raw)), "V1Pod")


def judged(one: V1Pod) -> list[Any]:
    later = NOW + timedelta(hours=1)
    about = [failures.over, failures.started, failures.ended, failures.cannot_start, failures.failure]
    more = [failures.lost(one, later), failures.not_scheduled(one, 60), failures.not_started(one, "base", 60, [])]
    return [*(judge(one, "base") for judge in about), *more, failures.node_lost(one), failures.gone(one, [])]
