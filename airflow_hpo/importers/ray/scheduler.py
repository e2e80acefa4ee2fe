"""Schedulers of Ray Tune as pruners."""

from airflow_hpo.core.algorithms import Pruner
from airflow_hpo.importers.fields import Fields
from airflow_hpo.importers.findings import Findings
from airflow_hpo.importers.ray.run import Tree, fields_of, said

_PATH = "tune_config.scheduler"
_HALVING = ("ASHAScheduler", "AsyncHyperBandScheduler")
_HYPERBAND = ("HyperBandScheduler", "HyperBandForBOHB")
_NAMES = ("FIFOScheduler", *_HALVING, "HyperBandScheduler", "MedianStoppingRule")
_ITERATIONS = "training_iteration"


def pruner_of(tree: Tree, findings: Findings) -> tuple[Pruner, Fields]:
    """Return the rule by which trials are given up, and the fields of the scheduler, which may say what is good."""
    given = fields_of(tree, _PATH, findings) if tree["kind"] == "marker" else Fields(None, _PATH, findings)
    given.silent("metric", "mode", "stop_last_trials", "hard_stop")
    name = said(tree) if tree["kind"] != "constant" else str(tree["value"])
    if tree == {"kind": "constant", "value": None} or name in ("FIFOScheduler", "fifo"):
        return Pruner("none"), given
    if name in _HALVING or name in ("asha", "async_hyperband"):
        pruner = _halving(given)
    elif name in _HYPERBAND or name == "hyperband":
        pruner = _hyperband(given)
    elif name in ("MedianStoppingRule", "median_stopping_rule"):
        pruner = _median(given)
    else:
        why = f"{name} changes trials while they run, which no pruner here does. Write one of {', '.join(_NAMES)}."
        findings.refuse(_PATH, why)
        return Pruner("none"), Fields(None, _PATH, findings)
    given.close()
    return pruner, given


def _halving(given: Fields) -> Pruner:
    least, factor = given.whole("grace_period", 1) or 1, _factor(given, 4)
    _has_steps(given, _ITERATIONS)
    has_end = "max_t" in given
    most = given.whole("max_t", 1) or 100
    why = f"Ray ends a trial after {most} iterations. Here the program ends by itself: it has to stop there."
    given.findings.differs(given.at("max_t") if has_end else _PATH, why, "study.pruner")
    if given.raw("brackets") not in (None, 1):
        given.findings.differs(
            given.at("brackets"), "There is one bracket: the one with the least resource.", "study.pruner"
        )
    return Pruner("successive_halving", min_resource=least, reduction_factor=factor)


def _hyperband(given: Fields) -> Pruner:
    most, factor = given.whole("max_t", 1) or 81, _factor(given, 3)
    _has_steps(given, _ITERATIONS)
    why = "Ray pauses trials and goes on with some. Here each runs on, and is given up on the way, without pauses."
    given.findings.differs(_PATH, why, "study.pruner")
    return Pruner("hyperband", max_resource=most, reduction_factor=factor)


def _median(given: Fields) -> Pruner:
    start, grace = given.whole("min_samples_required"), given.number("grace_period")
    options = {"n_startup_trials": 3 if start is None else start}
    if _has_steps(given, "time_total_s"):
        options["n_warmup_steps"] = int(60 if grace is None else grace)
    elif grace != 0:
        why = f"It is {60 if grace is None else grace:g} seconds. Steps have no time: give n_warmup_steps=10."
        given.findings.differs(given.at("grace_period"), why, "study.pruner")
    if given.raw("min_time_slice"):
        given.findings.differs(given.at("min_time_slice"), "A trial may be given up at each step.", "study.pruner")
    return Pruner("median", **options)


def _factor(given: Fields, default: int) -> int:
    factor = given.number("reduction_factor")
    if factor is None or (factor.is_integer() and factor >= 2):
        return int(factor or default)
    why = f"It is a whole number of 2 or more here, but got {factor:g}. Write reduction_factor={default}."
    given.findings.refuse(given.at("reduction_factor"), why)
    return default


def _has_steps(given: Fields, default: str) -> bool:
    """Say whether a scheduler counts iterations, as steps are here."""
    unit = given.text("time_attr") or default
    if unit != _ITERATIONS and "time_attr" in given:
        given.findings.differs(
            given.at("time_attr"), f"Here it is the step that a program reports, and not {unit!r}.", "study.pruner"
        )
    return unit == _ITERATIONS
