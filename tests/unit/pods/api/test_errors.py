"""Every error of either client, and the sentence that a person reads."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import aiohttp
import pytest
from kubernetes.client import ApiException as SyncApiException
from kubernetes.config import ConfigException as SyncConfigException
from kubernetes_asyncio.client import ApiException as AsyncApiException
from kubernetes_asyncio.config import ConfigException as AsyncConfigException
from urllib3.exceptions import MaxRetryError

from airflow_hpo.exceptions import (
    ClusterError,
    ClusterForbiddenError,
    ClusterFullError,
    ClusterRefusedError,
    ClusterUnavailableError,
)
from airflow_hpo.pods.api.errors import Call, reachable, refused_event, translated

CREATE = Call("create the pod 'p'", "create")
CREATE_JOB = Call("create the Job 'j'", "create", "jobs")
READ = Call("read the pod 'p'", "get")
LOG = Call("read the log of the pod 'p'", "get", "pods/log")
LIST = Call("list the pods of the trial", "list")
DELETE = Call("delete the pod 'p'", "delete")
LABEL = Call("label the pod 'p'", "patch")
WATCH = Call("watch the pods of trials", "watch")

FORBIDDEN = 'pods is forbidden: User "system:serviceaccount:airflow:worker" cannot {} resource "pods" in API group ""'
QUOTA = 'pods "p" is forbidden: exceeded quota: small, requested: cpu=1, used: cpu=4, limited: cpu=4'
TOO_MUCH = 'pods "p" is forbidden: exceeded quota: small, requested: cpu=8, used: cpu=500m, limited: cpu=4'
NO_LIMITS = 'pods "p" is forbidden: failed quota: small: must specify limits.cpu for: base'
POLICY = 'pods "p" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true'
NO_ACCOUNT = 'pods "p" is forbidden: error looking up service account n/trainer: serviceaccount "trainer" not found'
REPLACED = (
    'Operation cannot be fulfilled on pods "p": the UID in the precondition (a) does not match the UID in record (b)'
)

REFUSED: dict[str, tuple[Call, int, str, str, str]] = {
    "wrong field": (
        CREATE,
        422,
        "Pod 'p' is invalid",
        "program",
        "Correct the trial's arguments, or its pod template.",
    ),
    "wrong value": (CREATE, 400, "json: cannot unmarshal", "program", "Correct the trial's arguments, or its pod"),
    "too large": (CREATE, 413, "limit is 3145728", "program", "Correct the trial's arguments, or its pod template."),
    "no namespace": (CREATE, 404, 'namespaces "n" not found', "infrastructure", "correct the namespace of the trial."),
    "more than the quota": (CREATE, 403, TOO_MUCH, "infrastructure", "Raise the namespace's ResourceQuota, or ask for"),
    "no limits": (CREATE, 403, NO_LIMITS, "infrastructure", "Change the pod to what the namespace's policies allow"),
    "policy": (CREATE, 403, POLICY, "infrastructure", "Change the pod to what the namespace's policies allow"),
    "no service account": (
        CREATE,
        403,
        NO_ACCOUNT,
        "infrastructure",
        "`kubectl create serviceaccount trainer --namespace n`, or name another one in `service_account_name`.",
    ),
    "log of a deleted pod": (LOG, 404, 'pods "p" not found', "infrastructure", "It was deleted: look for who or what"),
    "namespace ends": (
        CREATE,
        403,
        "unable to create new content in namespace n because it is being terminated",
        "infrastructure",
        "Name another namespace",
    ),
    "name taken": (
        CREATE,
        409,
        "already exists",
        "infrastructure",
        "Wait until the other one has ended, or delete it.",
    ),
    "log early": (LOG, 400, "container is waiting to start", "infrastructure", "`kubectl describe pod`"),
    "pod replaced": (DELETE, 409, REPLACED, "infrastructure", "Wait until the other one has ended, or delete it."),
    "create": (CREATE, 403, FORBIDDEN.format("create"), "infrastructure", "the verb 'create' on 'pods'."),
    "create a Job": (CREATE_JOB, 403, FORBIDDEN.format("create"), "infrastructure", "the verb 'create' on 'jobs'."),
    "read": (READ, 403, FORBIDDEN.format("get"), "infrastructure", "the verb 'get' on 'pods'."),
    "log": (LOG, 403, FORBIDDEN.format("get"), "infrastructure", "the verb 'get' on 'pods/log'."),
    "list": (LIST, 403, FORBIDDEN.format("list"), "infrastructure", "the verb 'list' on 'pods'."),
    "delete": (DELETE, 403, FORBIDDEN.format("delete"), "infrastructure", "the verb 'delete' on 'pods'."),
    "label": (LABEL, 403, FORBIDDEN.format("patch"), "infrastructure", "the verb 'patch' on 'pods'."),
    "watch": (WATCH, 403, FORBIDDEN.format("watch"), "infrastructure", "the verb 'watch' on 'pods'."),
}
UNAVAILABLE: dict[str, tuple[Call, int, str, str]] = {
    "token": (READ, 401, "Unauthorized", "Renew the token or certificate of the Kubernetes connection."),
    "conflict": (CREATE, 409, "the object has been modified", "look at the health of the API server."),
    "expired version": (WATCH, 410, "too old resource version", "look at the health of the API server."),
    "too many": (LIST, 429, "too many requests", "run fewer trials at once"),
    "etcd": (DELETE, 500, "etcdserver: request timed out", "look at the health of the API server."),
    "quota": (CREATE, 403, QUOTA, "Raise the namespace's ResourceQuota, or ask for less"),
    "new quota": (CREATE, 403, 'pods "p" is forbidden: status unknown for quota: small, resources: pods', "API server"),
    "proxy": (READ, 502, "<html>Bad Gateway</html>", "look at the health of the API server."),
    "starting": (CREATE, 503, "apiserver not ready", "look at the health of the API server."),
}


def answer(status: int, message: str, client: type[Exception], **more: Any) -> Exception:
    """What a client raises for an answer of the API server."""
    err: Any = client(status=status, reason="Reason")  # type: ignore[call-arg]
    reason = "AlreadyExists" if message == "already exists" else "Other"
    err.body = message if message.startswith("<") else json.dumps({"message": message, "reason": reason, **more})
    return err


def raised(call: Call, err: Exception) -> ClusterError:
    with pytest.raises(ClusterError) as found, translated(call):
        raise err
    return found.value


@pytest.mark.parametrize("client", [SyncApiException, AsyncApiException], ids=["sync", "async"])
@pytest.mark.parametrize(("call", "status", "message", "kind", "remedy"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_says_what_was_asked_why_not_and_what_mends_it(
    call: Call, status: int, message: str, kind: str, remedy: str, client: type[Exception]
) -> None:
    err = raised(call, answer(status, message, client))
    assert isinstance(err, ClusterRefusedError)
    assert err.reason.startswith(f"Kubernetes refuses to {call.what} ({status}): {message}")
    assert remedy in err.reason
    assert (err.kind, err.status) == (kind, status)


@pytest.mark.parametrize("client", [SyncApiException, AsyncApiException], ids=["sync", "async"])
@pytest.mark.parametrize(("call", "status", "message", "remedy"), UNAVAILABLE.values(), ids=UNAVAILABLE)
def test_what_may_pass_is_told_apart(
    call: Call, status: int, message: str, remedy: str, client: type[Exception]
) -> None:
    err = raised(call, answer(status, message, client))
    assert isinstance(err, ClusterUnavailableError)
    assert err.reason.startswith(f"Kubernetes cannot {call.what} now ({status}): {message}")
    assert remedy in err.reason
    assert (err.kind, err.status) == ("infrastructure", status)


@pytest.mark.parametrize(
    ("err", "remedy"),
    [
        (MaxRetryError(None, "/api", OSError("connection refused")), "can be reached from here."),  # type: ignore[arg-type]
        (aiohttp.ServerDisconnectedError(), "can be reached from here."),
        (TimeoutError(), "can be reached from here."),
        (SyncApiException(status=0, reason="SSLError: certificate verify failed"), "Name the certificate authority"),
        (aiohttp.ClientError("CERTIFICATE_VERIFY_FAILED: certificate verify failed"), "Name the certificate authority"),
    ],
    ids=repr,
)
def test_a_server_that_does_not_answer_may_do_so_later(err: Exception, remedy: str) -> None:
    found = raised(READ, err)
    assert isinstance(found, ClusterUnavailableError)
    assert found.reason.startswith("Kubernetes does not answer when asked to read the pod 'p': ")
    assert remedy in found.reason
    assert (found.kind, found.status) == ("infrastructure", None)


@pytest.mark.parametrize("err", [SyncConfigException("No configuration found."), AsyncConfigException("No file.")])
@pytest.mark.parametrize("wrapped", [reachable, partial(translated, READ)], ids=["reachable", "translated"])
def test_a_cluster_that_no_connection_names_is_not_the_trials_fault(err: Exception, wrapped: Any) -> None:
    with pytest.raises(ClusterRefusedError, match=r"must be named .*Set KUBECONFIG") as found, wrapped():
        raise err
    assert found.value.kind == "infrastructure"


def test_the_servers_wish_to_be_asked_later_is_kept() -> None:
    err = answer(429, "too many requests", SyncApiException, details={"retryAfterSeconds": 7})
    assert raised(LIST, err).retry_after == 7.0
    err = answer(429, "too many requests", AsyncApiException)
    err.headers = {"Retry-After": "9"}  # type: ignore[attr-defined]
    assert raised(LIST, err).retry_after == 9.0


def test_what_is_no_error_of_kubernetes_stays_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError), translated(READ):
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("call", "status", "message", "lasting"),
    [
        (CREATE, 422, "Pod 'p' is invalid", True),
        (CREATE, 403, POLICY, True),
        (CREATE, 403, TOO_MUCH, True),
        (CREATE, 404, 'namespaces "n" not found', True),
        (CREATE, 409, "already exists", False),
        (CREATE, 403, FORBIDDEN.format("create"), False),
        (READ, 404, "not found", False),
    ],
    ids=["wrong", "policy", "more than the quota", "no namespace", "name taken", "right", "read"],
)
def test_what_only_the_author_can_mend_lasts(call: Call, status: int, message: str, lasting: bool) -> None:
    assert raised(call, answer(status, message, SyncApiException)).lasting is lasting


def test_a_missing_right_and_a_full_quota_are_told_by_their_classes() -> None:
    assert isinstance(raised(READ, answer(403, FORBIDDEN.format("get"), SyncApiException)), ClusterForbiddenError)
    assert not isinstance(raised(CREATE, answer(403, POLICY, SyncApiException)), ClusterForbiddenError)
    assert isinstance(raised(CREATE, answer(403, QUOTA, SyncApiException)), ClusterFullError)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (f"Error creating: {QUOTA}", ClusterFullError),
        (f"Error creating: {POLICY}", ClusterRefusedError),
        ("Error creating: Internal error occurred: failed calling webhook", ClusterUnavailableError),
    ],
    ids=["quota", "policy", "webhook"],
)
def test_a_jobs_event_is_judged_as_the_refusal_that_it_tells(message: str, kind: type[ClusterError]) -> None:
    assert type(refused_event("j", message)) is kind
