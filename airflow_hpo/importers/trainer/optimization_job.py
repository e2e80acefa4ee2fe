"""Reader of one OptimizationJob, from its YAML to a study and what runs its trials."""

from collections.abc import Mapping
from typing import Any

from airflow_hpo.core.algorithms import Sampler
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.space import grid
from airflow_hpo.core.space.parameter import AnyParameter
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.document import documents
from airflow_hpo.importers.fields import Fields
from airflow_hpo.importers.findings import Findings
from airflow_hpo.importers.imported import Imported
from airflow_hpo.importers.kubernetes_metadata import name_and_namespace
from airflow_hpo.importers.trainer.space import space_of
from airflow_hpo.importers.trainer.train_job import trial_of

VERSION = "trainer.kubeflow.org/v1alpha1"
_DIRECTIONS = {"Minimize": "minimize", "Maximize": "maximize"}


def is_optimization_job(document: Any) -> bool:
    """Say whether a document is an OptimizationJob, of whatever version."""
    return isinstance(document, Mapping) and document.get("kind") == "OptimizationJob"


def from_trainer(text: str | bytes, *, name: str | None = None, max_trials: int | None = None) -> Imported:
    """Return the study and the trials of an OptimizationJob of Kubeflow Trainer, with what is otherwise here.

    For those who have an OptimizationJob, or the 100 trials and two algorithms of which are too few; ``airflow hpo import`` writes the same as a DAG. A
    runtime of the cluster makes the pods of a TrainJob, and is not in the file: so the file must have image and command. Programs
    must print their metrics. The page *Coming from Katib* says what becomes what.

    Example::

        found = from_trainer('''
        apiVersion: trainer.kubeflow.org/v1alpha1
        kind: OptimizationJob
        metadata: {name: lander, namespace: tuning}
        spec:
          objectives: [{metric: val_loss}]
          parameters:
          - {name: lr, searchSpace: {logUniform: {min: "0.0001", max: "0.1"}}}
          numTrials: 20
          trainJobTemplate:
            spec:
              runtimeRef: {name: torch-distributed}
              trainer: {image: registry.example.com/train:3, command: [python, train.py]}
        ''')
        TuneTaskGroup(study=found.study, trial=found.trial)

    :param text: the YAML or JSON of one OptimizationJob, 10 MB at most.
    :param name: the study's name; None for that of the OptimizationJob.
    :param max_trials: how many trials the study wants, 1 or more; None for ``numTrials``.
    :returns: ``study``, ``trial`` (a :class:`PodTrial`) and ``notes``, each with the ``path`` of the field, a ``level`` (``differs``,
        ``left_out``, ``renamed``) and a ``sentence``.
    :raises DeclarationError: when the text is no OptimizationJob, or has what cannot be had here; it names every such field.
    """
    findings = Findings()
    found = documents(text)
    if len(found) != 1 or not is_optimization_job(found[0]):
        raise DeclarationError(
            f"A file has one OptimizationJob of {VERSION}, but got {len(found)} documents. Give one file for each."
        )
    imported = _read(Fields(found[0], "", findings), findings, name, max_trials)
    findings.raise_refused("The OptimizationJob")
    if imported is None:
        raise RuntimeError("An OptimizationJob that is read without a refusal becomes a study.")
    return imported._replace(notes=tuple(findings.notes))


def _read(top: Fields, findings: Findings, name: str | None, max_trials: int | None) -> Imported | None:
    if top.text("apiVersion") != VERSION:
        why = f"OptimizationJobs of {VERSION} are read, but got {top.data.get('apiVersion')}. Write that version."
        findings.refuse("apiVersion", why)
        return None
    top.silent("kind")
    called, namespace = name_and_namespace(top.part("metadata"), name, "the OptimizationJob")
    top.left_out("status", "What was found is not carried. Write start_points=[...] to try the best first.")
    spec = top.part("spec")
    top.close()
    objective = _objective(spec)
    sampler, seed = _algorithm(spec.part("searchAlgorithm"))
    space, names = space_of(spec)
    wanted, at_once = max_trials or spec.whole("numTrials", 1), spec.whole("parallelTrials", 1) or 1
    if wanted is None and sampler.name != "grid":
        why = "A study has a number of trials, but the file has none. Give max_trials=100 (--max-trials 100)."
        findings.missing("spec.numTrials", why)
    trial = trial_of(spec.part("trainJobTemplate"), names, namespace)
    spec.silent("numTrials")
    spec.close()
    if findings.refusals or trial is None or objective is None:
        return None
    fields = {"sampler": sampler, "seed": seed, "max_trials": wanted, "parallelism": at_once, "objective": objective}
    study = _study(called, space, fields, findings)
    return None if study is None else Imported(study, trial, ())


def _objective(spec: Fields) -> Objective | None:
    given = [*spec.members("objectives", key="")]
    if len(given) != 1:
        spec.findings.refuse("spec.objectives", f"A study has one objective, but got {len(given)}. Write one.")
        return None
    one = given[0]
    metric, direction = one.text("metric") or "loss", one.one_of("direction", *_DIRECTIONS) or "Minimize"
    one.close()
    try:
        made = Objective(metric, direction=_DIRECTIONS[direction])
    except DeclarationError as err:
        spec.findings.refuse(one.at("metric"), str(err))
        return None
    why = f"A TrainJob reports its metrics to the cluster. Here the program must print it, as in print(f'{metric}={{value}}')."
    spec.findings.differs(one.at("metric"), why, "study.objective")
    return made


def _algorithm(spec: Fields) -> tuple[Sampler, int]:
    """Return the sampler and its seed; at random where none is said."""
    chosen = [name for name in ("random", "grid") if spec.raw(name) is not None]
    seed = spec.part("random").whole("seed") if "random" in chosen else None
    if "random" in chosen:
        random = spec.part("random")
        random.silent("seed")
        random.close()
    if len(chosen) > 1:
        spec.findings.refuse(spec.path, "There is one algorithm, but got two. Leave one out.")
    spec.part("grid").close()
    spec.close()
    return Sampler(chosen[0] if chosen else "random"), seed or 0


def _study(name: str, space: dict[str, AnyParameter], fields: Mapping[str, Any], findings: Findings) -> Study | None:
    is_grid, wanted = fields["sampler"].name == "grid", fields["max_trials"]
    points = grid.size(space) if is_grid and grid.countable(space) else None
    if points is not None and wanted is not None and wanted < points:
        why = f"{wanted} of the {points} points of the grid are tried, in the order here."
        findings.differs("spec.numTrials", why, "study.max_trials")
    try:
        return Study(
            name=name, space=space, count="finished", max_failures=wanted or points, stop_on_same_failure=None, **fields
        )
    except DeclarationError as err:
        findings.refuse("spec", str(err))
        return None
