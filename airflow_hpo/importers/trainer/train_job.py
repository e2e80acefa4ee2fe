"""Reader of ``spec.trainJobTemplate``: the pod of a trial, as far as the file has it without its runtime."""

from collections.abc import Mapping
from typing import Any

from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.fields import Fields
from airflow_hpo.importers.jinja_text import of_parameter, template
from airflow_hpo.importers.pod_fields import check_fields
from airflow_hpo.task_groups.pods import PodTrial

VARIABLE = "KUBEFLOW_TRAINER_OPT_"
_CONTAINER = "trainer"
_RUNTIME = (
    "The runtime of the cluster makes the pods of a TrainJob: its command, volumes, nodes and variables are not in the file. Here a trial is "
    "one pod with the image, command, variables and resources of the file."
)
_ONE_POD = "A trial is one pod here, as the file does not say what starts several. Declare JobTrial(pods=2) with a command that does."
_OF_A_RUNTIME = "It is about pods that the runtime makes. Write it into the pod_template_dict of the trial."


def trial_of(part: Fields, names: Mapping[str, str], namespace: str | None) -> PodTrial | None:
    """Return what runs a trial; None when it is refused."""
    meta, spec = part.part("metadata"), part.part("spec")
    for name in meta.data:
        meta.left_out(str(name), "It is about the TrainJob, not its pods.")
    part.close()
    trainer = spec.part("trainer")
    _others(spec)
    limit = spec.whole("activeDeadlineSeconds", 1)
    spec.close()
    container = _container(trainer, names)
    trainer.close()
    if part.findings.refusals:
        return None
    pod = {"spec": {"containers": [container]}}
    try:
        return PodTrial(pod_template_dict=pod, base_container_name=_CONTAINER, namespace=namespace, time_limit=limit)
    except DeclarationError as err:
        part.findings.refuse(part.path, str(err))
        return None


def _others(spec: Fields) -> None:
    """Read what a TrainJob says besides its trainer."""
    if spec.raw("runtimeRef") is None:
        spec.findings.missing(
            spec.at("runtimeRef"), "It is needed, but was not given. Write `name: torch-distributed`."
        )
    else:
        spec.findings.differs(spec.at("runtimeRef"), _RUNTIME, "trial")
    spec.refused(
        "initializer", "Data and models are not fetched before a trial. Let the program or an init container do it."
    )
    for name in ("podTemplateOverrides", "runtimePatches"):
        spec.refused(name, _OF_A_RUNTIME)
    for name in ("labels", "annotations"):
        spec.left_out(
            name, "They are those of the TrainJob. Write them into the pod_template_dict to have them.", "trial"
        )
    spec.left_out("managedBy", "Trials are managed by Airflow.", "trial")
    if spec.flag("suspend"):
        spec.findings.refuse(spec.at("suspend"), "A trial starts when its task does. Leave it out.")


def _container(trainer: Fields, names: Mapping[str, str]) -> dict[str, Any]:
    """Return the one container, with the parameters as variables."""
    found: dict[str, Any] = {
        "name": _CONTAINER,
        "image": template([trainer.needed("image", "registry.example.com/train:3")]),
    }
    command, args = trainer.texts("command"), trainer.texts("args")
    if "command" not in trainer:
        trainer.findings.missing(
            trainer.at("command"), "The runtime has it, and the file has not. Write what the image runs."
        )
    found["command"] = [template([each]) for each in command]
    if args:
        found["args"] = [template([each]) for each in args]
    own, resources = trainer.raw("env"), trainer.raw("resourcesPerNode")
    if own is not None:
        check_fields(own, "list[V1EnvVar]", trainer.at("env"), trainer.findings)
    if resources is not None:
        check_fields(resources, "V1ResourceRequirements", trainer.at("resourcesPerNode"), trainer.findings)
        found["resources"] = resources
    if trainer.raw("numNodes") not in (None, 1):
        trainer.findings.refuse(trainer.at("numNodes"), _ONE_POD)
    if trainer.raw("numProcPerNode") not in (None, 1, "auto"):
        why = "The runtime starts that many processes. Write a command that starts them, such as torchrun, and leave it out."
        trainer.findings.refuse(trainer.at("numProcPerNode"), why)
    variables = [
        {"name": f"{VARIABLE}{theirs.upper()}", "value": template([of_parameter(ours)])}
        for theirs, ours in names.items()
    ]
    found["env"] = [*_escaped(own if isinstance(own, list) else []), *variables]
    return found


def _escaped(value: Any) -> Any:
    """Return data in which every text reaches the pod as it stands."""
    if isinstance(value, str):
        return template([value])
    if isinstance(value, Mapping):
        return {name: _escaped(each) for name, each in value.items()}
    return [*map(_escaped, value)] if isinstance(value, list) else value
