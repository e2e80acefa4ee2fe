"""Declarations of the ``airflow hpo`` commands. Airflow imports them at every command, so nothing heavy stands here."""

from __future__ import annotations

from airflow.cli.cli_config import ActionCommand, Arg, CLICommand, GroupCommand, lazy_load_command

from airflow_hpo.cli.arguments import CONNECTION, EDITION, OUTPUT, defaulting, limit
from airflow_hpo.cli.champion_commands import champion_commands
from airflow_hpo.cli.comparison_commands import comparison_commands

STUDY = Arg(("name",), help="A study, such as dispatch/tokyo")
FAMILY = Arg(("--study",), help="Only editions of this study", default=None)
LIMIT = limit("editions")
FILE = Arg(("--file",), help="Write here instead of to the standard output", default=None)
NUMBER = Arg(("number",), help="Number of the trial", type=int)
TRIAL_FORM = defaulting(
    "-o",
    "--output",
    default="table",
    choices=("table", "json", "csv"),
    help="Form of the output; json: everything; csv: every value that was reported, one a row",
)
REASON = defaulting(
    "--reason", default="A person took its result back.", help="What is wrong with the result, one sentence"
)
WHY_STOPPED = Arg(
    ("--reason",), help="Why, in one sentence: shown wherever the study's end is (default: who asked)", default=None
)
RUNNING = Arg(
    ("--running",),
    help="What becomes of trials that run: left to finish, or ended and pruned (default: what the study declares)",
    choices=("finish", "stop"),
    default=None,
)
NAMESPACE = Arg(
    ("--namespace",),
    help="Where to look; may be given again (default: the connection's)",
    action="append",
    default=None,
)
KUBERNETES = defaulting("--kubernetes-conn-id", default="kubernetes_default", help="Connection of the cluster")
DRY_RUN = Arg(("--dry-run",), help="Remove nothing", action="store_true")
OLDER_THAN = defaulting("--older-than", default=0.0, type=float, help="Only pods that are this many seconds old")
UNKNOWN = Arg(("--unknown",), help="Also pods of studies that this database does not have", action="store_true")
TO_REVISION = Arg(("--to-revision",), help='A revision of our tables, or "base" to remove them', required=True)
LOSE_DATA = Arg(("--lose-data",), help="Also drop tables that have something in them", action="store_true")
INTERVAL = defaulting("--interval", default=2.0, type=float, help="Seconds between two looks")


def get_cli_commands() -> list[CLICommand]:
    """Return the commands of this provider."""
    return [
        GroupCommand(
            name="hpo",
            help="Hyperparameter optimisation",
            subcommands=[
                _database_commands(),
                _study_commands(),
                _trial_commands(),
                _pod_commands(),
                champion_commands(),
                comparison_commands(),
            ],
        )
    ]


def _database_commands() -> GroupCommand:
    return GroupCommand(
        name="db",
        help="The study database",
        subcommands=[
            ActionCommand(
                name="migrate",
                help="Create or upgrade the tables of the study database",
                func=lazy_load_command("airflow_hpo.cli.db.migrate"),
                args=(CONNECTION,),
            ),
            ActionCommand(
                name="check",
                help="Say whether the study database can be reached and has the right tables",
                func=lazy_load_command("airflow_hpo.cli.db.check"),
                args=(CONNECTION,),
            ),
            ActionCommand(
                name="downgrade",
                help="Bring our tables back to those of an older version of this provider, before installing it",
                func=lazy_load_command("airflow_hpo.cli.db.downgrade"),
                args=(TO_REVISION, LOSE_DATA, CONNECTION),
            ),
        ],
    )


def _study_commands() -> GroupCommand:
    return GroupCommand(
        name="studies",
        help="Look at studies, and stop them",
        subcommands=[
            ActionCommand(
                name="list",
                help="List editions of studies, newest first",
                func=lazy_load_command("airflow_hpo.cli.studies.list_"),
                args=(FAMILY, LIMIT, OUTPUT, CONNECTION),
            ),
            ActionCommand(
                name="show",
                help="Show one edition: its state, its best trial and its best parameters",
                func=lazy_load_command("airflow_hpo.cli.studies.show"),
                args=(EDITION, OUTPUT, CONNECTION),
            ),
            ActionCommand(
                name="drift",
                help="Show how a study's optimum and the champion's score moved from edition to edition",
                func=lazy_load_command("airflow_hpo.cli.studies.drift"),
                args=(STUDY, LIMIT, OUTPUT, CONNECTION),
            ),
            ActionCommand(
                name="export",
                help="Export every trial of an edition with parameters, metrics, attempts, reasons and oddities",
                func=lazy_load_command("airflow_hpo.cli.studies.export"),
                args=(EDITION, OUTPUT, FILE, CONNECTION),
            ),
            ActionCommand(
                name="why",
                help="Say why a study, and each of its trials without a result, is where it is",
                func=lazy_load_command("airflow_hpo.cli.why.why"),
                args=(EDITION, OUTPUT, CONNECTION),
            ),
            ActionCommand(
                name="watch",
                help="Follow a running study: trials done, failed, running, best so far, rate and time left",
                func=lazy_load_command("airflow_hpo.cli.watch.watch"),
                args=(EDITION, INTERVAL, CONNECTION),
            ),
            ActionCommand(
                name="stop",
                help="End a running study: nothing further is started, and its best trial so far is the result",
                func=lazy_load_command("airflow_hpo.cli.studies.stop"),
                args=(EDITION, WHY_STOPPED, RUNNING, CONNECTION),
            ),
        ],
    )


def _trial_commands() -> GroupCommand:
    return GroupCommand(
        name="trials",
        help="Look at trials, and correct them",
        subcommands=[
            ActionCommand(
                name="show",
                help="Show one trial: parameters, result, every attempt with its task and log, and what it reported",
                func=lazy_load_command("airflow_hpo.cli.trials.show"),
                args=(EDITION, NUMBER, TRIAL_FORM, CONNECTION),
            ),
            ActionCommand(
                name="invalidate",
                help="Take a finished trial's wrong result back: it counts no longer and is never the best",
                func=lazy_load_command("airflow_hpo.cli.trials.invalidate"),
                args=(EDITION, NUMBER, REASON, CONNECTION),
            ),
        ],
    )


def _pod_commands() -> GroupCommand:
    return GroupCommand(
        name="pods",
        help="Pods of trials",
        subcommands=[
            ActionCommand(
                name="reap",
                help="Find pods of trials that no task waits for, and remove them",
                func=lazy_load_command("airflow_hpo.cli.pods.reap"),
                args=(NAMESPACE, KUBERNETES, DRY_RUN, OLDER_THAN, UNKNOWN, OUTPUT, CONNECTION),
            ),
        ],
    )
