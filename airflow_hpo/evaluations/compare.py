"""Comparison of an evaluation's candidates: the decision, and its storage."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow_hpo.comparison.decision import Decision, Evidence, Verdict, WindowResult
from airflow_hpo.comparison.error_sentence import told_charge
from airflow_hpo.comparison.order import Order, order_of
from airflow_hpo.comparison.report import as_data, markdown, selections_of
from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.core.attempt import TaskTry
from airflow_hpo.core.evaluation import CHAMPION, Candidate, Plan, Scenario
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.trial_key import family_of, without_window
from airflow_hpo.core.window import Period
from airflow_hpo.evaluations.charge import account_of, decided_once
from airflow_hpo.evaluations.run import answered_evaluations, evaluations_frame, require_end
from airflow_hpo.exceptions import ComparisonError
from airflow_hpo.storage import acts, comparisons, editions, error_ledger, evaluations
from airflow_hpo.storage.comparisons import Comparison, Finding
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies.images import images_sentence
from airflow_hpo.studies.store import Store

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison and those who were compared."""

    comparison: Comparison
    candidates: list[Candidate]
    answered: str | None = None
    """What of the evaluations was not measured since the DAG run started, one sentence; None when all was."""

    @property
    def report(self) -> str:
        """The page for people; what was answered is said of this run, and not kept."""
        kept = self.comparison.report
        return f"{kept.rstrip()}\n\n{self.answered}\n" if self.answered else kept

    @property
    def data(self) -> dict[str, Any]:
        """What later tasks need: who is promoted over which version, and the page for people."""
        kept = self.comparison
        challenger = next((each for each in self.candidates if each.name == kept.challenger), None)
        return {
            "comparison": kept.id,
            "verdict": kept.verdict,
            "sentence": kept.sentence,
            "challenger": challenger.to_dict() if challenger else None,
            "parameter_set": kept.parameter_set,
            "champion_version": kept.champion_version,
            "study": kept.family,
            "edition": kept.edition,
            "look": kept.look,
            "next_look": kept.decision["next_look"],
            "evaluations": list(kept.evaluations),
            "answered": self.answered,
            "error": told_charge(kept.decision),
            "report": self.report,
        }


@retried
def compare_evaluations(
    store: Store,
    names: Sequence[str],
    objective: Objective,
    rule: ComparisonRule,
    *,
    look: int = 1,
    selection: Mapping[str, Any] | None = None,
    parameter_set: str | None = None,
    place: TaskTry | None = None,
    since: datetime | None = None,
) -> Compared:
    """Decide on evaluations and keep the decision; the same evaluations in the same run are decided on once."""
    plans = _plans(store, names)
    candidates = _candidates(plans)
    for name in names:
        require_end(store, name)
    champion = next((each for each in candidates if each.role == CHAMPION), None)
    frame = evaluations_frame(store, names)
    order = order_of(_scenarios(plans.values()), rule.dependence)
    windows, paid = _windows(frame, objective, rule, candidates, order)
    said = images_sentence(store, names, "evaluations"), _periods_sentence(plans.values()), _differs(store, candidates)
    mixed = " ".join(filter(None, said))
    origin = _origin(champion, parameter_set, names, selection, place)

    def decide(by: ComparisonRule, alpha: float | None) -> Decision:
        found = _decide(frame, objective, by, champion, look, order, alpha)
        return replace(found, sentence=" ".join(filter(None, (found.sentence, mixed, paid))))

    def finding(decision: Decision) -> Finding:
        task_id = place.task.task_id if place else None
        return _finding(decision, candidates, origin, task_id, mixed, windows=windows, period=_period(plans.values()))

    if champion is None:
        with store.session() as session:
            kept = comparisons.keep(session, finding(decide(rule, None)))
    else:
        about = origin["parameter_set"] or _family(next((each.study for each in candidates if each.study), names[0]))
        account = account_of(about, names[0], plans[names[0]], frame, objective, rule)
        kept = decided_once(store, account, rule, decide, finding)
    return Compared(kept, candidates, answered_evaluations(store, names, since))


def _differs(store: Store, candidates: Iterable[Candidate]) -> str | None:
    """Say in what the tuning of the challengers differs from its file; None where it does not."""
    names = dict.fromkeys(each.study for each in candidates if each.study and each.role != CHAMPION)
    found = [edition for name in names if (edition := store.read(editions.find_one, name))]
    said = [(each.family, (each.differs, store.read(acts.windows_sentence, each.name))) for each in found]
    told = [(family, sentence) for family, sentences in said for sentence in sentences if sentence]
    return " ".join(f"{family}: {sentence}" if len(names) > 1 else sentence for family, sentence in told) or None


@retried
def keep_champion(
    store: Store,
    kept: Mapping[str, Any],
    champion: Candidate,
    objective: Objective,
    rule: ComparisonRule,
    place: TaskTry,
) -> Compared:
    """Store the decision to keep the champion because there is no challenger; ``kept`` has the sentence and the edition."""
    decision = Decision(
        verdict=Verdict.KEEP,
        sentence=kept["sentence"],
        champion=champion.name,
        challenger=None,
        objective=objective,
        rule=rule,
        look=1,
        next_look=None,
        evidence=Evidence(0, 0, 0, (), ()),
        challengers=(),
        variants=(),
    )
    origin = _origin(champion, None, [], None, place)
    with store.session() as session:
        found = comparisons.keep(
            session, _finding(decision, [champion], origin, place.task.task_id, edition=kept["edition"])
        )
    return Compared(found, [champion])


def comparison_rows(
    store: Store, *, family: str | None = None, parameter_set: str | None = None, limit: int = 100
) -> list[dict[str, Any]]:
    """Return comparisons as flat rows, the newest first."""
    found = store.read(comparisons.find, family=family, parameter_set=parameter_set, limit=limit)
    return [_row(each) for each in found]


def _row(kept: Comparison) -> dict[str, Any]:
    results = kept.decision["challengers"]
    best = next((each for each in results if each["candidate"] == kept.challenger), None)
    effect = best["improvement"]["effect"] if best else {}
    worth = best["improvement"].get("effective") if best else None
    charge = kept.decision.get("charge")
    return {
        "comparison": kept.id,
        "study": kept.family,
        "parameter_set": kept.parameter_set,
        "champion_version": kept.champion_version,
        "challenger": kept.challenger,
        "verdict": kept.verdict,
        "better_by": effect["absolute"]["value"] if effect else None,
        "relative": effect["relative"]["value"] if effect and effect["relative"] else None,
        "p_value": best["p_value"] if best else None,
        "scenarios": kept.decision["evidence"]["pairs"],
        "effective": worth["scenarios"] if worth else None,
        "look": kept.look,
        "charged": charge["charged"] if charge else 0.0 if error_ledger.is_counted(kept.decision) else None,
        "left": charge["left"] if charge else None,
        "sentence": kept.sentence,
        "edition": kept.edition,
        "dag_id": kept.dag_id,
        "run_id": kept.run_id,
        "created": kept.created.isoformat(timespec="seconds"),
    }


def _origin(
    champion: Candidate | None,
    parameter_set: str | None,
    names: Sequence[str],
    selection: Mapping[str, Any] | None,
    place: TaskTry | None,
) -> dict[str, Any]:
    """Return what was compared where; a comparison of the same is the same one."""
    return {
        "parameter_set": parameter_set or (champion.parameter_set if champion else None),
        "champion_version": champion.version if champion else None,
        "evaluations": list(names),
        "selection": selection,
        "dag_id": place.task.dag_id if place else None,
        "run_id": place.task.run_id if place else None,
    }


def _candidates(plans: Mapping[str, Plan]) -> list[Candidate]:
    if not plans:
        raise ComparisonError(
            "A comparison takes at least one evaluation, but got none. Evaluate the candidates first."
        )
    look, first = next((name, plan.candidates) for name, plan in plans.items())
    for name, plan in plans.items():
        if plan.candidates != first:
            raise ComparisonError(
                f"All looks of a comparison evaluate the same candidates, but {name!r} has others than {look!r}. "
                "Clear the first evaluation and what follows it."
            )
    return first


def _plans(store: Store, names: Sequence[str]) -> dict[str, Plan]:
    with store.session(read_only=True) as session:
        return {name: evaluations.get(session, name).plan for name in names}


def _scenarios(plans: Iterable[Plan]) -> list[Scenario]:
    """Return the scenarios of all looks, each once."""
    return list({each.name: each for plan in plans for each in plan.scenarios}.values())


def _period(plans: Iterable[Plan]) -> Period | None:
    """Return what the scenarios of all looks reach over; None where one has no dates."""
    periods = [each.period or plan.period for plan in plans for each in plan.scenarios]
    known = [period for period in periods if period]
    if not known or len(known) < len(periods):
        return None
    return Period(start=min(each.start for each in known), end=max(each.end for each in known))


def _periods_sentence(plans: Iterable[Plan]) -> str | None:
    """Say that evaluations of one scenario worked on several periods, because a window was changed between two looks."""
    periods: dict[str, set[str]] = {}
    for plan in plans:
        for scenario in plan.scenarios:
            periods.setdefault(scenario.name, set()).add(str(scenario.period or plan.period))
    several = next((each for each in periods.values() if len(each) > 1), None)
    if several is None:
        return None
    return f"Looks are of several periods: {'; '.join(sorted(several))}. Clear the first one with what follows."


def _windows(
    frame: pd.DataFrame,
    objective: Objective,
    rule: ComparisonRule,
    candidates: Sequence[Candidate],
    order: Order | None,
) -> tuple[tuple[WindowResult, ...], str | None]:
    """Return the results of the tuning windows and which one paid; nothing where there was one."""
    windows = {each.name: each.windows for each in candidates if each.windows and each.role != CHAMPION}
    if not windows:
        return (), None
    from airflow_hpo.comparison.windows import by_window, windows_sentence

    champion = next((each.name for each in candidates if each.role == CHAMPION), None)
    found, mean, pairs = by_window(frame, objective, rule, windows, champion, order)
    return found, windows_sentence(found, mean, pairs, objective, rule)


def _decide(
    frame: pd.DataFrame,
    objective: Objective,
    rule: ComparisonRule,
    champion: Candidate | None,
    look: int,
    order: Order | None,
    alpha: float | None,
) -> Decision:
    # NumPy and SciPy take a second to load, and DAG files import this module by way of the operators.
    from airflow_hpo.comparison.compare import compare
    from airflow_hpo.comparison.first_champion import first_champion

    if champion is None:
        return first_champion(frame, objective, rule, look=look)
    return compare(frame, objective, rule, champion=champion.name, look=look, order=order, alpha=alpha)


def _family(edition: str) -> str:
    """Return the study that people ask for: the one that has one for each tuning window."""
    return without_window(family_of(edition))


def _finding(
    decision: Decision,
    candidates: Sequence[Candidate],
    origin: dict[str, Any],
    task_id: str | None,
    mixed: str = "",
    edition: str | None = None,
    windows: Sequence[WindowResult] = (),
    period: Period | None = None,
) -> Finding:
    data, selection = as_data(decision), origin["selection"]
    same = {name: value for name, value in data.items() if name != "charge"}
    source = next((each for each in candidates if each.windows and each.name == decision.challenger), None)
    source = source or next((each for each in candidates if each.study), None)
    edition = edition or (source and source.study) or origin["evaluations"][0]
    return Finding(
        # Not the decision's words: a later version of this package may say the same in others. Nor what it was charged, which the
        # level of its challengers says, and which is nothing when the same is decided again.
        digest=hashlib.sha256(json.dumps({**origin, **same, "sentence": mixed}, sort_keys=True).encode()).hexdigest(),
        edition=edition,
        family=_family(edition),
        look=decision.look,
        verdict=decision.verdict.value,
        sentence=decision.sentence,
        decision=data,
        report=markdown(decision, selections_of(selection), candidates, windows, period),
        task_id=task_id,
        **origin,
    )
