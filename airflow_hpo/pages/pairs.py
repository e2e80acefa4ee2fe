"""Pairs of evaluations of champion and challenger, by scenario, and the results that are missing."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from airflow_hpo.comparison.decision import Evidence
from airflow_hpo.core.objective import Direction
from airflow_hpo.pages.evaluated import Cell, Evaluated, Key
from airflow_hpo.pages.models.comparisons import EvaluationPair, MissingResult, ScenarioDifference

_CAUSES = {
    "champion": "The champion's own program failed there.",
    "infrastructure": "The infrastructure failed there.",
    "taken_back": "A result there was taken back.",
}
_NO_CAUSE = "No evaluation there is shared by all."
_OWN = "Its own program failed there."


def pairs_of(
    looks: Sequence[Evaluated], champion: str | None, challenger: str | None, direction: Direction
) -> list[EvaluationPair]:
    """Return each scenario, variant and replicate with the values of both, above 0 where the challenger is better."""
    cells = {key: cell for look in looks for key, cell in look.cells.items()}
    sign = 1.0 if direction is Direction.MAXIMIZE else -1.0
    return [_pair(cells, conditions, champion, challenger, sign) for conditions in _conditions(looks) if cells]


def _pair(
    cells: Mapping[Key, Cell], at: tuple[str, str, int], champion: str | None, challenger: str | None, sign: float
) -> EvaluationPair:
    old, new = (_value(cells, name, at) for name in (champion, challenger))
    scenario, variant, replicate = at
    return EvaluationPair(
        scenario=scenario,
        variant=variant or None,
        replicate=replicate,
        champion=old,
        challenger=new,
        difference=None if old is None or new is None else sign * (new - old),
    )


def _value(cells: Mapping[Key, Cell], candidate: str | None, at: tuple[str, str, int]) -> float | None:
    cell = cells.get((candidate, *at)) if candidate else None
    return cell.value if cell else None


def _conditions(looks: Iterable[Evaluated]) -> list[tuple[str, str, int]]:
    """Return every scenario, variant and replicate that was planned, in that order."""
    scenarios = list(dict.fromkeys(each.name for look in looks for each in look.plan.scenarios))
    planned = {
        (scenario.name, variant, replicate): None
        for look in looks
        for scenario in look.plan.scenarios
        for variant in look.plan.variants
        for replicate in range(look.plan.first_replicate, look.plan.last_replicate + 1)
    }
    places = {name: place for place, name in enumerate(scenarios)}
    return sorted(planned, key=lambda each: (places[each[0]], *each[1:]))


def by_scenario(
    pairs: Sequence[EvaluationPair], differences: Mapping[str, float], variant: str | None
) -> list[ScenarioDifference]:
    """Return the scenarios as they were compared: those of the decision with its differences, else those of the pairs.

    A difference is the one that was decided on, also where a result was measured again since.
    """
    decided = [pair for pair in pairs if variant is None or pair.variant == variant]
    names = dict.fromkeys(pair.scenario for pair in decided) | dict.fromkeys(differences)
    kept = [name for name in names if not differences or name in differences]
    return [_scenario(name, [pair for pair in decided if pair.scenario == name], differences) for name in kept]


def _scenario(name: str, pairs: Sequence[EvaluationPair], differences: Mapping[str, float]) -> ScenarioDifference:
    both = [pair for pair in pairs if pair.difference is not None] or pairs
    found = differences.get(name, _mean([(pair.variant, pair.difference) for pair in both]))
    return ScenarioDifference(
        scenario=name,
        champion=_mean([(pair.variant, pair.champion) for pair in both]),
        challenger=_mean([(pair.variant, pair.challenger) for pair in both]),
        difference=found,
    )


def _mean(values: Sequence[tuple[str | None, float | None]]) -> float | None:
    """Return the mean over variants of their means over replicates."""
    known: dict[str | None, list[float]] = {}
    for variant, value in values:
        if value is not None:
            known.setdefault(variant, []).append(value)
    return fmean(fmean(those) for those in known.values()) if known else None


def missing_results(looks: Sequence[Evaluated], evidence: Evidence | None) -> list[MissingResult]:
    """Return which scenarios lack a result of whom, and why; of evaluations that are gone what the decision kept."""
    lacking: dict[tuple[str, str], str] = {}
    for look in looks:
        for (candidate, scenario, _, _), cell in look.cells.items():
            if cell.value is None:
                lacking.setdefault((scenario, candidate), cell.reason or _NO_CAUSE)
    if not any(look.cells for look in looks) and evidence:
        lacking = dict(_kept(evidence))
    return [_missing(scenario, who, reason) for (scenario, who), reason in sorted(lacking.items())]


def _kept(evidence: Evidence) -> Iterable[tuple[tuple[str, str], str]]:
    for each in evidence.dropped:
        for who in each.missing_for:
            yield (each.scenario, who), _CAUSES.get(each.cause, _NO_CAUSE)
    for failed in evidence.failed:
        for scenario in failed.scenarios:
            yield (scenario, failed.candidate), _OWN


def _missing(scenario: str, who: str, reason: str) -> MissingResult:
    return MissingResult(scenario=scenario, who=who, reason=reason)
