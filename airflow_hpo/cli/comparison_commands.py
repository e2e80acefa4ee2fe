"""Declarations of the ``airflow hpo comparisons`` commands."""

from __future__ import annotations

from airflow.cli.cli_config import ActionCommand, Arg, GroupCommand, lazy_load_command

from airflow_hpo.cli.arguments import CONNECTION, OUTPUT, defaulting, limit

STUDY = Arg(("--study",), help="Only comparisons of this study", default=None)
PARAMETER_SET = Arg(("--parameter-set",), help="Only comparisons about this parameter set", default=None)
NUMBER = Arg(("number",), help="Number of the comparison", type=int)
FORM = defaulting(
    "-o",
    "--output",
    default="table",
    choices=("table", "json", "markdown"),
    help="Form of the output; markdown: the report as it was written",
)


def comparison_commands() -> GroupCommand:
    """Return the group of commands."""
    return GroupCommand(
        name="comparisons",
        help="What was compared with the parameters in use, and what was decided",
        subcommands=[
            ActionCommand(
                name="list",
                help="List comparisons, newest first",
                func=lazy_load_command("airflow_hpo.cli.comparisons.list_"),
                args=(STUDY, PARAMETER_SET, limit("comparisons"), OUTPUT, CONNECTION),
            ),
            ActionCommand(
                name="show",
                help="Show the report of one comparison",
                func=lazy_load_command("airflow_hpo.cli.comparisons.show"),
                args=(NUMBER, FORM, CONNECTION),
            ),
        ],
    )
