"""Secrets in everything that a program, a function, a cluster or a person can say: none is stored, logged, shown or sent."""

from __future__ import annotations

import asyncio
import contextvars
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote_plus

import pytest
from airflow.providers.cncf.kubernetes.hooks.kubernetes import KubernetesHook
from airflow.sdk import Connection, Variable
from airflow.sdk._shared import secrets_masker
from airflow.sdk.bases.operator import ExecutorSafeguard
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred
from airflow.sdk.log import mask_secret
from sqlalchemy import MetaData, select

from airflow_hpo.core.masking import mask_with
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.parameter_set import Provenance
from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.exceptions import FailureKind, StoreUnavailableError
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.hooks.secrets import hidden
from airflow_hpo.notifications.message import message_of
from airflow_hpo.operators.function import TrialPythonOperator
from airflow_hpo.operators.pod import TrialPodOperator
from airflow_hpo.operators.process import TrialProcessOperator
from airflow_hpo.operators.trial import TrialOperator
from airflow_hpo.parameter_sets.moves import assign, rollback
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.open import ask_afresh
from airflow_hpo.studies.stop import request_stop
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.conclude import fail
from airflow_hpo.trials.invalidate import invalidate
from airflow_hpo.triggers.trial_run import TrialPodRunTrigger
from tests.integration.cli.test_commands import Command, run  # noqa: F401
from tests.integration.operators.test_one_life import Core
from tests.integration.trial_tasks import Tuned, declared, task_instance, task_try_of

PASSWORD = "pa/ss word+of=connection"
TOKEN = "token-of-a-variable"
OWN = 'mask"ed\\by-hand'
LINES = "-----BEGIN KEY-----\nfirst-line-of-a-key\nsecond-line-of-a-key"
TOLD = [PASSWORD, TOKEN, OWN, *LINES.splitlines()[1:]]
WHOLE = [*TOLD, quote_plus(PASSWORD), json.dumps(OWN)[1:-1]]
SECRETS = [*WHOLE, *(text[:12] for text in TOLD)]
"""What must be found nowhere: each secret, other ways of writing it, and the beginning that a cut would leave."""

PROGRAM = f"""
secrets = {TOLD!r}
for secret in secrets:
    print('plain', secret)
    print('cut', 'x' * 180, secret)
    print('sample', 'x' * 380, secret)
    print('loss=' + secret)
    print('time_s=' + secret)
    print('loss: ' + secret)
print('url=postgresql://u:{quote_plus(PASSWORD)}@h/d')
print({json.dumps({"password": OWN})!r})
"""


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Secrets that this process has looked up, as a task does."""
    masker = secrets_masker._secrets_masker()
    before = set(masker.patterns), masker.replacer, masker.sensitive_variables_fields
    masker.sensitive_variables_fields = list(secrets_masker.DEFAULT_SENSITIVE_FIELDS)
    monkeypatch.setenv("AIRFLOW_CONN_PLANTED", json.dumps({"conn_type": "http", "password": PASSWORD}))
    monkeypatch.setenv("AIRFLOW_VAR_PLANTED_TOKEN", TOKEN)
    assert Connection.get("planted").password == PASSWORD
    assert Variable.get("planted_token") == TOKEN
    mask_secret(OWN)
    mask_secret(LINES)
    yield
    masker.patterns, masker.replacer, masker.sensitive_variables_fields = before


@pytest.fixture
def tuned(ready_database: Database, monkeypatch: pytest.MonkeyPatch) -> Tuned:
    monkeypatch.setattr(HpoHook, "database", ready_database)
    monkeypatch.setattr(HpoHook, "_connection", object())
    return Tuned(Store(ready_database), declared(max_trials=8, parallelism=8, batch_size=8))


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What tasks log."""
    found: list[str] = []

    def take(message: str, *given: Any) -> None:
        found.append(message % given if given else message)

    log = SimpleNamespace(**dict.fromkeys(("debug", "info", "warning", "error", "exception"), take))
    monkeypatch.setattr(TrialOperator, "log", log)
    return found


def executed(operator: TrialOperator, request: TrialRequest) -> BaseException:
    """Run a trial's task, which fails, and return its error."""
    ti = task_instance(request)
    context: Any = {"ti": ti, "run_id": "r", "params": {}, "dag": SimpleNamespace(dag_id="tune")}
    operator.render_template_fields(context)
    here = contextvars.copy_context()
    here.run(ExecutorSafeguard.tracker.set, operator)
    with pytest.raises((AirflowFailException, TaskDeferred)) as raised:
        here.run(operator.execute, context=context)
    return raised.value


def stored(database: Database) -> str:
    """Return everything that stands in the study database, Optuna's tables included."""
    tables = MetaData()
    with database.connect() as connection:
        tables.reflect(connection)
        rows = [str(tuple(row)) for table in tables.sorted_tables for row in connection.execute(select(table))]
    return "\n".join(rows)


def found_in(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


def as_process(request: TrialRequest, end: str) -> TrialProcessOperator:
    return TrialProcessOperator(
        task_id="trial", request=request.to_dict(), command=[sys.executable, "-c", PROGRAM + end], retries=0
    )


def tell_everything(tuned: Tuned) -> list[BaseException]:
    """Let programs, a function, a cluster and a person say every secret; return the errors of the tasks."""
    first, second, third, fourth, fifth, *_ = tuned.suggest()

    def function(trial: Any) -> float:
        raise RuntimeError(f"refused {TOLD}")

    errors = [
        executed(as_process(first, "raise SystemExit(3)"), first),
        executed(as_process(second, ""), second),
        executed(TrialPythonOperator(task_id="trial", request=third.to_dict(), function=function), third),
    ]
    _, attempt = tuned.started(fourth)
    reason = f"The pod did not start: Failed to mount {' '.join(TOLD)}."
    fail(
        tuned.store, attempt, Outcome.failed(reason, FailureKind.INFRASTRUCTURE, tail=TOLD), task_try_of(fourth.key), 0
    )
    done = tuned.complete(fifth, 0.5, problems=tuple(f"It was {secret!r}." for secret in TOLD))
    said = f"Because of {TOLD}."
    invalidate(tuned.store, tuned.name, done.number, said)
    request_stop(tuned.store, tuned.name, said, "finish")
    ask_afresh(tuned.store, tuned.name, said)
    for n in (1, 2):
        assign(tuned.store, "demo", {"n": n}, Provenance(reason=said, source=said))
    rollback(tuned.store, "demo", provenance=Provenance(reason=said))
    return errors


def test_the_study_database_has_no_secret(tuned: Tuned, lines: list[str]) -> None:
    tell_everything(tuned)
    text = stored(tuned.store.database)
    assert text.count("***") > 20
    assert found_in(text) == []


def test_neither_logs_nor_errors_of_tasks_have_a_secret(
    tuned: Tuned, lines: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="airflow_hpo"):
        errors = tell_everything(tuned)
    assert all(isinstance(error, AirflowFailException) for error in errors)
    assert any("plain ***" in line for line in lines)
    assert found_in("\n".join([*lines, *map(str, errors), caplog.text])) == []


COMMANDS = [
    "studies list",
    "studies list -o json",
    "studies show demo",
    "studies show demo -o json",
    "studies why demo",
    "studies why demo -o json",
    "studies why demo -o csv",
    "studies export demo -o csv",
    "studies export demo -o json",
    "studies stop demo",
    "studies drift demo",
    *(f"trials show demo {number}" for number in range(5)),
    "trials show demo 0 -o json",
    "champion history demo",
    "champion get demo -o json",
    "champion get demo",
]


def test_no_command_shows_a_secret_also_of_rows_that_were_stored_before(
    run: Command,  # noqa: F811
    tuned: Tuned,
    lines: list[str],
) -> None:
    mask_with(str)
    try:
        tell_everything(tuned)
    finally:
        mask_with(hidden)
    assert found_in(stored(tuned.store.database))
    for command in COMMANDS:
        said = run(*command.split())
        # Of a row that was cut before it was stored, a beginning is left that nothing recognises.
        assert [secret for secret in WHOLE if secret in said] == [], command


def test_a_message_to_people_has_no_secret(tuned: Tuned) -> None:
    context = {
        "exception": RuntimeError(f"refused {TOLD}"),
        "ti": SimpleNamespace(task_id="trial", log_url=f"http://u:{quote_plus(PASSWORD)}@host/log"),
        "dag": SimpleNamespace(dag_id="tune"),
        "run_id": "r",
    }
    message = message_of(context)
    assert "***" in message.text
    assert found_in(f"{message}") == []


def test_a_file_of_csv_has_no_secret(run: Command, tuned: Tuned, lines: list[str], tmp_path: Path) -> None:  # noqa: F811
    tell_everything(tuned)
    path = tmp_path / "trials.csv"
    run("studies", "export", "demo", "-o", "csv", "--file", str(path))
    assert found_in(path.read_text(encoding="utf-8")) == []


def test_a_program_inherits_no_secret_and_the_log_says_which_names(
    tuned: Tuned, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://u:{quote_plus(PASSWORD)}@h/d")
    monkeypatch.setenv("PLANTED_OPENLY", "open")
    program = (
        "import os; withheld = [n for n in os.environ if n.startswith(('AIRFLOW', '_AIRFLOW')) or n == 'DATABASE_URL'];"
        "print(sorted(withheld), os.environ['PLANTED_OPENLY'], bool(os.environ['PATH'])); raise SystemExit(3)"
    )
    request = tuned.suggest()[0]
    operator = TrialProcessOperator(
        task_id="trial",
        request=request.to_dict(),
        command=[sys.executable, "-c", program],
        pass_env=["AIRFLOW_VAR_PLANTED_TOKEN"],
    )
    executed(operator, request)
    assert "['AIRFLOW_VAR_PLANTED_TOKEN'] open True" in lines
    [said] = [line for line in lines if line.startswith("Variables that the program does not get:")]
    assert "AIRFLOW_CONN_PLANTED" in said
    assert "DATABASE_URL" in said
    assert found_in(said) == []


def test_what_is_stored_of_a_task_that_waits_for_its_pod_has_no_secret(
    tuned: Tuned, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KubernetesHook, "core_v1_client", Core())
    monkeypatch.setattr(KubernetesHook, "is_in_cluster", True)
    request = tuned.suggest()[0]
    operator = TrialPodOperator(
        task_id="trial",
        request=request.to_dict(),
        image="i",
        namespace="n",
        env_vars={"X": TOKEN, "RATE": "0.5"},
        arguments=[f"--url=db://u:{quote_plus(PASSWORD)}@h"],
    )
    deferred = executed(operator, request)
    assert isinstance(deferred, TaskDeferred)
    _, arguments = deferred.trigger.serialize()
    assert sorted(arguments["masked"].values()) == ["***", "--url=db://u:***@h"]
    assert found_in(str(arguments)) == []


def test_the_event_of_a_trial_that_the_triggerer_cannot_start_has_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(*given: Any) -> None:
        raise RuntimeError(f"refused {TOLD}")

    async def events() -> list[Any]:
        return [event.payload async for event in TrialPodRunTrigger({}, {}).run()]

    monkeypatch.setattr(TrialPodRunTrigger, "_begun", refused)
    [payload] = asyncio.run(events())
    assert payload["reason"].startswith("RuntimeError: refused ")
    assert found_in(str(payload)) == []


def test_the_button_that_tests_a_connection_shows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    class Away(HpoHook):
        @property
        def database(self) -> Database:  # type: ignore[override]
            raise StoreUnavailableError(f"The server says {TOLD}.")

    monkeypatch.setattr("airflow_hpo.hooks.hpo.HpoHook", Away)
    done, said = Away().test_connection()
    assert not done
    assert "***" in said
    assert found_in(said) == []
