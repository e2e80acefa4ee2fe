"""Every way in which Airflow runs something again, on a live Airflow: what is computed, what answers, what is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_hpo.core.trial import TrialState
from airflow_hpo.storage import parameter_sets
from airflow_hpo.studies.store import Store
from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun, is_parsed

FINISH = "tune.finish"


class Computed:
    """A run of the DAG, and what was computed for it."""

    def __init__(self, run: DagRun, store: Store) -> None:
        self.run, self.store, self.airflow = run, store, run.airflow
        assert self.run.wait(timeout=420) == "success"

    @property
    def finished(self) -> dict[str, Any]:
        """What the study's finish returned."""
        found: dict[str, Any] = self.run.xcom(FINISH)
        return found

    @property
    def edition(self) -> str:
        """The edition that the last try worked on, without the run's id."""
        return str(self.finished["edition"]).replace(self.run.run_id, "ID")

    @property
    def answered(self) -> list[bool]:
        """Whether results of the tuning and of the evaluation were answered from the store."""
        said = [self.finished["answered"], self.run.xcom("validate.collect")["answered"]]
        assert [each.rpartition(", ")[2] for each in said if each] in ([], ["0 of 2 trials run.", "0 of 1 trials run."])
        return [bool(each) for each in said]

    @property
    def promoted(self) -> dict[str, Any]:
        """What the run made the champion: the parameters of its best trial."""
        found: dict[str, Any] = self.run.xcom("promote")
        assert found["params"] == self.finished["params"]
        return {name: found[name] for name in ("name", "version", "params")}

    def clear(self) -> None:
        """Clear the whole run, as a person does, and wait until it has ended again."""
        self.again(lambda: self.airflow.post(f"{self.run.path}/clear", {"dry_run": False}))

    def backfill(self, conf: dict[str, Any] | None = None) -> None:
        """Reprocess the run's date, once Airflow has noticed that the backfill before has ended."""
        self.airflow.wait(self._backfills_ended, "the backfill before to end", timeout=300)
        date = self.airflow.get(self.run.path)["logical_date"]
        body = {"dag_id": "afresh", "from_date": date, "to_date": date, "reprocess_behavior": "completed"}
        self.again(lambda: self.airflow.post("/backfills", {**body, "dag_run_conf": conf or {}}))

    def _backfills_ended(self) -> bool:
        return all(each["completed_at"] for each in self.airflow.get("/backfills", dag_id="afresh")["backfills"])

    def again(self, action: Callable[[], Any]) -> None:
        """Do what makes the run run again, and wait for its end."""
        tries = self._tries()
        action()
        self.airflow.wait(lambda: self._tries() > tries, "the run to be run again", timeout=420)
        assert self.run.wait(timeout=420) == "success"

    def _tries(self) -> int:
        return int(self.run.tasks("promote")[0]["try_number"])

    def check(self, generations: int) -> None:
        """Each generation has run each of its trials once, and nothing else."""
        first = f"afresh@{self.run.run_id}"
        for name in [first, *(f"{first}~{number}" for number in range(2, generations + 1))]:
            assert [r.state for r in self.store.optuna.records(name)] == [TrialState.COMPLETE] * 2


@pytest.fixture
def trigger(airflow: LiveAirflow, store: Store) -> Callable[..., Computed]:
    """Trigger a run by hand, with an id of the test's own, and wait for its end."""

    def run(run_id: str, conf: dict[str, Any] | None = None) -> Computed:
        airflow.wait(lambda: is_parsed(airflow, "afresh"), "the DAG to be parsed")
        body = {"dag_run_id": run_id, "logical_date": None, "conf": conf or {}}
        airflow.post("/dags/afresh/dagRuns", body)
        return Computed(DagRun(airflow, "afresh", run_id), store)

    return run


def test_a_cleared_run_answers_and_says_so_and_after_the_command_it_computes_and_promotes_another_trial(
    airflow: LiveAirflow, store: Store, trigger: Callable[..., Computed]
) -> None:
    run = trigger("cleared")
    assert (run.edition, run.answered) == ("afresh@ID", [False, False])
    first = run.promoted
    run.clear()
    assert (run.edition, run.answered, run.promoted) == ("afresh@ID", [True, True], first)
    assert "0 of 2 trials run." in run.run.log(FINISH, try_number=2)

    airflow.post("/variables", {"key": "afresh_sign", "value": "-1"})
    said = airflow.cli("hpo", "studies", "afresh", "afresh@cleared")
    assert "The next start of afresh@cleared computes afresh." in said
    run.clear()
    assert (run.edition, run.answered) == ("afresh@ID~2", [False, False])
    second = run.promoted
    assert second["params"] != first["params"]
    with store.session(read_only=True) as session:
        assert parameter_sets.version_in_use(session, "afresh").params == second["params"]
    assert "afresh@cleared~2 is computed afresh." in run.run.log("tune.start", try_number=3)

    run.clear()
    assert (run.edition, run.answered, run.promoted) == ("afresh@ID~2", [True, True], second)
    run.check(2)
    assert len({event["edition"] for event in run.run.asset_events() if "edition" in event}) == 2


@pytest.mark.long
def test_a_run_that_was_deleted_and_made_anew_under_the_same_id_is_computed(trigger: Callable[..., Computed]) -> None:
    run = trigger("anew")
    response = run.airflow.client.delete(f"/api/v2{run.run.path}")
    assert response.is_success
    anew = trigger("anew")
    assert (anew.edition, anew.answered) == ("afresh@ID~2", [False, False])
    anew.clear()
    assert (anew.edition, anew.answered) == ("afresh@ID~2", [True, True])
    anew.check(2)


@pytest.mark.long
def test_the_word_in_the_conf_counts_for_each_clear(trigger: Callable[..., Computed]) -> None:
    run = trigger("conf", {"hpo": "afresh"})
    assert (run.edition, run.answered) == ("afresh@ID", [False, False])
    run.clear()
    assert (run.edition, run.answered) == ("afresh@ID~2", [False, False])
    run.check(2)


@pytest.mark.long
def test_a_backfill_over_a_scheduled_run_computes_and_over_its_own_run_only_with_the_word(
    airflow: LiveAirflow, store: Store
) -> None:
    def scheduled() -> str | None:
        found = airflow.get("/dags/afresh/dagRuns", run_type="scheduled")["dag_runs"]
        return str(found[0]["dag_run_id"]) if found else None

    run = Computed(DagRun(airflow, "afresh", airflow.wait(scheduled, "a scheduled run")), store)
    assert (run.edition, run.answered) == ("afresh@ID", [False, False])
    run.backfill()
    assert (run.edition, run.answered) == ("afresh@ID~2", [False, False])
    run.backfill()
    assert (run.edition, run.answered) == ("afresh@ID~2", [True, True])
    run.backfill({"hpo": "afresh"})
    assert (run.edition, run.answered) == ("afresh@ID~3", [False, False])
    run.check(3)


def test_after_a_change_production_keeps_what_a_run_promoted_until_the_run_is_computed_afresh(
    airflow: LiveAirflow, store: Store
) -> None:
    airflow.wait(lambda: is_parsed(airflow, "changed"), "the DAG to be parsed")
    run = DagRun.trigger(airflow, "changed")
    assert run.wait(timeout=420) == "success"
    name, trial = f"changed@{run.run_id}", "tune.batch_001.trial"

    def in_use() -> tuple[int, Any]:
        with store.session(read_only=True) as session:
            found = parameter_sets.version_in_use(session, "changed")
        return found.version, found.params

    def cleared(task: str | tuple[str, int], last: str, downstream: bool = True) -> str:
        before = tries(last)
        run.clear(task, downstream=downstream)
        airflow.wait(lambda: tries(last) > before, "the tasks to run again", timeout=300)
        return run.wait(timeout=420)

    def tries(task: str) -> int:
        return max(int(each["try_number"]) for each in run.tasks(task))

    first = in_use()
    # Marked as failed and cleared, a trial answers as if it had not been marked.
    airflow.patch(f"{run.path}/taskInstances/{trial}/0", {"new_state": "failed"})
    run.wait()
    assert cleared((trial, 0), "promote") == "success"
    assert (len(store.optuna.records(name)), in_use()) == (2, first)

    airflow.post("/variables", {"key": "changed_sign", "value": "-"})
    # Without what follows: it runs again, and nothing else knows.
    assert cleared((trial, 0), trial, downstream=False) == "success"
    assert [record.replaces for record in store.optuna.records(name)] == [None, None, 0]
    assert in_use() == first
    # With what follows another trial is the best, but the run has promoted already.
    assert cleared("tune.start", "promote") == "failed"
    assert len(store.optuna.records(name)) == 4
    assert run.xcom(FINISH)["params"] != first[1]
    assert "One run promotes one candidate" in run.log("promote", try_number=tries("promote"))
    assert in_use() == first

    airflow.cli("hpo", "studies", "afresh", name)
    assert cleared("tune.start", "promote") == "success"
    assert in_use() == (2, run.xcom(FINISH)["params"])
