"""A cleared trial or evaluation answers from the study, or runs again because something that decides its value has changed."""

from __future__ import annotations

import contextvars
import functools
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.bases.operator import ExecutorSafeguard
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.execution_time.context import MacrosAccessor

from airflow_hpo.core.metrics.source import Stdout
from airflow_hpo.core.trial import AttemptOutcome, FailureKind, TrialRequest
from airflow_hpo.core.window import Period
from airflow_hpo.evaluations.run import evaluation_requests, open_evaluation
from airflow_hpo.operators.function import TrialPythonOperator
from airflow_hpo.operators.process import TrialProcessOperator
from airflow_hpo.operators.trial import TrialOperator
from airflow_hpo.storage import attempts
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.run_tasks import RunTasks
from airflow_hpo.studies.status import status
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.suggest import results_before
from airflow_hpo.studies.why import explain
from tests.integration.trial_tasks import START, Tuned, task_instance
from tests.unit.core.test_evaluation import plan

MARCH = Period(start=datetime(2026, 3, 1, tzinfo=UTC), end=datetime(2026, 4, 1, tzinfo=UTC))
JUNE = Period(start=datetime(2026, 6, 1, tzinfo=UTC), end=datetime(2026, 7, 1, tzinfo=UTC))
TEMPLATES = (
    "{{ ds }} {{ var.value.days }} {{ params.depth }} {{ conn.data.host }} {{ ti.xcom_pull(task_ids='first') }} "
    "{{ trial.number }} {{ trial.params.x }} {{ trial.seed }} {{ trial.slot }} "
    "{{ ti.try_number }} {{ ti.start_date }} {{ ti.hostname }} {{ macros.datetime.now() }} {{ dag_run.start_date }}"
)


class Log:
    """Log of a task."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, message: str, *arguments: Any) -> None:
        self.lines.append(message % arguments if arguments else message)

    debug = warning = error = exception = info


class Cleared:
    """A trial's task; each call is what a worker does after the task was cleared once more."""

    def __init__(self, store: Store, request: TrialRequest, log: Log) -> None:
        self.store, self.request, self.log, self.tries = store, request, log, 0
        self.folder = ""
        self.context: dict[str, Any] = {}

    @property
    def label(self) -> str:
        """What Airflow shows of the task once it has ended."""
        return str(self.context["trial"].label)

    def __call__(self, request: TrialRequest | None = None, inputs: Any = None, **arguments: Any) -> dict[str, Any]:
        given = {"command": ["sh", "-c", f"true {TEMPLATES}; echo loss=1 time_s=2"], **arguments}
        kind = TrialPythonOperator if "function" in arguments else TrialProcessOperator
        if kind is TrialPythonOperator:
            del given["command"]
        asked = (request or self.request).to_dict()
        operator = kind(task_id="trial", request=json.loads(json.dumps(asked)), dag=self._dag(), **given)
        return self.run(operator, **(inputs or {}))

    def run(self, operator: TrialOperator, **inputs: Any) -> dict[str, Any]:
        self.tries += 1
        self.log.lines.clear()
        operator.__dict__["studies"] = SimpleNamespace(store=self.store)
        ti = task_instance(self.request, self.tries)
        ti.hostname = f"host-{self.tries}"
        ti.start_date = datetime.now(UTC) + timedelta(days=self.tries)
        ti.xcom_pull = lambda task_ids: inputs.get("xcom", "old")
        context: Any = {
            "ti": ti,
            "dag_run": SimpleNamespace(start_date=ti.start_date),
            "ds": inputs.get("ds", "2026-03-01"),
            "params": {"depth": inputs.get("param", 1)},
            "var": SimpleNamespace(value=SimpleNamespace(days=inputs.get("variable", 30))),
            "conn": SimpleNamespace(data=SimpleNamespace(host=inputs.get("host", "old"))),
            "macros": MacrosAccessor(),
            "dag": SimpleNamespace(dag_id="tune"),
        }
        here = contextvars.copy_context()
        here.run(ExecutorSafeguard.tracker.set, operator)
        here.run(operator.render_template_fields, context)
        self.context = context
        result: dict[str, Any] = here.run(functools.partial(operator.execute, context=context))
        return result

    def _dag(self) -> DAG:
        dag = DAG("tune")
        dag.fileloc = f"{self.folder}/dag.py"
        return dag


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    log = Log()
    monkeypatch.setattr(TrialOperator, "log", log)
    return log


@pytest.fixture
def cleared(tuned: Tuned, log: Log) -> Cleared:
    return Cleared(tuned.store, tuned.suggest()[0].model_copy(update={"period": MARCH}), log)


def answered(result: dict[str, Any]) -> bool:
    return result["attempt"] == 0


def runs_again(result: dict[str, Any]) -> bool:
    return result["attempt"] == 1 and result["replaces"] is not None


def test_a_cleared_trial_answers_although_try_host_start_and_clock_are_others(cleared: Cleared) -> None:
    assert [answered(cleared()) for _ in range(3)] == [False, True, True]


def test_a_cleared_trial_answers_although_it_would_have_another_slot(cleared: Cleared, tuned: Tuned) -> None:
    other = tuned.suggest()[1]
    running = tuned.started(other)
    slots = ["-c", "echo slot=$HPO_SLOT={{ trial.slot }}; echo loss=1 time_s=2"]
    assert not answered(cleared(command=["sh", *slots]))
    assert any("slot=1=1" in line for line in cleared.log.lines)
    tuned.conclude(*running)
    assert answered(cleared(command=["sh", *slots]))


def test_the_label_shows_the_value_and_a_star_as_long_as_no_trial_before_was_better(
    cleared: Cleared, tuned: Tuned
) -> None:
    _, better, worse, failing = tuned.suggest()
    tuned.complete(better, value=0.5)
    labels = []
    for request, value in ((cleared.request, 0.25), (worse, 0.75), (worse, 0.75)):
        cleared.request = request
        cleared(command=["sh", "-c", f"echo loss={value} time_s=2"])
        labels.append(cleared.label)
    cleared.request = failing
    with pytest.raises(AirflowFailException):
        cleared(command=["false"])
    ends = [label.rpartition(" → ")[2] for label in (*labels, cleared.label)]
    assert ends == ["0.25 ★", "0.75", "0.75", "failed"]


def test_an_answer_says_of_when_and_of_which_period_it_is(cleared: Cleared) -> None:
    cleared()
    cleared()
    finished = cleared.store.optuna.record(cleared.request.study, 0).finished
    assert cleared.log.lines == [
        "Trial 0 is complete in the study; nothing is run.",
        f"It is answered from the result of {finished:%Y-%m-%d %H:%M} UTC for the period {MARCH}.",
    ]


CHANGES: dict[str, Any] = {
    "the day of the run": {"ds": "2026-06-01"},
    "a Variable": {"variable": 60},
    "a param": {"param": 2},
    "the host of a connection": {"host": "new"},
    "the XCom of a stage before": {"xcom": "new"},
}


@pytest.mark.parametrize("inputs", CHANGES.values(), ids=CHANGES)
def test_a_trial_runs_again_once_what_its_templates_render_to_has_changed(cleared: Cleared, inputs: Any) -> None:
    cleared()
    second = cleared(inputs=inputs)
    assert runs_again(second)
    assert cleared.log.lines[0] == (
        "Trial 0 does not answer, because what it runs has changed: an argument, or what a template renders to; "
        f"trial {second['number']} runs."
    )
    # The rerun has another number, and answers all the same.
    assert answered(cleared(inputs=inputs))


ARGUMENTS: dict[str, Any] = {
    "the command": {"command": ["sh", "-c", "echo loss=2 time_s=3"]},
    "a variable of the program": {"env": {"DEPTH": 3}},
    "how metrics are read": {"metrics": Stdout(format="text", step="epoch")},
    "a filter of metrics": {"metrics": Stdout(filter=r"(?P<name>loss|time_s)=(?P<value>\S+)")},
}


@pytest.mark.parametrize("changed", ARGUMENTS.values(), ids=ARGUMENTS)
def test_a_trial_runs_again_once_an_argument_has_changed(cleared: Cleared, changed: Any) -> None:
    cleared()
    assert runs_again(cleared(**changed))
    assert answered(cleared(**changed))


def test_a_trial_runs_again_once_its_window_was_changed(cleared: Cleared) -> None:
    cleared()
    june = cleared.request.model_copy(update={"period": JUNE})
    assert runs_again(cleared(june))
    assert cleared.log.lines[0].startswith("Trial 0 does not answer, because its period or scenario is another one")
    assert answered(cleared(june))
    assert cleared.log.lines[-1].endswith(f"for the period {JUNE}.")


def test_suggest_says_which_trials_answer_for_their_period(cleared: Cleared, tuned: Tuned) -> None:
    def said(period: Period | None) -> list[str]:
        requests = [request.model_copy(update={"period": period}) for request in tuned.suggest()]
        return [
            line.partition(", the last of ")[0] + line.partition(" UTC")[2]
            for line in results_before(tuned.store, tuned.name, requests)
        ]

    assert said(MARCH) == []
    cleared()
    answers = "they answer, unless what they run has changed."
    assert said(MARCH) == [f"1 of 4 have a result for this period: {answers}"]
    assert said(JUNE) == ["1 of 4 have a result for another period: they run again."]
    cleared(cleared.request.model_copy(update={"period": JUNE}))
    assert said(JUNE) == [f"1 of 4 have a result for this period: {answers}"]
    tuned.complete(tuned.suggest()[1])
    assert said(JUNE)[1:] == [f"1 of 4 have a result by a version that kept no period: {answers}"]


def test_an_edition_of_several_periods_says_so(cleared: Cleared, tuned: Tuned) -> None:
    def said() -> list[bool]:
        sentence = "Its results are of 2 periods (1 + 1 trials), and their values are compared all the same."
        finished = finish(tuned.store, status(tuned.store, tuned.name), accept_incomplete=True).text
        return [sentence in text for text in (finished, str(explain(tuned.store, tuned.name, RunTasks()).study))]

    for request, period in zip(tuned.suggest(), (MARCH, JUNE)):
        cleared(request.model_copy(update={"period": period}))
    assert said() == [True, True]
    cleared(cleared.request.model_copy(update={"period": JUNE}))
    assert said() == [False, False]


def test_a_trial_of_the_version_before_is_compared_as_that_version_did(cleared: Cleared, tuned: Tuned) -> None:
    command = ["sh", "-c", "echo loss=1 time_s=2 # {{ ds }}"]
    before = TrialProcessOperator(task_id="t", request={}, command=command).work()
    tuned.complete(cleared.request, work=before)
    assert answered(cleared(command=command, inputs={"ds": "2026-06-01"}))
    assert "stored by a version that kept no period" in cleared.log.lines[-1]
    assert runs_again(cleared(command=[*command, "more"]))


@pytest.fixture
def program(cleared: Cleared, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    cleared.folder = str(tmp_path)
    models = tmp_path / "models"
    models.mkdir()
    (tmp_path / "train.py").write_text("1")
    (models / "net.py").write_text("1")
    return lambda: cleared(code=["train.py", models])


@pytest.mark.parametrize("name", ["train.py", "models/net.py", "models/new.py", "models/deep/new.py"])
def test_a_trial_runs_again_once_a_file_of_its_code_has_changed(
    program: Callable[..., dict[str, Any]], tmp_path: Path, name: str
) -> None:
    assert [answered(program()) for _ in range(2)] == [False, True]
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("2")
    assert runs_again(program())
    assert answered(program())


def test_a_trial_answers_although_files_that_mean_nothing_have_changed(
    program: Callable[..., dict[str, Any]], cleared: Cleared, tmp_path: Path
) -> None:
    program()
    (tmp_path / "models" / "__pycache__").mkdir()
    (tmp_path / "models" / "__pycache__" / "net.pyc").write_text("2")
    (tmp_path / "other.py").write_text("2")
    assert answered(program())


def test_a_trial_runs_again_once_a_file_behind_a_link_to_a_folder_has_changed(
    program: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "common").mkdir()
    (tmp_path / "common" / "layers.py").write_text("1")
    (tmp_path / "common" / "back").symlink_to(tmp_path / "models")
    (tmp_path / "models" / "common").symlink_to(tmp_path / "common")
    assert [answered(program()) for _ in range(2)] == [False, True]
    (tmp_path / "common" / "layers.py").write_text("2")
    assert runs_again(program())


def test_a_trial_answers_although_the_folder_of_its_dag_has_moved_with_its_code(
    cleared: Cleared, tmp_path: Path
) -> None:
    for version in ("1a2b", "3c4d"):
        cleared.folder = str(tmp_path / version)
        (tmp_path / version).mkdir()
        (tmp_path / version / "train.py").write_text("1")
        ran = cleared(code=["."])
    assert answered(ran)


def test_an_answer_names_a_program_that_was_not_looked_at(cleared: Cleared, tmp_path: Path) -> None:
    cleared.folder = str(tmp_path)
    (tmp_path / "train.sh").write_text("echo loss=1 time_s=2")
    command = ["sh", "train.sh", "--lr=1"]
    hint = "Not looked at: train.sh. code=['train.sh'] runs the trial again when it has changed."
    cleared(command=command, cwd=str(tmp_path))
    assert hint not in cleared.log.lines
    assert answered(cleared(command=command, cwd=str(tmp_path)))
    assert hint in cleared.log.lines
    cleared(command=command, cwd=str(tmp_path), code=["train.sh"])
    assert answered(cleared(command=command, cwd=str(tmp_path), code=["train.sh"]))
    assert hint not in cleared.log.lines


def test_code_that_does_not_exist_is_the_failed_trials_own_reason(cleared: Cleared, tmp_path: Path) -> None:
    cleared.folder = str(tmp_path)
    with pytest.raises(AirflowFailException, match=f"there is no '{tmp_path}/train.py'. Correct 'train.py'"):
        cleared(code=["train.py"])
    (attempt,) = cleared.store.read(attempts.of, cleared.request.study)
    assert (attempt.outcome, attempt.kind) == (AttemptOutcome.FAILED, FailureKind.PROGRAM)
    assert f"there is no '{tmp_path}/train.py'" in (attempt.reason or "")
    (tmp_path / "train.py").touch()
    assert runs_again(cleared(code=["train.py"]))


def test_a_result_stays_while_the_code_it_is_compared_with_is_missing(cleared: Cleared, tmp_path: Path) -> None:
    cleared.folder = str(tmp_path)
    (tmp_path / "train.py").touch()
    cleared(code=["train.py"])
    (tmp_path / "train.py").rename(tmp_path / "away.py")
    with pytest.raises(AirflowFailException, match="there is no"):
        cleared(code=["train.py"])
    (tmp_path / "away.py").rename(tmp_path / "train.py")
    assert answered(cleared(code=["train.py"]))


def loss(trial: Any, offset: float) -> dict[str, float]:
    return {"loss": offset, "time_s": 1.0}


def test_a_function_runs_again_once_what_it_is_bound_to_has_changed(cleared: Cleared) -> None:
    cleared(function=functools.partial(loss, offset=1.0))
    assert answered(cleared(function=functools.partial(loss, offset=1.0)))
    assert runs_again(cleared(function=functools.partial(loss, offset=2.0)))


def test_a_cleared_evaluation_answers_until_an_input_has_changed(store: Store, log: Log) -> None:
    evaluation = open_evaluation(store, plan(), "evaluated", "r", START)
    request = evaluation_requests(store, evaluation)[0]
    metrics = " ".join(f"{name}=1" for name in plan().objective.metrics)
    command = ["sh", "-c", f"true {TEMPLATES}; echo {metrics}"]
    cleared = Cleared(store, request, log)
    assert [answered(cleared(command=command)) for _ in range(2)] == [False, True]
    assert runs_again(cleared(command=command, inputs={"variable": 60}))
    assert answered(cleared(command=command, inputs={"variable": 60}))
