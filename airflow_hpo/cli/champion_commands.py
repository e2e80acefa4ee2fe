"""Declarations of the ``airflow hpo champion`` commands."""

from __future__ import annotations

from airflow.cli.cli_config import ActionCommand, Arg, GroupCommand, lazy_load_command

from airflow_hpo.cli.arguments import CONNECTION, OUTPUT, defaulting, limit

NAME = Arg(("name",), help="A parameter set, such as dispatch/tokyo")
VERSION = Arg(("--version",), help="Another version than the one in use", type=int, default=None)
FORM = defaulting(
    "-o",
    "--output",
    default="table",
    choices=("table", "json", "env"),
    help="Form of the output; env: variables for a shell or a container",
)
OLD = Arg(("old",), help="A version (default: the one in use before)", type=int, nargs="?", default=None)
NEW = Arg(("new",), help="A version (default: the one in use)", type=int, nargs="?", default=None)
FILE = Arg(("--file",), help="JSON or YAML: values by name, or what `get -o json` printed", required=True)
REASON = Arg(("--reason",), help="Why, in one sentence: kept with the version", default=None)
TO = Arg(("--to",), help="The version to bring back (default: the one in use before)", type=int, default=None)
MIRROR = Arg(
    ("--mirror",),
    help="Make the Airflow Variable that is read while the study database is away; one that exists is always kept up to date",
    action="store_true",
)
STARTED = "start the DAGs that are scheduled on its asset"
"""What a move of the champion does besides, as a promotion in a DAG does."""


def champion_commands() -> GroupCommand:
    """Return the group of commands."""
    return GroupCommand(
        name="champion",
        help="The parameters that production uses",
        subcommands=[
            _command("list", "List what is in use of every parameter set", "list_", OUTPUT),
            _command("get", "Show the parameters in use", "get", NAME, VERSION, FORM),
            _command("history", "List the versions of a parameter set", "history_", NAME, limit("versions"), OUTPUT),
            _command("diff", "Show what differs between two versions", "diff", NAME, OLD, NEW, OUTPUT),
            _command(
                "set",
                f"Make the parameters in a file the next version, and {STARTED}",
                "set_",
                *(NAME, FILE, REASON, MIRROR),
            ),
            _command(
                "rollback",
                f"Bring an earlier version back as the next version, and {STARTED}",
                "rollback_",
                *(NAME, TO, REASON, MIRROR),
            ),
        ],
    )


def _command(name: str, text: str, function: str, *args: Arg) -> ActionCommand:
    return ActionCommand(
        name=name, help=text, func=lazy_load_command(f"airflow_hpo.cli.champion.{function}"), args=(*args, CONNECTION)
    )
