"""The pod template of a trial, from that of the source: one ordinary container, and all others as sidecars."""

from collections.abc import Mapping
from typing import Any

from airflow_hpo.core.declared import nearest
from airflow_hpo.importers.fields import Fields
from airflow_hpo.importers.findings import Findings
from airflow_hpo.importers.katib.jobs import Workload, container_names
from airflow_hpo.importers.pod_fields import check_fields

_RESTARTED = "A container that fails is not started again in its pod: the attempt fails, and program_retries= says how many more there are."


def pod_template(workload: Workload, container: str, findings: Findings) -> dict[str, Any] | None:
    """Return the pod as the argument ``pod_template_dict`` takes it; None when it is refused."""
    before = len(findings.refusals)
    check_fields(workload.template, "V1PodTemplateSpec", workload.path, findings)
    sound = len(findings.refusals) == before
    if not isinstance(workload.template, Mapping) or not isinstance(workload.template.get("spec"), Mapping):
        findings.missing(f"{workload.path}.spec", "It is needed, but was not given. Write the containers of the pod.")
        return None
    names = container_names(workload.template)
    if container not in names:
        near = nearest(container, names) or f" There are {', '.join(names) or 'none'}."
        findings.refuse(
            "spec.trialTemplate.primaryContainerName",
            f"It is one of the pod's containers, but got {container!r}.{near}",
        )
        return None
    if not sound:
        return None
    meta = _metadata(Fields(workload.template.get("metadata"), f"{workload.path}.metadata", findings))
    spec = _spec(dict(workload.template["spec"]), container, f"{workload.path}.spec", findings)
    return {"metadata": meta, "spec": spec} if meta else {"spec": spec}


def _metadata(meta: Fields) -> dict[str, Any]:
    kept = {name: dict(meta.part(name).data) for name in ("labels", "annotations") if name in meta}
    for name in meta.data:
        if name not in ("labels", "annotations", "creationTimestamp"):
            meta.left_out(name, "A trial's pod is called by its trial.", "trial")
    return kept


def _spec(spec: dict[str, Any], container: str, path: str, findings: Findings) -> dict[str, Any]:
    policy = spec.pop("restartPolicy", None)
    if policy == "OnFailure":
        findings.differs(f"{path}.restartPolicy", _RESTARTED, "trial")
    elif policy not in (None, "Never"):
        findings.refuse(f"{path}.restartPolicy", f"It is Never or OnFailure in a Job, but got {policy!r}. Write Never.")
    own = [each for each in spec["containers"] if each.get("name") == container]
    beside = [{**each, "restartPolicy": "Always"} for each in spec["containers"] if each.get("name") != container]
    for each in beside:
        findings.differs(
            f"{path}.containers[{each.get('name')}]",
            "It is a native sidecar here (an init container with restartPolicy: Always), which starts first and is ended with the trial.",
            "trial",
        )
    made = {"containers": own}
    if beside or spec.get("initContainers"):
        made["initContainers"] = [*(spec.pop("initContainers", None) or []), *beside]
    if spec.get("serviceAccountName") and "automountServiceAccountToken" not in spec:
        # Kubernetes' default, which trials do not have: who names an account calls the API server.
        made["automountServiceAccountToken"] = True  # type: ignore[assignment]
    spec.pop("containers")
    return {**made, **spec}
