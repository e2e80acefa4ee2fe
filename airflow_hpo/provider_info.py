"""The provider's metadata, with every ``[hpo]`` option and its default. Imports nothing: Airflow reads it at every start."""

from typing import Any

_NAME = "Hyperparameter optimisation"
_OPERATORS = (
    *("study", "process", "function", "group", "pod", "job"),
    *("promotion", "scenarios", "evaluation", "selection", "comparison", "approval"),
)


def get_provider_info() -> dict[str, Any]:
    """Return the provider's metadata in the form of Airflow's ``provider_info.schema.json``."""
    return {
        "package-name": "airflow-provider-hpo",
        "name": _NAME,
        "description": "Tune, compare with production, decide, promote, roll back, repeat.",
        "integrations": [
            {"integration-name": _NAME, "external-doc-url": "https://optuna.readthedocs.io/", "tags": ["software"]}
        ],
        "operators": [_modules("operators", *_OPERATORS)],
        "sensors": [_modules("sensors", "study")],
        "hooks": [_modules("hooks", "hpo")],
        "triggers": [_modules("triggers", "study", "pod", "trial_run", "dag_run")],
        "notifications": ["airflow_hpo.notifications.hpo.HpoNotifier"],
        "connection-types": [_connection()],
        "cli": ["airflow_hpo.cli.commands.get_cli_commands"],
        "config": {"hpo": {"description": "Hyperparameter optimisation.", "options": _options()}},
    }


def _modules(package: str, *names: str) -> dict[str, Any]:
    return {"integration-name": _NAME, "python-modules": [f"airflow_hpo.{package}.{name}" for name in names]}


def _connection() -> dict[str, Any]:
    return {
        "connection-type": "hpo",
        "hook-class-name": "airflow_hpo.hooks.hpo.HpoHook",
        "hook-name": "Hyperparameter optimisation (study database)",
        "ui-field-behaviour": {
            "hidden-fields": ["extra"],
            "relabeling": {"schema": "Database (SQLite: path of the file)"},
            "placeholders": {"host": "postgres.example.com", "port": "5432", "schema": "airflow", "login": "hpo"},
        },
        "conn-fields": {
            "dialect": {
                "label": "Dialect",
                "description": "The kind of database.",
                "schema": {"type": "string", "default": "postgresql", "enum": ["postgresql", "mysql", "sqlite"]},
            },
            "db_schema": {
                "label": "PostgreSQL schema",
                "description": "Schema that holds the studies, never Airflow's own. Created by 'airflow hpo db migrate'.",
                "schema": {"type": ["string", "null"], "default": "hpo"},
            },
        },
    }


def _options() -> dict[str, Any]:
    return {
        "poll_interval": _option(
            "Seconds between two looks at a study that a sensor, a trigger or a running trial waits for.",
            "float",
            "2.0",
        ),
        "lock_timeout": _option(
            "Seconds to wait for another process that suggests trials of the same study.", "float", "120.0"
        ),
        "database_patience": _option(
            "Seconds for which a task goes on trying while the study database does not answer or takes no changes, before it"
            " fails and Airflow's own retries begin. 0: not at all. Triggers and sensors wait as long as they may run, and"
            " commands not at all. As long tasks, triggers and sensors wait for an upgrade when they meet tables of another"
            " revision.",
            "float",
            "180.0",
        ),
        "report_interval": _option(
            "Seconds between two deliveries of a running trial's metrics to the study.", "float", "1.0"
        ),
        "sqlite_fallback": _option(
            "Keep studies in the SQLite file hpo.db in AIRFLOW_HOME when the connection hpo_default is not defined and [core]"
            " executor is the LocalExecutor; other executors are refused. Off: a connection that is not defined is an error.",
            "boolean",
            "True",
        ),
        "preload": _option(
            "Let the scheduler import what trials need, Kubernetes' client included, before the LocalExecutor forks its"
            " workers, and triggerer and DAG processor before they fork theirs: tasks start in a fraction of the time."
            " These three start some seconds later and take about 200 MiB more each; what they fork shares them. Without"
            " effect under the CeleryExecutor, whose workers are not forks of the scheduler and do not tell plugins when"
            " they start; not needed under the KubernetesExecutor, where every task is a process of its own.",
            "boolean",
            "False",
        ),
        "resume_delay": _option(
            "Seconds for which a trial's task stays deferred at least. Airflow fails a task that resumes before the scheduler"
            " knows from the executor that its first process ended; more than the scheduler's loop takes is enough.",
            "float",
            "2.0",
        ),
        "bookkeeping_pool": _option(
            "Pool of the tasks that task groups add by themselves, such as suggest, settle and finish. They do not take the pool"
            " of default_args, which is the trials': in a pool that counts deferred tasks they would hold slots that their"
            " own trials need.",
            "string",
            "default_pool",
        ),
        "triggerer_pods": _option(
            'How many trials one triggerer runs at once for run_in="triggerer"; further ones wait. The parallelism of their'
            " studies holds in any case.",
            "integer",
            "200",
        ),
        "reports": _option(
            "Folder or address, such as s3://team/reports, into which the task finish writes each study's report when it ends: one"
            " HTML file, as `airflow hpo studies plot` makes it. An address needs the package of its storage where tasks run. A report"
            " that cannot be written is a warning in the task's log. Empty: none is written.",
            "string",
            "",
        ),
        "termination_grace_period": _option(
            "Seconds between SIGTERM and SIGKILL for the processes of a trial that is ended.", "float", "10.0"
        ),
    }


def _option(description: str, kind: str, default: str) -> dict[str, Any]:
    return {"description": description, "type": kind, "default": default, "example": None, "version_added": "0.1.0"}
