"""Reader of ``spec.objective``: the metric, and which of its values counts."""

from typing import Any

from airflow_hpo.core.objective import Direction, Objective
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.fields import Fields

_BEST = {Direction.MINIMIZE: "min", Direction.MAXIMIZE: "max"}
_STRATEGIES = ("min", "max", "latest")


def objective_of(spec: Fields) -> Objective | None:
    """Return the objective; None when it is refused."""
    metric = spec.needed("objectiveMetricName", "loss")
    direction = spec.one_of("type", *Direction) or None
    if "type" not in spec:
        spec.findings.missing(spec.at("type"), "It is needed, but was not given. Write `type: minimize`.")
    goal = spec.number("goal")
    others = spec.texts("additionalMetricNames")
    given = _strategies(spec, [metric, *others])
    spec.close()
    if direction is None or not metric:
        return None
    best = _BEST[Direction(direction)]
    own = given.get(metric, best)
    if own not in (best, "latest"):
        spec.findings.refuse(
            spec.at(f"metricStrategies[{metric}]"),
            f"The worst value of a trial, its {own}, does not count here when the metric is {direction}d. Write {best}, or latest.",
        )
        return None
    kept = {name: given.get(name, best) for name in others}
    options: dict[str, Any] = {"goal": goal} if goal is not None else {}
    if others:
        options["extra_metrics"] = others
    if strategies := {name: value for name, value in kept.items() if value != "latest"}:
        options["strategies"] = strategies
        _note_kept(spec, strategies, given)
    try:
        return Objective(metric, direction=direction, strategy="last" if own == "latest" else "best", **options)
    except DeclarationError as err:
        spec.findings.refuse(spec.at("objectiveMetricName"), str(err))
        return None


def _strategies(spec: Fields, metrics: list[str]) -> dict[str, str]:
    found = {}
    for each in spec.members("metricStrategies"):
        name, value = each.needed("name", metrics[0]), each.one_of("value", *_STRATEGIES)
        if name and name not in metrics:
            spec.findings.refuse(
                each.path, f"It is about a metric that is collected, which are {', '.join(metrics)}. Leave it out."
            )
        if value:
            found[name] = value
        each.close()
    return found


def _note_kept(spec: Fields, strategies: dict[str, str], given: dict[str, str]) -> None:
    """Note which value of each further metric is kept, where that is not the last: Katib shows one of the three that it keeps."""
    sentence = "Katib keeps the smallest, the largest and the last value of a further metric. Here one is kept, which Katib shows: of"
    paths = {spec.at(f"metricStrategies[{name}]"): [name] for name in strategies if name in given}
    others = [name for name in strategies if name not in given]
    if others:
        paths[spec.at("additionalMetricNames")] = others
    for path, names in paths.items():
        kept = ", ".join(f"{name!r} the {strategies[name]}" for name in names)
        spec.findings.differs(path, f"{sentence} {kept}.", "study.objective")
