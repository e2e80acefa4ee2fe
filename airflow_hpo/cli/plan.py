"""``airflow hpo studies plan``: forecast of a study's wall time with more or fewer trials at once."""

from typing import Any

from airflow_hpo.cli.connection import hook_of, one_line_errors
from airflow_hpo.cli.output import emit, table, terminal
from airflow_hpo.studies.phases import AT_ONCE, plan_study, shown_plan
from airflow_hpo.studies.rows import look_for_edition


@one_line_errors
def plan(args: Any) -> None:
    """Forecast how long the next edition of a study takes."""
    store = hook_of(args.conn_id).store_to_read
    found = plan_study(store, look_for_edition(store, args.name).family, args.at_once or AT_ONCE, args.trials)
    if args.output != "table":
        emit(found.rows, args.output)
        return
    console = terminal()
    console.print(table(shown_plan(found), title=f"Wall time of the next edition of {found.study}"))
    for line in found.sentences:
        console.print(line, soft_wrap=True)
