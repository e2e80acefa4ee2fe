"""Options of the pruners, as Optuna calls them."""

from typing import Self

from pydantic import Field, model_validator

from airflow_hpo.core.declared import Declared
from airflow_hpo.core.sampler_options import AlgorithmOptions


class NoPruningOptions(AlgorithmOptions, title="Pruner 'none'"):
    """Every trial runs to its end; nothing to choose."""


class MedianOptions(AlgorithmOptions, title="Pruner 'median'"):
    """Worse than the median of earlier trials at the same step (Golovin et al., 2017)."""

    n_startup_trials: int = Field(default=5, ge=0)
    n_warmup_steps: int = Field(default=0, ge=0)
    interval_steps: int = Field(default=1, ge=1)
    n_min_trials: int = Field(default=1, ge=1)


class PercentileOptions(MedianOptions, title="Pruner 'percentile'"):
    """Outside the best given percentage of earlier trials at the same step."""

    percentile: float = Field(ge=0.0, le=100.0)


class SuccessiveHalvingOptions(AlgorithmOptions, title="Pruner 'successive_halving'"):
    """Asynchronous successive halving (Li et al., 2020)."""

    min_resource: int = Field(default=1, ge=1)
    reduction_factor: int = Field(default=4, ge=2)
    min_early_stopping_rate: int = Field(default=0, ge=0)
    bootstrap_count: int = Field(default=0, ge=0)


class HyperbandOptions(AlgorithmOptions, title="Pruner 'hyperband'"):
    """Hyperband (Li et al., 2018); ``max_resource`` is the last step that a trial reports."""

    max_resource: int = Field(ge=1)
    min_resource: int = Field(default=1, ge=1)
    reduction_factor: int = Field(default=3, ge=2)


class ThresholdOptions(AlgorithmOptions, title="Pruner 'threshold'"):
    """Outside fixed bounds."""

    lower: float | None = None
    upper: float | None = None
    n_warmup_steps: int = Field(default=0, ge=0)
    interval_steps: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.lower is None and self.upper is None:
            raise ValueError("The pruner 'threshold' needs `lower`, `upper` or both, but got neither. Give one.")
        if self.lower is not None and self.upper is not None and self.lower >= self.upper:
            raise ValueError(
                f"`lower < upper` must hold, but got (lower={self.lower}, upper={self.upper}). "
                f"Swap them: lower={self.upper}, upper={self.lower}."
            )
        return self


class PatientOptions(MedianOptions, title="Pruner 'patient'"):
    """The median rule, applied only after some steps without improvement."""

    patience: int = Field(ge=0)
    min_delta: float = Field(default=0.0, ge=0.0)


class WilcoxonOptions(AlgorithmOptions, title="Pruner 'wilcoxon'"):
    """Signed-rank test against the best trial over the same instances (Wilcoxon, 1945)."""

    p_threshold: float = Field(default=0.1, ge=0.0, le=1.0)
    n_startup_steps: int = Field(default=2, ge=0)


PRUNERS: dict[str, type[Declared]] = {
    "none": NoPruningOptions,
    "median": MedianOptions,
    "percentile": PercentileOptions,
    "successive_halving": SuccessiveHalvingOptions,
    "hyperband": HyperbandOptions,
    "threshold": ThresholdOptions,
    "patient": PatientOptions,
    "wilcoxon": WilcoxonOptions,
}
