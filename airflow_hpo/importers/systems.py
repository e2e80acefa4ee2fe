"""Systems of which specifications are read, and those that are recognised so that they can be refused by name."""

from collections.abc import Callable, Mapping
from typing import Any

from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.document import documents
from airflow_hpo.importers.imported import Imported
from airflow_hpo.importers.katib.experiment import from_katib, is_experiment

READERS: dict[str, Callable[..., Imported]] = {"katib": from_katib}
"""Name of a system -> its reader, which takes a text and what the text does not say."""
TITLES = {"katib": "Katib"}
NOT_READ = {
    "wandb": "a W&B sweep",
    "trainer": "an OptimizationJob of Kubeflow Trainer",
    "sagemaker": "a tuning job of SageMaker",
    "vertex": "a HyperparameterTuningJob of Vertex AI",
    "azureml": "a sweep of Azure ML",
}


def read(text: str | bytes, system: str | None = None, **options: Any) -> tuple[str, Imported]:
    """Return the system of a specification, recognised unless it is named, and what becomes of it."""
    found = system or system_of(text)
    if found not in READERS:
        what = NOT_READ.get(found, f"one of {found!r}")
        raise DeclarationError(
            f"Specifications of {', '.join(TITLES.values())} are read, but got {what}. Declare the study as on the pages of docs/start."
        )
    return found, READERS[found](text, **options)


def system_of(text: str | bytes) -> str:
    """Return the name of the system that a specification belongs to."""
    for each in documents(text):
        for name, belongs in _SIGNS.items():
            if isinstance(each, Mapping) and belongs(each):
                return name
    raise DeclarationError(
        f"A specification is one of {', '.join(TITLES.values())}, but got a file that looks like none. Give its system: --from katib."
    )


def _has(*names: str) -> Callable[[Mapping[Any, Any]], bool]:
    return lambda data: all(name in data for name in names)


_SIGNS: dict[str, Callable[[Mapping[Any, Any]], bool]] = {
    "katib": is_experiment,
    "trainer": lambda data: data.get("kind") == "OptimizationJob",
    "wandb": _has("method", "parameters"),
    "sagemaker": _has("HyperParameterTuningJobConfig"),
    "vertex": _has("studySpec"),
    "azureml": _has("search_space"),
}
