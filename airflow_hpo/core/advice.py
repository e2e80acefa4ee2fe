"""Remarks on a study that will run, but not as well as it could."""

import math

from airflow_hpo.core.study import Study

ADAPTIVE = {"tpe", "gp", "cmaes", "nsga2"}


def advice(study: Study) -> list[str]:
    """Return remarks about a study that will run but not as well as it could; empty when there are none."""
    root = math.isqrt(study.wanted)
    parallel = study.slots >= study.wanted or study.slots > 2 * root
    if study.sampler.name not in ADAPTIVE or not parallel or study.wanted < 4:
        return []
    if study.slots >= study.wanted:
        effect = f"all {study.wanted} trials are suggested before any has finished, which is random search"
    else:
        later = math.ceil((study.wanted - study.slots) / study.batch)
        effect = (
            f"{study.slots} of {study.wanted} trials are suggested blindly and the rest in "
            f"{later} {'step' if later == 1 else 'steps'}"
        )
    return [
        f"parallelism={study.slots} makes sampler {study.sampler.name!r} nearly a random one: {effect}. "
        f"About sqrt(max_trials) = {root} keeps it adaptive."
    ]
