"""What comparisons are charged of the error budget of their parameter set."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.core.attempt import TaskRun, TaskTry
from airflow_hpo.core.trial import FailureKind
from airflow_hpo.evaluations import compare as compare_module
from airflow_hpo.evaluations.charge import Account, Decide
from airflow_hpo.evaluations.compare import Compared, compare_evaluations, comparison_rows
from airflow_hpo.evaluations.run import evaluation_requests
from airflow_hpo.storage import comparisons, error_ledger, evaluations, migrate
from airflow_hpo.storage.comparisons import Comparison
from airflow_hpo.storage.error_ledger import Entry
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.invalidate import invalidate
from tests.integration.evaluated import CHAMPION, LOSS, challenger, evaluated

NEW = challenger(7)
OLD = [10.0, 12.0, 11.0, 14.0, 13.0, 12.5, 11.5, 12.2]
BETTER = [value - 1 - number / 10 for number, value in enumerate(OLD)]
EQUAL = [value + (0.5, -0.5)[number % 2] + number / 1000 for number, value in enumerate(OLD)]
SINCE = datetime(2026, 3, 1, tzinfo=UTC)


def both(store: Store, new: list, run: str = "r", since: datetime | None = SINCE, **options) -> str:
    values = {"champion": OLD[: len(new)], "trial 7": new}
    return evaluated(store, values, [NEW, CHAMPION], run=run, since=since, **options)


def compared(store: Store, *names: str, run: str = "r1", look: int = 1, **rule) -> Compared:
    place = TaskTry(TaskRun("retune", run, "test.compare_1"))
    return compare_evaluations(store, names, LOSS, ComparisonRule(**rule), place=place, look=look)


def ledger(store: Store) -> list[Entry]:
    return store.read(error_ledger.entries, "demo/tokyo")


def charged(store: Store) -> list[float | None]:
    return [row["charged"] for row in comparison_rows(store)][::-1]


@pytest.fixture
def before(store: Store, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Compared]:
    """A comparison as the release before decided and kept it, in its tables, which were upgraded then."""

    def kept(store: Store, _: Account, rule: ComparisonRule, decide: Decide, finding: Any) -> Comparison:
        with store.session() as session:
            return comparisons.keep(session, finding(decide(rule, None)))

    migrate.downgrade(store.database, "0010")
    name = both(store, BETTER, run="before")
    with monkeypatch.context() as older:
        older.setattr(compare_module, "decided_once", kept)
        found = compared(store, name)
    migrate.upgrade(store.database)
    return name, found


def test_a_comparison_from_before_is_not_counted_and_says_so(store: Store, before: tuple[str, Compared]) -> None:
    assert (ledger(store), charged(store)) == ([], [None])
    found = compared(store, both(store, EQUAL))
    assert charged(store) == [None, pytest.approx(0.04)]
    assert "1 comparison is not counted: from before scenarios were kept." in found.report


def test_the_same_is_known_by_the_digest_that_the_release_before_gave_it(
    store: Store, before: tuple[str, Compared]
) -> None:
    kept = before[1].comparison
    names = ("parameter_set", "champion_version", "evaluations", "selection", "dag_id", "run_id")
    known = {**{name: getattr(kept, name) for name in names}, **kept.decision, "sentence": ""}
    assert "charge" not in kept.decision
    assert kept.digest == hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


def test_a_task_of_before_that_is_cleared_answers_as_before(store: Store, before: tuple[str, Compared]) -> None:
    name, found = before
    assert compared(store, name).data == found.data
    assert (ledger(store), len(comparison_rows(store))) == ([], 1)


def test_a_comparison_keeps_what_it_was_charged_with_the_scenarios_that_it_used(store: Store) -> None:
    found = compared(store, both(store, BETTER))
    (entry,) = ledger(store)
    assert (entry.comparison_id, entry.level, entry.charged) == (found.comparison.id, *[pytest.approx(0.04)] * 2)
    assert (entry.since, entry.until) == (SINCE, SINCE + timedelta(days=len(OLD)))
    assert [each["name"] for each in entry.scenarios] == [f"day {number}" for number in range(len(OLD))]
    assert comparison_rows(store)[0]["left"] == pytest.approx(0.01)


def test_the_report_and_later_tasks_are_told_what_is_left(store: Store) -> None:
    found = compared(store, both(store, BETTER))
    said = "this comparison may err with 4 %, 1 % is left for others on the same data, and a month of new data brings 1.25 %."
    assert said in found.report
    assert said in found.data["error"]
    assert "Allowed error: 4 %" in found.report


def test_what_answers_from_the_store_costs_nothing(store: Store) -> None:
    name = both(store, BETTER)
    assert compared(store, name).data == compared(store, name).data
    assert (len(ledger(store)), len(comparison_rows(store))) == (1, 1)


def test_the_same_results_in_another_run_are_decided_at_the_same_level_for_nothing(store: Store) -> None:
    name = both(store, BETTER)
    first, second = compared(store, name), compared(store, name, run="r2")
    assert charged(store) == [pytest.approx(0.04), 0.0]
    levels = [each.comparison.decision["challengers"][0]["level"] for each in (first, second)]
    assert levels[0] == levels[1]
    assert "which was charged before, 1 % is left" in second.report


def test_a_rerun_on_the_same_days_is_charged_of_what_is_left(store: Store) -> None:
    found = [compared(store, both(store, EQUAL, run=f"r{number}"), run=f"r{number}") for number in range(3)]
    # With the 0.16 % that are left then, eight scenarios can promote nothing.
    assert charged(store) == pytest.approx([0.04, 0.008, 0.0])
    assert "An earlier comparison had used 8 of its 8 scenarios." in found[1].report


def test_an_evaluation_that_was_measured_again_is_charged(store: Store) -> None:
    name = both(store, BETTER)
    compared(store, name)
    taken_back = next(each for each in evaluation_requests(store, store.read(evaluations.get, name)))
    invalidate(store, name, taken_back.number, "It was wrong.")
    compared(store, name)
    assert charged(store) == pytest.approx([0.04, 0.008])


def test_new_days_bring_what_their_time_is_worth(store: Store) -> None:
    for number in range(2):
        since = SINCE + number * timedelta(days=365)
        compared(store, both(store, EQUAL, run=f"r{number}", since=since), run=f"r{number}")
    assert charged(store) == pytest.approx([0.04, 0.04])


def test_a_changed_champion_resets_nothing(store: Store) -> None:
    compared(store, both(store, BETTER))
    moved = CHAMPION.model_copy(update={"version": 4, "params": NEW.params})
    name = evaluated(store, {"champion": OLD, "trial 8": BETTER}, [moved, challenger(8)], run="r2", since=SINCE)
    compared(store, name, run="r2")
    assert charged(store) == pytest.approx([0.04, 0.008])


def test_all_looks_are_charged_once_at_the_first(store: Store) -> None:
    first = both(store, EQUAL)
    compared(store, first, looks=2)
    compared(store, first, both(store, BETTER, first_replicate=2), looks=2, look=2)
    assert charged(store) == pytest.approx([0.04, 0.0])
    assert len(ledger(store)) == 1


def test_another_question_to_the_same_results_is_charged(store: Store) -> None:
    name = both(store, BETTER)
    compared(store, name)
    compared(store, name, min_improvement=0.1)
    assert charged(store) == pytest.approx([0.04, 0.008])


def test_each_by_itself_has_its_whole_alpha_and_is_counted_all_the_same(store: Store) -> None:
    for number in range(2):
        compared(store, both(store, EQUAL, run=f"r{number}"), run=f"r{number}", error="each")
    found = compared(store, both(store, BETTER, run="r2"), run="r2")
    assert charged(store)[:2] == [0.05, 0.05]
    assert "nothing is left" in found.report
    assert found.comparison.verdict != "promote"


@pytest.mark.parametrize(
    "new",
    [BETTER[:3], [*BETTER[:5], *[FailureKind.INFRASTRUCTURE] * 3], [*BETTER[:7], None]],
    ids=["too few", "too much is missing", "barred"],
)
def test_what_can_promote_nothing_is_charged_nothing(store: Store, new: list) -> None:
    found = compared(store, both(store, new))
    assert found.comparison.verdict != "promote"
    assert charged(store) == [0.0]
    assert "was charged nothing, 5 % is left" in found.report


def test_parameter_sets_have_ledgers_of_their_own(store: Store) -> None:
    for name in ("demo/tokyo", "demo/osaka"):
        compare_evaluations(store, [both(store, BETTER, run=name[5:])], LOSS, ComparisonRule(), parameter_set=name)
    assert charged(store) == pytest.approx([0.04, 0.04])


def test_two_that_decide_at_once_are_charged_one_after_the_other(store: Store) -> None:
    names = [both(store, EQUAL, run=f"r{number}") for number in range(2)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: compared(store, names[number % 2], run=f"r{number % 2}"), range(4)))
    assert sorted(each.charged for each in ledger(store)) == pytest.approx([0.008, 0.04])
    assert len(comparison_rows(store)) == 2


def test_a_kill_between_decision_and_charge_leaves_neither(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    name = both(store, BETTER)
    with monkeypatch.context() as broken:
        broken.setattr(error_ledger, "charge", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            compared(store, name)
    assert (ledger(store), comparison_rows(store)) == ([], [])
    compared(store, name)
    assert charged(store) == [pytest.approx(0.04)]
