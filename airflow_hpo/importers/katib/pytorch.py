"""Reader of a PyTorchJob with like master and workers: a Job of as many pods, of which the first is the master."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from airflow_hpo.importers.fields import Fields
from airflow_hpo.importers.katib.jobs import Workload, check_metadata, left_out_after_the_end
from airflow_hpo.pods.build.labels import dns_name

PORT = 23456
"""What Kubeflow's operator takes where no port is called ``pytorchjob-port``."""
INDEX = "metadata.annotations['batch.kubernetes.io/job-completion-index']"
CONTAINER = "pytorch"
_ROLES = ("Master", "Worker")


def of_pytorch_job(job: Fields, study: str) -> Workload | None:
    """Return what a PyTorchJob runs; None when it is refused."""
    check_metadata(job.part("metadata"))
    spec = job.part("spec")
    policy = spec.part("runPolicy")
    retries, limit = policy.whole("backoffLimit"), policy.whole("activeDeadlineSeconds", 1)
    left_out_after_the_end(policy)
    policy.left_out("cleanPodPolicy", "A trial's pods are removed when its result is stored.", "trial")
    policy.left_out("schedulingPolicy", "Pods of a trial are scheduled by Kubernetes, one by one.", "trial")
    policy.close()
    spec.refused("elasticPolicy", "A trial has a number of pods that does not change. Leave it out.")
    if spec.raw("nprocPerNode") not in (None, "auto", "1", 1):
        spec.findings.refuse(
            spec.at("nprocPerNode"), "Start the processes of a pod in its command: torchrun --nproc-per-node=2 ..."
        )
    replicas = spec.part("pytorchReplicaSpecs")
    roles = {role: replicas.part(role) for role in _ROLES if role in replicas}
    counts = {role: _replicas(each) for role, each in roles.items()}
    replicas.close()
    spec.close()
    job.raw("status")
    if not roles:
        spec.findings.missing(
            spec.at("pytorchReplicaSpecs"), "It is needed, but was not given. Write Master and Worker."
        )
        return None
    if counts.get("Master", 1) != 1:
        spec.findings.refuse(roles["Master"].at("replicas"), "A PyTorchJob has one master. Write replicas: 1.")
    templates = [each.data.get("template") for each in roles.values()]
    if any(each != templates[0] for each in templates):
        spec.findings.refuse(
            job.at("kind"),
            "The pods of a trial are alike, but master and workers of this PyTorchJob differ. Write one template for both, and ask "
            "RANK for the role.",
        )
        return None
    first, pods = next(iter(roles.values())), sum(counts.values())
    if not isinstance(templates[0], Mapping):
        spec.findings.missing(first.at("template"), "It is needed, but was not given. Write the pod of the master.")
        return None
    service = _service(templates[0], study)
    if pods > 1:
        spec.findings.differs(
            job.at("kind"),
            f"It is a Job of {pods} pods here, of which the first is the master and reports. They find each other through a headless "
            f"Service that you create once: kubectl create service clusterip {service} --clusterip=None -n NAMESPACE.",
            "trial",
        )
    template = _together(templates[0], service, pods)
    return Workload(template, first.at("template"), pods, retries, limit)


def _replicas(role: Fields) -> int:
    count = role.whole("replicas", 1) or 1
    policy = role.text("restartPolicy")
    if policy not in (None, "Never"):
        role.findings.differs(
            role.at("restartPolicy"),
            "A pod that fails is not started again by itself: the attempt fails, and program_retries= says how many more there are.",
            "trial",
        )
    role.silent("template")
    role.close()
    return count


def _together(template: Mapping[str, Any], service: str, pods: int) -> dict[str, Any]:
    """Return the pod with the variables by which Kubeflow's operator tells each process of the others."""
    made: dict[str, Any] = deepcopy(dict(template))
    spec = made.get("spec")
    containers = spec.get("containers") if isinstance(spec, dict) else None
    if not isinstance(containers, list) or not isinstance(spec, dict):
        return made
    several = pods > 1
    for container in (each for each in containers if isinstance(each, dict) and each.get("name") == CONTAINER):
        place: list[dict[str, Any]] = [
            {"name": "MASTER_ADDR", "value": f"$(HPO_JOB)-0.{service}" if several else "localhost"},
            {"name": "MASTER_PORT", "value": str(_port(container))},
            {"name": "WORLD_SIZE", "value": str(pods)},
            {"name": "RANK", "valueFrom": {"fieldRef": {"fieldPath": INDEX}}}
            if several
            else {"name": "RANK", "value": "0"},
        ]
        theirs = container.get("env") or []
        named = {each.get("name") for each in theirs if isinstance(each, Mapping)}
        container["env"] = [*(each for each in place if each["name"] not in named), *theirs]
    if several:
        spec["subdomain"] = service
        made.setdefault("metadata", {}).setdefault("labels", {}).setdefault("app", service)
    return made


def _service(template: Mapping[str, Any], study: str) -> str:
    """Return the name of the Service, which kubectl makes for pods that have it as their label ``app``."""
    meta = template.get("metadata")
    labels = meta.get("labels") if isinstance(meta, Mapping) else None
    app = labels.get("app") if isinstance(labels, Mapping) else None
    return app if isinstance(app, str) and "$" not in app else dns_name(study)


def _port(container: Mapping[str, Any]) -> Any:
    ports = container.get("ports") or []
    named = (
        each.get("containerPort")
        for each in ports
        if isinstance(each, Mapping) and each.get("name") == "pytorchjob-port"
    )
    return next(named, PORT)
