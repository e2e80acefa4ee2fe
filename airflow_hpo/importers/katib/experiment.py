"""Reader of one Experiment, from its YAML to a study and what runs its trials."""

from collections.abc import Mapping
from typing import Any

from airflow_hpo.core.objective import Objective
from airflow_hpo.core.space import grid
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.document import documents
from airflow_hpo.importers.fields import Fields
from airflow_hpo.importers.findings import Findings
from airflow_hpo.importers.imported import Imported
from airflow_hpo.importers.katib.algorithm import Algorithm, algorithm_of, pruner_of
from airflow_hpo.importers.katib.collector import source_of
from airflow_hpo.importers.katib.objective import objective_of
from airflow_hpo.importers.katib.placeholders import Placeholders
from airflow_hpo.importers.katib.space import space_of
from airflow_hpo.importers.katib.template import trial_of
from airflow_hpo.importers.kubernetes_metadata import name_and_namespace

VERSION = "kubeflow.org/v1beta1"
AT_ONCE = 3
"""What Katib runs at once where the file does not say."""


def is_experiment(document: Any) -> bool:
    """Say whether a document is an Experiment, of whatever version."""
    return (
        isinstance(document, Mapping)
        and document.get("kind") == "Experiment"
        and str(document.get("apiVersion", "")).startswith("kubeflow.org/")
    )


def from_katib(text: str | bytes, *, name: str | None = None, max_trials: int | None = None) -> Imported:
    """Return the study and the trials of a Katib Experiment, with what is otherwise here.

    For those who have an Experiment and want to see or change what becomes of it in Python; ``airflow hpo import`` writes the same as
    a DAG. Every field is carried, noted or refused. The page *Coming from Katib* says what becomes what.

    Example::

        found = from_katib('''
        apiVersion: kubeflow.org/v1beta1
        kind: Experiment
        metadata: {name: tides, namespace: tuning}
        spec:
          objective: {type: minimize, objectiveMetricName: rmse}
          algorithm: {algorithmName: random}
          maxTrialCount: 20
          parameters:
          - {name: lr, parameterType: double, feasibleSpace: {min: "0.001", max: "0.2"}}
          trialTemplate:
            primaryContainerName: trainer
            trialParameters: [{name: lr, reference: lr}]
            trialSpec:
              apiVersion: batch/v1
              kind: Job
              spec:
                template:
                  spec:
                    restartPolicy: Never
                    containers:
                    - name: trainer
                      image: registry.example.com/train:3
                      args: ["--lr=${trialParameters.lr}"]
        ''')
        TuneTaskGroup(study=found.study, trial=found.trial)

    :param text: the YAML or JSON of one Experiment, 10 MB at most; the ConfigMap of its template may stand in the same file.
    :param name: the study's name; None for that of the Experiment.
    :param max_trials: how many trials the study wants, 1 or more; None for ``maxTrialCount``.
    :returns: ``study``, ``trial`` (a :class:`PodTrial` or :class:`JobTrial`) and ``notes``, each with the ``path`` of the field, a
        ``level`` (``differs``, ``left_out``, ``renamed``, ``inferred``) and a ``sentence``.
    :raises DeclarationError: when the text is no Experiment, or has what cannot be had here; it names every such field.
    """
    findings = Findings()
    found = documents(text)
    experiments = [each for each in found if is_experiment(each)]
    if len(experiments) != 1:
        raise DeclarationError(
            f"A file has one Experiment of {VERSION}, but got {len(experiments)} among {len(found)} documents. Give one file for each."
        )
    imported = _read(experiments[0], found, findings, name, max_trials)
    findings.raise_refused("The Experiment")
    if imported is None:
        raise RuntimeError("An experiment that is read without a refusal becomes a study.")
    return imported._replace(notes=tuple(findings.notes))


def _read(
    data: Mapping[str, Any], others: list[Any], findings: Findings, name: str | None, max_trials: int | None
) -> Imported | None:
    top = Fields(data, "", findings)
    if top.text("apiVersion") != VERSION:
        findings.refuse(
            "apiVersion",
            f"Experiments of {VERSION} are read, but got {data['apiVersion']}. Write the template as a trialSpec.",
        )
        return None
    top.silent("kind")
    config_maps = _config_maps(data, others, findings)
    called, namespace = name_and_namespace(top.part("metadata"), name, "the Experiment")
    _status(top, findings)
    spec = top.part("spec")
    top.close()
    algorithm = algorithm_of(spec.part("algorithm"), findings)
    objective = objective_of(spec.part("objective"))
    source = source_of(spec.part("metricsCollectorSpec"))
    architecture = "nasConfig" in spec
    spec.refused(
        "nasConfig",
        "The architecture of a network is not searched here. Declare layers and widths as parameters, with when= for what "
        "belongs to a choice.",
    )
    space = {} if architecture and "parameters" not in spec else space_of(spec, algorithm, findings)
    pruner = pruner_of(spec.part("earlyStopping"), algorithm)
    placeholders = Placeholders(space, algorithm.constants, namespace, findings, of_architecture=architecture)
    trial = trial_of(spec.part("trialTemplate"), placeholders, config_maps, source, called)
    counts = _counts(spec, algorithm, max_trials)
    spec.close()
    if findings.refusals or trial is None or objective is None:
        return None
    study = _study(called, objective, algorithm, {**counts, "pruner": pruner}, space, findings)
    return None if study is None else Imported(study, trial, ())


def _study(
    name: str,
    objective: Objective,
    algorithm: Algorithm,
    more: dict[str, Any],
    space: dict[str, Any],
    findings: Findings,
) -> Study | None:
    parameters = {one.name: one.declared for one in space.values() if one.declared is not None}
    if algorithm.sampler.name == "grid":
        points = grid.size(parameters)
        if (wanted := more["max_trials"]) and wanted < points:
            findings.differs(
                "spec.maxTrialCount",
                f"{wanted} of the {points} points of the grid are tried. Katib takes them in random order, here they come in order.",
                "study.max_trials",
            )
        if "stop_on_same_failure" in more:
            more["max_failures"] = min(points, more["max_trials"] or points)
    try:
        return Study(
            name=name,
            objective=objective,
            space=parameters,
            sampler=algorithm.sampler,
            seed=algorithm.seed or 0,
            **more,
        )
    except DeclarationError as err:
        findings.refuse("spec", str(err))
        return None


def _counts(spec: Fields, algorithm: Algorithm, max_trials: int | None) -> dict[str, Any]:
    """Return how many trials there are, run at once and may fail; Katib counts failed ones towards its number."""
    declared, at_once, failed = (
        spec.whole("maxTrialCount", 1),
        spec.whole("parallelTrialCount", 1),
        spec.whole("maxFailedTrialCount"),
    )
    policy = spec.one_of("resumePolicy", "Never", "LongRunning", "FromVolume")
    if policy not in (None, "Never"):
        spec.findings.left_out(
            "spec.resumePolicy",
            "A study that has ended goes on with `airflow hpo studies extend`, or when its DAG run is cleared; its trials are kept anyway.",
        )
    wanted = max_trials or declared
    if wanted is None and algorithm.sampler.name != "grid":
        spec.findings.missing(
            "spec.maxTrialCount",
            "Katib would go on until the goal or the failures, but a study has a number of trials. Give max_trials=100 "
            "(--max-trials 100).",
        )
    # One failed trial fewer than Katib's number, which is the one that ends the experiment.
    limit = {"max_failures": wanted, "stop_on_same_failure": None}
    if failed is not None:
        limit = {"max_failures": max(0, failed - 1)}
    return {"max_trials": wanted, "count": "finished", "parallelism": at_once or AT_ONCE, **limit}


def _status(top: Fields, findings: Findings) -> None:
    status = top.raw("status")
    if not isinstance(status, Mapping) or not status:
        return
    best = status.get("currentOptimalTrial")
    given = best.get("parameterAssignments") if isinstance(best, Mapping) else None
    pairs = [
        f"{each['name']}={each['value']}"
        for each in (given if isinstance(given, list) else [])
        if isinstance(each, Mapping) and {"name", "value"} <= {*each}
    ]
    shown = f" Its best trial had {', '.join(pairs)}: write start_points=[...] to try it first." if pairs else ""
    findings.left_out("status", f"What Katib found, its best trial too, is not carried.{shown}")


def _config_maps(experiment: Any, others: list[Any], findings: Findings) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Return the ConfigMaps of the file by namespace and name; other objects are for the cluster alone."""
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for each in others:
        if each is experiment:
            continue
        if not isinstance(each, Mapping) or not each.get("kind"):
            findings.refuse(
                "document", "A file has the Experiment and objects of Kubernetes, but got something else. Leave it out."
            )
            continue
        meta = each.get("metadata") if isinstance(each.get("metadata"), Mapping) else {}
        name = str((meta or {}).get("name", ""))
        if each["kind"] == "ConfigMap" and isinstance(each.get("data"), Mapping):
            found[str((meta or {}).get("namespace", "default")), name] = each["data"]
        else:
            findings.left_out(f"{each['kind']}[{name}]", "It is no Experiment: apply it to the cluster as before.")
    return found
