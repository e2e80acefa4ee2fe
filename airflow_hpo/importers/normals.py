"""Normal distributions of other systems, of the value or of its logarithm, as parameters."""

from airflow_hpo.core.space.normal import LogNormal, Normal


def normal_of(
    mu: float, sigma: float, *, of_logarithm: bool, step: float | None = None, is_whole: bool = False
) -> Normal | LogNormal:
    """Return the parameter, rounded to multiples of a step; values are whole where they are made so and the step is."""
    kind = LogNormal if of_logarithm else Normal
    if is_whole and (step is None or float(step).is_integer()):
        return kind(mu=float(mu), sigma=float(sigma), integer=True, step=float(step) if step and step != 1 else None)
    return kind(mu=float(mu), sigma=float(sigma), step=None if step is None else float(step))
