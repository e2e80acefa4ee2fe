"""Failures of pods, read from their last state: the program's own, or the cluster's."""

import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from airflow_hpo.core.masking import cut
from airflow_hpo.core.metrics.measurement import SHOWN_LENGTH
from airflow_hpo.core.outcome import last_lines
from airflow_hpo.exceptions import FailureKind, TrialFailedError

PROGRAM = FailureKind.PROGRAM
INFRASTRUCTURE = FailureKind.INFRASTRUCTURE

LOST_AFTER = timedelta(seconds=30)
"""How long after its grace period a deleted pod may linger before its node is taken for lost."""
KILLED, TERMINATED = 137, 143
"""Exit codes of a program that SIGKILL and SIGTERM ended."""
SIGNALS = {KILLED: "SIGKILL", TERMINATED: "SIGTERM"}
OUT_OF_MEMORY = "OOMKilled"
_OWN_LIMIT = re.compile(
    r"exceeds the total limit of containers|exceeded its local ephemeral storage limit|Usage of EmptyDir volume .* exceeds"
)
"""What the kubelet says of a pod that it evicts for more than the pod itself may use; of a node without room it says other words."""
_KILLING = r"Killing: (?:Stopping container {0}$|Container {0} failed )"
"""What the kubelet says when it ends a container, such as for a probe that it has said to fail before."""
_FAILED_HOOK = "FailedPostStartHook: "
_UNHEALTHY = re.compile(r"Unhealthy: (Liveness|Startup) probe failed:(.*)", re.DOTALL)

_REASONS = {
    "Evicted": "The node evicted the pod",
    "Preempting": "The pod was preempted by one that its node needed more",
    "Preempted": "The pod was preempted by one of higher priority",
    "NodeLost": "The pod's node was lost",
    "TaintManagerEviction": "The pod's node was lost or tainted",
    "NodeShutdown": "The pod's node was shut down",
    "Shutdown": "The pod's node was shut down",
    "Terminated": "The pod's node was shut down",
    "NodeAffinity": "The node refused the pod",
    "UnexpectedAdmissionError": "The node refused the pod",
}
_DISRUPTIONS = {
    "PreemptionByScheduler": "The pod was preempted by one of higher priority",
    "DeletionByTaintManager": "The pod's node was lost or tainted",
    "EvictionByEvictionAPI": "The pod was evicted, as when its node is drained",
    "DeletionByPodGC": "The pod's node was lost",
    "TerminationByKubelet": "The node ended the pod",
}
_STARTING = {"ContainerCreating", "PodInitializing"}
"""Reasons of a waiting container that do not say what it waits for."""
_NO_IMAGE = {"InvalidImageName", "ErrImageNeverPull"}
_NO_PULL = {"ErrImagePull", "ImagePullBackOff"}
_NO_CONFIG = "CreateContainerConfigError"
_ABSENT = re.compile(
    r"not found|unknown|not exist|denied|unauthori[sz]ed|authori[sz]ation|authentication|forbidden|no match for"
)
"""What a registry answers that has no such image for this cluster; anything else passes, and Kubernetes asks it again."""
_NO_CLAIM = re.compile(r'persistentvolumeclaim "[^"]*" not found')
_NO_VOLUME = re.compile(r'(?:secret|configmap) "[^"]*" not found|references non-existent')
_BUSY_REGISTRY = (
    "pull qps exceeded",
    "rate limit",
    "too many requests",
    "quota exceeded",
    "account limit",
    "timeout",
    "temporarily unavailable",
    "bad gateway",
    "service unavailable",
)
"""Texts of registries and kubelets that give no status of their own for what passes."""
_NOT_STARTED = {"StartError", "ContainerCannotRun", "RunContainerError", "CreateContainerError"}


@dataclass(frozen=True, slots=True)
class PodFailure:
    """Why an attempt failed."""

    kind: FailureKind
    reason: str
    """One sentence for people."""
    exit_code: int | None = None
    """Of the program; None when it never ran, or when its end was not seen."""
    lasting: bool = False
    """Whether only the author can mend it, so that no further attempt is made."""

    def error(self) -> TrialFailedError:
        """Return the error that an attempt fails with."""
        return TrialFailedError(self.reason, kind=self.kind, lasting=self.lasting)


def container_status(pod: Any, container: str) -> Any | None:
    """Return what Kubernetes knows of a container, native sidecars included; None while it knows nothing."""
    status = pod.status
    known = [*(status.container_statuses or []), *(status.init_container_statuses or [])] if status else []
    return next((one for one in known if one.name == container), None)


def started(pod: Any, container: str) -> bool:
    """Say whether a container runs or has run, so that it has a log."""
    status = container_status(pod, container)
    return bool(status and status.state and (status.state.running or status.state.terminated))


def running_since(pod: Any, container: str) -> datetime | None:
    """Return when a container that runs has started; None when it does not run."""
    status = container_status(pod, container)
    running = status.state.running if status and status.state else None
    since: datetime | None = running.started_at if running else None
    return since


def scheduling(pod: Any) -> Any | None:
    """Return what the scheduler says about a pod; None before it has said anything."""
    return next((one for one in pod.status.conditions or [] if one.type == "PodScheduled"), None)


def ended(pod: Any, container: str) -> Any | None:
    """Return how a container ended; None while it has not."""
    status = container_status(pod, container)
    return status.state.terminated if status and status.state else None


def over(pod: Any, container: str) -> bool:
    """Say whether a container has ended, or its pod without it."""
    return ended(pod, container) is not None or pod.status.phase in ("Succeeded", "Failed")


def lost(pod: Any, now: datetime) -> bool:
    """Say whether a deleted pod lingers for longer than its node would need to end it."""
    deleted = pod.metadata.deletion_timestamp
    return deleted is not None and now > deleted + LOST_AFTER


def failure(pod: Any, container: str, tail: Sequence[str] = (), events: Sequence[str] = ()) -> PodFailure | None:
    """Return why a pod that is over failed; None when its program succeeded.

    ``tail`` is of the container that :func:`to_blame` names, ``events`` are those of the pod, oldest first.
    """
    end = ended(pod, container)
    if found := _by_cluster(pod, end):
        return found
    return _by_program(pod, container, end, tail, events) if end else _before_start(pod, tail)


def to_blame(pod: Any, container: str) -> str:
    """Return the container with the last lines that say why a pod failed that is over: the trial's own, unless it never ran."""
    helper = None if ended(pod, container) else _failed_helper(pod)
    return helper.name if helper else container


def asks_events(pod: Any, container: str) -> bool:
    """Say whether the pod's events may say why its program ended: a signal, or a probe or hook after which it may end well."""
    end = ended(pod, container)
    return end is not None and (end.exit_code in SIGNALS or _may_be_ended(pod, container))


def troubles(pod: Any, container: str) -> list[str]:
    """Return how the sidecars of a pod failed and were started again, a sentence each."""
    return [
        f"The sidecar {one.name!r} {_how(pod, one.name, one.last_state.terminated)} and was started again."
        for one in pod.status.init_container_statuses or []
        if one.name != container and one.last_state and one.last_state.terminated and one.restart_count
        if one.last_state.terminated.exit_code or one.last_state.terminated.reason == OUT_OF_MEMORY
    ]


def _by_cluster(pod: Any, end: Any | None) -> PodFailure | None:
    code = end.exit_code if end else None
    reason, message = pod.status.reason or "", pod.status.message
    if reason == "DeadlineExceeded":
        limit = pod.spec.active_deadline_seconds
        return PodFailure(PROGRAM, f"The pod ran longer than its active_deadline_seconds of {limit}.", code)
    if reason == "Evicted" and _OWN_LIMIT.search(message or ""):
        return PodFailure(PROGRAM, _sentence("The pod used more local storage than it may", message), code)
    if reason in _REASONS or reason.startswith("OutOf"):
        what = _REASONS.get(reason, f"The node had no room for the pod ({reason})")
        return PodFailure(INFRASTRUCTURE, _sentence(what, message), code)
    deleted = end is not None and _deleted_before(pod, end.finished_at)
    if code == 0 and not deleted:
        return None
    if end and end.reason == OUT_OF_MEMORY and not deleted:
        # It was so before anything that disrupts the pod.
        return None
    if found := _disruption(pod, code):
        return found
    return (
        PodFailure(INFRASTRUCTURE, f"The pod was deleted while it ran (exit code {code}).", code) if deleted else None
    )


def _deleted_before(pod: Any, finished: datetime | None) -> bool:
    """Say whether a pod was deleted before its program ended: then even exit code 0 is no result."""
    deadline = pod.metadata.deletion_timestamp
    if deadline is None or finished is None:
        return deadline is not None
    return bool(finished >= deadline - timedelta(seconds=pod.metadata.deletion_grace_period_seconds or 0))


def _disruption(pod: Any, code: int | None) -> PodFailure | None:
    for one in pod.status.conditions or []:
        if one.type == "DisruptionTarget" and one.status == "True":
            what = _DISRUPTIONS.get(one.reason, f"The pod was disrupted ({one.reason})")
            return PodFailure(INFRASTRUCTURE, _sentence(what, one.message), code)
    return None


def _by_program(pod: Any, container: str, end: Any, tail: Sequence[str], events: Sequence[str]) -> PodFailure | None:
    code = end.exit_code
    if end.reason in _NOT_STARTED:
        said = _sentence("The trial's program cannot be started", end.message)
        return PodFailure(PROGRAM, f"{said} Name a program that the image has, in its ENTRYPOINT or in `cmds`.", code)
    if end.reason == OUT_OF_MEMORY:
        # Also with exit code 0: a part of it was killed, such as the first program of a pipe.
        return PodFailure(PROGRAM, f"The trial's program {_how(pod, container, end)}.", code)
    lines = last_lines(tail or _message_lines(end))
    if why := _failed_probe(container, events) or _failed_hook(events):
        return PodFailure(PROGRAM, f"The trial's program was ended because {why} (exit code {code}).{lines}", code)
    if code == 0:
        return None
    if any(event.startswith(f"Killing: Container {container} definition changed") for event in events):
        changed = f"The container {container!r} of the pod was changed while it ran, so Kubernetes ended it"
        return PodFailure(INFRASTRUCTURE, f"{changed} (exit code {code}).", code)
    return PodFailure(PROGRAM, f"The trial's program {_how(pod, container, end)}.{lines}", code)


def _how(pod: Any, container: str, end: Any) -> str:
    """Return what a container did, as in *the trial's program* ``exited with 1``."""
    if end.reason == OUT_OF_MEMORY:
        part = "" if end.exit_code else "; a part of it was killed although its exit code is 0"
        return f"ran out of memory{_memory_limit(pod, container)}{part}"
    if end.exit_code == KILLED:
        return "was ended by SIGKILL (137), and no event of the pod says why; often that is the kernel short of memory"
    if end.exit_code == TERMINATED:
        return "was ended by SIGTERM (143), and no event of the pod says why"
    return f"exited with {end.exit_code}{_signal(end.exit_code)}"


def _signal(code: int) -> str:
    """Return which signal an exit code stands for, as 135 for SIGBUS, which too little shared memory is; else empty."""
    try:
        return f" ({signal.Signals(code - 128).name})"
    except ValueError:
        return ""


def _failed_probe(container: str, events: Sequence[str]) -> str | None:
    """Return which probe ended a container and what it said last; None when none did."""
    if not any(re.match(_KILLING.format(re.escape(container)), event) for event in events):
        return None
    said = [found for event in events if (found := _UNHEALTHY.match(event))]
    if not said:
        return None
    probe, words = said[-1][1].lower(), " ".join(said[-1][2].split())
    return f"its {probe} probe failed" + (f" ({cut(words, SHOWN_LENGTH)})" if words else "")


def _failed_hook(events: Sequence[str]) -> str | None:
    said = [event.partition(": ")[2] for event in events if event.startswith(_FAILED_HOOK)]
    return f"its postStart hook failed ({cut(said[-1], SHOWN_LENGTH)})" if said else None


def _may_be_ended(pod: Any, container: str) -> bool:
    """Say whether a container has a probe or a hook for which the kubelet may end it."""
    return any(
        one.liveness_probe or one.startup_probe or (one.lifecycle and one.lifecycle.post_start)
        for one in pod.spec.containers
        if one.name == container
    )


def _failed_helper(pod: Any) -> Any | None:
    """Return the init container that failed; None when none did."""
    known = pod.status.init_container_statuses or []
    return next((one for one in known if one.state and one.state.terminated and one.state.terminated.exit_code), None)


def _before_start(pod: Any, tail: Sequence[str]) -> PodFailure:
    if helper := _failed_helper(pod):
        end = helper.state.terminated
        how, lines = _how(pod, helper.name, end), tail or _message_lines(end)
        said = last_lines(lines) if lines else ""
        return PodFailure(PROGRAM, f"The init container {helper.name!r} {how}.{said}", end.exit_code)
    reason = f" ({pod.status.reason})" if pod.status.reason else ""
    what = f"The pod failed before its program had started{reason}"
    return PodFailure(INFRASTRUCTURE, _sentence(what, pod.status.message))


def gone(pod: Any | None, events: Sequence[str]) -> PodFailure:
    """Return the failure of a pod that is not there any more and was not seen to end."""
    for reason, _, message in (event.partition(": ") for event in reversed(events)):
        if reason in _REASONS:
            return PodFailure(INFRASTRUCTURE, _sentence(_REASONS[reason], message))
    deleted = "The pod was deleted before it had ended."
    return (pod and _disruption(pod, None)) or PodFailure(INFRASTRUCTURE, deleted)


def node_lost(pod: Any) -> PodFailure:
    """Return the failure of a pod that was deleted without a confirmation from its node."""
    return _disruption(pod, None) or PodFailure(
        INFRASTRUCTURE, f"The pod was deleted, but its node {pod.spec.node_name!r} does not confirm its end."
    )


def not_scheduled(pod: Any, seconds: float, events: Sequence[str] = ()) -> PodFailure:
    """Return the failure of a pod that no node took in time."""
    why = unscheduled(pod, events)
    return PodFailure(INFRASTRUCTURE, _sentence(f"The pod was not scheduled within {seconds:g} s", why))


def unscheduled(pod: Any, events: Sequence[str]) -> str:
    """Return why a pod has no node: the scheduler says nothing of one with devices that were not claimed yet."""
    found = scheduling(pod)
    if found and found.message:
        return str(found.message)
    claims = ", ".join(one.name for one in pod.spec.resource_claims or [])
    said = next((event.partition(": ")[2] for event in reversed(events) if event.startswith("Failed")), "")
    return said or (f"it waits for its resource claims ({claims})" if claims else "")


def not_started(pod: Any, container: str, seconds: float, events: Sequence[str] = ()) -> PodFailure:
    """Return the failure of a pod that was scheduled but did not start in time."""
    waits = [_waiting(one) for one in [*(pod.status.init_container_statuses or []), container_status(pod, container)]]
    reasons = [text for text in waits if text]
    final = [text for text in reasons if text not in _STARTING]
    if runs := running_init(pod):
        final.append(f"the init container {runs!r} still runs")
    # An event names the volume that cannot be mounted; the container only says that it is being created.
    why = next(iter([*final, *reversed(events), *reasons]), None)
    return PodFailure(INFRASTRUCTURE, _sentence(f"The pod did not start within {seconds:g} s", why))


def cannot_start(pod: Any) -> PodFailure | None:
    """Return why a pod that waits will never start, such as an image that is not there; None when it may."""
    placed = scheduling(pod)
    if placed and placed.status == "False" and _NO_CLAIM.search(placed.message or ""):
        reason = _sentence("A claim that the pod names does not exist", placed.message)
        return PodFailure(INFRASTRUCTURE, f"{reason} Create it, or correct the trial's `volumes`.", lasting=True)
    for one in [*(pod.status.init_container_statuses or []), *(pod.status.container_statuses or [])]:
        waits = one.state.waiting if one.state else None
        if waits and (waits.reason in _NO_IMAGE or (waits.reason in _NO_PULL and not _may_pass(waits.message))):
            reason = _sentence(f"The image {one.image!r} cannot be pulled", _waiting(one))
            remedy = "Check its name, and the pod's `image_pull_secrets`."
            return PodFailure(INFRASTRUCTURE, f"{reason} {remedy}", lasting=True)
        # A kubelet that has not seen the object yet says that its cache is not in sync.
        if waits and waits.reason == _NO_CONFIG and "sync" not in (waits.message or ""):
            reason = _sentence(f"The container {one.name!r} cannot be made", _waiting(one))
            remedy = "Correct the trial's arguments, or create what they name."
            return PodFailure(INFRASTRUCTURE, f"{reason} {remedy}", lasting=True)
    return None


def cannot_mount(events: Sequence[str]) -> PodFailure | None:
    """Return which volume of a pod that has waited for a while names what is not there; None where none does."""
    for reason, _, message in (event.partition(": ") for event in reversed(events)):
        if reason == "FailedMount" and _NO_VOLUME.search(message):
            what = _sentence("A volume of the pod cannot be mounted", message)
            remedy = "Create what it names, or correct the trial's `volumes`."
            return PodFailure(INFRASTRUCTURE, f"{what} {remedy}", lasting=True)
    return None


def running_init(pod: Any) -> str | None:
    """Return the init container that runs now; None when none does. A native sidecar is none: it runs until the end."""
    sidecars = {one.name for one in pod.spec.init_containers or [] if one.restart_policy == "Always"}
    known = pod.status.init_container_statuses or []
    return next((one.name for one in known if one.state and one.state.running and one.name not in sidecars), None)


def _may_pass(message: str | None) -> bool:
    """Say whether the registry, which Kubernetes asks again, may answer otherwise later."""
    text = (message or "").lower()
    return any(words in text for words in _BUSY_REGISTRY) or not _ABSENT.search(text)


def _waiting(status: Any | None) -> str | None:
    state = status.state.waiting if status and status.state else None
    return f"{state.reason}: {state.message}" if state and state.message else (state.reason if state else None)


def _memory_limit(pod: Any, container: str) -> str:
    known = [*pod.spec.containers, *(pod.spec.init_containers or [])]
    spec = next((one for one in known if one.name == container), None)
    limit = ((spec.resources.limits if spec and spec.resources else None) or {}).get("memory")
    return f" (its limit is {limit})" if limit else ""


def _message_lines(end: Any) -> list[str]:
    return [line for line in (end.message or "").splitlines() if line.strip()]


def _sentence(what: str, why: str | None) -> str:
    text = " ".join((why or "").split())
    return f"{what}: {text.rstrip('.')}." if text else f"{what}."
