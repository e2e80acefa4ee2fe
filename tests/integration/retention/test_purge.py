"""Purges of old editions: what goes, what stays, what is said, and what becomes of a purge that is killed."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import optuna
import pytest
from sqlalchemy import func, select, table, text

from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.core.afresh import RunFacts
from airflow_hpo.core.answer import Choice
from airflow_hpo.core.budget import End
from airflow_hpo.core.evaluation import Candidate
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.owner import DagRunEnd, DagRunKey
from airflow_hpo.core.parameter_set import Provenance
from airflow_hpo.core.trial import TrialState
from airflow_hpo.core.warm_start import WarmStart
from airflow_hpo.evaluations.compare import compare_evaluations, comparison_rows, keep_champion
from airflow_hpo.evaluations.select import shortlist
from airflow_hpo.exceptions import (
    ArchiveError,
    DeclarationError,
    StudyBusyError,
    StudyLockedError,
    StudyNotFoundError,
    StudyPurgedError,
)
from airflow_hpo.parameter_sets.history import history
from airflow_hpo.parameter_sets.moves import promote
from airflow_hpo.retention import purge as purging
from airflow_hpo.retention.plan import Planned, Planner, Rule, RunState
from airflow_hpo.retention.purge import Purged, purge_editions
from airflow_hpo.storage import approvals, editions, purges
from airflow_hpo.storage.column_types import utc_now
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.locks import study_lock
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.open import ask_afresh, enter_champion, open_edition
from airflow_hpo.studies.optimum_drift import drift_rows
from airflow_hpo.studies.rows import edition_row, find_edition
from airflow_hpo.studies.status import status
from airflow_hpo.studies.stopped_runs import end_stopped
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.suggest import suggest
from airflow_hpo.trials.claim import claim
from airflow_hpo.trials.rows import trial_details, trial_rows
from tests.integration.evaluated import CHAMPION, LOSS, challenger, evaluated
from tests.integration.trial_tasks import START, WORK, Tuned, declared, task_try_of

EVERYTHING = timedelta(0)
TABLES = (
    "studies",
    "study_directions",
    "study_user_attributes",
    "study_system_attributes",
    "trials",
    "trial_params",
    "trial_values",
    "trial_intermediate_values",
    "trial_user_attributes",
    "trial_system_attributes",
    "trial_heartbeats",
    "hpo_attempts",
    "hpo_metrics",
    "hpo_batches",
    "hpo_sharers",
    "hpo_evaluations",
    "hpo_slots",
)


def tuned_to_its_end(store: Store, values: Sequence[float] = (3, 1, 2, 5), run: str = "r", **options: Any) -> Tuned:
    """Tune an edition whose trials have these values, by their numbers, and report a curve of each."""
    given = {"max_trials": len(values), "parallelism": len(values), "batch_size": len(values), **options}
    tuned = Tuned(store, declared(**given), run)
    for value, request in zip(values, tuned.suggest(), strict=True):
        claimed, attempt = tuned.started(request)
        tuned.report(attempt, {1: value + 1.0, 2: float(value)})
        tuned.conclude(claimed, attempt, float(value))
    finish(store, status(store, tuned.name))
    return tuned


def unknown(_: DagRunKey) -> str | None:
    return None


def ended(_: DagRunKey) -> str | None:
    return "success"


def plans(
    store: Store, *names: str, keep_best: int = 0, older_than: timedelta = EVERYTHING, run_state: RunState = ended
) -> dict[str, Planned]:
    found = Planner(store, Rule(older_than, keep_best, names), run_state).plans()
    return {each.edition.name: each for each in found}


def purged(
    store: Store, folder: Path, *names: str, keep_best: int = 0, run_state: RunState = ended, **rule: Any
) -> list[Purged]:
    planner = Planner(store, Rule(rule.get("older_than", EVERYTHING), keep_best, names), run_state)
    return list(purge_editions(store, planner, [p for p in planner.plans() if p.due], folder, "ann@host"))


def numbers(store: Store, name: str) -> list[int]:
    return [record.number for record in store.optuna.records(name, details=False)]


def rows(database: Database) -> dict[str, int]:
    """How many rows the tables have that hold trials, studies and what belongs to them."""
    with database.connect(read_only=True) as connection:
        counts = {name: connection.scalar(select(func.count()).select_from(table(name))) for name in TABLES}
    return {name: count for name, count in counts.items() if count}


def test_everything_of_an_old_edition_goes_and_the_edition_says_so(store: Store, tmp_path: Path) -> None:
    tuned = tuned_to_its_end(store)
    before = store.read(editions.get, tuned.name)
    [done] = purged(store, tmp_path)
    assert (done.deleted, done.kept) == (4, 0)
    assert rows(store.database) == {}
    after = store.read(editions.get, tuned.name)
    assert (after.best_value, after.end, after.reason) == (before.best_value, before.end, before.reason)
    [told] = store.read(purges.of, tuned.name)
    assert str(told) == (
        f"It was purged on {told.ended:%Y-%m-%d} by ann@host: 4 of its 4 trials are deleted, archive {done.archive}."
    )


def test_the_archive_has_what_the_export_has(store: Store, tmp_path: Path) -> None:
    tuned = tuned_to_its_end(store)
    before = trial_rows(store, tuned.name)
    [done] = purged(store, tmp_path / "new" / "folder", keep_best=2)
    with open(done.archive, encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert [list(row) for row in found] == [list(row) for row in before]
    assert [{k: v or None for k, v in row.items()} for row in found] == [
        {k: None if v is None else str(v) for k, v in row.items()} for row in before
    ]
    assert Path(done.archive).parent == tmp_path / "new" / "folder"
    assert list(Path(done.archive).parent.iterdir()) == [Path(done.archive)]


@pytest.mark.parametrize(("direction", "best"), [("minimize", [1, 2]), ("maximize", [0, 3])])
def test_the_best_trials_stay_with_all_that_they_have(store: Store, tmp_path: Path, direction: str, best: Any) -> None:
    tuned = tuned_to_its_end(store, objective=Objective("loss", direction=direction, extra_metrics=["time_s"]))
    before = {row["number"]: row for row in trial_rows(store, tuned.name)}
    curves = {n: trial_details(store, tuned.name, n).curve() for n in best}
    purged(store, tmp_path, keep_best=2)
    assert {row["number"]: row for row in trial_rows(store, tuned.name)} == {n: before[n] for n in best}
    assert {n: trial_details(store, tuned.name, n).curve() for n in best} == curves


def test_optuna_itself_goes_on_to_read_what_stays(store: Store, tmp_path: Path) -> None:
    tuned = tuned_to_its_end(store)
    purged(store, tmp_path, keep_best=2)
    study = store.optuna.load(tuned.name)
    assert ([t.number for t in study.trials], study.best_trial.number, study.best_value) == ([1, 2], 1, 1.0)


def test_a_rerun_stays_with_the_trial_that_it_replaces(store: Store, tmp_path: Path) -> None:
    tuned = tuned_to_its_end(store)
    request = tuned.suggest()[1]
    tuned.complete(request, 9.0, try_number=2, work="ee" * 8)
    finish(store, status(store, tuned.name))
    promote(store, "demo", {"x": 0.5}, expected=None, key="k", provenance=Provenance(study=tuned.name, number=1))
    purged(store, tmp_path)
    # Of which trial 4 replaces trial 1; trial 2 is the best of an edition that something names.
    assert numbers(store, tuned.name) == [1, 2, 4]
    assert edition_row(store, find_edition(store, tuned.name))["best"] == 2.0


@pytest.mark.parametrize("promoted", [0, 3])
def test_what_was_promoted_stays(store: Store, tmp_path: Path, promoted: int) -> None:
    tuned = tuned_to_its_end(store)
    origin = Provenance(study=tuned.name, number=promoted)
    promote(store, "demo", {"x": 0.5}, expected=None, key="k", provenance=origin)
    before = history(store, "demo")
    purged(store, tmp_path)
    assert numbers(store, tuned.name) == sorted({promoted, 1})
    assert history(store, "demo") == before


def test_a_version_that_was_promoted_long_before_the_champion_keeps_its_trial(store: Store, tmp_path: Path) -> None:
    for run, champion in (("1", None), ("2", 1)):
        tuned = tuned_to_its_end(store, run=run)
        origin = Provenance(study=tuned.name, number=2)
        promote(store, "demo", {"x": int(run) / 9}, expected=champion, key=run, provenance=origin)
    purged(store, tmp_path)
    assert [numbers(store, f"demo@{run}") for run in "12"] == [[1, 2], [1, 2]]


def candidate_of(tuned: Tuned, number: int) -> Candidate:
    params = tuned.store.optuna.record(tuned.name, number).params
    return Candidate(f"trial {number}", params, study=tuned.name, number=number)


def compared(store: Store, tuned: Tuned, value: float = 0.5) -> str:
    """Compare trials 0 and 2 of an edition with the champion, and return the evaluation."""
    met = [CHAMPION, *(candidate_of(tuned, n) for n in (0, 2))]
    costs = {each.name: (1.0, 0.03) if each is CHAMPION else (value, 0.01) for each in met}
    values = {name: [cost + day**2 * more for day in range(8)] for name, (cost, more) in costs.items()}
    name = evaluated(store, values, met, family=f"{tuned.study.name}/test", run=tuned.name.partition("@")[2])
    compare_evaluations(store, [name], LOSS, ComparisonRule(min_pairs=2), place=START)
    return name


def test_what_was_compared_stays_and_is_compared_again_with_the_same_result(store: Store, tmp_path: Path) -> None:
    tuned = tuned_to_its_end(store)
    evaluation = compared(store, tuned)
    before = comparison_rows(store), drift_rows(store, "demo"), trial_rows(store, evaluation)
    purged(store, tmp_path)
    assert numbers(store, tuned.name) == [0, 1, 2]
    after = comparison_rows(store), drift_rows(store, "demo"), trial_rows(store, evaluation)
    told = after[1][0].pop("lost")
    assert "It was purged on" in told
    assert before[1][0].pop("lost") is None
    assert after == before
    assert sum(row["charged"] for row in after[0]) == pytest.approx(0.04)
    compare_evaluations(store, [evaluation], LOSS, ComparisonRule(min_pairs=2), place=START)
    assert comparison_rows(store) == before[0]


def test_an_evaluation_of_no_comparison_goes_as_a_whole_whatever_its_best(store: Store, tmp_path: Path) -> None:
    name = evaluated(store, {"champion": [1.0], "trial 7": [0.5]}, [CHAMPION, challenger(7)])
    purged(store, tmp_path, keep_best=5)
    assert rows(store.database) == {}
    with pytest.raises(StudyPurgedError, match="purged on"):
        store.optuna.records(name)


def test_a_trial_that_is_a_candidate_of_a_stored_evaluation_stays(store: Store, tmp_path: Path) -> None:
    tuned = tuned_to_its_end(store)
    evaluated(store, {"champion": [1.0], "trial 3": [0.5]}, [CHAMPION, candidate_of(tuned, 3)])
    purged(store, tmp_path, "demo")
    assert numbers(store, tuned.name) == [1, 3]


def test_the_champions_own_trial_stays(store: Store, tmp_path: Path) -> None:
    tuned = Tuned(store, declared(max_trials=4))
    enter_champion(store, store.edition(tuned.name), {"x": 0.5, "kind": "a"})
    for value, request in enumerate(tuned.suggest()):
        tuned.complete(request, 9.0 - value)
    finish(store, status(store, tuned.name))
    purged(store, tmp_path)
    assert numbers(store, tuned.name) == [0]
    assert drift_rows(store, "demo")[0]["champion"] == 9.0


def test_the_edition_that_kept_its_champion_without_a_comparison_keeps_its_best(store: Store, tmp_path: Path) -> None:
    tuned = tuned_to_its_end(store)
    kept = {"sentence": "Keep it.", "edition": tuned.name}
    keep_champion(store, kept, CHAMPION, LOSS, ComparisonRule(), START)
    purged(store, tmp_path)
    assert numbers(store, tuned.name) == [1]


def test_a_result_that_a_later_edition_took_over_stays(store: Store, tmp_path: Path) -> None:
    first = tuned_to_its_end(store, run="1")
    later = Tuned(store, declared(warm_start=WarmStart(mode="values", trials=2)), "2")
    assert {record.source for record in later.records()} == {f"{first.name}#1", f"{first.name}#2"}
    purged(store, tmp_path)
    assert numbers(store, first.name) == [1, 2]


def test_a_later_edition_starts_from_the_best_that_stay(store: Store, tmp_path: Path) -> None:
    first = tuned_to_its_end(store, run="1")
    purged(store, tmp_path, keep_best=1)
    later = Tuned(store, declared(warm_start=WarmStart(mode="values", trials=5)), "2")
    assert [record.source for record in later.records()] == [f"{first.name}#1"]


def test_a_later_edition_passes_over_those_of_which_nothing_stays(store: Store, tmp_path: Path) -> None:
    tuned_to_its_end(store, run="1")
    purged(store, tmp_path)
    assert Tuned(store, declared(warm_start=WarmStart(mode="values")), "2").records() == []


def test_editions_that_have_not_ended_stay(store: Store, tmp_path: Path) -> None:
    tuned = Tuned(store, declared())
    tuned.complete(tuned.suggest()[0])
    assert "It has not ended." in (plans(store)[tuned.name].why_not or "")
    assert purged(store, tmp_path) == []
    assert len(numbers(store, tuned.name)) == 4


def test_an_edition_of_which_a_cleared_trial_runs_stays(store: Store, tmp_path: Path) -> None:
    tuned = tuned_to_its_end(store)
    tuned.started(tuned.suggest()[1], try_number=2, work="ee" * 8)
    assert plans(store)[tuned.name].why_not == "Trial 4 runs."
    assert purged(store, tmp_path) == []


@pytest.mark.parametrize("state", ["queued", "running"])
def test_an_edition_whose_dag_run_goes_on_stays(store: Store, tmp_path: Path, state: str) -> None:
    tuned = tuned_to_its_end(store)
    assert "goes on" in (plans(store, run_state=lambda _: state)[tuned.name].why_not or "")
    assert purged(store, tmp_path, run_state=lambda _: state) == []


@pytest.mark.parametrize(("state", "stays"), [(None, True), ("success", False), ("failed", False), ("removed", False)])
def test_editions_of_a_comparison_that_may_still_be_approved_stay(store: Store, state: str | None, stays: bool) -> None:
    tuned = tuned_to_its_end(store)
    evaluation = compared(store, tuned)
    assert comparison_rows(store)[0]["verdict"] == "promote"
    found = plans(store, run_state=lambda _: state)
    assert ("may still be approved" in (found[tuned.name].why_not or "")) is stays
    assert found[evaluation].why_not is not None


def test_a_comparison_that_was_promoted_waits_for_nobody(store: Store) -> None:
    tuned = tuned_to_its_end(store)
    compared(store, tuned)
    [found] = comparison_rows(store)
    origin = Provenance(study=tuned.name, number=0, comparison=found["comparison"])
    promote(store, "demo/tokyo", {"x": 0.5}, expected=None, key="k", provenance=origin)
    assert plans(store, run_state=unknown)[tuned.name].going == [3]


def test_an_answer_decides_whether_a_comparison_may_still_be_approved(store: Store) -> None:
    tuned = tuned_to_its_end(store)
    compared(store, tuned)
    [found] = comparison_rows(store)
    asks = START.task
    with store.session() as session:
        approvals.answer(session, found["comparison"], asks, Choice.REJECT, utc_now(), user=None, params={})
    assert plans(store, run_state=unknown)[tuned.name].going == [3]
    with store.session() as session:
        approvals.ask(session, found["comparison"], replace(asks, try_number=2))
    assert "may still be approved" in (plans(store, run_state=unknown)[tuned.name].why_not or "")


def test_young_editions_stay(store: Store) -> None:
    tuned_to_its_end(store)
    assert plans(store, older_than=timedelta(days=1)) == {}


@pytest.mark.parametrize("names", [["demo"], ["demo@r"], ["de*"], ["demo@*"], ["other", "d?mo"]])
def test_studies_and_editions_are_named_also_as_patterns(store: Store, names: list[str]) -> None:
    tuned_to_its_end(store)
    tuned_to_its_end(store, name="other")
    assert "demo@r" in plans(store, *names)
    assert ("other@r" in plans(store, *names)) is ("other" in names)


def test_a_study_does_not_mean_others_that_begin_like_it(store: Store) -> None:
    tuned_to_its_end(store, name="demo/north")
    tuned_to_its_end(store)
    assert list(plans(store, "demo")) == ["demo@r"]


def test_a_name_that_means_nothing_is_refused_with_the_nearest(store: Store) -> None:
    tuned_to_its_end(store)
    with pytest.raises(StudyNotFoundError, match=r"'demmo' means none\. .*'demo'"):
        plans(store, "demmo")


def test_a_negative_number_of_best_trials_is_refused(store: Store) -> None:
    with pytest.raises(DeclarationError, match="got -1"):
        plans(store, keep_best=-1)


# What becomes of tasks that a person clears afterwards.


@pytest.mark.parametrize("keep_best", [0, 2])
def test_the_cleared_start_of_a_purged_edition_computes_nothing_again(
    store: Store, tmp_path: Path, keep_best: int
) -> None:
    tuned = tuned_to_its_end(store)
    purged(store, tmp_path, keep_best=keep_best)
    before = rows(store.database)
    with pytest.raises(StudyPurgedError, match=r"purged on .* archive .* `airflow hpo studies afresh demo@r`"):
        open_edition(store, tuned.study, "r", START)
    assert rows(store.database) == before


@pytest.mark.parametrize("keep_best", [0, 2])
def test_other_cleared_tasks_of_a_purged_edition_say_so(store: Store, tmp_path: Path, keep_best: int) -> None:
    tuned = tuned_to_its_end(store)
    requests = tuned.suggest()
    purged(store, tmp_path, keep_best=keep_best)
    for request in requests:
        with pytest.raises(StudyPurgedError, match="purged on"):
            claim(store, request, WORK, task_try_of(request.key, 2))
    for call in (suggest, shortlist):
        with pytest.raises(StudyPurgedError, match="purged on"):
            call(store, tuned.name, 1)
    with pytest.raises(StudyPurgedError, match="purged on"):
        status(store, tuned.name)


def test_a_purged_edition_is_computed_afresh_when_a_person_asks_for_it(store: Store, tmp_path: Path) -> None:
    tuned = tuned_to_its_end(store)
    purged(store, tmp_path, keep_best=1)
    ask_afresh(store, tuned.name, "Ann asked for it.")
    opened = open_edition(store, tuned.study, "r", START, facts=RunFacts())
    assert (opened.name, opened.purged_at) == ("demo@r~2", None)
    assert len(suggest(store, opened.name, 1)) == 4


def test_a_trial_that_was_deleted_is_named_with_its_archive(store: Store, tmp_path: Path) -> None:
    tuned = tuned_to_its_end(store)
    [done] = purged(store, tmp_path, keep_best=1)
    with pytest.raises(StudyPurgedError) as caught:
        trial_details(store, tuned.name, 0)
    assert done.archive in str(caught.value)


def test_an_edition_that_is_opened_while_it_is_archived_stays(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuned = tuned_to_its_end(store)

    def opened(*args: Any) -> None:
        # As a start does after it has let go of the study's lock.
        with store.session() as session:
            editions.declare(session, tuned.study, "r")

    monkeypatch.setattr(purging, "archive", opened)
    with pytest.raises(StudyBusyError, match="opened again while it was archived"):
        purged(store, tmp_path)
    assert len(numbers(store, tuned.name)) == 4


# A purge that is killed.


class Killed(BaseException):
    pass


@contextmanager
def killed_in(monkeypatch: pytest.MonkeyPatch, module: ModuleType, function: str) -> Iterator[None]:
    """Let a purge die where it calls a function."""

    def killed(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(module, function, killed)
        with pytest.raises(Killed):
            yield


@pytest.mark.parametrize("after", range(5))
def test_a_purge_that_was_killed_goes_on(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    tuned = tuned_to_its_end(store, [6, 5, 4, 3, 2, 1])
    before = trial_rows(store, tuned.name)
    monkeypatch.setattr(purging, "PIECE_ROWS", 1)
    real, calls = purging._delete, []

    def delete(store: Store, name: str, piece: Sequence[int]) -> None:
        if len(calls) == after:
            raise Killed
        calls.append(piece)
        real(store, name, piece)

    monkeypatch.setattr(purging, "_delete", delete)
    with pytest.raises(Killed):
        purged(store, tmp_path, keep_best=1)
    assert len(numbers(store, tuned.name)) == 6 - after
    assert "has not ended" in str(store.read(purges.of, tuned.name)[-1])
    monkeypatch.setattr(purging, "_delete", real)

    [done] = purged(store, tmp_path / "another", keep_best=1)
    assert numbers(store, tuned.name) == [5]
    with open(done.archive, encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == len(before)
    [told] = store.read(purges.of, tuned.name)
    assert (told.deleted, told.ended is None) == (5, False)


def test_a_purge_that_was_killed_before_it_noted_itself_takes_the_archive_as_it_is(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuned_to_its_end(store)

    with killed_in(monkeypatch, purges, "begin"):
        purged(store, tmp_path)
    [file] = tmp_path.iterdir()
    written = file.stat().st_mtime_ns
    assert [done.archive for done in purged(store, tmp_path)] == [str(file)]
    assert file.stat().st_mtime_ns == written


def test_a_killed_purge_keeps_what_it_was_begun_with_and_then_goes_by_the_new_rule(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuned = tuned_to_its_end(store)

    with killed_in(monkeypatch, purging, "_delete"):
        purged(store, tmp_path, keep_best=3)
    done = purged(store, tmp_path, keep_best=1)
    assert [(each.deleted, each.kept) for each in done] == [(1, 3), (2, 1)]
    assert numbers(store, tuned.name) == [1]
    assert [Path(each.archive).name for each in done] == ["demo@r.csv", "demo@r.2.csv"]


def test_without_its_archive_a_killed_purge_deletes_nothing_more(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuned = tuned_to_its_end(store)

    with killed_in(monkeypatch, purging, "_delete"):
        purged(store, tmp_path)
    [file] = tmp_path.iterdir()
    file.unlink()
    with pytest.raises(ArchiveError, match="is not here"):
        purged(store, tmp_path)
    assert len(numbers(store, tuned.name)) == 4


def test_an_archive_is_never_overwritten(store: Store, tmp_path: Path) -> None:
    tuned = tuned_to_its_end(store)
    (tmp_path / "demo@r.csv").write_text("another's")
    with pytest.raises(ArchiveError, match="never overwritten"):
        purged(store, tmp_path)
    assert len(numbers(store, tuned.name)) == 4
    assert (tmp_path / "demo@r.csv").read_text() == "another's"


def test_what_cannot_be_archived_is_not_deleted(store: Store, tmp_path: Path) -> None:
    tuned = tuned_to_its_end(store)
    (tmp_path / "file").write_text("")
    with pytest.raises(ArchiveError, match="cannot be written"):
        purged(store, tmp_path / "file" / "folder")
    assert len(numbers(store, tuned.name)) == 4
    assert store.read(purges.of, tuned.name) == []


def test_a_disk_that_is_full_leaves_no_file_and_every_trial(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuned = tuned_to_its_end(store)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("airflow_hpo.retention.archive.os.fsync", full)
    with pytest.raises(ArchiveError, match="No space left"):
        purged(store, tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert len(numbers(store, tuned.name)) == 4


def test_editions_whose_names_are_no_names_of_files_are_archived_too(store: Store, tmp_path: Path) -> None:
    run = f"manual__2026-11-21T08:00:00+00:00 a/b\\c?{'x' * 240}"
    for name in ("a/b", "a_b"):
        tuned_to_its_end(store, name=name, run=run)
    done = purged(store, tmp_path)
    assert len({each.archive for each in done}) == len(list(tmp_path.iterdir())) == 2


def test_a_second_purge_has_an_archive_of_its_own_and_counts_stay_those_of_the_whole(
    store: Store, tmp_path: Path
) -> None:
    tuned = tuned_to_its_end(store)
    purged(store, tmp_path, keep_best=2)
    purged(store, tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["demo@r.2.csv", "demo@r.csv"]
    row = edition_row(store, find_edition(store, "demo"))
    assert (row["state"], row["complete"], row["best"], row["trial"]) == ("purged", 4, 1.0, 1)
    assert purged(store, tmp_path) == []
    assert tuned.name in plans(store)


def test_progress_is_told(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tuned_to_its_end(store)
    monkeypatch.setattr(purging, "PIECE_ROWS", 70)
    planner, seen = Planner(store, Rule(EVERYTHING), ended), []
    list(purge_editions(store, planner, planner.plans(), tmp_path, "ann", lambda *told: seen.append(told)))
    assert seen == [("demo@r", 2, 4), ("demo@r", 4, 4)]


def test_pieces_are_bounded_by_their_rows(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tuned_to_its_end(store)
    monkeypatch.setattr(purging, "PIECE_ROWS", 2 * (purging.ROWS_OF_A_TRIAL + 4))
    pieces = list(purging._pieces(store, "demo@r", [0, 1, 2, 3]))
    assert pieces == [[0, 1], [2, 3]]
    assert list(purging._pieces(store, "demo@r", [])) == []


def test_another_process_that_uses_the_study_is_waited_for(store: Store, tmp_path: Path) -> None:
    tuned = tuned_to_its_end(store)
    hurried = Store(store.database, lock_timeout=0.2)
    with study_lock(store.database, tuned.name), pytest.raises(StudyLockedError):
        purged(hurried, tmp_path)
    assert len(numbers(store, tuned.name)) == 4


# Studies that Optuna or its dashboard deleted.


def deleted_by_optuna(tuned: Tuned) -> None:
    optuna.delete_study(study_name=tuned.name, storage=tuned.store.optuna._storage)


def test_a_study_that_optuna_deleted_is_said_so_by_everything(store: Store) -> None:
    tuned = tuned_to_its_end(store)
    deleted_by_optuna(tuned)
    edition = find_edition(store, "demo")
    row = edition_row(store, edition)
    assert (row["state"], row["complete"], row["best"], row["trial"]) == ("deleted", None, 1.0, 1)
    [moved] = drift_rows(store, "demo")
    assert moved["best"] == 1.0
    assert "its study was deleted" in moved["lost"]
    assert "its study was deleted" in (plans(store)[tuned.name].why_not or "")
    for call in (trial_rows, status):
        with pytest.raises(StudyNotFoundError, match="its study was deleted, as optuna-dashboard"):
            call(store, tuned.name)


def test_a_study_that_optuna_deleted_is_not_begun_again_by_a_cleared_task(store: Store) -> None:
    tuned = tuned_to_its_end(store)
    requests = tuned.suggest()
    deleted_by_optuna(tuned)
    with pytest.raises(StudyNotFoundError, match=r"its study was deleted.* studies afresh demo@r"):
        open_edition(store, tuned.study, "r", START)
    with pytest.raises(StudyNotFoundError, match="its study was deleted"):
        claim(store, requests[0], WORK, task_try_of(requests[0].key, 2))
    ask_afresh(store, tuned.name, "Ann asked for it.")
    assert open_edition(store, tuned.study, "r", START).name == "demo@r~2"


def test_the_next_edition_starts_after_optuna_deleted_the_one_before(store: Store) -> None:
    deleted_by_optuna(tuned_to_its_end(store, run="1"))
    later = Tuned(store, declared(warm_start=WarmStart(mode="values")), "2")
    assert later.records() == []


def test_an_unfinished_edition_that_optuna_deleted_is_ended_with_its_attempts(store: Store) -> None:
    tuned = Tuned(store, declared())
    tuned.started(tuned.suggest()[0])
    deleted_by_optuna(tuned)
    ended_edition = end_stopped(store, find_edition(store, "demo"), DagRunEnd(DagRunKey("tune", "r"), "failed"))
    assert ended_edition.end is End.INCOMPLETE
    assert "its study was deleted" in (ended_edition.reason or "")
    assert [str(each.outcome) for each in tuned.attempts()] == ["lost"]


def test_other_studies_keep_every_row(store: Store, tmp_path: Path) -> None:
    tuned_to_its_end(store, name="other")
    before = rows(store.database)
    tuned_to_its_end(store)
    purged(store, tmp_path, "demo")
    assert rows(store.database) == before
    assert numbers(store, "other@r") == [0, 1, 2, 3]


def test_failed_pruned_and_invalid_trials_go_and_are_counted(store: Store, tmp_path: Path) -> None:
    tuned = Tuned(store, declared(max_trials=4, count="finished", max_failures=3))
    first, second, third, fourth = tuned.suggest()
    tuned.fail(first)
    tuned.conclude(*tuned.started(second), value=3.0, pruned=True)
    tuned.complete(third)
    tuned.complete(fourth)
    finish(store, status(store, tuned.name))
    purged(store, tmp_path, keep_best=1)
    row = edition_row(store, find_edition(store, "demo"))
    assert (row["complete"], row["pruned"], row["failed"], row["running"]) == (2, 1, 1, None)
    assert [record.state for record in tuned.records()] == [TrialState.COMPLETE]


def test_the_tables_that_refer_to_trials_and_studies_are_all_emptied() -> None:
    from optuna.storages._rdb import models

    from airflow_hpo.optuna import delete

    theirs = models.BaseModel.metadata.tables.values()
    for target, known in (("trials", delete.OF_TRIALS), ("studies", delete.OF_STUDIES)):
        refer = {t.name for t in theirs for key in t.foreign_keys if key.column.table.name == target}
        assert refer - {"trials"} == {each.name for each in known}


def test_heartbeats_go_with_their_trial(store: Store, tmp_path: Path) -> None:
    tuned_to_its_end(store)
    with store.session() as session:
        session.execute(
            text(
                "INSERT INTO trial_heartbeats (trial_id, heartbeat) SELECT trial_id, '2026-01-01 00:00:00' FROM trials"
            )
        )
    purged(store, tmp_path)
    assert rows(store.database) == {}
