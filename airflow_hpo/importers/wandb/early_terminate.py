"""Reader of ``early_terminate``: when a run is given up."""

from airflow_hpo.core.algorithms import Pruner
from airflow_hpo.importers.fields import Fields

FACTOR = 3
"""W&B's ``eta`` where the sweep does not say."""


def pruner_of(rule: Fields) -> Pruner:
    """Return the pruner; W&B's Hyperband judges runs one by one, as asynchronous successive halving does."""
    if not rule.data:
        return Pruner("none")
    kind = rule.one_of("type", "hyperband")
    if "type" not in rule:
        rule.findings.missing(rule.at("type"), "It is needed, but was not given. Write `type: hyperband`.")
    first, last, brackets = rule.whole("min_iter", 1), rule.whole("max_iter", 1), rule.whole("s")
    factor = _factor(rule)
    if rule.flag("strict"):
        rule.findings.differs(
            rule.at("strict"), "Runs are given up by their own bracket: nothing is stricter here.", "study.pruner"
        )
    rule.close()
    if kind is None:
        return Pruner("none")
    if first is not None:
        if brackets is not None:
            rule.findings.left_out(rule.at("s"), "It has no effect next to min_iter.", "study.pruner")
        if last is not None:
            rule.findings.refuse(rule.at("max_iter"), "W&B takes min_iter or max_iter. Leave one of them out.")
        return Pruner("successive_halving", min_resource=first, reduction_factor=factor)
    if last is None:
        rule.findings.missing(rule.at("min_iter"), "It is needed, but was not given. Write `min_iter: 3`.")
        return Pruner("none")
    return _from_the_end(rule, last, brackets or 0, factor)


def _from_the_end(rule: Fields, last: int, brackets: int, factor: int) -> Pruner:
    """Return the pruner with the first step at which W&B judges, counted back from the last."""
    first = last
    for _ in range(brackets):
        if first // factor < 1:
            break
        first //= factor
    if first == last:
        rule.findings.left_out(rule.at("max_iter"), "Without brackets (s) before the last step no run is given up.")
        return Pruner("none")
    return Pruner("successive_halving", min_resource=first, reduction_factor=factor)


def _factor(rule: Fields) -> int:
    factor = rule.number("eta")
    if factor is None:
        return FACTOR
    if not factor.is_integer() or factor < 2:
        rule.findings.refuse(
            rule.at("eta"), f"The factor is a whole number of 2 or more here, but got {factor:g}. Write eta: 3."
        )
        return FACTOR
    return int(factor)
