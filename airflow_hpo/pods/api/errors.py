"""Kubernetes' errors, of either client, as errors of this package: each a sentence with what mends it.

What a call needs (:class:`Call`) is known before it is made, so a refusal names the very right that a Role lacks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientError
from kubernetes.client import ApiException as SyncApiException  # type: ignore[import-untyped]
from kubernetes.config import ConfigException as SyncConfigException  # type: ignore[import-untyped]
from kubernetes_asyncio.client import ApiException as AsyncApiException
from kubernetes_asyncio.config import ConfigException as AsyncConfigException
from urllib3.exceptions import HTTPError

from airflow_hpo.core.masking import cut
from airflow_hpo.core.trial import FailureKind
from airflow_hpo.exceptions import (
    ClusterError,
    ClusterForbiddenError,
    ClusterFullError,
    ClusterRefusedError,
    ClusterUnavailableError,
)

UNAUTHORIZED, FORBIDDEN, ABSENT, CONFLICT, GONE = 401, 403, 404, 409, 410
EXISTS = "AlreadyExists"
"""Kubernetes' own reason for a conflict that waiting does not solve."""

TRANSIENT = {UNAUTHORIZED, 408, CONFLICT, GONE, 429}
"""Statuses below 500 after which the same call may succeed: tokens expire and are then read again, conflicts pass, and a watch
that is too far behind begins again."""
WRONG_OBJECT = {400, 413, 422}
"""Statuses that blame the object which is sent: the author's pod."""

EXCEEDED = "exceeded quota"
ENDING_NAMESPACE = "because it is being terminated"
_QUOTA = re.compile(r"requested: (?P<requested>.*?), used: .*?, limited: (?P<limited>[^;]*)")
_AMOUNT = re.compile(r"([\w./-]+)=([\w.]+)")
FAILED_CREATE = "FailedCreate: "
"""How an event about a Job begins that gets no pod."""
_STATUSES = (("is forbidden:", 403), ("is invalid:", 422), ("denied the request", 403), ("not found", 404))
_NO_RIGHT = re.compile(r'forbidden: User ".*" cannot | cannot \w+ resource ')
_NO_ACCOUNT = re.compile(r"looking up service account (?P<namespace>[^/\s]+)/(?P<name>[^:\s]+): .*not found")
_NOT_READY = ("status unknown for quota", "not yet ready to handle request", "no API token found for service account")

_HEALTH = "When this lasts, look at the health of the API server."
_TRANSIENT_REMEDIES = {
    UNAUTHORIZED: "Renew the token or certificate of the Kubernetes connection.",
    429: "When this lasts, run fewer trials at once, or raise the API server's limits.",
}
_REFUSED_REMEDIES = {
    ABSENT: "It was deleted: look for who or what deletes pods in its namespace.",
    CONFLICT: "Wait until the other one has ended, or delete it.",
}
_NO_NAMESPACE = "Create it, or correct the namespace of the trial."
_FULL = "Raise the namespace's ResourceQuota, or ask for less with `container_resources`."
_NO_ANSWER = "Check that its API server runs and can be reached from here."
_NO_TRUST = "Name the certificate authority of the API server in the kubeconfig of the Kubernetes connection."


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the Kubernetes API, as its errors name it."""

    what: str
    """What Kubernetes is asked to do: ``create the pod 'p'``."""
    verb: str
    """Verb of RBAC that the call needs."""
    resource: str = "pods"
    """Resource of RBAC that the call needs."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer of the API server that is an error, whatever client received it."""

    status: int
    message: str
    cause: str = ""
    retry_after: float | None = None

    @property
    def passes(self) -> bool:
        """Whether the same call may succeed later."""
        # A name that is taken, or a pod that another one has replaced, stays so.
        lasting = self.status == CONFLICT and (self.cause == EXISTS or "precondition" in self.message)
        return self.status >= 500 or (self.status in TRANSIENT and not lasting) or self.full or self._early

    @property
    def full(self) -> bool:
        """Whether a quota has no room now, but has when others have ended."""
        return self.status == FORBIDDEN and EXCEEDED in self.message and not _never_fits(self.message)

    @property
    def lacks_right(self) -> bool:
        """Whether who asks may not do this, whatever the object."""
        return self.status == FORBIDDEN and (not self.message or _NO_RIGHT.search(self.message) is not None)

    @property
    def _early(self) -> bool:
        """Whether a control plane that has just started does not know yet what it needs to decide."""
        return self.status == FORBIDDEN and any(words in self.message for words in _NOT_READY)

    @classmethod
    def of(cls, status: int, body: Any, otherwise: str = "", headers: Mapping[str, str] | None = None) -> Refusal:
        """Read the ``Status`` object of an answer; what is no such object, as a proxy's page, stands for itself."""
        data = _object(body)
        text = body.decode(errors="replace") if isinstance(body, bytes) else str(body or "")
        message = data.get("message") or ("" if data else cut(" ".join(text.split()), 200)) or otherwise
        details = data.get("details") or {}
        header = str((headers or {}).get("Retry-After", ""))
        seconds = header if header.isdigit() else details.get("retryAfterSeconds")
        return cls(status, message, data.get("reason") or "", float(seconds) if seconds else None)


@contextmanager
def translated(call: Call) -> Iterator[None]:
    """Raise what a client of Kubernetes raises inside as a :class:`ClusterError`."""
    try:
        with reachable():
            yield
    except (SyncApiException, AsyncApiException) as err:
        # The synchronous client gives status 0 to a server that it does not trust.
        if not err.status:
            raise no_answer(call, err.reason or err) from err
        raise refused(call, Refusal.of(err.status, err.body, err.reason or "", err.headers)) from err
    except (HTTPError, ClientError, OSError) as err:
        raise no_answer(call, err) from err


@contextmanager
def reachable() -> Iterator[None]:
    """Raise what keeps a client from knowing its cluster as a :class:`ClusterRefusedError`; no call is made inside."""
    try:
        yield
    except (SyncConfigException, AsyncConfigException) as err:
        raise no_cluster(err) from err


def refused(call: Call, refusal: Refusal) -> ClusterError:
    """Return the error that an answer of the API server stands for: its class says what happens next."""
    told: dict[str, Any] = {"status": refusal.status, "cause": refusal.cause}
    why = f"({refusal.status}): {refusal.message.rstrip('.')}."
    if refusal.passes:
        remedy = _FULL if refusal.full else _TRANSIENT_REMEDIES.get(refusal.status, _HEALTH)
        kind_of = ClusterFullError if refusal.full else ClusterUnavailableError
        return kind_of(f"Kubernetes cannot {call.what} now {why} {remedy}", retry_after=refusal.retry_after, **told)
    reason = f"Kubernetes refuses to {call.what} {why} {_remedy(call, refusal)}"
    if refusal.lacks_right:
        return ClusterForbiddenError(reason, **told)
    made = call.verb == "create"
    kind = FailureKind.PROGRAM if made and refusal.status in WRONG_OBJECT else FailureKind.INFRASTRUCTURE
    # The same object is refused again, unless another of its name goes.
    return ClusterRefusedError(reason, kind=kind.value, lasting=made and refusal.status != CONFLICT, **told)


def refused_event(job: str, message: str) -> ClusterError:
    """Return the error that an event about the pods of a Job stands for: the controller tells the refusal, but no status."""
    status = next((status for words, status in _STATUSES if words in message), 500)
    return refused(Call(f"create the pods of the Job {job!r}", "create"), Refusal(status, message))


def no_answer(call: Call, err: object) -> ClusterUnavailableError:
    """Return the error of a call that was not answered."""
    # The synchronous client wraps what happened in a sentence about its own retries.
    text = " ".join(str(getattr(err, "reason", None) or err).split()) or type(err).__name__
    remedy = _NO_TRUST if "certificate verify failed" in text.lower() else _NO_ANSWER
    return ClusterUnavailableError(f"Kubernetes does not answer when asked to {call.what}: {text}. {remedy}")


def no_cluster(err: object) -> ClusterRefusedError:
    """Return the error of a connection that names no cluster."""
    return ClusterRefusedError(
        f"A cluster must be named by the Kubernetes connection or KUBECONFIG, but got: {str(err).rstrip('.')}. "
        "Set KUBECONFIG to a kubeconfig file, or `kube_config_path` in the connection's extra."
    )


def _remedy(call: Call, refusal: Refusal) -> str:
    if refusal.status == FORBIDDEN:
        return _permission(call, refusal)
    if refusal.status in WRONG_OBJECT and call.verb == "create":
        return "Correct the trial's arguments, or its pod template."
    if refusal.status == ABSENT and call.verb == "create":
        return _NO_NAMESPACE
    return _REFUSED_REMEDIES.get(refusal.status, "Look at the pod with `kubectl describe pod`.")


def _permission(call: Call, refusal: Refusal) -> str:
    """Return what mends status 403, which stands for a missing right, a quota and a policy alike."""
    if EXCEEDED in refusal.message:
        return _FULL
    if refusal.lacks_right:
        return f"Give Airflow's service account a Role with the verb {call.verb!r} on {call.resource!r}."
    if ENDING_NAMESPACE in refusal.message:
        return "Name another namespace, or create it anew when it is gone."
    if absent := _NO_ACCOUNT.search(refusal.message):
        name, namespace = absent["name"], absent["namespace"]
        return (
            f"Create it with `kubectl create serviceaccount {name} --namespace {namespace}`, "
            "or name another one in `service_account_name`."
        )
    return "Change the pod to what the namespace's policies allow, or the policies."


def _never_fits(message: str) -> bool:
    """Say whether a quota refuses an object that asks for more than all that the quota has, so that waiting is vain."""
    from kubernetes.utils.quantity import parse_quantity  # type: ignore[import-untyped]

    found = _QUOTA.search(message)
    try:
        requested, limited = ({n: parse_quantity(q) for n, q in _AMOUNT.findall(part)} for part in found.groups())  # type: ignore[union-attr]
    except (AttributeError, ValueError):
        return False
    return any(amount > limited.get(name, amount) for name, amount in requested.items())


def _object(body: Any) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except (TypeError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}
