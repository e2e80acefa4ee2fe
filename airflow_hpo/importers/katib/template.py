"""Reader of ``spec.trialTemplate``: what runs a trial."""

from collections.abc import Mapping
from typing import Any

from airflow_hpo.core.metrics.source import File, MetricSource
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.document import documents
from airflow_hpo.importers.fields import Fields
from airflow_hpo.importers.katib.jobs import Workload, of_job
from airflow_hpo.importers.katib.placeholders import Placeholders
from airflow_hpo.importers.katib.pods import pod_template
from airflow_hpo.importers.katib.pytorch import of_pytorch_job
from airflow_hpo.task_groups.jobs import JobTrial
from airflow_hpo.task_groups.pods import PodTrial

ConfigMaps = Mapping[tuple[str, str], Mapping[str, Any]]
"""Data of the ConfigMaps in the same file, by namespace and name."""

_READERS = {("batch/v1", "Job"): of_job, ("kubeflow.org/v1", "PyTorchJob"): of_pytorch_job}
_CONDITIONS = {
    "Job": ("Complete", "Failed"),
    "PyTorchJob": ("Succeeded", "Failed"),
}
"""By kind, the conditions of success and of failure that Katib takes by default."""
_LABELS = {
    "Job": {},
    "PyTorchJob": {"training.kubeflow.org/job-role": "master", "training.kubeflow.org/replica-type": "master"},
}
"""By kind, labels that Katib itself takes for those of the pod that reports, or that name the same."""
DEFAULT_RETRIES = PodTrial.retries


def trial_of(
    spec: Fields, placeholders: Placeholders, config_maps: ConfigMaps, source: MetricSource, study: str
) -> PodTrial | None:
    """Return what runs a trial; None when it is refused."""
    if not spec.data:
        spec.findings.missing(spec.path, "It is needed, but was not given. Write what runs a trial.")
        return None
    container = spec.needed("primaryContainerName", "trainer")
    keep = spec.flag("retain")
    trial = _trial_object(spec, config_maps)
    spec.silent("trialSpec", "configMap", "trialParameters", "successCondition", "failureCondition", "primaryPodLabels")
    spec.close()
    if trial is None or not _is_known(spec, trial):
        return None
    _check_conditions(spec, str(trial["kind"]))
    placeholders.read(spec, trial, study)
    placeholders.check_used(trial)
    fields = Fields(trial, spec.at("trialSpec"), spec.findings)
    fields.silent("apiVersion", "kind")
    workload = _READERS[trial["apiVersion"], trial["kind"]](fields, study)
    fields.close()
    template = pod_template(workload, container, spec.findings) if workload else None
    if workload is None or template is None or spec.findings.refusals:
        return None
    _check_mounts(template, source, spec)
    return _backend(spec, workload, placeholders, template, container, source, keep=keep)


def _backend(
    spec: Fields,
    workload: Workload,
    placeholders: Placeholders,
    template: dict[str, Any],
    container: str,
    source: MetricSource,
    *,
    keep: bool,
) -> PodTrial | None:
    several = workload.pods > 1
    if keep and several:
        spec.findings.differs(
            spec.at("retain"), "A trial's Job is removed when it has ended; its log is in the task's log.", "trial"
        )
    retries = workload.program_retries or 0
    arguments: dict[str, Any] = {
        "pod_template_dict": placeholders.filled(template),
        "base_container_name": container,
        "namespace": placeholders.namespace,
        "metrics": source,
        "program_retries": retries or None,
        "retries": retries if retries > DEFAULT_RETRIES else None,
        "time_limit": workload.time_limit,
        "on_finish_action": "keep_pod" if keep and not several else None,
    }
    try:
        return JobTrial(pods=workload.pods, **arguments) if several else PodTrial(**arguments)
    except DeclarationError as err:
        spec.findings.refuse(spec.at("trialSpec"), str(err))
        return None


def _trial_object(spec: Fields, config_maps: ConfigMaps) -> Mapping[str, Any] | None:
    """Return the object of which the template makes one for each trial."""
    given, reference = spec.raw("trialSpec"), spec.part("configMap")
    if given is None and not reference.data:
        spec.findings.missing(spec.at("trialSpec"), "It is needed, but was not given. Write the Job of a trial.")
        return None
    if given is not None and reference.data:
        spec.findings.refuse(reference.path, "A template has a trialSpec or a configMap, but got both. Leave one out.")
    if given is None:
        return _from_config_map(reference, config_maps)
    if not isinstance(given, Mapping):
        spec.findings.refuse(
            spec.at("trialSpec"), "It is an object of Kubernetes. Write its apiVersion, kind and spec."
        )
        return None
    return given


def _from_config_map(reference: Fields, config_maps: ConfigMaps) -> Mapping[str, Any] | None:
    name, path = reference.needed("configMapName", "templates"), reference.needed("templatePath", "job.yaml")
    namespace = reference.text("configMapNamespace") or "default"
    reference.close()
    text = config_maps.get((namespace, name), {}).get(path)
    if not isinstance(text, str):
        reference.findings.refuse(
            reference.path,
            f"The template is {path} in the ConfigMap {name}, which the file has not. Put it into the same file: "
            f"kubectl get configmap {name} -n {namespace} -o yaml.",
        )
        return None
    try:
        found = documents(text)
    except DeclarationError as err:
        reference.findings.refuse(reference.path, f"{path} of the ConfigMap {name}: {err}")
        return None
    if len(found) != 1 or not isinstance(found[0], Mapping):
        reference.findings.refuse(
            reference.path, f"{path} of the ConfigMap {name} is one object of Kubernetes, but got {len(found)}."
        )
        return None
    return found[0]


def _is_known(spec: Fields, trial: Mapping[str, Any]) -> bool:
    """Say whether the kind of a trial can be had; another is refused by its name."""
    version, kind = str(trial.get("apiVersion", "")), str(trial.get("kind", ""))
    if (version, kind) in _READERS:
        return True
    path = spec.at("trialSpec.kind")
    known = "A trial is a Job of batch/v1 or a PyTorchJob of kubeflow.org/v1"
    if kind in ("Job", "PyTorchJob"):
        path = spec.at("trialSpec.apiVersion")
        why = f"{known}, but got {kind} of {version or 'no version'}. Write apiVersion: {'batch' if kind == 'Job' else 'kubeflow.org'}/v1."
    elif kind == "Workflow":
        why = f"{known}, but got a Workflow of several steps. Write a GroupTrial with a task for each step."
    elif kind == "MPIJob":
        why = f"{known}, but got an MPIJob, of which one pod starts the others through ssh. Write a JobTrial with pods that find each other."
    else:
        why = f"{known}, but got {kind or 'no kind'}. Write a Job, or a JobTrial for several pods that are alike."
    spec.findings.refuse(path, why)
    return False


def _check_conditions(spec: Fields, kind: str) -> None:
    """Note conditions and labels of the author's own: a trial's end is that of its program here."""
    for name, condition in zip(("successCondition", "failureCondition"), _CONDITIONS[kind]):
        given = spec.text(name)
        default = f'status.conditions.#(type=="{condition}")#|#(status=="True")#'
        if given is not None and "".join(given.split()) != default:
            spec.findings.differs(
                spec.at(name), "A trial's end is the end of its program, by its exit code and its metrics.", "trial"
            )
    labels = spec.part("primaryPodLabels")
    for name in labels.data:
        if labels.text(name) != _LABELS[kind].get(name):
            spec.findings.differs(
                labels.at(name), "The pod that reports is the only one, or that of index 0 of several.", "trial"
            )


def _check_mounts(template: Mapping[str, Any], source: MetricSource, spec: Fields) -> None:
    """Refuse a metrics file in a folder that the pod mounts itself: a second mount there is refused by Kubernetes."""
    if not isinstance(source, File):
        return
    folder = source.path.rpartition("/")[0]
    for mount in template["spec"]["containers"][0].get("volumeMounts") or []:
        if isinstance(mount, Mapping) and str(mount.get("mountPath", "")).rstrip("/") == folder:
            spec.findings.refuse(
                "spec.metricsCollectorSpec.source.fileSystemPath.path",
                f"The folder of the metrics file is mounted by the trial, but got {folder}, where the template mounts "
                f"{mount.get('name')!r} already. Write the file into a folder of its own, such as /metrics/m.log.",
            )
