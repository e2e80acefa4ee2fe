"""Tasks of studies that have ended are cleared and marked: nothing is lost, nothing is counted twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from airflow_hpo.core.trial import TrialRecord, TrialState
from airflow_hpo.studies.status import Status, status
from airflow_hpo.studies.store import Store
from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun

BATCH = "tune.batch_001"
TRIAL = f"{BATCH}.trial"
RUNS = 9


class Study:
    """A run of a study, and what its database and its events say."""

    def __init__(self, run: DagRun, store: Store) -> None:
        self.run, self.store, self.airflow = run, store, run.airflow
        self.name = f"{run.dag_id}@{run.run_id}"

    @property
    def records(self) -> list[TrialRecord]:
        return self.store.optuna.records(self.name)

    @property
    def status(self) -> Status:
        return status(self.store, self.name)

    def tries(self, task_id: str, index: int = -1) -> int:
        return next(t["try_number"] for t in self.run.tasks(task_id) if t["map_index"] == index)

    def events(self) -> list[int]:
        """Numbers of the best trials that were announced."""
        return [event["number"] for event in self.run.asset_events()]

    def clear(self, *tasks: str | tuple[str, int], downstream: bool = False) -> None:
        """Clear tasks and wait until the run has ended again."""
        before = {task: self.tries(*_named(task)) for task in tasks if _named(task)[1] >= 0 or self._single(task)}
        self.run.clear(*tasks, downstream=downstream)
        self.airflow.wait(
            lambda: all(self.tries(*_named(task)) > tries for task, tries in before.items()), "the tasks to run again"
        )
        assert self.run.wait() in ("success", "failed")

    def mark(self, task_id: str, index: int, state: str) -> None:
        self.airflow.patch(f"{self.run.path}/taskInstances/{task_id}/{index}", {"new_state": state})
        assert self.run.wait() in ("success", "failed")

    def check(self) -> None:
        """Nothing is lost or double, and what was said last is what the study says."""
        records = self.records
        assert [r.number for r in records] == list(range(len(records)))
        assert len({r.key for r in records}) == len(records)
        replaced = [r.replaces for r in records if r.replaces is not None]
        assert len(set(replaced)) == len(replaced)
        assert all(r.state.finished for r in records)
        said, best = self.run.xcom("tune.finish"), self.status.progress.best
        assert best is not None
        assert (said["number"], said["value"]) == (best.number, best.value)
        assert said["complete"] == self.status.progress.complete
        events = self.events()
        assert len(set(events)) == len(events)
        assert best.number in events

    def _single(self, task: str | tuple[str, int]) -> bool:
        return isinstance(task, str) and [t["map_index"] for t in self.run.tasks(task)] == [-1]


def _named(task: str | tuple[str, int]) -> tuple[str, int]:
    return task if isinstance(task, tuple) else (task, -1)


@pytest.fixture(scope="module")
def runs(airflow: LiveAirflow) -> list[DagRun]:
    """Runs of a study of five trials, all at once: two of the first seven trials fail."""
    return [DagRun.trigger(airflow, "repeated") for _ in range(RUNS)]


@pytest.fixture(scope="module")
def take(runs: list[DagRun], store: Store) -> Callable[[], Study]:
    """Hand out a run that nobody has touched, when it has ended."""
    left = list(runs)

    def next_one() -> Study:
        study = Study(left.pop(), store)
        assert study.run.wait(timeout=420) == "success"
        assert [r.number for r in study.records if r.state is TrialState.FAIL] == [1, 3]
        study.check()
        return study

    return next_one


def test_several_failed_trials_run_again_as_trials_that_name_them(take: Callable[[], Study]) -> None:
    study = take()
    study.clear((TRIAL, 1), (TRIAL, 3), downstream=True)
    study.check()
    fresh = {r.replaces: r for r in study.records if r.replaces is not None}
    assert set(fresh) == {1, 3}
    assert all(fresh[n].params == study.records[n].params for n in (1, 3))
    assert (study.status.progress.complete, study.status.progress.failed) == (7, 0)
    log = study.run.log(TRIAL, 1, try_number=2)
    said = next(line for line in log.splitlines() if line.startswith("It runs trial 1 again."))
    assert "Attempt 1 failed (program)" in said
    assert "the world is broken" in said


def test_a_whole_batch_answers_and_runs_only_what_failed(take: Callable[[], Study]) -> None:
    study = take()
    before = len(study.records)
    asked = study.run.xcom(f"{BATCH}.suggest")
    study.clear(f"{BATCH}.suggest", TRIAL, f"{BATCH}.settle", "tune.finish")
    study.check()
    assert study.run.xcom(f"{BATCH}.suggest") == asked
    assert len(study.records) == before + 2
    assert study.status.progress.failed == 0
    assert "nothing is run" in study.run.log(TRIAL, 0, try_number=2)


def test_clearing_everything_from_the_first_suggest_on_keeps_every_result(take: Callable[[], Study]) -> None:
    study = take()
    before = study.records
    study.clear(f"{BATCH}.suggest", downstream=True)
    study.check()
    assert study.records[: len(before)] == before
    assert {r.replaces for r in study.records[len(before) :]} == {1, 3}
    assert study.status.progress.complete == 7


def test_the_suggest_alone_returns_the_same_trials(take: Callable[[], Study]) -> None:
    study = take()
    before, asked = study.records, study.run.xcom(f"{BATCH}.suggest")
    study.clear(f"{BATCH}.suggest")
    study.check()
    assert study.run.xcom(f"{BATCH}.suggest") == asked
    assert study.records == before


def test_the_start_alone_reopens_the_study_and_loses_nothing(take: Callable[[], Study]) -> None:
    study = take()
    before = study.records
    study.clear("tune.start")
    study.check()
    assert study.records == before
    assert study.status.verdict.over


def test_the_whole_run_answers_from_the_study(take: Callable[[], Study]) -> None:
    study = take()
    before = study.records
    study.airflow.post(f"{study.run.path}/clear", {"dry_run": False})
    study.airflow.wait(lambda: study.tries("tune.finish") == 2, "the finish to run again", timeout=300)
    assert study.run.wait() == "success"
    study.check()
    assert study.records[: len(before)] == before
    assert study.status.progress.complete == 7


def test_marks_in_airflow_change_no_result(take: Callable[[], Study]) -> None:
    study = take()
    before = study.records
    study.mark(TRIAL, 0, "failed")
    study.mark(TRIAL, 1, "success")
    study.clear("tune.finish")
    study.check()
    assert study.records == before


def test_a_result_that_was_taken_back_is_replaced_by_another_best(take: Callable[[], Study]) -> None:
    study = take()
    best = study.run.xcom("tune.finish")["number"]
    place = next(t for t in study.run.tasks() if (t["rendered_map_index"] or "").startswith(f"#{best} "))
    said = study.airflow.cli("hpo", "trials", "invalidate", study.name, str(best), "--reason", "Broken data.")
    assert f"Trial {best} counts no longer: Broken data." in said
    study.clear("tune.finish")
    study.check()
    assert study.run.xcom("tune.finish")["number"] != best
    assert len(study.events()) == 2
    study.clear((place["task_id"], place["map_index"]), downstream=True)
    study.check()
    assert study.records[-1].replaces == best
    found = study.status.progress.best
    assert found is not None
    assert found.number == study.records[-1].number
    assert len(study.events()) == 3


def test_a_trial_that_runs_again_after_the_end_corrects_the_study_and_says_so(take: Callable[[], Study]) -> None:
    study = take()
    study.clear((TRIAL, 1))
    again = study.records[-1]
    assert (again.replaces, again.state) == (1, TrialState.COMPLETE)
    best = study.status.progress.best
    assert best is not None
    assert study.store.edition(study.name).best_number == best.number
    assert "The study had ended, and trial" in study.run.log(TRIAL, 1, try_number=2)
    assert study.tries("tune.finish") == 1
    explained = study.airflow.cli("hpo", "studies", "why", study.name)
    assert "It ended at" in explained
    assert "ValueError: the world is broken" in explained


def test_a_forced_rerun_of_one_trial_makes_one_new_trial(airflow: LiveAirflow, store: Store) -> None:
    study = Study(DagRun.trigger(airflow, "forced"), store)
    assert study.run.wait(timeout=420) == "success"
    study.clear(("tune.batch_001.trial", 0), downstream=True)
    study.check()
    assert [r.replaces for r in study.records] == [None, None, 0]
    assert study.status.progress.complete == 2


def test_a_groups_value_that_is_brought_again_makes_no_trial_though_reruns_are_forced(
    airflow: LiveAirflow, store: Store
) -> None:
    study = Study(DagRun.trigger(airflow, "forced_group"), store)
    assert study.run.wait(timeout=420) == "success"
    study.clear((f"{TRIAL}.outcome", 0))
    study.check()
    assert len(study.records) == 2
    study.clear((f"{TRIAL}.open", 0), downstream=True)
    study.check()
    assert [r.replaces for r in study.records] == [None, None, 0]


def test_a_group_that_is_cleared_answers_as_a_whole_and_gives_a_new_result_or_fails_from_its_middle(
    airflow: LiveAirflow, store: Store
) -> None:
    study = Study(DagRun.trigger(airflow, "mended_group"), store)
    assert study.run.wait(timeout=420) == "success"
    # All of it: it answers.
    study.clear((f"{TRIAL}.open", 1), downstream=True)
    study.check()
    assert len(study.records) == 2
    assert "Trial 1 is complete in the study" in study.run.log(f"{TRIAL}.open", 1, try_number=2)
    middle, outcome = (f"{TRIAL}.measured", 0), (f"{TRIAL}.outcome", 0)
    study.clear(middle, downstream=True)
    study.check()
    old, new = study.records[0], study.records[-1]
    assert (len(study.records), new.replaces, new.params) == (3, 0, old.params)
    x = old.params["x"]
    assert (old.value, new.value) == ((x**2 + 1) ** 2, (x**2 + 2) ** 2)
    assert "Trial 0 does not answer, because its tasks ran again" in study.run.log(*outcome, try_number=2)
    study.clear(middle, downstream=True)
    assert [t["state"] for t in study.run.tasks(outcome[0]) if t["map_index"] == 0] == ["failed"]
    assert len(study.records) == 3
    assert "Trial 2 keeps its result" in study.run.log(*outcome, try_number=3)


def test_a_cleared_trial_answers_until_a_variable_the_stage_before_or_a_file_has_changed(
    airflow: LiveAirflow, store: Store
) -> None:
    code = Path(airflow.env["AIRFLOW__CORE__DAGS_FOLDER"]) / "measured.txt"
    code.write_text("1")
    study = Study(DagRun.trigger(airflow, "measured"), store)
    assert study.run.wait(timeout=420) == "success"
    of_stage, trial = "stage_before", (TRIAL, 0)

    def again() -> int:
        """Clear the trial and return the number of the trial that it is now."""
        study.clear(trial)
        return int(study.run.xcom(*trial)["number"])

    def said() -> str:
        return study.run.log(*trial, try_number=study.tries(*trial))

    assert again() == 0
    assert "nothing is run" in said()
    assert " UTC for the period " in said()
    airflow.post("/variables", {"key": "measured_days", "value": "60"})
    assert again() == 2
    assert "does not answer, because what it runs has changed" in said()
    assert again() == 2
    airflow.post("/variables", {"key": "measured_stage", "value": "2"})
    assert again() == 2
    study.clear(of_stage)
    assert again() == 3
    code.write_text("2")
    assert again() == 4
    assert "because a file that decides its value has changed" in said()
    assert again() == 4
    study.clear(f"{BATCH}.suggest")
    assert "2 of 2 have a result for this period" in study.run.log(f"{BATCH}.suggest", try_number=2)
    study.clear(f"{BATCH}.settle", "tune.finish")
    study.check()
