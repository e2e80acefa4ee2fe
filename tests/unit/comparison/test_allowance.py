"""What a comparison may spend of its error budget."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import accumulate

import pytest

from airflow_hpo.comparison.allowance import Charge, Charged, Claim, Seen, charge_for, most_allowed
from airflow_hpo.comparison.error_budget import LEAST, ErrorBudget
from airflow_hpo.comparison.error_sentence import charge_sentences
from airflow_hpo.comparison.rule import ComparisonRule

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MONTH = timedelta(days=365 / 12)
RULE = ComparisonRule()


def weeks(until: datetime, count: int = 8) -> Claim:
    """Return a window of some weeks, cut into days."""
    days = [until - timedelta(days=number) for number in range(7 * count, 0, -1)]
    seen = [Seen(f"{day:%Y-%m-%d}", "", day, day + timedelta(days=1), cut=True) for day in days]
    return Claim(days[0], until, tuple(seen))


def charges(rule: ComparisonRule, claims: Iterable[Claim]) -> list[Charge]:
    """Return the charges of comparisons, one after another."""
    past: list[Charged] = []
    found = []
    for claim in claims:
        found.append(charge_for(rule, past, claim))
        past.append(Charged(claim.since, claim.until, claim.scenarios, found[-1].charged))
    return found


def levels(rule: ComparisonRule, claims: Iterable[Claim]) -> list[float]:
    return [each.level for each in charges(rule, claims)]


def test_reruns_on_one_window_may_err_no_more_than_one_comparison() -> None:
    found = levels(RULE, [weeks(NOW)] * 12)
    assert found == sorted(found, reverse=True)
    assert sum(found) <= RULE.alpha + 12 * LEAST


@pytest.mark.parametrize("every", [timedelta(days=7), MONTH, 3 * MONTH], ids=str)
@pytest.mark.parametrize("budget", [ErrorBudget(), ErrorBudget(years=1), ErrorBudget(years=2, among=12)], ids=str)
def test_in_no_year_is_more_spent_than_the_budget(every: timedelta, budget: ErrorBudget) -> None:
    count = timedelta(days=730) // every
    found = [0.0, *accumulate(levels(ComparisonRule(error=budget), [weeks(NOW + n * every) for n in range(count)]))]
    a_year = timedelta(days=365) // every
    spent = max(found[min(n + a_year, count)] - found[n] for n in range(count))
    assert spent <= budget.a_year * (1 + 1e-9)


def test_a_month_of_new_data_brings_a_twelfth_of_what_comes_in() -> None:
    found = charges(RULE, [weeks(NOW + n * MONTH) for n in range(24)])
    assert found[-1].level == pytest.approx(found[-1].a_month, rel=1e-6)
    assert found[0].level == pytest.approx(most_allowed(RULE))


def test_only_the_part_of_a_window_that_is_new_brings_something() -> None:
    half, whole = (levels(RULE, [weeks(NOW), weeks(NOW + timedelta(weeks=n))])[1] for n in (4, 8))
    used_up = levels(RULE, [weeks(NOW)] * 2)[1]
    assert whole - used_up == pytest.approx(2 * (half - used_up))


def test_earlier_months_in_any_order_cost_the_same_in_all() -> None:
    months = [weeks(NOW + n * MONTH, count=4) for n in range(6)]
    assert sum(levels(RULE, months[::-1])) == pytest.approx(sum(levels(RULE, months)), rel=0.15)


def test_data_without_a_time_are_charged_by_the_time_of_the_comparison() -> None:
    listed = (Seen("monday", ""), Seen("tuesday", ""))
    at_once, later = (
        levels(RULE, [Claim(at, at, listed) for at in (NOW, NOW + wait)])[1] for wait in (0 * MONTH, MONTH)
    )
    assert at_once < later


def test_a_changed_rule_resets_nothing() -> None:
    claim = weeks(NOW)
    spent = charges(ComparisonRule(error="each"), [claim])[0].charged
    past = [Charged(claim.since, claim.until, claim.scenarios, spent)]
    other = ComparisonRule(alpha=0.04, error=ErrorBudget(years=4))
    assert charge_for(RULE, past, claim).level == LEAST
    assert charge_for(other, past, claim).level < charge_for(other, [], claim).level / 4


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (lambda n: Seen(f"day {n}", "", NOW + n * MONTH, NOW + (n + 1) * MONTH, cut=True), 1),
        (lambda n: Seen("one", "", NOW + n * MONTH, NOW + (n + 1) * MONTH), 0),
        (lambda n: Seen("one", ""), 1),
        (lambda n: Seen("one", str(n)), 0),
        (lambda n: Seen(f"one {n}", "", NOW, NOW + MONTH), 0),
    ],
    ids=["cut otherwise", "later data", "the same", "other values", "another one of the same days"],
)
def test_a_scenario_is_known_by_its_data_its_name_and_its_values(change: Callable[[int], Seen], seen: int) -> None:
    first, second = change(0), change(1)
    if first.cut:
        second = Seen(second.name, "", NOW + MONTH / 2, NOW + MONTH, cut=True)
    past = [Charged(NOW, NOW, (first,), 0.01)]
    assert charge_for(RULE, past, Claim(NOW, NOW, (second,))).seen == seen


def test_the_sentence_says_what_is_left_and_what_was_used_before() -> None:
    said = charge_sentences(RULE, charges(RULE, [weeks(NOW), weeks(NOW + timedelta(weeks=4))])[1])
    assert said == (
        "Error budget, at most one false promotion in 5 years: this comparison may err with 1.72 %, 0.43 % is left for others on the "
        "same data, and a month of new data brings 1.25 %. An earlier comparison had used 28 of its 56 scenarios."
    )


def test_each_comparison_by_itself_says_how_many_were_before_it() -> None:
    rule = ComparisonRule(error="each")
    said = [charge_sentences(rule, each) for each in charges(rule, [weeks(NOW), weeks(NOW + 12 * MONTH)])]
    assert said == [
        "Each comparison by itself: this one may err with 5 %.",
        "Each comparison by itself: this one may err with 5 %, and the 1 before it of the same parameter set err besides.",
    ]
