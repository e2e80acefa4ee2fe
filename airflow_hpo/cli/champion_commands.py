"""Declares ``airflow hpo champion ...``."""

from __future__ import annotations

from airflow.cli.cli_config import ActionCommand, Arg, GroupCommand, lazy_load_command

NAME = Arg(("name",), help="A parameter set, such as dispatch/tokyo")
VERSION = Arg(("--version",), help="Another version than the one in use", type=int, default=None)
FORM = Arg(
    ("-o", "--output"),
    help="Form of the output; env: variables for a shell or a container (default: table)",
    choices=("table", "json", "env"),
    default="table",
)
LIMIT = Arg(("--limit",), help="How many versions to list, newest first (default: 20)", type=int, default=20)
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


def champion_commands(output: Arg, connection: Arg) -> GroupCommand:
    """Return the group of commands."""
    return GroupCommand(
        name="champion",
        help="The parameters that production uses",
        subcommands=[
            _command("list", "List what is in use of every parameter set", "list_", output, connection),
            _command("get", "Show the parameters in use", "get", NAME, VERSION, FORM, connection),
            _command("history", "List the versions of a parameter set", "history_", NAME, LIMIT, output, connection),
            _command("diff", "Show what differs between two versions", "diff", NAME, OLD, NEW, output, connection),
            _command(
                "set",
                "Make the parameters in a file the next version; no asset event, so DAGs read them at their next run",
                "set_",
                *(NAME, FILE, REASON, MIRROR, connection),
            ),
            _command(
                "rollback",
                "Bring an earlier version back, as the next version; no asset event, so DAGs read it at their next run",
                "rollback_",
                *(NAME, TO, REASON, MIRROR, connection),
            ),
        ],
    )


def _command(name: str, text: str, function: str, *args: Arg) -> ActionCommand:
    return ActionCommand(
        name=name, help=text, func=lazy_load_command(f"airflow_hpo.cli.champion.{function}"), args=args
    )
