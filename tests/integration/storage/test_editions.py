from __future__ import annotations

from datetime import UTC, datetime, timedelta
from multiprocessing import get_context

import pytest
import time_machine

from airflow_hpo.core.afresh import RunFacts
from airflow_hpo.core.budget import End
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.space.space import Categorical, Float
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import TrialRecord, TrialState
from airflow_hpo.exceptions import StudyNotFoundError
from airflow_hpo.storage import editions
from airflow_hpo.storage.database import Database

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def study(name: str = "dispatch", **changed) -> Study:
    space = {"y": Float(0, 1), "x": Categorical(["a", None, True])}
    return Study(**{"name": name, "objective": Objective("loss"), "space": space, "max_trials": 9, **changed})


def open_(database: Database, declared: Study, run: str = "r1", **owner):
    with database.session() as session:
        return editions.declare(session, declared, run, **owner)


def test_an_opened_edition_knows_its_declaration_and_its_owner(database: Database):
    with time_machine.travel(NOON, tick=False):
        open_(database, study(), dag_id="tune", run_id="r1", group_id="hpo")
    with database.session(read_only=True) as session:
        edition = editions.get(session, "dispatch@r1")
    assert edition.study == study()
    assert list(edition.study.space) == ["y", "x"]
    assert (edition.family, edition.run) == ("dispatch", "r1")
    assert (edition.dag_id, edition.run_id, edition.group_id) == ("tune", "r1", "hpo")
    assert (edition.created, edition.started, edition.finished) == (NOON, NOON, None)
    assert edition.created.utcoffset() == timedelta(0)


def test_an_edition_never_ends_before_it_began_although_the_clock_went_back(database: Database):
    with time_machine.travel(NOON, tick=False):
        open_(database, study())
    with time_machine.travel(NOON - timedelta(hours=1), tick=False), database.session() as session:
        assert editions.finish(session, "dispatch@r1", End.MAX_TRIALS, "All are done.").finished == NOON


def test_opening_again_changes_nothing(database: Database):
    assert open_(database, study()) == open_(database, study())


def test_opening_with_another_budget_takes_it_over(database: Database):
    open_(database, study())
    assert open_(database, study(max_trials=50)).study.max_trials == 50


def test_a_finished_edition_that_is_opened_goes_on_from_now(database: Database):
    open_(database, study())
    with database.session() as session:
        editions.request_stop(session, "dispatch@r1", "enough")
        editions.finish(session, "dispatch@r1", End.STOPPED, "The study was stopped: enough")
    with time_machine.travel(NOON + timedelta(days=9000), tick=False):
        edition = open_(database, study())
    assert (edition.finished, edition.end, edition.reason, edition.stop_reason) == (None, None, None, None)
    assert edition.started == NOON + timedelta(days=9000) > edition.created


def test_a_stop_survives_a_start_that_is_retried(database: Database):
    open_(database, study())
    with database.session() as session:
        editions.request_stop(session, "dispatch@r1", "enough")
    assert open_(database, study()).stop_reason == "enough"


def test_the_first_reason_to_stop_is_kept(database: Database):
    open_(database, study())
    with database.session() as session:
        editions.request_stop(session, "dispatch@r1", "enough")
        assert editions.request_stop(session, "dispatch@r1", "really").stop_reason == "enough"


def test_finishing_again_tells_the_newest_best(database: Database):
    open_(database, study())
    for number, value in ((3, 0.5), (7, 0.25)):
        with database.session() as session:
            best = TrialRecord(number, TrialState.COMPLETE, {}, value)
            editions.finish(session, "dispatch@r1", End.GOAL, "The goal was reached.", best)
    with database.session(read_only=True) as session:
        edition = editions.get(session, "dispatch@r1")
    assert (edition.end, edition.best_number, edition.best_value) == (End.GOAL, 7, 0.25)
    assert edition.finished is not None


def test_an_unknown_edition_suggests_the_nearest(database: Database):
    open_(database, study())
    with pytest.raises(StudyNotFoundError, match="Did you mean 'dispatch@r1'"), database.session() as session:
        editions.get(session, "dispatch@r2")


def test_names_that_differ_in_case_are_different_studies(database: Database):
    open_(database, study("Dispatch"))
    open_(database, study("dispatch"))
    with database.session(read_only=True) as session:
        assert len(editions.find(session)) == 2


def test_editions_are_found_by_family_newest_first(database: Database):
    for name, run in (("a", "1"), ("b", "1"), ("a", "2"), ("a", "3")):
        open_(database, study(name), run)
    with database.session(read_only=True) as session:
        assert [edition.name for edition in editions.find(session, "a", limit=2)] == ["a@3", "a@2"]
        assert [edition.name for edition in editions.find(session)] == ["a@3", "a@2", "b@1", "a@1"]


def test_a_warm_start_sees_only_what_was_before(database: Database):
    opened = [open_(database, study("a"), run) for run in ("1", "2", "3")]
    open_(database, study("b"), "1")
    assert [before(database, edition) for edition in opened] == [[], ["a@1"], ["a@2", "a@1"]]


def before(database: Database, edition: Edition, data_until: datetime | None = None) -> list[str]:
    with database.session(read_only=True) as session:
        return editions.names_before(session, edition, data_until)


def month(number: int) -> datetime:
    return datetime(2026, number, 1, tzinfo=UTC)


def until(number: int) -> RunFacts:
    return RunFacts(data_until=month(number))


def test_a_warm_start_of_a_backfill_sees_no_later_data_and_the_nearest_first(database: Database):
    for run in (2, 6, 1, 3):
        open_(database, study(), str(run), facts=until(run))
    backfill = open_(database, study(), "backfill", facts=until(3))
    assert before(database, backfill, month(3)) == ["dispatch@3", "dispatch@2", "dispatch@1"]


def test_an_edition_of_before_counts_by_the_time_when_it_was_created(database: Database):
    with time_machine.travel(NOON, tick=False):
        open_(database, study(), "old")
    backfill = open_(database, study(), "backfill", facts=until(1))
    assert (before(database, backfill, month(1)), before(database, backfill, month(4))) == ([], ["dispatch@old"])


def test_an_edition_that_several_runs_work_on_has_the_latest_end_of_data(database: Database):
    for number in (1, 6, 3):
        open_(database, study(), "main", facts=until(number))
    assert open_(database, study(), "main").data_until == month(6)


def test_whoever_seals_a_batch_first_decides_its_size(database: Database):
    open_(database, study())
    with database.session() as session:
        assert editions.batch_size(session, "dispatch@r1", 1) is None
        assert editions.seal_batch(session, "dispatch@r1", 1, 4) == 4
    with database.session() as session:
        assert editions.seal_batch(session, "dispatch@r1", 1, 2) == 4
        assert editions.seal_batch(session, "dispatch@r1", 2, 0) == 0
        assert editions.batch_size(session, "dispatch@r1", 1) == 4


def _race(database: Database, size: int) -> None:
    open_(database, study())
    with database.session() as session:
        editions.seal_batch(session, "dispatch@r1", 1, size)


def test_processes_that_open_and_seal_at_once_agree(database: Database):
    processes = [get_context("fork").Process(target=_race, args=(database, size)) for size in range(1, 9)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 8
    with database.session(read_only=True) as session:
        assert len(editions.find(session)) == 1
        assert editions.batch_size(session, "dispatch@r1", 1) in range(1, 9)


def test_the_longest_names_that_airflow_and_we_allow_fit(database: Database):
    edition = open_(database, study("s" * 200), "r" * 250, dag_id="d" * 250, run_id="r" * 250, group_id="g" * 250)
    assert edition.name == "s" * 200 + "@" + "r" * 250


def test_names_in_other_letters_are_kept_apart_and_found_in_any_spelling(database: Database):
    names = ["か", "が", "ガ", "ｶﾞ", "\uff47", "g", "G", "𠮷"]
    for name in names:
        open_(database, study(name, objective=Objective("営業収益"), space={"割引率": Float(0, 1)}))
    with database.session(read_only=True) as session:
        assert [each.family for name in names for each in editions.find(session, name)] == names
        assert [each.family for each in editions.find(session, "\u304b\u3099")] == ["が"]
        found = editions.get(session, "𠮷@r1").study
    assert (found.objective.metric, list(found.space)) == ("営業収益", ["割引率"])
