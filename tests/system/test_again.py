"""The rows of docs/operate/again.md that take long: runs that are backfilled, continued, and cleared after the author's edit."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from airflow_hpo.storage import parameter_sets
from airflow_hpo.storage.tables import EditionRow
from airflow_hpo.studies.store import Store
from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun, is_parsed

pytestmark = pytest.mark.long

FILES = Path(__file__).parent / "changing"
START, TRIAL, FINISH = "tune.start", "tune.batch_001.trial", "tune.finish"
CHANGES = ("budget", "space", "window", "zone", "function", "argument", "program")


class Tuned:
    """A DAG run that tunes and promotes, and what its study and production say."""

    def __init__(self, run: DagRun, store: Store) -> None:
        self.run, self.store, self.airflow = run, store, run.airflow

    @property
    def edition(self) -> str:
        return str(self.finished["edition"])

    @property
    def finished(self) -> dict[str, Any]:
        found: dict[str, Any] = self.run.xcom(FINISH)
        return found

    @property
    def trials(self) -> int:
        """How many trials the newest generation has."""
        return len(self.store.optuna.records(self.store.current(f"{self.run.dag_id}@{self.run.run_id}").name))

    @property
    def answered(self) -> str | None:
        """The end of what finish said was not measured."""
        said = self.finished["answered"]
        return said and str(said).rpartition(", ")[2]

    def tries(self, task: str) -> int:
        return max((int(each["try_number"]) for each in self.run.tasks(task)), default=0)

    def log(self, task: str, index: int = -1) -> str:
        """The log of a task's last try."""
        return self.run.log(task, index, try_number=self.tries(task))

    def again(self, action: Callable[[], Any], first: str = START) -> str:
        """Do what makes the run run again, and return how it ended."""
        before = self.tries(first)
        action()
        self.airflow.wait(lambda: self.tries(first) > before, f"{self.run.dag_id} to run again", timeout=300)
        return self.run.wait(timeout=300)

    def clear(self) -> str:
        """Clear the whole run."""
        return self.again(lambda: self.airflow.post(f"{self.run.path}/clear", {"dry_run": False}))

    def afresh(self) -> None:
        """Ask for everything to be computed again by the next start."""
        self.airflow.cli("hpo", "studies", "afresh", f"{self.run.dag_id}@{self.run.run_id}")


def used(store: Store, parameter_set: str) -> tuple[int, Any]:
    """What production uses."""
    with store.session(read_only=True) as session:
        found = parameter_sets.version_in_use(session, parameter_set)
    return found.version, dict(found.params)


@pytest.fixture(scope="module")
def dags(airflow: LiveAirflow) -> Path:
    """The folder of the DAGs, with those that are changed here."""
    folder = Path(airflow.env["AIRFLOW__CORE__DAGS_FOLDER"])
    shutil.copytree(FILES, folder, dirs_exist_ok=True)
    return folder


def parsed_at(airflow: LiveAirflow, dag_id: str) -> str:
    return str(airflow.get(f"/dags/{dag_id}")["last_parsed_time"])


def edited(airflow: LiveAirflow, file: Path, dag_id: str, to: Path | None = None) -> None:
    """Change a DAG's file as its author does, and wait until Airflow knows."""
    before = parsed_at(airflow, dag_id)
    text = file.read_text().replace("CHANGED = False", "CHANGED = True")
    if to is not None:
        to.parent.mkdir()
        file.unlink()
    (to or file).write_text(text)
    airflow.wait(lambda: parsed_at(airflow, dag_id) > before, f"{dag_id} to be parsed again")


@pytest.fixture(scope="module")
def before(airflow: LiveAirflow, store: Store, dags: Path) -> dict[str, Tuned]:
    """A run of each study that an author changes afterwards, all at once."""
    runs = {name: Tuned(DagRun.trigger(airflow, f"changes_{name}"), store) for name in CHANGES}
    for tuned in runs.values():
        assert tuned.run.wait(timeout=420) == "success"
        assert (tuned.trials, tuned.answered) == (2, None)
    return runs


@pytest.fixture(scope="module")
def changed(airflow: LiveAirflow, dags: Path, before: dict[str, Tuned]) -> Iterator[dict[str, Tuned]]:
    """The same runs, cleared after the edit."""
    tries = {name: tuned.tries(START) for name, tuned in before.items()}
    (dags / "train.sh").write_text("echo loss=-$HPO_PARAM_X\n")
    edited(airflow, dags / "changes.py", "changes_program")
    for tuned in before.values():
        airflow.post(f"{tuned.run.path}/clear", {"dry_run": False})
    for name, tuned in before.items():
        airflow.wait(lambda t=tuned, n=name: t.tries(START) > tries[n], f"{name} to run again", timeout=300)
        tuned.run.wait(timeout=300)
    return before


@pytest.mark.parametrize("name", ["zone", "program"])
def test_a_change_that_decides_no_value_is_answered(changed: dict[str, Tuned], store: Store, name: str) -> None:
    tuned = changed[name]
    assert (tuned.run.state, tuned.trials, tuned.answered) == ("success", 2, "0 of 2 trials run.")
    assert tuned.run.xcom("promote")["moved"] is False
    assert used(store, f"changes/{name}") == (1, tuned.finished["params"])


def test_a_program_that_code_does_not_name_is_named_by_the_answer(changed: dict[str, Tuned]) -> None:
    assert "Not looked at: train.sh. code=['train.sh'] runs the trial again" in changed["program"].log(TRIAL, 0)


def test_a_larger_budget_runs_what_is_missing(changed: dict[str, Tuned], store: Store) -> None:
    tuned = changed["budget"]
    assert (tuned.trials, tuned.answered) == (4, "2 of 4 trials run.")
    assert used(store, "changes/budget")[0] == 1


def test_another_space_is_refused_until_it_is_computed_afresh(changed: dict[str, Tuned], store: Store) -> None:
    tuned = changed["space"]
    assert (tuned.run.state, tuned.trials) == ("failed", 2)
    said = tuned.log(START)
    assert "searches for something else than the declaration" in said
    assert f"airflow hpo studies afresh changes_space@{tuned.run.run_id}" in said
    first = used(store, "changes/space")
    tuned.afresh()
    assert tuned.clear() == "success"
    assert (tuned.edition.rpartition("~")[2], tuned.trials, tuned.answered) == ("2", 2, None)
    assert first[0] == 1
    assert used(store, "changes/space")[1] == tuned.finished["params"]


@pytest.mark.parametrize(
    ("name", "because"),
    [
        ("window", "its period or scenario is another one"),
        ("function", "what it runs has changed"),
        ("argument", "what it runs has changed: an argument, or what a template renders to"),
    ],
)
def test_a_change_that_decides_values_runs_the_trials_again(
    changed: dict[str, Tuned], store: Store, name: str, because: str
) -> None:
    tuned = changed[name]
    assert tuned.trials == 4
    assert f"does not answer, because {because}" in tuned.log(TRIAL, 0)
    first, second, *again = [record.replaces for record in store.optuna.records(tuned.edition)]
    # Both run at once, so that either may be the first.
    assert (first, second, {*again}) == (None, None, {0, 1})
    assert tuned.answered is None
    assert used(store, f"changes/{name}")[0] == 1
    # Under another window the same parameters are the best, and the run has promoted them already.
    same = name == "window"
    assert tuned.run.state == ("success" if same else "failed")
    if not same:
        assert "One run promotes one candidate" in tuned.log("promote")


def test_a_run_keeps_the_zone_it_began_in_until_it_is_computed_afresh(changed: dict[str, Tuned]) -> None:
    tuned = changed["zone"]
    assert "in days of UTC." in tuned.log(START)
    tuned.afresh()
    assert tuned.clear() == "success"
    assert tuned.answered is None
    assert "in days of Asia/Tokyo." in tuned.log(START)


def test_a_dag_that_moves_to_another_folder_with_another_version_and_other_retries_is_answered(
    airflow: LiveAirflow, store: Store, dags: Path
) -> None:
    tuned = Tuned(DagRun.trigger(airflow, "moved"), store)
    assert tuned.run.wait() == "success"
    edited(airflow, dags / "moved.py", "moved", to=dags / "elsewhere" / "moved.py")
    airflow.wait(lambda: is_parsed(airflow, "moved"), "the moved DAG to be known")
    assert tuned.clear() == "success"
    assert (tuned.trials, tuned.answered) == (2, "0 of 2 trials run.")


class Backfills:
    """Backfills of the daily DAG."""

    def __init__(self, airflow: LiveAirflow, store: Store) -> None:
        self.airflow, self.store = airflow, store

    def create(self, first: int, last: int, behaviour: str = "none", **options: Any) -> None:
        """Backfill days of January, and wait for the end."""
        self.airflow.wait(self._ended, "the backfill before to end", timeout=300)
        dates = {"from_date": f"2026-01-{first:02}T00:00:00Z", "to_date": f"2026-01-{last:02}T00:00:00Z"}
        self.airflow.post(
            "/backfills",
            {"dag_id": "again_daily", "reprocess_behavior": behaviour, "max_active_runs": 1, **dates, **options},
        )
        self.airflow.wait(self._ended, "the backfill to end", timeout=420)

    def of(self, day: int) -> Tuned:
        """The run of a day."""
        found = self.airflow.get("/dags/again_daily/dagRuns", limit=100)["dag_runs"]
        (run,) = [each for each in found if (each["logical_date"] or "").startswith(f"2026-01-{day:02}")]
        return Tuned(DagRun(self.airflow, "again_daily", run["dag_run_id"]), self.store)

    def _ended(self) -> bool:
        return all(each["completed_at"] for each in self.airflow.get("/backfills", dag_id="again_daily")["backfills"])


def test_backfills_compute_what_has_no_run_and_what_failed_and_never_look_ahead(
    airflow: LiveAirflow, store: Store, dags: Path
) -> None:
    airflow.wait(lambda: is_parsed(airflow, "again_daily"), "the DAG to be parsed")
    backfills = Backfills(airflow, store)
    # Backwards: the newest day promotes, those before it are refused, and no warm start takes from a later day.
    backfills.create(3, 5, run_backwards=True)
    assert [backfills.of(day).run.state for day in (5, 4, 3)] == ["success", "failed", "failed"]
    promoted = used(store, "again_daily")
    assert (promoted[0], promoted[1]) == (1, backfills.of(5).finished["params"])
    for day in (4, 3):
        tuned = backfills.of(day)
        assert "allow_older=True" in tuned.log("promote")
        assert "Warm start: no earlier edition has data that end as early as this one's" in tuned.log(START)

    # None: what has a run is not touched.
    untouched = backfills.of(5).tries(START)
    backfills.create(5, 6)
    assert (backfills.of(5).tries(START), backfills.of(6).run.state) == (untouched, "success")
    assert backfills.of(6).answered is None
    assert "Warm start: the best trials of earlier editions" in backfills.of(6).log(START)
    newest = used(store, "again_daily")
    assert newest == (2, backfills.of(6).finished["params"])

    # Failed, over a manual run: it is computed, also what it had. Over a backfill's own run: answered, as by a clear.
    airflow.post("/variables", {"key": "again_broken", "value": "yes"})
    manual = Tuned(DagRun.trigger(airflow, "again_daily", logical_date="2026-01-07T00:00:00Z"), store)
    assert manual.run.wait() == "failed"
    assert airflow.client.delete("/api/v2/variables/again_broken").is_success
    backfills.create(6, 7, "failed")
    assert manual.run.state == "success"
    assert manual.edition == f"again_daily@{manual.run.run_id}~2"
    assert "A backfill reprocesses DAG run" in manual.log(START)
    assert (backfills.of(6).tries(START), used(store, "again_daily")[0]) == (1, 3)
    backfills.create(4, 4, "failed")
    again = backfills.of(4)
    assert (again.run.state, again.answered) == ("failed", "0 of 2 trials run.")
    assert used(store, "again_daily")[0] == 3


def test_a_constant_run_is_continued_and_computed_afresh_when_a_conf_or_a_person_asks(
    airflow: LiveAirflow, store: Store, dags: Path
) -> None:
    def ran(conf: dict[str, Any] | None = None) -> Tuned:
        tuned = Tuned(DagRun.trigger(airflow, "again_main", conf), store)
        assert tuned.run.wait() == "success"
        return tuned

    first, second = ran(), ran()
    assert (first.edition, first.answered) == ("again_main@main", None)
    assert (second.edition, second.answered) == ("again_main@main", "0 of 2 trials run.")
    # Each DAG run promotes once, also what another one has measured.
    assert used(store, "again_main") == (2, first.finished["params"])
    assert airflow.client.delete(f"/api/v2{second.run.path}").is_success
    airflow.post("/dags/again_main/dagRuns", {"dag_run_id": second.run.run_id, "logical_date": None})
    assert second.run.wait() == "success"
    assert (second.edition, second.answered) == ("again_main@main", "0 of 2 trials run.")

    asked = ran({"hpo": "afresh"})
    assert (asked.edition, asked.answered) == ("again_main@main~2", None)
    assert (ran().edition, ran().answered) == ("again_main@main~2", "0 of 2 trials run.")
    airflow.cli("hpo", "studies", "afresh", "again_main@main")
    assert ran().edition == "again_main@main~3"
    assert ran().edition == "again_main@main~3"


def test_an_edition_that_does_not_know_its_dag_run_answers_until_its_start_has_run_once_more(
    airflow: LiveAirflow, store: Store, dags: Path
) -> None:
    tuned = Tuned(DagRun.trigger(airflow, "again_old"), store)
    assert tuned.run.wait() == "success"
    noted = {"clear_number": None, "run_started": None, "run_type": None, "generation": None, "data_until": None}
    with store.session() as session:
        session.execute(update(EditionRow).where(EditionRow.family == "again_old").values(noted))

    def made_again() -> None:
        assert airflow.client.delete(f"/api/v2{tuned.run.path}").is_success
        airflow.post("/dags/again_old/dagRuns", {"dag_run_id": tuned.run.run_id, "logical_date": None})
        assert tuned.run.wait() == "success"

    made_again()
    name = f"again_old@{tuned.run.run_id}"
    assert (tuned.edition, tuned.answered) == (name, "0 of 2 trials run.")
    made_again()
    assert (tuned.edition, tuned.answered) == (f"{name}~2", None)
