"""Private names of Airflow, Optuna and the Kubernetes provider that this package rests on, and what each must mean.

An upgrade that changes one fails here with its name. The same list stands in CONTRIBUTING.md under "Private names".
"""

from __future__ import annotations

import importlib
import inspect
import logging
import re
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import airflow
import optuna
import pytest
from optuna.storages import InMemoryStorage, RDBStorage
from optuna.trial import TrialState
from sqlalchemy import create_engine, text
from sqlalchemy import inspect as inspect_database
from sqlalchemy.orm import scoped_session, sessionmaker
from sqlalchemy.pool import StaticPool

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "airflow_hpo"
ROWS = re.compile(r"^\| `(?P<name>[^|]+)` \| `(?P<where>[^|]+)` \| (?P<why>[^|]+) \|$", re.MULTILINE)


@dataclass(frozen=True)
class PrivateName:
    """A name outside of any public API, the module that uses it, and the check of its meaning."""

    name: str
    where: str
    """Path below ``airflow_hpo``; ``word`` stands in it."""
    word: str
    check: Callable[[], None]


NAMES: list[PrivateName] = []


def rests_on(name: str, where: str, word: str = "") -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Add a private name to the list with the decorated function as its check."""

    def add(check: Callable[[], None]) -> Callable[[], None]:
        NAMES.append(PrivateName(name, where, word or name.rpartition(".")[2], check))
        return check

    return add


def studied(sampler: optuna.samplers.BaseSampler | None = None) -> optuna.Study:
    """Return a study in memory."""
    return optuna.create_study(storage=InMemoryStorage(), sampler=sampler)


@rests_on("FrozenTrial._trial_id", "optuna/snapshot.py")
def a_trial_knows_its_id_in_the_storage() -> None:
    study = studied()
    asked = study.ask()
    trial = study.get_trials()[0]
    assert trial._trial_id == asked._trial_id == study._storage.get_all_trials(study._study_id)[0]._trial_id


@rests_on("InMemoryStorage._studies", "optuna/snapshot.py")
def the_storage_in_memory_holds_trials_and_attributes_by_study() -> None:
    study = studied()
    study.ask()
    held = study._storage._studies[study._study_id]
    assert [trial.number for trial in held.trials] == [0]
    assert held.system_attrs == {}


@rests_on("InMemoryStorage._trial_id_to_study_id_and_number", "optuna/snapshot.py")
def the_storage_in_memory_finds_a_trial_by_its_id() -> None:
    study = studied()
    asked = study.ask()
    assert study._storage._trial_id_to_study_id_and_number == {asked._trial_id: (study._study_id, 0)}


@rests_on("InMemoryStorage._max_trial_id", "optuna/snapshot.py")
def the_next_trial_has_the_id_after_the_largest() -> None:
    study = studied()
    study._storage._max_trial_id = 41
    assert study.ask()._trial_id == 42


@rests_on("InMemoryStorage._update_cache", "optuna/snapshot.py")
def the_storage_in_memory_notes_the_best_trial_when_it_is_asked_to() -> None:
    parameters = list(inspect.signature(InMemoryStorage._update_cache).parameters)
    assert parameters == ["self", "trial_id", "study_id"]


@rests_on(
    "_search_space, _intersection_search_space, _group_decomposed_search_space", "optuna/samplers.py", "_search_space"
)
def a_sampler_keeps_the_common_search_space_that_it_has_found() -> None:
    from airflow_hpo.optuna.samplers import _SEARCH_SPACES

    expected = {
        "TPESampler": "_search_space",
        "CmaEsSampler": "_search_space",
        "NSGAIISampler": "_search_space",
        "GPSampler": "_intersection_search_space",
    }
    for name, attribute in expected.items():
        assert f"self.{attribute} =" in inspect.getsource(getattr(optuna.samplers, name))
    assert "self._group_decomposed_search_space =" in inspect.getsource(optuna.samplers.TPESampler)
    assert {*expected.values(), "_group_decomposed_search_space"} == set(_SEARCH_SPACES)


@rests_on("NSGAIISampler:generation", "optuna/ask.py", 'endswith("generation")')
def an_evolution_notes_the_generation_of_a_trial() -> None:
    study = studied(optuna.samplers.NSGAIISampler(seed=1))
    study.ask({"x": optuna.distributions.FloatDistribution(0, 1)})
    assert [name for name in study.get_trials()[0].system_attrs if name.endswith("generation")]


@rests_on("fixed_params", "optuna/points.py")
def a_trial_that_was_enqueued_names_its_parameters() -> None:
    study = studied()
    study.enqueue_trial({"x": 0.5})
    waiting = study.get_trials()[0]
    assert (waiting.state, waiting.system_attrs["fixed_params"]) == (TrialState.WAITING, {"x": 0.5})


@rests_on("constraints:NAME", "optuna/attributes.py", '"constraints:')
def a_trial_that_violates_a_constraint_is_not_the_best() -> None:
    study = studied()
    for value, attrs in [(0.0, {"constraints:hpo:invalid": 1.0}), (1.0, {})]:
        study.add_trial(optuna.trial.create_trial(value=value, system_attrs=attrs))
    assert study.best_trial.value == 1.0


@rests_on("completed_rung_N", "optuna/attributes.py", "completed_rung_")
def successive_halving_notes_the_rungs_that_a_trial_has_reached() -> None:
    study = optuna.create_study(
        storage=InMemoryStorage(), pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=2)
    )
    trial = study.ask()
    trial.report(1.0, 1)
    trial.should_prune()
    assert list(study.get_trials()[0].system_attrs) == ["completed_rung_0"]


@rests_on("study:metric_names", "optuna/attributes.py")
def a_study_names_its_metric_in_a_system_attribute() -> None:
    study = studied()
    study._storage.set_study_system_attr(study._study_id, "study:metric_names", ["loss"])
    assert study.metric_names == ["loss"]


@rests_on("Optuna's tables and columns", "optuna/tables.py", "trial_intermediate_values")
def the_tables_of_optuna_have_every_column_that_is_read_or_written() -> None:
    from airflow_hpo.optuna import tables

    models = importlib.import_module("optuna.storages._rdb.models")
    used = [table for table in vars(tables).values() if hasattr(table, "columns") and hasattr(table, "name")]
    assert len(used) >= 6
    for table in used:
        theirs = models.BaseModel.metadata.tables[table.name].columns
        assert {column.name for column in table.columns} <= {column.name for column in theirs}, table.name
        for column in table.columns:
            values = set(getattr(theirs[column.name].type, "enums", ()))
            assert set(getattr(column.type, "enums", ())) <= values, f"{table.name}.{column.name}"


@rests_on("version_info.library_version, alembic_version.version_num", "optuna/migrate.py", "library_version")
def the_tables_of_optuna_name_their_revision_and_the_version_that_made_them() -> None:
    storage = RDBStorage("sqlite://")
    look = inspect_database(storage.engine)
    assert "library_version" in {column["name"] for column in look.get_columns("version_info")}
    assert "version_num" in {column["name"] for column in look.get_columns("alembic_version")}


@rests_on("RDBStorage.engine, RDBStorage.scoped_session", "optuna/migrate.py", "storage.scoped_session")
def the_storage_on_a_database_takes_another_engine_and_other_sessions() -> None:
    storage = RDBStorage("sqlite://")
    assert storage.scoped_session.session_factory.kw["bind"] is storage.engine
    other = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    models = importlib.import_module("optuna.storages._rdb.models")
    models.BaseModel.metadata.create_all(other)
    storage.engine, storage.scoped_session = other, scoped_session(sessionmaker(bind=other))
    storage.create_new_study([optuna.study.StudyDirection.MINIMIZE], "elsewhere")
    with other.connect() as connection:
        assert connection.execute(text("SELECT study_name FROM studies")).scalar_one() == "elsewhere"


@rests_on(
    "optuna.storages._in_memory, optuna.storages._rdb.storage", "optuna/log_filters.py", "optuna.storages._in_memory"
)
def a_new_study_is_announced_by_the_logger_of_its_storage() -> None:
    for module in ("optuna.storages._in_memory", "optuna.storages._rdb.storage"):
        logger = importlib.import_module(module)._logger
        assert logger is logging.getLogger(module)
        assert "_logger.info" in inspect.getsource(importlib.import_module(module))


@rests_on("optuna.storages._rdb.models", "plugin/preload.py")
def the_tables_of_optuna_are_declared_in_one_module() -> None:
    assert importlib.import_module("optuna.storages._rdb.models").TrialModel.__tablename__ == "trials"


@rests_on("BaseOperator._post_execute_hook", "operators/end_in_triggerer.py")
def an_operator_keeps_its_hook_after_the_execution() -> None:
    from airflow.sdk import BaseOperator

    def after(*_: Any) -> None: ...

    assert BaseOperator(task_id="t", post_execute=after)._post_execute_hook is after


@rests_on("BaseOperator._do_render_template_fields", "operators/trial.py")
def an_operator_renders_its_fields_by_one_method() -> None:
    from airflow.sdk import BaseOperator

    parameters = list(inspect.signature(BaseOperator._do_render_template_fields).parameters)
    assert parameters == ["self", "parent", "template_fields", "context", "jinja_env", "seen_oids"]
    assert "_do_render_template_fields" in inspect.getsource(BaseOperator.render_template_fields)


@rests_on("BaseOperator._render_nested_template_fields", "operators/pod_spec.py")
def an_operator_renders_nested_objects_by_one_method() -> None:
    from airflow.sdk import BaseOperator

    parameters = list(inspect.signature(BaseOperator._render_nested_template_fields).parameters)
    assert parameters == ["self", "value", "context", "jinja_env", "seen_oids"]
    assert "_render_nested_template_fields" in inspect.getsource(BaseOperator.render_template)


@rests_on("iter_references, resolve", "operators/evaluation.py", "iter_references")
def a_value_that_is_known_only_when_a_task_runs_has_these_methods() -> None:
    from airflow.sdk import XComArg
    from airflow.sdk.definitions.param import DagParam

    for kind in (XComArg, DagParam):
        assert hasattr(kind, "iter_references")
        assert hasattr(kind, "resolve")


@rests_on("RuntimeTaskInstance.get_dr_count", "hooks/dag_runs.py")
def tasks_and_triggers_may_count_dag_runs_in_a_state() -> None:
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    assert {"dag_id", "run_ids", "states"} <= inspect.signature(RuntimeTaskInstance.get_dr_count).parameters.keys()


@rests_on("RuntimeTaskInstance.get_task_states", "hooks/dag_runs.py")
def the_states_of_mapped_tasks_are_keyed_by_task_and_index() -> None:
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    parameters = inspect.signature(RuntimeTaskInstance.get_task_states).parameters
    assert {"dag_id", "task_ids", "run_ids"} <= parameters.keys()
    # Read and not imported: the API server's modules warn about versions of their own libraries.
    route = Path(airflow.__file__).parent / "api_fastapi/execution_api/routes/task_instances.py"
    assert 'f"{task.task_id}_{task.map_index}"' in route.read_text(encoding="utf-8")


@rests_on("XCom.aset", "triggers/pod_result.py")
def a_trigger_may_push_a_result() -> None:
    from airflow.sdk.execution_time.xcom import XCom

    assert inspect.iscoroutinefunction(XCom.aset)
    assert inspect.iscoroutinefunction(XCom.aget_one)
    names = inspect.signature(XCom.aset).parameters.keys()
    assert {"key", "value", "dag_id", "task_id", "run_id", "map_index"} <= names


@rests_on("GetConnection, GetVariable, GetVariableKeys, ErrorResponse", "hooks/look_up.py", "ErrorResponse")
def a_supervisor_says_why_it_gives_no_connection_or_variable() -> None:
    from airflow.sdk.exceptions import ErrorType
    from airflow.sdk.execution_time.comms import ErrorResponse, GetConnection, GetVariable, GetVariableKeys

    asked = [GetConnection(conn_id="c"), GetVariable(key="k"), GetVariableKeys(prefix="p", limit=1)]
    assert [message.type for message in asked] == ["GetConnection", "GetVariable", "GetVariableKeys"]
    assert ErrorResponse(error=ErrorType.CONNECTION_NOT_FOUND).error is ErrorType("CONNECTION_NOT_FOUND")
    assert {"VARIABLE_NOT_FOUND", "PERMISSION_DENIED"} <= {error.value for error in ErrorType}


@rests_on("SUPERVISOR_COMMS", "hooks/look_up.py")
def a_task_finds_its_supervisor_in_the_task_runner() -> None:
    from airflow.sdk.execution_time import task_runner
    from airflow.sdk.execution_time.supervisor import set_supervisor_comms

    with set_supervisor_comms(found := object()):
        assert task_runner.SUPERVISOR_COMMS is found


@rests_on(
    "ensure_secrets_backend_loaded, ExecutionAPISecretsBackend", "hooks/look_up.py", "ensure_secrets_backend_loaded"
)
def a_task_s_secrets_backends_end_with_its_supervisor() -> None:
    from airflow.sdk.execution_time.secrets import ExecutionAPISecretsBackend
    from airflow.sdk.execution_time.supervisor import ensure_secrets_backend_loaded, set_supervisor_comms

    with set_supervisor_comms(object()):
        first, last = ensure_secrets_backend_loaded()
    assert type(first).__name__ == "EnvironmentVariablesBackend"
    assert isinstance(last, ExecutionAPISecretsBackend)


@rests_on("InProcessSupervisorComms", "hooks/default_file.py")
def a_dag_test_sends_to_a_supervisor_in_its_own_process() -> None:
    from airflow.sdk.execution_time import supervisor

    assert "InProcessSupervisorComms(" in inspect.getsource(supervisor.InProcessTestSupervisor.start)


@rests_on("error of storing a DAG", "retuning/broken_region.py", "relative_fileloc")
def a_dag_that_cannot_be_stored_is_an_error_of_the_file_that_it_names() -> None:
    import structlog
    from airflow.dag_processing.processor import _serialize_dags

    from airflow_hpo.retuning.broken_region import BrokenRegion

    broken = BrokenRegion.of("mend it", Path("/dags/regions/tokyo.yaml"), "/dags")
    broken.relative_fileloc = "mine/retune.py"
    stored, errors = _serialize_dags(SimpleNamespace(dags={"tokyo": broken}), structlog.get_logger())  # type: ignore[arg-type]
    assert (stored, list(errors)) == ([], ["mine/regions/tokyo.yaml"])
    assert "mend it" in errors["mine/regions/tokyo.yaml"]


@rests_on("AIRFLOW_IS_K8S_EXECUTOR_POD", "hooks/default_file.py")
def a_pod_of_the_kubernetes_executor_is_marked() -> None:
    from airflow.providers.cncf.kubernetes.pod_generator import PodGenerator

    assert '"AIRFLOW_IS_K8S_EXECUTOR_POD"' in inspect.getsource(PodGenerator)


@rests_on("_secrets_masker, SecretsMasker.patterns", "hooks/secrets.py", "_secrets_masker")
def both_maskers_have_patterns_and_a_function_that_applies_them() -> None:
    from airflow._shared import secrets_masker as own
    from airflow.sdk._shared import secrets_masker as of_tasks

    from airflow_hpo.hooks.secrets import _MASKERS

    assert [own.__name__, of_tasks.__name__] == sorted(_MASKERS)
    for module in (own, of_tasks):
        masker = module.SecretsMasker()
        masker.add_mask("a.secret")
        assert masker.patterns == {re.escape("a.secret")}
        assert masker.redact("of a.secret") == "of ***"
        assert module._secrets_masker() is module._secrets_masker()
        assert module.redact("nothing") == "nothing"


@rests_on("_AIRFLOW_PROCESS_CONTEXT", "cli/connection.py")
def a_process_with_the_context_server_reads_connections_from_the_database() -> None:
    from airflow.cli.commands import connection_command

    assert 'os.environ["_AIRFLOW_PROCESS_CONTEXT"] = "server"' in inspect.getsource(connection_command)


@rests_on("sys.argv of the scheduler, the triggerer and the DAG processor", "plugin/preload.py", "sys.argv")
def the_processes_that_fork_are_commands_of_these_names() -> None:
    from airflow.cli.cli_parser import ALL_COMMANDS_DICT

    from airflow_hpo.plugin.preload import PARENTS

    assert {name for (name,) in PARENTS} <= ALL_COMMANDS_DICT.keys()


@rests_on(
    "airflow.models.dagrun, airflow.models.taskinstance, airflow.models.dag",
    "hooks/airflow_runs.py",
    "airflow.models.dag",
)
def runs_and_tasks_have_their_states_in_airflow_s_tables() -> None:
    from airflow.models.dag import DagModel  # noqa: TID251
    from airflow.models.dagrun import DagRun  # noqa: TID251
    from airflow.models.taskinstance import TaskInstance  # noqa: TID251

    assert {"dag_id", "run_id", "state"} <= set(DagRun.__table__.columns.keys())
    task = {"dag_id", "run_id", "task_id", "map_index", "try_number", "max_tries", "state", "pool"}
    assert task <= set(TaskInstance.__table__.columns.keys())
    assert [column.name for column in DagModel.__table__.primary_key] == ["dag_id"]


@rests_on("GetUserDep, get_user", "plugin/access.py", "GetUserDep, get_user")
def a_dependency_says_who_is_signed_in_and_refuses_a_request_without_a_token() -> None:
    import asyncio

    from airflow.api_fastapi.core_api.security import GetUserDep, get_user
    from fastapi import HTTPException
    from starlette.requests import Request

    bare = Request({"type": "http", "headers": []})
    with pytest.raises(HTTPException) as refused:
        asyncio.run(get_user(bare, None, None))
    assert refused.value.status_code == 401
    assert GetUserDep.__metadata__[0].dependency is get_user


@rests_on("get_auth_manager", "plugin/access.py")
def the_auth_manager_of_the_process_answers_about_dags_and_assets() -> None:
    from airflow.api_fastapi.app import create_auth_manager, get_auth_manager

    create_auth_manager()
    manager = type(get_auth_manager())
    expected = {
        "is_authorized_dag": {"method", "user", "access_entity", "details"},
        "is_authorized_asset": {"method", "user"},
        "filter_authorized_dag_ids": {"dag_ids", "user", "method", "team_name"},
    }
    for name, arguments in expected.items():
        assert arguments <= set(inspect.signature(getattr(manager, name)).parameters)


@rests_on("DagModel.get_dag_id_to_team_name_mapping", "plugin/access.py")
def the_teams_of_dags_are_known_by_their_ids() -> None:
    from airflow.models.dag import DagModel  # noqa: TID251

    assert "dag_ids" in inspect.signature(DagModel.get_dag_id_to_team_name_mapping).parameters


@rests_on("task_type in a name of operators", "plugin/links.py", "operators")
def links_of_plugins_are_found_by_names_of_classes() -> None:
    from airflow.serialization import serialized_objects
    from airflow.serialization.definitions import mappedoperator

    assert 'operator.__name__ == encoded_op["task_type"]' in inspect.getsource(serialized_objects)
    assert "operator_class_type in cls.__name__" in inspect.getsource(mappedoperator)


@rests_on("action_logging", "plugin/audit.py")
def an_event_is_logged_by_a_dependency_with_request_session_and_user() -> None:
    from airflow.api_fastapi.logging.decorators import action_logging

    assert list(inspect.signature(action_logging(event="hpo")).parameters) == ["request", "session", "user"]


@rests_on("TaskInstance.log_url", "cli/trial_data.py", '"log_url"')
def the_address_of_a_log_is_made_of_the_names_of_its_task() -> None:
    from airflow_hpo.cli.trial_data import log_url
    from airflow_hpo.core.attempt import TaskRun

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__API__BASE_URL", "https://a.example")
        assert (
            log_url(TaskRun("d", "r 1", "g.t", 3, 2))
            == "https://a.example/dags/d/runs/r%201/tasks/g.t/mapped/3?try_number=2"
        )


@rests_on("asset_manager.register_asset_change", "hooks/moved_champion.py")
def an_asset_event_can_be_registered_by_a_command() -> None:
    from airflow.assets.manager import asset_manager

    assert {"asset", "extra", "session"} <= inspect.signature(asset_manager.register_asset_change).parameters.keys()


@rests_on("dag, dag_run, task_instance, slot_pool, serialized_dag", "storage/guard.py", "AIRFLOW_TABLES")
def airflow_s_own_database_has_these_tables() -> None:
    from airflow.models.base import Base  # noqa: TID251

    from airflow_hpo.storage.guard import AIRFLOW_TABLES

    for module in ("dag", "dagrun", "taskinstance", "pool", "serialized_dag"):
        importlib.import_module(f"airflow.models.{module}")
    assert set(Base.metadata.tables) >= AIRFLOW_TABLES


@rests_on("form of Optuna's revisions", "storage/guard.py", "OPTUNA_REVISION")
def the_revisions_of_optuna_s_tables_are_known_by_their_form() -> None:
    from airflow_hpo.storage.guard import OPTUNA_REVISION

    assert all(OPTUNA_REVISION.match(revision) for revision in RDBStorage("sqlite://").get_all_versions())


@rests_on("folder alembic of RDBStorage", "optuna/migrate.py", "alembic")
def the_revisions_of_optuna_are_found_without_a_database() -> None:
    from airflow_hpo.optuna.migrate import _known_revisions

    assert _known_revisions() == RDBStorage("sqlite://").get_all_versions()


def statements(folder: Path) -> Iterator[tuple[str, str, Callable[[], Any]]]:
    """Yield the name of a group of texts in ``storage.errors``, one text of it, and a call that fails with that text."""
    fine, other = folder / "fine.db", folder / "other.db"
    other.write_text("This is a text and no database at all. " * 30)
    with closing(sqlite3.connect(fine)) as made:
        made.execute("CREATE TABLE t (a INTEGER)")

    def said(path: Path, *queries: str, uri: str = "") -> Callable[[], Any]:
        def run() -> None:
            with closing(sqlite3.connect(uri or path, uri=bool(uri), timeout=0)) as connection:
                for query in queries:
                    connection.execute(query)

        return run

    yield "MISSING_WORDS", "no such table", said(fine, "SELECT * FROM absent")
    yield "MISSING_WORDS", "no such column", said(fine, "SELECT absent FROM t")
    yield "MISSING_WORDS", "has no column named", said(fine, "INSERT INTO t (absent) VALUES (1)")
    yield "READ_ONLY_WORDS", "readonly database", said(fine, "INSERT INTO t VALUES (1)", uri=f"file:{fine}?mode=ro")
    yield "OTHER_FILE_WORDS", "not a database", said(other, "SELECT * FROM t")
    full = ["PRAGMA max_page_count = 2", "CREATE TABLE u (a BLOB)", "INSERT INTO u VALUES (zeroblob(100000))"]
    yield "FULL_WORDS", "database or disk is full", said(fine, *full)


@rests_on("V1ListMeta._continue", "pods/reap.py")
def a_list_of_the_api_server_names_where_it_goes_on() -> None:
    from kubernetes.client import V1ListMeta

    assert V1ListMeta.attribute_map["_continue"] == "continue"


@rests_on("ApiClient.call_api", "pods/api/streams.py")
def the_client_of_kubernetes_hands_over_an_answer_that_goes_on() -> None:
    from kubernetes_asyncio.client import ApiClient

    names = inspect.signature(ApiClient.call_api).parameters.keys()
    assert {"path_params", "query_params", "header_params", "auth_settings", "_preload_content"} <= names
    assert "_request_timeout" in names


@rests_on("ApiClient.deserialize", "pods/api/client.py")
def the_client_of_kubernetes_makes_a_pod_of_what_a_watch_sent() -> None:
    from kubernetes_asyncio.client import ApiClient, Configuration

    reader = ApiClient.__new__(ApiClient)
    reader.configuration = Configuration()
    answer = SimpleNamespace(data='{"metadata": {"name": "p"}, "spec": {"containers": [], "nodeName": "n"}}')
    pod = reader.deserialize(answer, "V1Pod")
    assert (pod.metadata.name, pod.spec.node_name) == ("p", "n")


@rests_on("ApiException.status of 0", "pods/api/errors.py", "status 0")
def the_synchronous_client_gives_status_0_to_a_server_that_it_does_not_trust() -> None:
    from kubernetes.client import ApiException, Configuration
    from kubernetes.client.rest import RESTClientObject
    from urllib3.exceptions import SSLError

    def distrust(*_: Any, **__: Any) -> None:
        raise SSLError("certificate verify failed")

    client = RESTClientObject(Configuration())
    client.pool_manager.request = distrust
    with pytest.raises(ApiException) as caught:
        client.GET("https://kubernetes.example")
    assert caught.value.status == 0
    assert "certificate verify failed" in caught.value.reason


@rests_on(
    "KubernetesPodOperator.build_pod_request_obj, KubernetesPodOperator.hook",
    "pods/build/pod.py",
    "builder.hook = hook",
)
def the_operator_of_pods_adds_what_airflow_adds_and_takes_another_hook() -> None:
    from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator

    assert {"context", "dry_run"} <= inspect.signature(KubernetesPodOperator.build_pod_request_obj).parameters.keys()
    operator = KubernetesPodOperator(task_id="t")
    operator.hook = other = object()
    assert operator.hook is other


@rests_on(
    "PodGenerator.reconcile_pods, PodGenerator.deserialize_model_dict, PodGenerator.deserialize_model_file",
    "pods/build/templates.py",
    "PodGenerator.reconcile_pods",
)
def the_generator_of_pods_merges_two_of_which_the_second_is_stronger() -> None:
    from airflow.providers.cncf.kubernetes.pod_generator import PodGenerator

    def pod(**spec: Any) -> Any:
        return PodGenerator.deserialize_model_dict({"spec": {"containers": [{"name": "base"}], **spec}})

    both = PodGenerator.reconcile_pods(pod(hostname="weak", subdomain="weak"), pod(hostname="strong"))
    assert (both.spec.hostname, both.spec.subdomain) == ("strong", "weak")
    assert list(inspect.signature(PodGenerator.deserialize_model_file).parameters) == ["path"]


@rests_on("backcompat.backwards_compat_converters", "pods/build/pod.py")
def the_converters_of_the_provider_leave_kubernetes_objects_and_make_variables_of_a_mapping() -> None:
    from airflow.providers.cncf.kubernetes.backcompat import backwards_compat_converters as converters
    from kubernetes.client import V1Volume, V1VolumeMount

    volume, mount = V1Volume(name="v"), V1VolumeMount(name="v", mount_path="/v")
    assert converters.convert_volume(volume) is volume
    assert converters.convert_volume_mount(mount) is mount
    assert converters.convert_configmap("m").config_map_ref.name == "m"
    [variable] = converters.convert_env_vars_or_raise_error({"A": "b"})
    assert (variable.name, variable.value) == ("A", "b")


@rests_on("texts of the API server", "pods/api/errors.py", "exceeded quota")
def the_api_server_names_a_full_quota_and_a_version_that_is_ahead_by_these_texts() -> None:
    """Texts of the API server as they were recorded; only a cluster can say whether they still hold."""
    from airflow_hpo.pods.api.errors import Call, Refusal, refused
    from airflow_hpo.pods.api.informer import TOO_LARGE

    quota = 'pods "p" is forbidden: exceeded quota: small, requested: cpu=1, used: cpu=4, limited: cpu=4'
    right = 'pods is forbidden: User "a" cannot create resource "pods" in API group "" in the namespace "default"'
    remedies = [str(refused(Call("create the pod 'p'", "create"), Refusal(403, text))) for text in (quota, right)]
    assert "ResourceQuota" in remedies[0]
    assert "Role" in remedies[1]
    assert TOO_LARGE in "Timeout: Too large resource version: 9, current: 5"


@rests_on("texts of the kubelet", "pods/failures.py", "Stopping container {0}")
def the_kubelet_names_own_limits_and_probes_by_these_texts() -> None:
    """Texts of the kubelet as they were recorded; only a cluster can say whether they still hold."""
    from airflow_hpo.pods import failures

    own = (
        'Container base exceeded its local ephemeral storage limit "1Mi". ',
        "Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ",
        'Usage of EmptyDir volume "scratch" exceeds the limit "1Mi". ',
    )
    assert all(failures._OWN_LIMIT.search(text) for text in own)
    full = "The node was low on resource: ephemeral-storage. Container base was using 9Mi, request is 0. "
    assert not failures._OWN_LIMIT.search(full)
    probed = ["Unhealthy: Liveness probe failed: no answer", "Killing: Stopping container base"]
    assert "liveness" in str(failures._failed_probe("base", probed))
    assert failures._failed_hook(["FailedPostStartHook: PostStartHook failed"])


@rests_on("texts of kubelets and the scheduler", "pods/failures.py", "persistentvolumeclaim")
def kubelets_and_the_scheduler_name_what_is_not_there_by_these_texts() -> None:
    """Texts as they were recorded on Kubernetes 1.36; tests/cluster/test_waiting.py sees them on a cluster."""
    from airflow_hpo.pods import failures

    assert failures._NO_CLAIM.search('0/1 nodes are available: persistentvolumeclaim "data" not found.')
    assert failures._NO_VOLUME.search('MountVolume.SetUp failed for volume "t" : secret "token" not found')
    assert failures._ABSENT.search("pull access denied, repository does not exist or may require authorization")
    assert not failures._ABSENT.search("dial tcp: lookup registry.invalid: no such host")


@rests_on("texts of the kubelet about pulls", "pods/moments.py", "Successfully pulled image")
def the_kubelet_says_in_these_words_how_long_a_pull_took() -> None:
    """Text as it was recorded; an event that is worded in another way says nothing, and the pull counts as a part of the start."""
    from airflow_hpo.pods.moments import pull_seconds

    said = 'Pulled: Successfully pulled image "a:1" in 812ms (1m2.5s including waiting). Image size: 20 bytes.'
    assert pull_seconds([said]) == 62.5


@rests_on("texts of SQLite's errors", "storage/driver_errors.py", "MISSING_WORDS")
def sqlite_names_its_errors_by_these_texts() -> None:
    from airflow_hpo.storage import driver_errors

    with tempfile.TemporaryDirectory() as made:
        for group, text, statement in statements(Path(made)):
            assert text in getattr(driver_errors, group)
            with pytest.raises(sqlite3.DatabaseError, match=text):
                statement()


@pytest.mark.parametrize("private", NAMES, ids=lambda private: private.name)
def test_a_private_name_exists_and_means_what_we_think(private: PrivateName) -> None:
    private.check()


@pytest.mark.parametrize("private", NAMES, ids=lambda private: private.name)
def test_a_private_name_is_used_where_the_list_says(private: PrivateName) -> None:
    assert private.word in (PACKAGE / private.where).read_text(encoding="utf-8")


def test_contributing_has_the_same_list() -> None:
    section = (
        (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Private names\n")[2].partition("\n## ")[0]
    )
    assert [(row["name"], row["where"]) for row in ROWS.finditer(section)] == [(one.name, one.where) for one in NAMES]


def private_imports() -> Iterator[str]:
    """Yield ``module: name`` for every import of another package's underscored module or name."""
    pattern = re.compile(r"^\s*(?:from ([\w.]+) import (.+)|import ([\w.]+))$", re.MULTILINE)
    for path in PACKAGE.rglob("*.py"):
        for module, names, plain in pattern.findall(path.read_text(encoding="utf-8")):
            dotted = f"{module or plain}.{names}"
            known = dotted.startswith(("airflow_hpo", "__future__", "_typeshed"))
            if not known and re.search(r"(^|[. ,])_[a-z]", dotted):
                yield f"{path.relative_to(PACKAGE)}: {dotted}"


def test_no_underscored_module_or_name_is_imported() -> None:
    assert list(private_imports()) == []


def test_every_private_attribute_that_ruff_lets_through_is_on_the_list() -> None:
    listed = {(one.where, one.word) for one in NAMES}
    for path in PACKAGE.rglob("*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if "noqa: SLF001" in line:
                used = set(re.findall(r"\.(_[a-z]\w*)", line.partition("#")[0]))
                where = str(path.relative_to(PACKAGE))
                assert used & {word for file, word in listed if file == where}, f"{where}: {line.strip()}"
