"""One comparison with everything behind it: evidence, effect, guardrails, error, and what changes in the parameters."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from airflow_hpo.comparison.rule import ComparisonRule, Scale
from airflow_hpo.core.evaluation import CHAMPION, Candidate
from airflow_hpo.core.objective import Direction
from airflow_hpo.core.parameter_set import difference
from airflow_hpo.core.window import Period
from airflow_hpo.pages import decisions
from airflow_hpo.pages.comparisons import line_of, no_such_comparison
from airflow_hpo.pages.evaluated import Evaluated, evaluated
from airflow_hpo.pages.models.comparisons import (
    CandidateFound,
    ComparisonDetail,
    Named,
    ParameterChange,
    PeriodNamed,
    TrialPlace,
)
from airflow_hpo.pages.pairs import by_scenario, missing_results, pairs_of
from airflow_hpo.storage.tables import ComparisonRow, EditionRow

TEST = "test"
"""Name of the period that was compared on."""


def comparison_detail(session: Session, number: int) -> ComparisonDetail:
    """Return one comparison."""
    row = session.get(ComparisonRow, number)
    if row is None:
        raise no_such_comparison(number)
    return _Told.read(session, row).detail(session)


@dataclass(frozen=True, slots=True)
class _Told:
    """A comparison as it is kept, with its evaluations."""

    row: ComparisonRow
    decision: dict[str, Any]
    rule: ComparisonRule | None
    result: decisions.Data | None
    """Of the challenger that is promoted, or else of the first."""
    looks: Sequence[Evaluated]

    @classmethod
    def read(cls, session: Session, row: ComparisonRow) -> "_Told":
        decision = json.loads(row.decision)
        looks = evaluated(session, row.evaluations)
        return cls(row, decision, decisions.rule_of(decision), decisions.result_of(decision), looks)

    def detail(self, session: Session) -> ComparisonDetail:
        evidence, rule, result = decisions.evidence_of(self.decision), self.rule, self.result
        claim = (result or {}).get("improvement") or {}
        pairs = pairs_of(self.looks, self.champion, self.challenger, self.direction)
        differences = (result or {}).get("differences") or {}
        editions = self._editions(session)
        return ComparisonDetail(
            **line_of(session, self.row).model_dump(),
            metric=self._objective.get("metric"),
            direction=self._objective.get("direction"),
            champion_label=self._label(self.champion),
            challenger_label=self.challenger,
            challenger_trial=self._trial(editions),
            windows=self._windows(),
            scenarios=evidence.pairs if evidence else 0,
            effective=(claim.get("effective") or {}).get("scenarios"),
            replicates=evidence.replicates if evidence else None,
            missing=missing_results(self.looks, evidence),
            looks=rule.looks if rule else None,
            next_look=self.decision.get("next_look"),
            min_improvement=rule.min_improvement if rule else None,
            effect=decisions.effect_of(claim, rule.scale if rule else Scale.ABSOLUTE) if self.champion else None,
            p_value=result.get("p_value") if result and self.champion else None,
            level=result.get("level") if result and self.champion else None,
            error=decisions.error_of(self.decision, rule),
            by_scenario=by_scenario(pairs, differences, rule.variant if rule else None),
            pairs=pairs,
            variants=decisions.variants_of(self.decision, rule),
            guardrails=decisions.guardrails_of(result, rule) if result and rule else [],
            candidates=self._candidates(),
            changes=self._changes(),
            remarks=decisions.remarks_of(self.decision, rule),
            report=self.row.report,
            evaluations=[editions[name] for name in self.row.evaluations if name in editions],
            study=editions.get(self.row.edition),
        )

    @property
    def champion(self) -> str | None:
        name: str | None = self.decision.get("champion")
        return name

    @property
    def challenger(self) -> str | None:
        name: str | None = self.decision.get("challenger") or (self.result or {}).get("candidate")
        return name

    @property
    def direction(self) -> Direction:
        return Direction(self._objective.get("direction", Direction.MINIMIZE.value))

    @property
    def _objective(self) -> dict[str, Any]:
        kept: dict[str, Any] = self.decision.get("objective") or {}
        # A declaration leaves out what is usual.
        return {"direction": Direction.MINIMIZE.value, **kept} if kept else {}

    def _candidate(self, name: str | None) -> Candidate | None:
        planned = [each for look in self.looks[:1] for each in look.plan.candidates]
        return next((each for each in planned if each.name == name), None)

    def _label(self, name: str | None) -> str | None:
        version = self.row.champion_version
        return f"{name} (version {version})" if name == CHAMPION and version else name

    def _trial(self, editions: dict[str, Named]) -> TrialPlace | None:
        found = self._candidate(self.challenger)
        if found is None or found.number is None or found.study not in editions:
            return None
        return TrialPlace(study=editions[found.study].id, number=found.number)

    def _editions(self, session: Session) -> dict[str, Named]:
        """Return those that are named and there, by name."""
        found = self._candidate(self.challenger)
        names = {self.row.edition, *self.row.evaluations, *([found.study] if found and found.study else [])}
        rows = session.execute(select(EditionRow.id, EditionRow.name).where(EditionRow.name.in_(names)))
        return {name: Named(id=number, name=name) for number, name in rows}

    def _windows(self) -> list[PeriodNamed]:
        plans = [look.plan for look in self.looks]
        periods: list[Period | None] = [each.period or plan.period for plan in plans for each in plan.scenarios]
        known = [period for period in periods if period]
        if not known or len(known) < len(periods):
            return []
        start, end = min(each.start for each in known), max(each.end for each in known)
        return [PeriodNamed(name=TEST, start=start, end=end)]

    def _candidates(self) -> list[CandidateFound]:
        """Return the finalists, or where none were chosen the challengers with what their study said of them."""
        kept = json.loads(self.row.selection) if self.row.selection else None
        if found := decisions.finalists_of(kept):
            return found
        return [
            CandidateFound(
                label=each["candidate"],
                validated=each["improvement"].get("challenger"),
                tuned=planned.value if (planned := self._candidate(each["candidate"])) else None,
                inflation=None,
            )
            for each in self.decision.get("challengers") or ()
        ]

    def _changes(self) -> list[ParameterChange]:
        old, new = self._candidate(self.champion), self._candidate(self.challenger)
        if new is None:
            return []
        rows = difference(old.params if old else {}, new.params)
        return [ParameterChange(name=row["name"], champion=row["old"], challenger=row["new"]) for row in rows]
