"""Which start of a DAG run computes afresh, which one answers from the store, and who finds what was computed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.core.afresh import UNKNOWN, RunFacts
from airflow_hpo.core.budget import End
from airflow_hpo.core.evaluation import Candidate, Plan
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.owner import DagRunKey
from airflow_hpo.core.parameter_set import Provenance
from airflow_hpo.core.trial import TrialState
from airflow_hpo.core.warm_start import WarmStart
from airflow_hpo.evaluations.compare import compare_evaluations
from airflow_hpo.evaluations.run import conclude_evaluation, evaluation_requests, open_evaluation
from airflow_hpo.exceptions import ChampionChangedError, StudyNotFoundError
from airflow_hpo.optuna import tables
from airflow_hpo.parameter_sets.moves import promote
from airflow_hpo.storage import generations
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.open import ask_afresh, open_edition, opening_of, run_before
from airflow_hpo.studies.rows import find_edition
from airflow_hpo.studies.status import status
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.suggest import suggest
from tests.integration.evaluated import CHAMPION, LOSS, challenger, evaluated
from tests.integration.studies.test_owner import start
from tests.integration.trial_tasks import Tuned, declared

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
WHO = "ada asked for it."


def facts(clears: int = 0, hours: int = 0, run_type: str = "scheduled", afresh: bool = False) -> RunFacts:
    return RunFacts(clears, NOON + timedelta(hours=hours), run_type, afresh)


def opened(store: Store, seen: RunFacts = UNKNOWN, run_id: str = "r", run: str | None = None) -> str:
    """Start an edition in a DAG run, after any other DAG run that had it, and return its name."""
    study, place, edition_run = declared(), start(run_id=run_id), run or run_id
    before = run_before(store, study, opening_of(store, study, edition_run, place, seen), place)
    return open_edition(store, study, edition_run, place, before, facts=seen).name


def test_a_start_that_is_retried_and_a_run_that_is_cleared_go_on(store: Store) -> None:
    seen = [facts(), facts(), facts(1), facts(2, 5), facts(2, 5)]
    assert {opened(store, each) for each in seen} == {"demo@r"}


@pytest.mark.parametrize("before", [facts(), facts(3, 2)], ids=["as it was", "cleared before"])
def test_a_run_that_was_deleted_and_made_anew_is_another_one(store: Store, before: RunFacts) -> None:
    opened(store, before)
    anew = facts(0, 9)
    assert [opened(store, anew), opened(store, anew), opened(store, facts(1, 10))] == ["demo@r~2"] * 3
    assert store.edition("demo@r~2").afresh == "DAG run 'r' of DAG 'monthly' was deleted and created again."
    assert opened(store, facts(0, 20)) == "demo@r~3"


def test_a_backfill_over_a_run_of_another_type_computes_afresh_and_one_over_a_backfills_run_answers(
    store: Store,
) -> None:
    opened(store, facts())
    once, twice = facts(1, 1, "backfill"), facts(2, 2, "backfill")
    assert [opened(store, once), opened(store, once), opened(store, twice)] == ["demo@r~2"] * 3
    assert store.edition("demo@r~2").afresh == (
        "A backfill reprocesses DAG run 'r' of DAG 'monthly', which was scheduled."
    )


def test_the_word_of_a_runs_conf_counts_once_for_each_clear(store: Store) -> None:
    names = [opened(store, facts(clears, clears, afresh=True)) for clears in (0, 0, 1, 1, 2)]
    assert names == ["demo@r", "demo@r", "demo@r~2", "demo@r~2", "demo@r~3"]
    assert store.edition("demo@r~2").afresh == "The conf of DAG run 'r' of DAG 'monthly' says {\"hpo\": \"afresh\"}."
    assert opened(store, facts(3, 3)) == "demo@r~3"


def test_what_a_person_asks_for_counts_for_the_next_start_alone(store: Store) -> None:
    opened(store, facts())
    assert ask_afresh(store, "demo@r", WHO) == ["demo@r"]
    assert store.edition("demo@r").afresh_wanted == WHO
    names = [opened(store, seen) for seen in (facts(1, 1), facts(1, 1), facts(2, 2))]
    assert names == ["demo@r~2"] * 3
    assert (store.edition("demo@r~2").afresh, store.edition("demo@r~2").afresh_wanted) == (WHO, None)


def test_asking_by_the_name_of_an_earlier_generation_means_the_newest(store: Store) -> None:
    opened(store, facts())
    opened(store, facts(0, 1))
    assert ask_afresh(store, "demo@r~1", WHO) == ["demo@r~2"]


def test_a_run_that_is_continued_on_purpose_stays_one_edition_whatever_becomes_of_its_dag_run(store: Store) -> None:
    seen = [facts(), facts(0, 5), facts(1, 6, "backfill")]
    assert {opened(store, each, run="main") for each in seen} == {"demo@main"}


def test_a_run_that_is_continued_on_purpose_is_computed_afresh_when_a_person_or_a_conf_says_so(store: Store) -> None:
    opened(store, facts(), run="main")
    assert opened(store, facts(0, 1, "manual", afresh=True), "manual", run="main") == "demo@main~2"
    assert opened(store, facts(0, 2), "next", run="main") == "demo@main~2"
    ask_afresh(store, "demo@main", WHO)
    assert opened(store, facts(0, 3), "last", run="main") == "demo@main~3"


def test_what_is_computed_afresh_waits_for_no_other_run_that_works_on_what_was(store: Store) -> None:
    opened(store, facts(), "A", run="main")
    asks, place = facts(0, 1, afresh=True), start(run_id="B")
    found = [opening_of(store, declared(), "main", place, seen) for seen in (facts(0, 1), asks)]
    assert [run_before(store, declared(), each, place) for each in found] == [DagRunKey("monthly", "A"), None]


def test_each_of_two_runs_finds_the_generation_that_it_works_on(store: Store) -> None:
    opened(store, facts(), "A", run="main")
    opened(store, facts(0, 1, afresh=True), "B", run="main")
    found = {run: store.current("demo@main", DagRunKey("monthly", run)).name for run in ("A", "B", "C")}
    assert found == {"A": "demo@main", "B": "demo@main~2", "C": "demo@main~2"}


@pytest.mark.parametrize("later", [facts(0, 1), facts(1, 1, "backfill")], ids=["made anew", "backfill"])
def test_an_edition_of_an_earlier_release_is_never_taken_for_another_run(store: Store, later: RunFacts) -> None:
    opened(store)
    assert opened(store, later) == "demo@r"


def test_groups_that_share_a_study_compute_afresh_together(store: Store) -> None:
    study, names = declared(shared=True), []
    for seen in (facts(), facts(1, 1, afresh=True)):
        for group in ("one", "two"):
            names.append(open_edition(store, study, "r", start(group=group), facts=seen).name)
    assert names == ["demo@r", "demo@r", "demo@r~2", "demo@r~2"]


def test_groups_of_two_dags_join_what_one_of_them_computes_afresh(store: Store) -> None:
    study, asks = declared(shared=True), facts(0, 1, afresh=True)
    open_edition(store, study, "main", start("monthly"), facts=facts())
    names = [
        open_edition(store, study, "main", start(dag_id, run_id="s"), DagRunKey("monthly", "r"), facts=seen).name
        for dag_id, seen in (("monthly", asks), ("weekly", facts(0, 2)), ("monthly", asks))
    ]
    assert names == ["demo@main~2"] * 3


def test_a_run_that_is_called_like_a_generation_has_an_edition_of_its_own(store: Store) -> None:
    opened(store, facts(), "a")
    opened(store, facts(0, 1), "a")
    assert opened(store, facts(0, 2), "a~2") == "demo@a~2~2"
    assert store.current("demo@a~2").run == "a~2"
    opened(store, facts(), "b~2")
    opened(store, facts(), "b")
    assert opened(store, facts(0, 1), "b") == "demo@b~3"
    assert [store.current(f"demo@{name}").name for name in ("b", "b~2")] == ["demo@b~3", "demo@b~2"]


def test_people_mean_the_newest_generation_unless_they_name_one(store: Store) -> None:
    opened(store, facts())
    opened(store, facts(0, 1))
    named = {name: find_edition(store, name).name for name in ("demo", "demo@r", "demo@r~1", "demo@r~2")}
    assert named == {"demo": "demo@r~2", "demo@r": "demo@r~2", "demo@r~1": "demo@r", "demo@r~2": "demo@r~2"}
    with pytest.raises(StudyNotFoundError, match="'demo@r~3' is not"):
        find_edition(store, "demo@r~3")


def test_nothing_of_the_generation_before_is_suggested_counted_or_run(store: Store) -> None:
    first = Tuned(store, declared(max_trials=4))
    for request in first.suggest():
        first.complete(request)
    fresh = open_edition(store, first.study, "r", start("tune"), facts=facts(1, 1, afresh=True)).name
    assert fresh == "demo@r~2"
    assert status(store, fresh).progress.complete == 0
    assert len(suggest(store, fresh, 1)) == 4
    assert status(store, "demo@r").progress.complete == 4


def test_what_a_run_had_begun_before_it_computes_afresh_is_ended_and_its_trials_given_up(store: Store) -> None:
    first = Tuned(store, declared())
    first.started(first.suggest()[0])
    for _ in range(2):
        open_edition(store, first.study, "r", start("tune"), facts=facts(1, 1, afresh=True))
    ended = store.edition("demo@r")
    assert ended.end is End.INCOMPLETE
    assert ended.reason == (
        "DAG run 'r' of DAG 'tune' began to compute afresh before the study ended: 0 of 10 trials are successful."
    )
    assert {record.state for record in store.optuna.records("demo@r")} == {TrialState.FAIL}


def test_a_warm_start_takes_nothing_that_was_computed_afresh_since_then(store: Store) -> None:
    first = Tuned(store, declared(), "r")
    first.complete(first.suggest()[0])
    warm = declared(warm_start=WarmStart(mode="values"))
    fresh = open_edition(store, warm, "r", start("tune"), facts=facts(1, 1, afresh=True)).name
    later = open_edition(store, warm, "s", start("tune", run_id="s"), facts=facts()).name
    assert [len(store.optuna.records(name)) for name in (fresh, later)] == [0, 0]


def test_a_finish_says_how_many_results_are_older_than_its_run(store: Store) -> None:
    tuned = Tuned(store, declared(max_trials=4))
    for request in tuned.suggest():
        tuned.complete(request)
    # Some databases keep whole seconds only, in which all trials of this test may end.
    with store.session() as session:
        for record in store.optuna.records(tuned.name):
            ended = (NOON + timedelta(minutes=record.number)).replace(tzinfo=None)
            mine = tables.trials.c.number == record.number
            session.execute(update(tables.trials).where(mine).values(datetime_complete=ended))
    done = sorted(record.finished for record in store.optuna.records(tuned.name) if record.finished)
    said = {since: finish(store, status(store, tuned.name), since=since) for since in (done[0], done[2], None)}
    assert [said[since].data["answered"] for since in (done[0], None)] == [None, None]
    day = f"{done[0].day} {done[0]:%B %Y}"
    assert said[done[2]].data["answered"] == f"Answered from results of {day}, 2 of 4 trials run."
    later = finish(store, status(store, tuned.name), since=done[-1] + timedelta(hours=1))
    assert f"Answered from results of {day}, 0 of 4 trials run." in later.text


PLAN = Plan(objective=Objective("loss"), candidates=[Candidate("a", {"x": 0.5, "kind": "a"})], scenarios=["rain"])


def planned(store: Store, seen: RunFacts) -> str:
    return open_evaluation(store, PLAN, "demo/validate", "r", start(group="validate"), facts=seen).edition


@pytest.mark.parametrize("again", [facts(1, 1, afresh=True), facts(0, 1)], ids=["conf", "made anew"])
def test_an_evaluation_of_the_same_candidates_is_computed_afresh_too(store: Store, again: RunFacts) -> None:
    first = planned(store, facts())
    fresh = planned(store, again)
    assert fresh == f"{first}~2"
    assert [planned(store, again), planned(store, facts(2, 2))] == [fresh] * 2
    requests = evaluation_requests(store, open_evaluation(store, PLAN, "demo/validate", "r", start(group="validate")))
    assert {request.study for request in requests} == {fresh}


def test_who_asks_for_a_study_asks_for_the_evaluations_of_its_run(store: Store) -> None:
    opened(store, facts())
    opened(store, facts(), "other")
    first = planned(store, facts())
    assert ask_afresh(store, "demo@r", WHO) == ["demo@r", first]
    assert planned(store, facts(1, 1)) == f"{first}~2"
    assert store.edition("demo@other").afresh_wanted is None


def test_who_asks_for_the_study_of_one_window_asks_for_the_evaluations_of_all(store: Store) -> None:
    for window in ("16w-8w", "32w-24w"):
        open_edition(store, declared(name=f"demo/{window}"), "r", start(group=f"tune_{window}"), facts=facts())
    evaluation = planned(store, facts())
    assert ask_afresh(store, "demo/16w-8w@r", WHO) == ["demo/16w-8w@r", evaluation]


def test_an_evaluation_and_a_comparison_say_what_they_answered(store: Store) -> None:
    values = {"champion": [1.0] * 6, "trial 7": [0.8, 0.9, 0.7, 0.8, 0.9, 0.7]}
    name = evaluated(store, values, [challenger(7), CHAMPION])
    later = datetime.now(UTC) + timedelta(hours=1)
    outcome = conclude_evaluation(store, name, later)
    assert outcome.data["answered"] == outcome.answered
    assert outcome.answered
    assert outcome.answered.endswith("0 of 12 trials run.")
    fresh, again = (compare_evaluations(store, [name], LOSS, ComparisonRule(), since=s) for s in (None, later))
    assert (fresh.answered, again.answered) == (None, outcome.answered)
    assert again.data["report"].rstrip().endswith(outcome.answered)
    assert again.comparison == fresh.comparison


def key(store: Store, tuned: str, *names: str) -> str:
    return "monthly/r" + store.read(generations.computed, tuned, names)


def test_what_a_run_computed_afresh_is_promoted_though_the_run_has_promoted_before(store: Store) -> None:
    origin, first = Provenance(dag_id="monthly"), key(store, "demo@r")
    assert opened(store, facts()) == "demo@r"
    assert first == key(store, "demo@r") == "monthly/r"
    promote(store, "demo", {"x": 1}, expected="any", key=first, provenance=origin)
    with pytest.raises(ChampionChangedError, match="`airflow hpo studies afresh`"):
        promote(store, "demo", {"x": 2}, expected="any", key=first, provenance=origin)
    fresh = key(store, opened(store, facts(0, 1)))
    made = [promote(store, "demo", {"x": 2}, expected="any", key=fresh, provenance=origin) for _ in range(2)]
    assert [(move.made.version, move.repeated) for move in made] == [(2, False), (2, True)]


def test_each_evaluation_that_is_computed_afresh_has_a_promotion_of_its_own(store: Store) -> None:
    names = [planned(store, facts()), planned(store, facts(0, 1)), planned(store, facts(0, 2))]
    assert [key(store, "demo@r", name) for name in names] == ["monthly/r", "monthly/r~1.2", "monthly/r~1.3"]
