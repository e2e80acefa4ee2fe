"""Declares ``airflow hpo comparisons ...``."""

from __future__ import annotations

from airflow.cli.cli_config import ActionCommand, Arg, GroupCommand, lazy_load_command

STUDY = Arg(("--study",), help="Only comparisons of this study", default=None)
PARAMETER_SET = Arg(("--parameter-set",), help="Only comparisons about this parameter set", default=None)
LIMIT = Arg(("--limit",), help="How many comparisons to list, newest first (default: 20)", type=int, default=20)
NUMBER = Arg(("number",), help="Number of the comparison", type=int)
FORM = Arg(
    ("-o", "--output"),
    help="Form of the output; markdown: the report as it was written (default: table)",
    choices=("table", "json", "markdown"),
    default="table",
)


def comparison_commands(output: Arg, connection: Arg) -> GroupCommand:
    """Return the group of commands."""
    return GroupCommand(
        name="comparisons",
        help="What was compared with the parameters in use, and what was decided",
        subcommands=[
            ActionCommand(
                name="list",
                help="List comparisons, newest first",
                func=lazy_load_command("airflow_hpo.cli.comparisons.list_"),
                args=(STUDY, PARAMETER_SET, LIMIT, output, connection),
            ),
            ActionCommand(
                name="show",
                help="Show the report of one comparison",
                func=lazy_load_command("airflow_hpo.cli.comparisons.show"),
                args=(NUMBER, FORM, connection),
            ),
        ],
    )
