"""``airflow hpo comparisons list|show``."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from rich.markdown import Markdown

from airflow_hpo.cli.connection import hook_of, one_line_errors
from airflow_hpo.cli.output import emit, terminal
from airflow_hpo.comparison.error_sentence import share
from airflow_hpo.core.shown_text import shown
from airflow_hpo.evaluations.compare import comparison_rows
from airflow_hpo.storage import comparisons

SHOWN = ("comparison", "created", "parameter_set", "champion_version", "challenger", "verdict", "better_by")
"""What a table has room for; the sentence stands in the report."""


@one_line_errors
def list_(args: Any) -> None:
    """List comparisons."""
    store = hook_of(args.conn_id).store_to_read
    rows = comparison_rows(store, family=args.study, parameter_set=args.parameter_set, limit=args.limit)
    if args.output == "table":
        rows = [_brief(row) for row in rows]
    of = f" of study {args.study!r}" if args.study else ""
    about = f" about {args.parameter_set!r}" if args.parameter_set else ""
    emit(rows, args.output, none=f"No comparison{of}{about} is in the database.")


def _brief(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a table shows of a comparison; shares of the error budget as people read them."""
    charged, left = row["charged"], row["left"]
    return {
        **{name: row[name] for name in SHOWN},
        "parameter_set": row["parameter_set"] or row["study"],
        "created": row["created"][:16].replace("T", " "),
        "may err": "not counted" if charged is None else share(charged),
        "left": "" if left is None else share(left),
    }


@one_line_errors
def show(args: Any) -> None:
    """Show one comparison."""
    store, console = hook_of(args.conn_id).store_to_read, terminal()
    found = store.read(comparisons.get, args.number)
    if args.output == "json":
        data = {**dataclasses.asdict(found), "created": found.created.isoformat()}
        console.out(json.dumps(data, indent=2), highlight=False)
    elif args.output == "markdown":
        console.out(found.report, end="", highlight=False)
    else:
        # Without links: the address of one is written as an escape sequence.
        console.print(Markdown(shown(found.report), hyperlinks=False))
