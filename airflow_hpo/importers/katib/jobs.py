"""Reader of a Job of ``batch/v1``: one pod, or several that work together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_hpo.importers.fields import Fields

_RETRIED_HERE = (
    "Which failures are tried again is said by retries= (the cluster's) and program_retries= (the program's)."
)


@dataclass(frozen=True, slots=True)
class Workload:
    """What a trial is, of whatever kind it was."""

    template: Any
    """The pod template as it is in the source."""
    path: str
    pods: int = 1
    program_retries: int | None = None
    time_limit: int | None = None


def of_job(job: Fields, study: str) -> Workload | None:
    """Return what a Job runs; None when it is refused."""
    check_metadata(job.part("metadata"))
    spec = job.part("spec")
    pods = _pods(spec)
    retries, limit = spec.whole("backoffLimit"), spec.whole("activeDeadlineSeconds", 1)
    left_out_after_the_end(spec)
    for name in ("podFailurePolicy", "podReplacementPolicy", "backoffLimitPerIndex", "maxFailedIndexes"):
        if spec.raw(name) is not None:
            spec.findings.differs(spec.at(name), _RETRIED_HERE, "trial")
    spec.refused("successPolicy", "A trial has succeeded when its first pod has. Leave it out.")
    spec.refused("managedBy", "A trial's Job is managed by Kubernetes itself. Leave it out.")
    spec.refused("selector", "Kubernetes names the pods of a Job itself. Leave it out.")
    if spec.flag("suspend"):
        spec.findings.refuse(spec.at("suspend"), "A trial starts when its task does. Leave it out.")
    if spec.flag("manualSelector"):
        spec.findings.refuse(spec.at("manualSelector"), "Kubernetes names the pods of a Job itself. Leave it out.")
    template = spec.raw("template")
    spec.close()
    job.raw("status")
    if template is None:
        spec.findings.missing(spec.at("template"), "It is needed, but was not given. Write the pod of the Job.")
        return None
    return Workload(template, spec.at("template"), pods, retries, limit)


def check_metadata(meta: Fields) -> None:
    """Read the metadata of a trial's object, which Katib names itself; labels and annotations are those of the Job alone."""
    for name in ("name", "namespace"):
        meta.refused(name, "Katib names the object of a trial itself, and refuses this. Leave it out.")
    meta.silent("creationTimestamp", "generateName")
    for name in ("labels", "annotations"):
        meta.left_out(
            name,
            f"They are those of the object, not of its pods. Write them into the pod template's {name} to have them.",
        )
    meta.close()


def left_out_after_the_end(spec: Fields) -> None:
    """Leave out when Kubernetes removes what has ended: here the task does."""
    spec.left_out("ttlSecondsAfterFinished", "A trial's pod is removed when its result is stored.", "trial")


def _pods(spec: Fields) -> int:
    completions, at_once = spec.whole("completions", 1), spec.whole("parallelism", 1)
    mode = spec.one_of("completionMode", "Indexed", "NonIndexed")
    pods = completions or at_once or 1
    if at_once is not None and pods != at_once:
        spec.findings.differs(
            spec.at("parallelism"), f"All {pods} pods of a trial run at once, not {at_once}.", "trial"
        )
    if pods > 1 and mode != "Indexed":
        spec.findings.differs(
            spec.at("completionMode") if mode else spec.at("completions" if completions else "parallelism"),
            "The pods of a trial are numbered (JOB_COMPLETION_INDEX), and that of index 0 reports.",
            "trial",
        )
    return pods


def container_names(template: Mapping[str, Any]) -> list[str]:
    """Return the names of a pod's ordinary containers."""
    containers = (template.get("spec") or {}).get("containers")
    listed = containers if isinstance(containers, list) else []
    return [str(each.get("name", "")) for each in listed if isinstance(each, Mapping)]
