"""Systems of which specifications are read, and those that are recognised so that they can be refused by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.document import documents
from airflow_hpo.importers.hyperopt.reader import from_hyperopt
from airflow_hpo.importers.imported import Imported
from airflow_hpo.importers.katib.experiment import from_katib, is_experiment
from airflow_hpo.importers.optuna.database import HEADER
from airflow_hpo.importers.optuna.reader import from_optuna
from airflow_hpo.importers.python_file import imports
from airflow_hpo.importers.ray.reader import from_ray
from airflow_hpo.importers.sklearn.reader import from_sklearn
from airflow_hpo.importers.trainer.optimization_job import from_trainer, is_optimization_job
from airflow_hpo.importers.wandb.sweep import from_wandb, is_sweep


@dataclass(frozen=True, slots=True)
class System:
    """One system of which specifications are read."""

    title: str
    read: Callable[..., Imported]
    options: tuple[str, ...]
    """What may be given with a file, because files of the system may not say it."""
    is_database: bool = False
    """Whether it is read from the file itself, however large."""


SYSTEMS = {
    "katib": System("Katib", from_katib, ("name", "max_trials")),
    "wandb": System("W&B", from_wandb, ("name", "max_trials", "objective")),
    "hyperopt": System("Hyperopt", from_hyperopt, ("run_file", "name", "max_trials")),
    "optuna": System("Optuna", from_optuna, ("study", "metric", "name", "max_trials"), is_database=True),
    "trainer": System("Kubeflow Trainer", from_trainer, ("name", "max_trials")),
    "ray": System("Ray Tune", from_ray, ("run_file", "name", "max_trials", "objective")),
    "sklearn": System("scikit-learn", from_sklearn, ("run_file", "name", "max_trials")),
}
NOT_READ = {
    "sagemaker": "a tuning job of SageMaker",
    "vertex": "a HyperparameterTuningJob of Vertex AI",
    "azureml": "a sweep of Azure ML",
}


def read(
    text: str | bytes, system: str | None = None, path: Path | None = None, **options: Any
) -> tuple[System, Imported]:
    """Return the system of a specification, recognised unless it is named, and what becomes of it.

    A database is read from its path.
    """
    found = system or system_of(text)
    if found not in SYSTEMS:
        raise DeclarationError(
            f"Specifications of {_titles()} are read, but got {NOT_READ.get(found, f'one of {found!r}')}. "
            "Declare the study as on the pages of docs/start."
        )
    one = SYSTEMS[found]
    given = {name: value for name, value in options.items() if value is not None}
    if "run_file" in given and "run_file" not in one.options:
        raise DeclarationError(
            f"A specification of {one.title} is data and is not run, but got run_file={given['run_file']!r} (--run-file). Leave it out."
        )
    for name in given:
        if name not in one.options:
            if name in ("study", "metric"):
                raise DeclarationError(
                    f"A database of Optuna has several studies and metrics without a name, {one.title} has not, but got {name}={given[name]!r}. Leave it out."
                )
            raise DeclarationError(
                f"A specification of {one.title} says its {name} itself, but got {name}={given[name]!r}. Leave it out."
            )
    return one, one.read(path if one.is_database else text, **given)


def system_of(text: str | bytes) -> str:
    """Return the name of the system that a specification belongs to."""
    if isinstance(text, bytes) and text.startswith(HEADER):
        return "optuna"
    for system, modules in _IMPORTED.items():
        if imports(text, *modules):
            return system
    for each in documents(text):
        for name, belongs in _SIGNS.items():
            if isinstance(each, Mapping) and belongs(each):
                return name
    raise DeclarationError(
        f"A specification is one of {_titles()}, but got a file that looks like none. Give its system: --from katib."
    )


def _titles() -> str:
    *first, last = (each.title for each in SYSTEMS.values())
    return f"{', '.join(first)} and {last}"


def _has(*names: str) -> Callable[[Mapping[Any, Any]], bool]:
    return lambda data: all(name in data for name in names)


_IMPORTED = {"hyperopt": ("hyperopt",), "ray": ("ray",), "sklearn": ("sklearn", "skopt")}
_SIGNS: dict[str, Callable[[Mapping[Any, Any]], bool]] = {
    "katib": is_experiment,
    "trainer": is_optimization_job,
    "wandb": is_sweep,
    "sagemaker": _has("HyperParameterTuningJobConfig"),
    "vertex": _has("studySpec"),
    "azureml": _has("search_space"),
}
