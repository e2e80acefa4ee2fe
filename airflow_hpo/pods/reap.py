"""Removal of trials' pods that nothing waits for. Nothing is tried again: a person waits for the answer."""

from collections.abc import Iterator
from typing import Any

from airflow_hpo.exceptions import ClusterRefusedError
from airflow_hpo.pods.api.errors import ABSENT, CONFLICT, Call, reachable, translated
from airflow_hpo.pods.build.labels import ENDED, TRIAL
from airflow_hpo.pods.trial_pod import TrialPod

PAGE = 500
"""How many pods are asked for at once."""


def cluster_of(conn_id: str) -> tuple[Any, str]:
    """Return the API of the cluster that a connection names, and the namespace that it prefers."""
    from airflow.providers.cncf.kubernetes.hooks.kubernetes import KubernetesHook

    hook = KubernetesHook(conn_id=conn_id)
    with reachable():
        return hook.core_v1_client, hook.get_namespace() or "default"


def trial_pods(core: Any, namespace: str) -> Iterator[TrialPod]:
    """Yield the pods of trials, without those that are being deleted or were kept on purpose."""
    after = None
    while True:
        page = _page(core, namespace, after)
        yield from (pod for item in page.items if (pod := TrialPod.of(item)))
        after = page.metadata._continue  # noqa: SLF001 - the client's name for the field, because "continue" is a keyword
        if not after:
            return


def _page(core: Any, namespace: str, after: str | None) -> Any:
    with translated(Call(f"list the pods of the namespace {namespace!r}", "list")):
        return core.list_namespaced_pod(namespace, label_selector=f"{TRIAL},!{ENDED}", limit=PAGE, _continue=after)


def remove(core: Any, pod: TrialPod) -> bool:
    """Delete this very pod, and no later one of its name; return False when it is not there any more."""
    try:
        with translated(Call(f"delete the pod {pod.name!r}", "delete")):
            core.delete_namespaced_pod(pod.name, pod.namespace, body={"preconditions": {"uid": pod.uid}})
    except ClusterRefusedError as err:
        if err.status in (ABSENT, CONFLICT):
            return False
        raise
    return True
