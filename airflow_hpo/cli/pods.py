"""``airflow hpo pods reap``: pods of trials that no task waits for."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from airflow_hpo.cli.connection import hook_of, one_line_errors
from airflow_hpo.cli.output import emit, terminal
from airflow_hpo.core.trial_key import main_of
from airflow_hpo.hooks.airflow_runs import end_of_run, task_state
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.pods.reap import cluster_of, remove, trial_pods
from airflow_hpo.pods.trial_pod import TrialPod
from airflow_hpo.storage import editions
from airflow_hpo.studies.stopped_runs import end_stopped
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.orphan_pods import Orphan, orphaned

DONE = ("removed", "gone")


@one_line_errors
def reap(args: Any) -> None:
    """Find pods that no task waits for, remove them, and end their editions where the DAG run has ended."""
    hook = hook_of(args.conn_id)
    store = hook.store_to_read
    core, preferred = cluster_of(args.kubernetes_conn_id)
    namespaces = args.namespace or [preferred]
    rows, ours = [], set[str]()
    for pod in _old(core, namespaces, args.older_than):
        orphan = orphaned(store, pod, task_state)
        if orphan:
            done = _what_to_do(orphan, args) or _removed(core, store, pod)
            rows.append(_row(pod, orphan, done))
            if done in DONE and not orphan.foreign:
                ours.add(main_of(pod.edition))
    if rows:
        emit(rows, args.output)
    said = _ended_editions(hook, ours)
    if args.output == "table":
        for line in (_summary(rows, namespaces), *said):
            terminal().print(line, soft_wrap=True)


def _ended_editions(hook: HpoHook, names: Iterable[str]) -> list[str]:
    """End the editions of removed pods when their DAG run has ended: nothing else would say that their trials run no more."""
    lines = []
    for name in sorted(names):
        edition = hook.store_to_read.read(editions.get, name)
        if by := end_of_run(hook.store_to_read, edition):
            ended = end_stopped(hook.store, edition, by)
            lines.append(f"{ended.name} is ended, and its running trials are given up: {by}.")
    return lines


def _old(core: Any, namespaces: Iterable[str], seconds: float) -> list[TrialPod]:
    now = datetime.now(UTC)
    found = [pod for namespace in dict.fromkeys(namespaces) for pod in trial_pods(core, namespace)]
    return [pod for pod in found if (now - pod.created).total_seconds() >= seconds]


def _what_to_do(orphan: Orphan, args: Any) -> str | None:
    """Return why a pod is left alone; None when it is to be removed."""
    if orphan.foreign and not args.unknown:
        return "left alone"
    return "to be removed" if args.dry_run else None


def _removed(core: Any, store: Store, pod: TrialPod) -> str:
    # A person may have cleared the task since.
    if orphaned(store, pod, task_state) is None:
        return "left alone"
    return "removed" if remove(core, pod) else "gone"


def _row(pod: TrialPod, orphan: Orphan, done: str) -> dict[str, Any]:
    return {
        "pod": pod.name,
        "namespace": pod.namespace,
        "edition": pod.edition,
        "trial": pod.number,
        "attempt": pod.attempt,
        "phase": pod.phase,
        "reason": orphan.reason,
        "done": done,
    }


def _summary(rows: list[dict[str, Any]], namespaces: Iterable[str]) -> str:
    where = ", ".join(dict.fromkeys(namespaces))
    counts = {done: sum(row["done"] == done for row in rows) for done in ("removed", "to be removed", "left alone")}
    parts = [f"{count} {done}" for done, count in counts.items() if count]
    unknown = (
        " Pods of unknown studies may be another Airflow's; --unknown removes them." if counts["left alone"] else ""
    )
    return f"Pods of trials that no task waits for in {where}: {', '.join(parts) or 'none'}.{unknown}"
