"""Pruners by name."""

from collections.abc import Callable
from typing import Any

from optuna import pruners
from optuna.pruners import BasePruner

from airflow_hpo.core.pruner_options import PRUNERS
from airflow_hpo.core.study import Study
from airflow_hpo.optuna.log_filters import without_announcements


def pruner_options(study: Study) -> dict[str, Any]:
    """Return the options of the study's pruner, those with a default too; without those that are None."""
    return PRUNERS[study.pruner.name].model_validate(study.pruner.options).model_dump(exclude_none=True)


def pruner_for(study: Study) -> BasePruner | None:
    """Build the study's pruner; None when it has none."""
    if study.pruner.name == "none":
        return None
    with without_announcements():
        return _BUILDERS[study.pruner.name](**pruner_options(study))


def _patient(patience: int, min_delta: float = 0.0, **median: Any) -> BasePruner:
    return pruners.PatientPruner(pruners.MedianPruner(**median), patience=patience, min_delta=min_delta)


_BUILDERS: dict[str, Callable[..., BasePruner]] = {
    "median": pruners.MedianPruner,
    "percentile": pruners.PercentilePruner,
    "successive_halving": pruners.SuccessiveHalvingPruner,
    "hyperband": pruners.HyperbandPruner,
    "threshold": pruners.ThresholdPruner,
    "patient": _patient,
    "wilcoxon": pruners.WilcoxonPruner,
}
