from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from airflow_hpo.core.attempt import Attempt, TaskRun
from airflow_hpo.core.bottleneck import sentences
from airflow_hpo.core.forecast import Forecast, Work, wall_time
from airflow_hpo.core.phases import Phase
from airflow_hpo.core.timed import Limit, Timed, growth_of, limit_of, node_limit, overlaps
from airflow_hpo.core.trial import AttemptOutcome
from airflow_hpo.core.waiting import Waiting, WaitsFor

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = 60.0


def timed(begun: float, running: float, **others: float) -> Timed:
    return Timed(begun, {Phase.RUNNING: running, **{Phase[name]: value for name, value in others.items()}})


def continuous(number: int, slots: int, nodes: int, run: float) -> list[Timed]:
    """What a study measures on a cluster with places for so many pods."""
    free, placed, found = [0.0] * slots, [0.0] * nodes, []
    for _ in range(number):
        free.sort()
        placed.sort()
        begun = free.pop(0)
        start = max(begun, placed.pop(0))
        placed.append(start + run)
        free.append(start + run)
        found.append(timed(begun, run, SCHEDULING=start - begun, CREATION=0.0))
    return found


def attempt(**more: object) -> Attempt:
    known = Attempt("s@r", 0, 1, TaskRun("d", "r", "t"), "pod", NOON, seconds={Phase.POOL: 4.0})
    return replace(known, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (attempt(seconds=None), None),
        (attempt(waits_for=str(Waiting(WaitsFor.QUOTA))), {"pool": 4, "creation": 600}),
        (attempt(waits_for=str(Waiting(WaitsFor.NODE))), {"pool": 4, "scheduling": 600}),
        (attempt(waits_for=str(Waiting(WaitsFor.IMAGE))), {"pool": 4, "image pull": 600}),
        (attempt(waits_for=str(Waiting(WaitsFor.VOLUME))), {"pool": 4, "start": 600}),
        (attempt(), {"pool": 4, "running": 600}),
        (attempt(seconds={Phase.POOL: 4.0, Phase.SCHEDULING: 90.0}), {"pool": 4, "scheduling": 90, "running": 510}),
        (attempt(finished=NOON, outcome=AttemptOutcome.LOST), None),
    ],
)
def test_an_attempt_that_goes_on_spends_its_time_with_what_it_waits_for(given: Attempt, seconds: object) -> None:
    found = Timed.of(given, NOON + timedelta(minutes=10))
    assert (found and found.seconds) == seconds


def test_attempts_overlap_by_how_many_went_on_with_each_on_average() -> None:
    assert overlaps([timed(0, 10), timed(5, 10), timed(20, 1), timed(30, 0)]) == [1.5, 1.5, 1, 1]


def test_a_cluster_with_places_for_three_of_five_pods_is_a_limit_of_three() -> None:
    assert node_limit(continuous(20, slots=5, nodes=3, run=60)) == Limit(3, 720)


def test_nodes_that_take_time_to_start_are_no_limit() -> None:
    five = [timed(i, 600, SCHEDULING=180.0) for i in range(5)]
    assert node_limit(five) is None
    assert limit_of([], []) is None


def test_a_growth_is_seen_only_where_numbers_differ_and_noise_does_not_explain_it() -> None:
    numbers = [2.0, 2, 2, 10, 10, 10]
    grows = growth_of(numbers, [2.3, 2.4, 2.2, 9.1, 9.0, 9.2])
    assert grows
    assert (grows.at(10), grows.times(2, 10)) == pytest.approx((9.1, 9.1 / 2.3))
    assert growth_of([5.0] * 6, [1, 2, 3, 4, 5, 6]) is None
    assert growth_of(numbers, [1, 9, 1, 9, 1, 9]) is None
    assert growth_of(numbers, [9, 9, 9, 2, 2, 2.1]) is None


def test_five_of_five_pods_that_waited_for_a_node_are_said_so() -> None:
    pods = [timed(i, 10 * MINUTE, POOL=1.0, SCHEDULING=8.2 * MINUTE) for i in range(5)]
    [said] = sentences(pods, slots=5)
    assert said.startswith("5 of 5 pods waited for a node, 41 min 00 s in all (45% of the time of all attempts).")
    assert "More slots do not make that faster." in said


def test_a_cluster_that_takes_three_pods_at_once_is_said_so() -> None:
    said = sentences(continuous(20, slots=5, nodes=3, run=60), slots=5)
    assert said[0].startswith("12 of 20 pods waited for a node, 12 min 00 s in all")
    assert said[1:] == ["No more than 3 of 5 had a node at once."]


def test_waits_that_are_short_or_a_small_part_are_not_worth_a_sentence() -> None:
    assert sentences([timed(i, 1.0, SCHEDULING=8.0) for i in range(5)], 5) == []
    assert sentences([timed(i, 3600.0, SCHEDULING=80.0) for i in range(5)], 5) == []
    assert sentences([], 5) == []


def shared(slots: int, seconds: float, begun: float) -> list[Timed]:
    return [timed(begun + i / 100, seconds + i / 10) for i in range(slots)]


def test_programs_that_take_longer_the_more_of_them_run_share_something() -> None:
    known = [*shared(2, 60, 0), *shared(2, 60, 1000), *shared(10, 220, 5000)]
    [said] = sentences(known, slots=10)
    assert said.startswith("The programs took 60 s with 2 at once and 22")
    assert "they share something" in said


def test_a_place_of_the_programs_own_is_a_bottleneck_when_it_takes_longer_with_more_at_once() -> None:
    def asked(slots: int, seconds: float, begun: float) -> list[Timed]:
        return [replace(one, spans={"query": seconds, "load": 22.0}) for one in shared(slots, seconds + 25, begun)]

    same = asked(5, 75, 0)
    assert sentences(same, 5) == [
        "The programs spent 75% of their time in 'query'.",
        "The programs spent 22% of their time in 'load'.",
    ]
    busy = [*asked(2, 25, 0), *asked(2, 25, 1000), *asked(10, 225, 5000)]
    first, second = sentences(busy, slots=10)
    assert first.startswith("The programs took 5")
    assert first.endswith("More slots do not make that faster.")
    # What holds for both is told once.
    assert (
        second == "9 of 10 slots waited for 'query' on average: it took 25 s with 2 at once and 225 s with 10 at once."
    )


@pytest.mark.parametrize(
    ("batch", "places", "seconds"),
    [
        (1, None, 40),  # the second slot: 10, 10, 10; the first one: 30, 10
        (2, None, 50),  # 30 | 10, then 10, 10, then 10
        (1, 1, 70),  # one place for all
    ],
)
def test_the_wall_time_is_that_of_the_list_by_dispatch_and_places(
    batch: int, places: int | None, seconds: float
) -> None:
    work = [Work(0, needs, 0) for needs in (30, 10, 10, 10, 10)]
    assert wall_time(work, 2, batch, places) == seconds


def test_waits_before_and_after_a_program_hold_its_slot() -> None:
    assert wall_time([Work(5, 10, 1)] * 4, 2) == 32
    assert wall_time([], 2) == 0


def test_twice_as_many_at_once_take_half_the_time_until_a_limit() -> None:
    free = Forecast([[timed(i, 60) for i in range(5)]])
    assert [round(free.plan(100, slots).continuous) for slots in (5, 10, 20)] == [1200, 600, 300]
    assert all(free.plan(100, slots).pays for slots in (5, 10, 20))
    limited = Forecast([continuous(40, slots=10, nodes=8, run=60)])
    assert limited.nodes == 8
    five, ten = limited.plan(80, 5), limited.plan(80, 10)
    assert (five.continuous, ten.continuous, limited.plan(80, 20).continuous) == (960, 600, 600)
    assert (five.pays, ten.pays, ten.saves) == (True, False, 0)


def test_a_forecast_of_fewer_attempts_than_were_measured_is_made_of_all_editions() -> None:
    forecast = Forecast([[timed(0, 100), timed(0, 100)], [timed(0, 10), timed(0, 10)]])
    assert [forecast.plan(number, 1).continuous for number in (2, 4, 6)] == [110, 220, 420]


def test_what_grew_with_the_number_at_once_is_forecast_to_grow_on() -> None:
    known = [*shared(2, 60, 0), *shared(2, 60, 1000), *shared(10, 300, 5000)]
    forecast = Forecast([known])
    assert forecast.growths.keys() == {Phase.RUNNING}
    # Each of 20 takes ten times as long as each of 2: nothing is gained.
    two, twenty = forecast.plan(200, 2).continuous, forecast.plan(200, 20).continuous
    assert two == pytest.approx(twenty, rel=0.05)
    assert not forecast.plan(200, 10).pays


def test_a_pool_that_runs_three_tasks_at_once_holds_more_slots_up() -> None:
    held = continuous(30, slots=5, nodes=3, run=60)
    pooled = [timed(one.placed[0], 60, POOL=one.seconds[Phase.SCHEDULING]) for one in held]
    forecast = Forecast([pooled])
    assert (forecast.tasks, forecast.nodes) == (3, None)
    assert forecast.plan(30, 5).continuous == forecast.plan(30, 3).continuous == 600
