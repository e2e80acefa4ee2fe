from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes.client import ApiClient, V1Pod

from airflow_hpo.exceptions import ClusterRefusedError, ClusterUnavailableError
from airflow_hpo.pods import failures
from airflow_hpo.pods.api import informer
from airflow_hpo.pods.api.informer import PodInformer, Subscription, slim
from airflow_hpo.pods.watch.live_pod import placement_of
from tests.unit.pods.kubernetes_double import NOW, condition, pod, running, terminated, waiting


def event(kind: str, name: str = "p", phase: str = "Pending", version: str = "1", **container: Any) -> dict[str, Any]:
    """One event of a watch."""
    statuses = [{"name": "base", "state": container}] if container else []
    meta = {"name": name, "resourceVersion": version}
    return {"type": kind, "object": {"metadata": meta, "status": {"phase": phase, "containerStatuses": statuses}}}


BOOKMARK = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "7"}}}


class Watched:
    """One pod, as an informer sees it through watches that end as a test says."""

    def __init__(self, *watches: list[Mapping[str, Any] | Exception]) -> None:
        self.watches = list(watches)
        self.versions: list[str | None] = []
        self.woken = 0
        self.newest: list[str] = []
        asyncio.run(self._run())

    async def _run(self) -> None:
        informer = PodInformer(self._watch, lambda pod: pod["status"]["phase"])
        with informer.subscribe("p", self._wake) as self.subscription:
            running = asyncio.create_task(informer.run())
            while self.watches and not running.done():
                await asyncio.sleep(0)
            await asyncio.wait([running], timeout=0.05)
            self.ended = running.done()
            self.live = self.subscription.live
            self.known = sorted(informer.pods)
            running.cancel()

    def _wake(self) -> None:
        self.woken += 1
        self.newest.append(self.subscription.newest())

    @asynccontextmanager
    async def _watch(self, version: str | None) -> AsyncIterator[AsyncIterator[Mapping[str, Any]]]:
        self.versions.append(version)
        yield self._events(self.watches.pop(0))

    async def _events(self, events: list[Mapping[str, Any] | Exception]) -> AsyncIterator[Mapping[str, Any]]:
        for one in events:
            if isinstance(one, Exception):
                raise one
            yield one
        if not self.watches:
            await asyncio.Event().wait()


BROKEN = ClusterUnavailableError("reset")


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(informer, "PAUSE", 0.0)


def test_a_watcher_is_woken_when_its_pod_starts_and_ends_and_not_in_between() -> None:
    watched = Watched(
        [
            event("ADDED"),
            event("MODIFIED", waiting={"reason": "ContainerCreating"}),
            event("MODIFIED", phase="Running", running={"startedAt": "8:00"}),
            event("MODIFIED", phase="Running", running={"startedAt": "8:00"}),
            event("MODIFIED", phase="Succeeded", terminated={"exitCode": 0}),
        ]
    )
    assert watched.newest == ["Running", "Succeeded"]


def test_an_image_that_cannot_be_pulled_wakes_too() -> None:
    assert Watched([event("ADDED"), event("MODIFIED", waiting={"reason": "ErrImagePull"})]).woken == 1


def test_other_pods_wake_no_watcher() -> None:
    assert Watched([event("ADDED", "other"), event("MODIFIED", "other", "Running")]).woken == 0


def test_a_deleted_pod_wakes_and_is_then_to_be_asked_for() -> None:
    watched = Watched([event("ADDED"), event("DELETED")])
    assert (watched.newest, watched.live) == ([None], False)


def test_a_state_is_handed_out_once() -> None:
    informer = PodInformer(lambda version: None, lambda pod: pod)  # type: ignore[arg-type,return-value]
    informer.pods["p"], informer.connected = {"name": "p"}, True
    subscription = Subscription(informer, "p", lambda: None)
    assert (subscription.newest(), subscription.newest()) == ({"name": "p"}, None)


def test_nothing_counts_as_known_while_no_watch_is_open() -> None:
    informer = PodInformer(lambda version: None, lambda pod: pod)  # type: ignore[arg-type,return-value]
    informer.pods["p"] = {"name": "p"}
    subscription = Subscription(informer, "p", lambda: None)
    assert (subscription.live, subscription.newest()) == (False, None)


@pytest.mark.parametrize("end", [[BROKEN], []], ids=["broken", "ended by the server"])
def test_a_watch_goes_on_from_the_version_that_it_has_seen(end: list[Any]) -> None:
    watched = Watched([event("ADDED"), event("MODIFIED", phase="Running", version="5"), *end], [])
    assert (watched.versions, watched.live, watched.newest) == ([None, "5"], True, ["Running"])


def test_a_bookmark_moves_the_version_and_wakes_no_watcher() -> None:
    watched = Watched([event("ADDED"), BOOKMARK, event("ADDED", "other", version="8"), BROKEN], [])
    assert (watched.versions, watched.known, watched.woken) == ([None, "8"], ["other", "p"], 0)


def test_a_watch_that_breaks_before_all_pods_have_come_begins_again() -> None:
    watched = Watched([event("ADDED", "gone"), event("ADDED"), BROKEN], [event("ADDED")])
    assert (watched.versions, watched.known) == ([None, None], ["p"])


@pytest.mark.parametrize(
    "expired",
    [
        ClusterUnavailableError("Kubernetes cannot watch now (410): too old resource version.", status=410),
        ClusterUnavailableError("(504): Timeout: Too large resource version: 9, current: 5.", status=504),
    ],
    ids=["too old", "too large"],
)
def test_a_version_that_the_server_no_longer_serves_is_given_up(expired: Exception) -> None:
    watched = Watched([BOOKMARK, BROKEN], [expired], [event("ADDED", phase="Failed")])
    assert (watched.versions, watched.newest) == ([None, "7", None], ["Failed"])


def test_a_watch_that_brought_nothing_until_its_end_begins_again() -> None:
    assert Watched([BOOKMARK], [], [event("ADDED")]).versions == [None, "7", None]


def test_a_version_outlives_a_server_that_is_busy() -> None:
    assert Watched([BOOKMARK, ClusterUnavailableError("busy", status=503)], []).versions == [None, "7"]


def test_a_watch_that_is_refused_is_not_opened_again() -> None:
    watched = Watched([event("ADDED"), ClusterRefusedError("403 pods is forbidden")], [event("ADDED")])
    assert (watched.ended, watched.live, len(watched.watches)) == (True, False, 1)


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
def test_nothing_that_a_judgement_rests_on_is_left_out(state: V1Pod) -> None:
    raw = json.loads(json.dumps(ApiClient().sanitize_for_serialization(state)))
    raw["metadata"]["managedFields"] = [{"manager": "kubelet", "time": "2026-11-21T08:00:00Z"}]
    for one in raw["status"].get("conditions", ()):
        one["lastTransitionTime"] = "2026-11-21T08:00:00Z"
    assert judged(as_pod(slim(raw))) == judged(as_pod(raw))


def as_pod(raw: Any) -> V1Pod:
    return ApiClient().deserialize(SimpleNamespace(data=json.dumps(raw)), "V1Pod")


def judged(one: V1Pod) -> list[Any]:
    later = NOW + timedelta(hours=1)
    about = [failures.over, failures.started, failures.ended, failures.failure]
    more = [failures.lost(one, later), failures.not_scheduled(one, 60), failures.not_started(one, "base", 60, [])]
    return [
        *(judge(one, "base") for judge in about),
        *more,
        placement_of(one, "base"),
        failures.cannot_start(one),
        failures.node_lost(one),
        failures.gone(one, []),
    ]
