from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_hpo.core.metrics.point import SeriesPoint
from airflow_hpo.core.metrics.source import MetricSource, Stdout, TerminationMessage
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.phases import Moments
from airflow_hpo.core.placement import Placement
from airflow_hpo.core.remarks import Remarks
from airflow_hpo.core.waiting import Waiting, WaitsFor
from airflow_hpo.exceptions import (
    ClusterForbiddenError,
    ClusterFullError,
    ClusterRefusedError,
    ClusterUnavailableError,
    PermanentHpoError,
)
from airflow_hpo.pods import remains
from airflow_hpo.pods.watch import creation, deletion, live_pod, logs, node, pod_end, silence, startup, ticks
from airflow_hpo.pods.watch import watch as watch_module
from airflow_hpo.pods.watch.log_readings import Earlier, PodReadings, ReadTo, passed_over
from airflow_hpo.pods.watch.node import OnNode
from airflow_hpo.pods.watch.waits import PRESENT, Waits
from airflow_hpo.pods.watch.watch import PodWatch
from tests.unit.pods.kubernetes_double import NOW, PATIENT, PodDouble, condition, pod, running, terminated, waiting

SCHEDULED = condition("", type="PodScheduled")
QUICK = {"poll_interval": 0.01, "report_interval": 0.01, "startup_check_interval": 0.01}


def log_of(*texts: str, start: int = 0) -> bytes:
    """What Kubernetes sends for lines that were printed one a second."""
    return "".join(f"2026-11-21T08:00:{i:02d}.000000001Z {text}\n" for i, text in enumerate(texts, start)).encode()


def keeping(kept: list[str], said: list[Remarks] | None = None) -> ReadTo:
    """Keep what the next watcher goes on from, and what was said."""

    def keep(reading: str, remarks: Remarks) -> None:
        kept.append(reading)
        if said is not None:
            said.append(remarks)

    return keep


class Watched:
    """One watch and all that it said."""

    def __init__(
        self,
        states: list[Any],
        logs: list[Any],
        report: Callable[[list[SeriesPoint]], bool] = lambda points: False,
        source: MetricSource | None = None,
        on_node: OnNode | None = None,
        lingers: int = 0,
        read_to: ReadTo = passed_over,
        earlier: Earlier | None = None,
        double: PodDouble | None = None,
        were_read: Callable[[], bool] | None = None,
        waits: Waits = PRESENT,
        refusals: Sequence[Exception | bool] = (),
        **options: Any,
    ) -> None:
        self.double = double or PodDouble(states, logs)
        self.double.lingers = lingers
        self.double.refusals = list(refusals)
        self.on_node = on_node
        self.told: list[Waiting | None] = []
        self.endings: list[str | None] = []
        self.waits = replace(waits, tell=self.tell, ending=self.ending)
        self.lines: list[str] = []
        self.points: list[SeriesPoint] = []

        def taken(points: list[SeriesPoint]) -> bool:
            self.points += points
            return report(points)

        readings = PodReadings(
            source or Stdout(), Objective("loss"), self.lines.append, passed_over, read_to, earlier, were_read
        )
        logger = logging.getLogger(__name__)
        watched = replace(PATIENT, **{**QUICK, **options})
        self.outcome: Outcome = asyncio.run(self._run(watched, readings, taken, logger))

    async def _run(self, *arguments: Any) -> Outcome:
        return await PodWatch(self.double, *arguments, self.on_node, waits=self.waits).run()

    async def tell(self, waiting: Waiting | None, moments: Moments) -> bool:
        self.told.append(waiting)
        return True

    async def ending(self, reason: str | None) -> None:
        self.endings.append(reason)


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (live_pod, watch_module):
        monkeypatch.setattr(module, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(startup, "SHORTEST_PAUSE", 0.01)
    monkeypatch.setattr(deletion, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(watch_module, "STATE_LIMIT", 0.1)
    monkeypatch.setattr(creation, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(creation, "LONGEST_FULL", 0.01)
    monkeypatch.setattr(creation, "LONGEST_AWAY", 0.01)
    monkeypatch.setattr(pod_end, "SETTLE_LIMIT", 0.01)
    monkeypatch.setattr(logs, "DRAIN_LIMIT", 0.01)
    monkeypatch.setattr(logs, "HEAD_START", 0.0)
    monkeypatch.setattr(silence, "UNREAD_PAUSE", 0.01)


DONE = pod("Succeeded", terminated(0, "Completed"))


def test_a_pod_that_ended_before_the_first_look_is_read_whole() -> None:
    watched = Watched([DONE], [[log_of("loss=1", "loss=0.5")]])
    assert (watched.outcome.state, watched.outcome.value) == ("complete", 0.5)
    assert watched.lines == ["loss=1", "loss=0.5"]
    assert [(p.step, p.value) for p in watched.points] == [(1, 1.0), (2, 0.5)]


def test_a_connection_that_breaks_costs_no_line_and_doubles_none() -> None:
    whole = log_of("loss=3", "loss=2", "loss=1")
    broken = [whole[:40], ClusterUnavailableError("reset")]
    watched = Watched([pod("Running", running())] * 80 + [DONE], [broken, 500, [whole], [whole]])
    assert watched.lines == ["loss=3", "loss=2", "loss=1"]
    assert watched.outcome.value == 1.0


def test_a_watch_after_a_rotation_goes_on_from_what_was_read_before() -> None:
    kept: list[str] = []
    before = Watched(
        [pod("Running", running())] * 30 + [DONE], [[log_of("loss=9", "loss=0.01", "loss=5")]], read_to=keeping(kept)
    )
    assert before.outcome.value == 5.0
    rotated = [log_of("loss=5", "loss=50", start=2)]
    after = Watched([DONE], [rotated], earlier=(kept[-1], {"loss": [1, 2, 3]}))
    assert (after.outcome.state, after.outcome.value) == ("complete", 50.0)
    assert [(point.step, point.value) for point in after.points] == [(4, 50.0)]
    assert after.lines == ["loss=50"]
    assert after.double.asked[0][1] == "2026-11-21T08:00:01Z"
    assert after.outcome.problems == ()
    assert after.outcome.tail == ("loss=5", "loss=50")


def test_a_right_to_read_logs_that_was_never_there_ends_the_trial_while_its_program_runs() -> None:
    outcome = Watched([pod("Running", running())], [403], were_read=lambda: False).outcome
    assert (outcome.state, outcome.kind, outcome.lasting, outcome.alive) == ("failed", "infrastructure", True, False)
    assert "refuses to read the log (403)" in outcome.reason


@pytest.mark.parametrize("source", [Stdout(), TerminationMessage()], ids=repr)
def test_a_watch_that_goes_on_counts_no_span_twice(source: MetricSource) -> None:
    kept: list[str] = []
    said: list[Remarks] = []
    texts = "hpo::span 2 query", "hpo::note Begun.", "loss=9"
    Watched([pod("Running", running())] * 30 + [DONE], [[log_of(*texts)]], source=source, read_to=keeping(kept, said))
    assert said[-1].spans == {"query": 2.0}
    whole = log_of(*texts, "hpo::span 3 query", "hpo::note Done.")
    Watched([DONE], [[whole]], source=source, earlier=(kept[-1], {"loss": [1]}), read_to=keeping(kept, said))
    assert (said[-1].spans, said[-1].notes) == ({"query": 5.0}, ("Begun.", "Done."))
    Watched([DONE], [[whole]], source=source, earlier=(kept[-1], {"loss": [1]}), read_to=keeping(kept, said))
    assert said[-1].spans == {"query": 5.0}


def test_a_right_to_read_logs_that_was_there_before_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for pause in ("FIRST_PAUSE", "LONGEST_PAUSE"):
        monkeypatch.setattr(logs, pause, 0.01)
    assert Watched([DONE], [403, 403, [log_of("loss=1")]], were_read=lambda: True).outcome.value == 1.0
    away = Watched([DONE], [403], were_read=lambda: True).outcome
    assert (away.state, away.kind, away.alive) == ("failed", "infrastructure", True)


def test_a_right_to_read_logs_does_not_matter_where_metrics_come_otherwise() -> None:
    done = pod("Succeeded", terminated(0, message="loss=0.25"))
    source = TerminationMessage()
    assert Watched([done], [403], source=source, were_read=lambda: False).outcome.value == 0.25


def test_a_log_of_which_nothing_is_left_is_no_whole_log() -> None:
    kept: list[str] = []
    Watched([pod("Running", running())] * 30 + [DONE], [[log_of("loss=9")]], read_to=keeping(kept))
    after = Watched([DONE], [404], earlier=(kept[-1], {"loss": [1]}))
    assert (after.outcome.state, after.outcome.kind) == ("failed", "infrastructure")
    assert "The end of its log is lost" in after.outcome.reason


def test_an_answer_that_is_no_log_is_never_read_as_one() -> None:
    watched = Watched([DONE], [404])
    assert (watched.outcome.state, watched.outcome.kind) == ("failed", "unheard")
    assert "refuses to read the log (404)" in watched.outcome.reason
    assert watched.lines == []


def test_what_the_kubelet_says_about_a_lost_log_is_no_metric() -> None:
    watched = Watched([DONE], [[b"unable to retrieve container logs, loss=7\n"]])
    assert (watched.outcome.state, watched.outcome.value) == ("failed", None)
    assert watched.outcome.kind == "unheard"


def test_a_program_that_ended_well_without_output_is_not_blamed() -> None:
    outcome = Watched([DONE], [[b""]]).outcome
    assert (outcome.state, outcome.kind, outcome.exit_code) == ("failed", "unheard", 0)
    assert "run twice" in outcome.reason


def test_a_program_that_prints_and_reports_no_metric_is_blamed() -> None:
    outcome = Watched([DONE], [[log_of("done")]]).outcome
    assert (outcome.kind, outcome.exit_code) == ("program", 0)


def test_a_log_whose_end_cannot_be_read_is_read_by_the_next_try_from_the_same_pod(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logs, "LONGEST_PAUSE", 0.01)
    monkeypatch.setattr(logs, "FIRST_PAUSE", 0.01)
    outcome = Watched(
        [DONE], [[log_of("epoch=1"), ClusterUnavailableError("reset")], [ClusterUnavailableError("refused")]]
    ).outcome
    assert (outcome.kind, outcome.alive) == ("infrastructure", True)
    assert "The end of the log is missing. refused" in outcome.reason


def test_a_trial_that_is_given_up_is_deleted_and_keeps_its_values() -> None:
    watched = Watched([pod("Running", running())], [[log_of("loss=9")], [b""]], report=lambda points: True)
    assert (watched.outcome.state, watched.outcome.value) == ("pruned", 9.0)
    assert watched.double.deleted


def test_a_trial_that_is_given_up_ends_when_its_pod_is_gone(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    states = [pod("Running", running())]
    watched = Watched(states, [[log_of("loss=9")], [b""]], report=lambda points: True, lingers=3)
    assert (watched.outcome.state, watched.double.lingers) == ("pruned", -1)
    assert caplog.text.count("The pod is Terminating. Its slot is free when it is gone, in 60 s at most.") == 1


def test_a_pod_that_does_not_go_is_waited_for_no_longer_than_its_grace_period_and_the_slack(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(remains, "DEFAULT_GRACE", 0.05)
    monkeypatch.setattr(deletion, "SLACK", 0.05)
    states = [pod("Running", running())]
    watched = Watched(states, [[log_of("loss=9")], [b""]], report=lambda points: True, lingers=10**9)
    assert watched.outcome.state == "pruned"
    assert "The pod is still there after 0.1 s." in caplog.text


def test_a_pod_of_which_the_watch_fails_is_gone_before_the_attempt_ends() -> None:
    watched = Watched([pod("Running", running())], [[b""]], deadline=time.time() - 1, execution_timeout=1.0, lingers=2)
    assert (watched.outcome.state, watched.double.deleted, watched.double.lingers) == ("failed", True, -1)
    assert watched.endings == [watched.outcome.reason]


def test_a_program_that_ended_by_itself_is_complete_although_its_state_follows_the_pruners_verdict() -> None:
    states = [pod("Running", running())] * 5 + [DONE]
    watched = Watched(states, [[log_of("loss=9")]], report=lambda points: bool(points))
    assert (watched.outcome.state, watched.outcome.value, watched.double.deleted) == ("complete", 9.0, False)


def test_a_pod_that_ended_by_itself_before_it_was_given_up_is_complete() -> None:
    watched = Watched([DONE], [[log_of("loss=9")]], report=lambda points: bool(points))
    assert (watched.outcome.state, watched.outcome.value) == ("complete", 9.0)


def test_a_pod_whose_end_was_not_seen_yet_when_it_was_given_up_is_complete() -> None:
    states = [pod("Running", running())]

    def give_up(points: list[SeriesPoint]) -> bool:
        states[:] = [DONE]
        return True

    watched = Watched(states, [[log_of("loss=9")], [log_of("loss=9")]], report=give_up, poll_interval=60)
    assert (watched.outcome.state, watched.outcome.value) == ("complete", 9.0)


def test_a_trial_that_is_given_up_while_the_api_server_is_away_is_pruned() -> None:
    away = ClusterUnavailableError("refused")
    watched = Watched([pod("Running", running())] * 2 + [away], [[log_of("loss=9")], [b""]], report=lambda points: True)
    assert watched.outcome.state == "pruned"


def test_a_failed_pod_keeps_what_it_reported() -> None:
    watched = Watched([pod("Failed", terminated(3))], [[log_of("loss=2", "boom")]])
    assert (watched.outcome.state, watched.outcome.exit_code, watched.outcome.value) == ("failed", 3, 2.0)
    assert watched.outcome.reason.endswith("Its last lines: loss=2 | boom")


def test_metrics_are_read_from_the_termination_message() -> None:
    done = pod("Succeeded", terminated(0, message="loss=0.25"))
    assert Watched([done], [[log_of("loss=7")]], source=TerminationMessage()).outcome.value == 0.25


def test_a_pod_that_vanishes_is_the_clusters_failure() -> None:
    watched = Watched([pod("Running", running()), None], [[b""]])
    assert (watched.outcome.kind, watched.outcome.alive) == ("infrastructure", False)


def test_a_pod_that_was_removed_after_its_end_ended_as_was_sent() -> None:
    double = PodDouble([pod("Running", running()), None], [[log_of("loss=1")], [log_of("loss=1")], 404])
    double.updates.gone = pod("Failed", terminated(3))
    watched = Watched([], [], double=double)
    assert (watched.outcome.kind, watched.outcome.exit_code) == ("program", 3)


def test_an_api_server_that_is_away_is_waited_for() -> None:
    watched = Watched(
        [ClusterUnavailableError("refused"), ClusterUnavailableError("refused"), DONE], [[log_of("loss=1")]]
    )
    assert watched.outcome.state == "complete"


def test_a_pod_is_left_alone_when_the_api_server_stays_away() -> None:
    watched = Watched([ClusterUnavailableError("refused")], [[b""]], api_timeout=0.03)
    assert (watched.outcome.kind, watched.outcome.alive) == ("infrastructure", True)
    assert "did not answer" in watched.outcome.reason


def test_a_node_that_does_not_confirm_a_deletion_is_lost() -> None:
    stuck = pod("Running", running(), deletion_timestamp=NOW - timedelta(days=1000))
    assert "node-1" in Watched([stuck], [[b""]]).outcome.reason


def test_a_pod_that_is_gone_at_the_next_look_is_explained_by_its_events() -> None:
    watched = Watched([pod("Running", running()), None], [[b""]])
    assert (watched.outcome.kind, watched.outcome.reason) == (
        "infrastructure",
        "The pod was preempted by one of higher priority: by another.",
    )


def test_the_tasks_own_deadline_ends_the_watch() -> None:
    watched = Watched([pod("Running", running())], [[b""]], deadline=time.time() - 1, execution_timeout=60.0)
    assert (watched.outcome.kind, watched.outcome.reason) == (
        "program",
        "The program ran into its time_limit or execution_timeout of 60 s.",
    )


@pytest.mark.parametrize(
    ("state", "options", "words"),
    [
        (pod("Pending"), {"schedule_timeout": 0.0}, "not scheduled within 0 s"),
        (pod("Pending", conditions=[SCHEDULED]), {"startup_timeout": 0.0}, "FailedMount: no such volume"),
        (pod("Pending", waiting("InvalidImageName", "x")), {}, "cannot be pulled"),
    ],
    ids=["schedule", "start", "image"],
)
def test_a_pod_that_cannot_start_is_given_up(state: Any, options: dict[str, Any], words: str) -> None:
    watched = Watched([state], [400], **options)
    assert words in watched.outcome.reason
    assert watched.outcome.kind == "infrastructure"


def test_a_report_that_the_study_refuses_ends_the_trial_with_its_reason() -> None:
    def refuse(points: list[SeriesPoint]) -> bool:
        if points:
            raise PermanentHpoError("Steps count from 0.")
        return False

    watched = Watched([pod("Running", running())], [[log_of("loss=1")], [b""]], report=refuse)
    assert (watched.outcome.state, watched.outcome.reason) == ("failed", "Steps count from 0.")


def test_an_outcome_survives_its_way_to_the_worker() -> None:
    outcome = Watched([pod("Failed", terminated(3))], [[log_of("loss=2")]]).outcome
    assert Outcome.from_dict(outcome.to_dict()).to_dict() == outcome.to_dict()


def test_a_silent_trial_is_asked_about_too_and_ended_with_its_study() -> None:
    watched = Watched([pod("Running", running())], [[b""]], report=lambda points: True, ending_interval=0.02)
    assert (watched.outcome.state, watched.outcome.value) == ("pruned", None)
    assert watched.points == []
    assert watched.double.deleted


def test_a_pod_that_waits_for_a_node_is_ended_with_its_study() -> None:
    pending = pod("Pending", waiting("ContainerCreating"), conditions=[SCHEDULED])
    watched = Watched([pending], [], report=lambda points: True, ending_interval=0.02)
    assert watched.outcome.state == "pruned"
    assert watched.double.deleted


def test_a_study_that_refuses_a_silent_trial_ends_it_with_its_reason_before_it_starts() -> None:
    def refuse(points: list[SeriesPoint]) -> bool:
        raise PermanentHpoError("The study is gone.")

    pending = pod("Pending", waiting("ContainerCreating"), conditions=[SCHEDULED])
    watched = Watched([pending], [], report=refuse, ending_interval=0.02)
    assert (watched.outcome.state, watched.outcome.reason) == ("failed", "The study is gone.")


class Informed(Watched):
    """A watch of a pod whose states the API server sends; a request in between is answered with the first state."""

    async def _run(self, *arguments: Any) -> Outcome:
        self.double.updates.live = True
        first, *later = self.double.states
        self.double.states = [first]
        watching = asyncio.create_task(PodWatch(self.double, *arguments, self.on_node).run())
        for state in later:
            await asyncio.sleep(0.05)
            self.early = list(self.lines)
            self.double.updates.send(state)
        return await asyncio.wait_for(watching, 5)


def test_a_pod_that_the_api_server_sends_is_not_asked_for_again() -> None:
    states = [pod("Pending"), pod("Running", running()), DONE]
    watched = Informed(states, [[log_of("loss=1")]], poll_interval=600.0, startup_check_interval=600.0)
    assert (watched.outcome.state, watched.outcome.value) == ("complete", 1.0)


def test_a_program_that_goes_on_is_read_along_in_the_tasks_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticks, "FLUSH_INTERVAL", 0.01)
    watched = Informed([pod("Pending"), pod("Running", running()), DONE], [[log_of("loss=1", "loss=0.5")]])
    assert (watched.early, watched.lines) == (["loss=1", "loss=0.5"], ["loss=1", "loss=0.5"])


def test_a_watch_that_falls_silent_costs_only_time() -> None:
    watched = Informed([pod("Pending")], [[log_of("loss=1")]], schedule_timeout=0.05)
    assert watched.outcome.kind == "infrastructure"


class Nodes:
    """Takes where a pod runs, after a few refusals."""

    def __init__(self, refusals: int = 0) -> None:
        self.offered: list[Mapping[str, str]] = []
        self.refusals = refusals

    async def __call__(self, placement: Placement) -> bool:
        self.offered.append(placement)
        return len(self.offered) > self.refusals


def unscheduled() -> Any:
    """A pod that waits for a node."""
    waits = pod("Pending")
    waits.spec.node_name = None
    return waits


STARTING = pod("Pending", conditions=[SCHEDULED])


def test_a_pods_node_is_reported_once_and_while_its_program_has_not_started() -> None:
    places = Nodes()
    watched = Watched([unscheduled(), STARTING], [], on_node=places, startup_timeout=0.1)
    assert watched.outcome.kind == "infrastructure"
    assert places.offered == [Placement(node="node-1")]


def test_of_a_pod_without_a_node_nothing_is_reported() -> None:
    places = Nodes()
    Watched([unscheduled()], [], on_node=places, schedule_timeout=0.05)
    assert places.offered == []


def test_a_node_that_could_not_be_taken_is_reported_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "REPORT_PAUSE", 0.01)
    places = Nodes(refusals=2)
    Watched([STARTING], [], on_node=places, startup_timeout=0.2)
    assert places.offered == [Placement(node="node-1")] * 3


def test_the_end_has_the_digest_of_the_image_and_its_tag() -> None:
    watched = Watched([DONE], [[log_of("loss=1")]])
    assert watched.outcome.placement == Placement(node="node-1", image="sha256:1", image_tag="trial:1")


def test_a_slow_report_of_the_node_holds_up_no_pod() -> None:
    async def hangs(placement: Placement) -> bool:
        await asyncio.sleep(600)
        return True

    watched = Watched([STARTING, STARTING, DONE], [[log_of("loss=1")]], on_node=hangs)
    assert (watched.outcome.state, watched.outcome.placement.node) == ("complete", "node-1")


class Scheduled(Watched):
    """A pod that gets its node without the API server sending it, which sends only its end."""

    async def _run(self, *arguments: Any) -> Outcome:
        self.double.updates.live = True
        watching = asyncio.create_task(PodWatch(self.double, *arguments, self.on_node).run())
        await asyncio.sleep(0.05)
        self.double.states = [STARTING]
        await asyncio.sleep(0.2)
        self.early = list(self.on_node.offered) if isinstance(self.on_node, Nodes) else []
        self.double.updates.send(DONE)
        return await asyncio.wait_for(watching, 5)


def test_while_the_node_is_waited_for_a_pod_that_is_sent_is_asked_for_too() -> None:
    watched = Scheduled([unscheduled()], [[log_of("loss=1")]], on_node=Nodes(), startup_check_interval=600.0)
    assert watched.early == [Placement(node="node-1")]


SLOW = Stdout(filter={"loss": r"^(?!x)(?:.*?,){25}P=(?P<value>\S+)"})


def test_a_filter_that_is_too_slow_ends_the_watch_before_its_pod() -> None:
    outcome = Watched([pod("Running", running())], [[log_of("1," * 40 + "P")]], source=SLOW).outcome
    assert (outcome.state, outcome.kind) == ("failed", "program")
    assert "filter must be quick" in (outcome.reason or "")


def test_what_was_odd_is_kept_of_a_pod_without_a_result() -> None:
    outcome = Watched([DONE], [[log_of("loss=high")]]).outcome
    assert outcome.measurement is None
    assert Outcome.from_dict(outcome.to_dict()).problems == outcome.problems
    assert "'high'" in outcome.problems[0]


def test_a_value_in_the_lost_end_of_a_pods_line_is_never_passed_over() -> None:
    outcome = Watched([DONE], [[log_of("loss=0.1", "x " * 40_000 + "loss=0.5")]]).outcome
    assert "must be read whole" in (outcome.reason or "")


def test_a_pod_that_hangs_is_deleted_with_the_sentence_of_a_program_and_keeps_its_values() -> None:
    watched = Watched([pod("Running", running())], [[log_of("loss=9")]], no_news_after=0.2)
    outcome = watched.outcome
    assert (outcome.state, outcome.kind, outcome.value, watched.double.deleted) == ("failed", "no_news", 9.0, True)
    assert outcome.reason == (
        "The trial's program wrote no line and no metric for 0.2 seconds and was ended. Raise no_news_after, or have the "
        "program print while it works. Its last lines: loss=9"
    )


def test_a_pod_that_waits_to_start_is_not_silent() -> None:
    watched = Watched([STARTING] * 20 + [DONE], [[log_of("loss=1")]], no_news_after=0.01)
    assert watched.outcome.state == "complete"


def test_a_log_that_cannot_be_read_is_not_silent() -> None:
    watched = Watched([pod("Running", running())] * 20 + [DONE], [500], no_news_after=0.01)
    assert (watched.outcome.kind, watched.double.deleted) == ("unheard", False)


class HungConnections(PodDouble):
    """An API server whose streams hang, while each new request has one more line."""

    def __init__(self, states: list[Any]) -> None:
        super().__init__(states, [])
        self.lines = itertools.count(1)

    @contextlib.asynccontextmanager
    async def log(
        self, container: str, *, follow: bool, since: str | None, last: int | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        yield self._hung() if follow else self._whole(next(self.lines))

    async def _hung(self) -> AsyncIterator[bytes]:
        await asyncio.sleep(600)
        yield b""

    async def _whole(self, count: int) -> AsyncIterator[bytes]:
        yield log_of(*(f"loss={line}" for line in range(count)))


def test_a_connection_that_hangs_is_not_silent() -> None:
    readings = PodReadings(Stdout(), Objective("loss"), lambda line: None)
    limits = replace(PATIENT, **QUICK, no_news_after=0.01)
    access = HungConnections([pod("Running", running())] * 12 + [DONE])
    watch = PodWatch(access, limits, readings, lambda points: False, logging.getLogger(__name__))
    assert asyncio.run(watch.run()).state == "complete"


FULL = ClusterFullError("exceeded quota", status=403)
NO_RIGHT = ClusterForbiddenError("cannot get pods", status=403)
TO_CREATE = Waits({"kind": "Pod"}, Waiting(WaitsFor.QUOTA))
RUNNING = pod("Running", running())


@pytest.mark.parametrize(
    "refusals",
    [[FULL, FULL], [ClusterUnavailableError("webhook"), FULL], [NO_RIGHT], [False, False]],
    ids=["quota", "webhook", "right", "Job without a pod"],
)
def test_a_pod_that_is_refused_now_is_created_later(refusals: list[Any]) -> None:
    watched = Watched([DONE], [[log_of("loss=1")]], waits=TO_CREATE, refusals=refusals)
    assert (watched.outcome.value, watched.outcome.waits_for) == (1.0, None)
    assert watched.double.created == len(refusals) + 1


@pytest.mark.parametrize("bound", [60.0, 0.0], ids=["gone", "bound"])
def test_a_pod_is_created_when_that_of_the_try_before_is_gone_or_its_time_is_over(
    monkeypatch: pytest.MonkeyPatch, bound: float
) -> None:
    monkeypatch.setattr(remains, "SLACK", bound)
    left = pod("Running", running(), deletion_timestamp=datetime.now(UTC), deletion_grace_period_seconds=0)
    double = PodDouble([DONE], [[log_of("loss=1")]])
    double.before = [[left], [left], []]
    watched = Watched([], [], waits=TO_CREATE, double=double)
    assert (watched.outcome.value, watched.double.created, watched.outcome.waits_for) == (1.0, 1, None)
    assert (Waiting(WaitsFor.POD, "p is Terminating") in watched.told) is bool(bound)


def test_a_pod_that_is_refused_for_good_is_not_asked_for_again() -> None:
    never = ClusterRefusedError("violates PodSecurity", status=403, lasting=True)
    watched = Watched([DONE], [[b""]], waits=TO_CREATE, refusals=[FULL, never])
    assert (watched.outcome.state, watched.outcome.lasting, watched.double.created) == ("failed", True, 2)
    assert watched.outcome.waits_for == "quota: exceeded quota"


@pytest.mark.parametrize(
    ("refusal", "limit"), [(FULL, "schedule_timeout"), (ClusterUnavailableError("webhook"), "api_timeout")], ids=str
)
def test_a_pod_is_not_waited_for_longer_than_it_may_and_its_program_is_not_blamed(refusal: Any, limit: str) -> None:
    watched = Watched([DONE], [[b""]], waits=TO_CREATE, refusals=[refusal] * 1000, **{limit: 0.0})
    assert (watched.outcome.kind, watched.outcome.waits_for is not None) == ("infrastructure", True)


def test_the_wait_for_a_quota_goes_on_with_a_new_watcher() -> None:
    begun = time.time() - 50
    watched = Watched([DONE], [[b""]], waits=TO_CREATE, refusals=[FULL] * 1000, schedule_timeout=40, begun=begun)
    assert "within 40 s" in (watched.outcome.reason or "")


def test_a_trial_whose_study_ends_before_it_has_a_pod_is_withdrawn() -> None:
    ended = {"report": lambda points: True, "ending_interval": 0.02}
    watched = Watched([DONE], [[b""]], waits=TO_CREATE, refusals=[FULL] * 1000, **ended)
    assert (watched.outcome.state, watched.double.deleted) == ("pruned", True)


PENDING = pod(
    "Pending", conditions=[condition("Unschedulable", "0/1 nodes", "PodScheduled", "False")], creation_timestamp=NOW
)
GATED = pod("Pending", conditions=[condition("SchedulingGated", "by a gate", "PodScheduled", "False")])
PULLING = pod("Pending", waiting("ErrImagePull", "dial tcp: refused"), conditions=[SCHEDULED])


def test_what_a_pod_waits_for_is_told_once_and_again_when_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airflow_hpo.pods.watch.waits.WORTH_SAYING", 0.0)
    states = [GATED, PENDING, PENDING, PULLING, RUNNING, RUNNING, RUNNING, RUNNING, DONE]
    watched = Watched(states, [[log_of("loss=1")]], begun=time.time(), schedule_timeout=1e12)
    what = [each and each.what for each in watched.told]
    assert what[:3] == [WaitsFor.GATE, WaitsFor.NODE, WaitsFor.IMAGE]
    assert what[-1] is None


def test_a_pod_that_starts_soon_says_nothing_of_its_wait() -> None:
    assert Watched([GATED, PULLING, RUNNING, DONE], [[log_of("loss=1")]], begun=time.time()).told == []


def test_the_wait_for_a_node_does_not_begin_anew_with_a_new_watcher() -> None:
    watched = Watched([PENDING], [[b""]], schedule_timeout=60)
    assert "not scheduled within 60 s" in (watched.outcome.reason or "")
    assert watched.outcome.waits_for == "node: 0/1 nodes"


def test_a_limit_of_time_counts_from_the_programs_start() -> None:
    limited = {"execution_timeout": 60.0, "begun": NOW.timestamp()}
    assert "execution_timeout of 60 s" in (Watched([RUNNING], [[b""]], **limited).outcome.reason or "")
    waiting_long = Watched([PENDING], [[b""]], schedule_timeout=60, **limited)
    assert waiting_long.outcome.kind == "infrastructure"


def test_a_right_that_was_there_before_is_waited_for() -> None:
    watched = Watched([RUNNING, NO_RIGHT, NO_RIGHT, DONE], [[log_of("loss=1")]])
    assert watched.outcome.value == 1.0

    async def before() -> bool:
        return True

    anew = Watched([NO_RIGHT, DONE], [[log_of("loss=1")]], waits=replace(PRESENT, allowed=before))
    assert anew.outcome.value == 1.0


def test_a_right_that_never_was_there_ends_the_watch() -> None:
    assert Watched([NO_RIGHT, DONE], [[log_of("loss=1")]]).outcome.state == "failed"


def test_a_right_that_stays_away_leaves_the_pod_alone() -> None:
    watched = Watched([RUNNING, NO_RIGHT], [[b""]], api_timeout=0.05)
    assert (watched.outcome.kind, watched.outcome.alive, watched.double.deleted) == ("infrastructure", True, False)


def test_a_pruned_trial_stays_pruned_when_its_pod_cannot_be_watched_any_more() -> None:
    watched = Watched([PULLING, NO_RIGHT], [[b""]], report=lambda points: True, ending_interval=0.02, api_timeout=0.5)
    assert watched.outcome.state == "pruned"


def test_events_are_written_while_a_pod_starts_where_they_are_wanted(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        Watched([PULLING, RUNNING, DONE], [[log_of("loss=1")]], log_events=True, begun=time.time())
    assert "Event of the pod: FailedMount: no such volume" in caplog.messages
