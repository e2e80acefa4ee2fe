"""Charges of comparisons: a decision and what it costs of the error budget are written down together, once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow_hpo.comparison.allowance import Charge, Charged, Claim, Seen, charge_for, charged_before
from airflow_hpo.comparison.decision import Decision
from airflow_hpo.comparison.error_budget import ErrorBudget
from airflow_hpo.comparison.reachable import can_promote
from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.core.declared import fingerprint
from airflow_hpo.core.evaluation import FAILURE, Plan
from airflow_hpo.core.objective import Objective
from airflow_hpo.storage import comparisons, error_ledger
from airflow_hpo.storage.column_types import utc_now
from airflow_hpo.storage.comparisons import Comparison, Finding
from airflow_hpo.storage.error_ledger import Entry
from airflow_hpo.storage.locks import study_lock
from airflow_hpo.studies.store import Store

if TYPE_CHECKING:
    import pandas as pd

Decide = Callable[[ComparisonRule, float | None], Decision]


@dataclass(frozen=True, slots=True)
class Account:
    """What a comparison is charged to, and for what."""

    parameter_set: str
    """Whose champion it is about; the study's name, where no set is named."""
    digest: str
    """Of what was measured and asked."""
    claim: Claim


def account_of(
    parameter_set: str, evaluation: str, plan: Plan, frame: pd.DataFrame, objective: Objective, rule: ComparisonRule
) -> Account:
    """Return the account of a comparison: that of its first look, which all looks share.

    An evaluation that ran again is another measurement. What the error is held over is not a part of the question: who changes that
    asks the same thing again.
    """
    rows = frame[frame["evaluation"] == evaluation] if len(frame) else frame
    measured = sorted((int(number), str(failed)) for number, failed in zip(rows["number"], rows[FAILURE]))
    asked = rule.model_copy(update={"error": ErrorBudget()}).to_dict()
    known = [parameter_set, evaluation, measured, objective.to_dict(), asked]
    digest = hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()
    return Account(parameter_set, digest, _claim(plan, utc_now()))


def decided_once(
    store: Store, account: Account, rule: ComparisonRule, decide: Decide, finding: Callable[[Decision], Finding]
) -> Comparison:
    """Decide with what the budget has left, and write decision and charge down in one transaction.

    The lock makes comparisons of a parameter set that are decided at once wait for each other. One that is repeated after a kill finds
    its entry, and decides the same for nothing.
    """
    name = f"/comparisons of {account.parameter_set}"
    with study_lock(store.database, name, store.lock_timeout) as locked, store.within(locked).session() as session:
        known = error_ledger.entries(session, account.parameter_set)
        own = next((each for each in known if each.digest == account.digest), None)
        uncounted = error_ledger.not_counted(session, account.parameter_set)
        if own is None and uncounted:
            as_before = finding(decide(rule.model_copy(update={"error": ErrorBudget()}), None))
            if (found := comparisons.find_same(session, as_before.digest)) is not None:
                return found
        others = [_charged(each) for each in known if each is not own]
        charge = charge_for(rule, others, account.claim)
        if own is not None:
            charge = charged_before(rule, [_charged(each) for each in known], charge, own.level)
        decision = decide(rule, charge.level)
        if own is None and decision.next_look is None and not can_promote(decision):
            charge = charge.for_nothing()
        charge = replace(charge, not_counted=uncounted)
        kept = comparisons.keep(session, finding(replace(decision, charge=charge)))
        if own is None:
            error_ledger.charge(session, _entry(account, kept.id, charge))
        return kept


def _claim(plan: Plan, now: datetime) -> Claim:
    seen = []
    for each in plan.scenarios:
        period = each.period or plan.period
        start, end = (period.start, period.end) if period else (None, None)
        seen.append(Seen(each.name, fingerprint(each.values), start, end, cut=each.period is not None))
    # What is to come has not been seen, whatever a scenario's period says.
    until = min(max((each.end for each in seen if each.end), default=now), now)
    since = min([until, *(each.start for each in seen if each.start)])
    return Claim(since, until, tuple(seen))


def _charged(entry: Entry) -> Charged:
    return Charged(entry.since, entry.until, tuple(_seen(each) for each in entry.scenarios), entry.charged)


def _entry(account: Account, comparison: int, charge: Charge) -> Entry:
    return Entry(
        parameter_set=account.parameter_set,
        digest=account.digest,
        comparison_id=comparison,
        since=account.claim.since,
        until=account.claim.until,
        scenarios=[_plain(each) for each in account.claim.scenarios],
        level=charge.level,
        charged=charge.charged,
    )


def _plain(seen: Seen) -> dict[str, Any]:
    ends = {"start": seen.start, "end": seen.end}
    times = {name: moment.isoformat() for name, moment in ends.items() if moment}
    return {"name": seen.name, "digest": seen.digest, "cut": seen.cut, **times}


def _seen(kept: Mapping[str, Any]) -> Seen:
    start, end = (datetime.fromisoformat(kept[name]) if name in kept else None for name in ("start", "end"))
    return Seen(kept["name"], kept["digest"], start, end, kept["cut"])
